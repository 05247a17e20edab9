"""Hidden customers: out of everything that counts, and back as they were; the bin, and its end."""

from datetime import timedelta

import pytest
from django.urls import reverse

from config.tests import cast
from crm.bin import KEPT_FOR, NotThere, purge, put_in_bin, restore
from crm.models import Audit, Customer, Facts, Interaction, Order, SetAside
from crm.steps import add_missing_rows
from crm.tests.factories import make_customer, make_interaction, make_order, make_owner
from crm.tests.merged_world import NOW, TODAY, refreshed, sums, whole
from crm.whom import Whom
from lifecycle.lookback import known
from lifecycle.models import Position, Transition
from lifecycle.nightly import run
from segments.models import Member, Segment

pytestmark = pytest.mark.django_db


def test_whoever_comes_back_from_the_bin_is_as_before_in_every_table():
    by, made = whole()
    before = sums()
    for one in made:
        put_in_bin(customer=one, by=by, now=NOW)
    refreshed()
    assert sums() != before
    for one in reversed(made):
        restore(customer=one, by=by)
    refreshed()
    assert sums() == before
    assert not SetAside.objects.exists()


def test_who_is_in_the_bin_is_counted_nowhere():
    by, made = whole()
    for one in made[:4]:
        put_in_bin(customer=one, by=by, now=NOW)
    run(TODAY, today=TODAY, clock=lambda: NOW)
    theirs = {one.pk for one in made[:4]}
    assert not Facts.objects.filter(pk__in=theirs).exists() and Facts.objects.count() == 2
    assert not Position.objects.filter(customer__in=theirs).exists()
    assert not Transition.objects.filter(customer__in=theirs).exists()
    assert not Member.objects.filter(customer__in=theirs).exists()
    assert Segment.objects.get().size == Member.objects.count()
    assert not theirs & set(known(TODAY).values_list("pk", flat=True))
    assert add_missing_rows(TODAY) == 0
    assert theirs.isdisjoint(one.pk for one in Whom.asked({"who": "Eva"}).offered)


def test_whom_somebody_in_the_bin_recommended_counts_less_and_then_again():
    by, made = whole()
    assert Facts.objects.get(pk=made[0].pk).referrals_ordered == 1
    put_in_bin(customer=made[1], by=by, now=NOW)
    refreshed()
    assert Facts.objects.get(pk=made[0].pk).referrals_ordered == 0
    restore(customer=made[1], by=by)
    refreshed()
    assert Facts.objects.get(pk=made[0].pk).referrals_ordered == 1


def test_what_refers_to_a_ladder_that_is_gone_does_not_come_back():
    by, made = whole()
    ladder = Position.objects.filter(customer=made[0], ladder__is_primary=False).first().ladder
    put_in_bin(customer=made[0], by=by, now=NOW)
    aside = SetAside.objects.filter(customer=made[0], model="lifecycle.Position", values__ladder_id=ladder.pk).get()
    aside.values |= {"ladder_id": 10**6}
    aside.save()
    restore(customer=made[0], by=by)
    assert Position.objects.filter(customer=made[0]).count() == 2
    assert not Position.objects.filter(customer=made[0], ladder=ladder).exists()


def test_a_second_one_who_deletes_or_restores_hears_so():
    by, made = make_owner(), make_customer()
    put_in_bin(customer=made, by=by, now=NOW)
    with pytest.raises(NotThere):
        put_in_bin(customer=made, by=by, now=NOW)
    restore(customer=made, by=by)
    with pytest.raises(NotThere):
        restore(customer=made, by=by)
    assert list(Audit.objects.order_by("pk").values_list("what", flat=True)) == ["customer.binned", "customer.restored"]


def test_after_thirty_days_the_orders_stay_without_a_name_and_the_rest_is_gone():
    by, made = whole()
    orders = Order.objects.count()
    put_in_bin(customer=made[0], by=by, now=NOW)
    assert purge(NOW + KEPT_FOR - timedelta(seconds=1)) == 0
    assert purge(NOW + KEPT_FOR) == 1
    assert purge(NOW + KEPT_FOR) == 0
    assert not Customer.objects.filter(pk=made[0].pk).exists()
    assert Order.objects.count() == orders and Order.objects.filter(customer=None).count() == 1
    assert not Interaction.objects.filter(customer=made[0].pk).exists()
    assert Customer.objects.get(pk=made[1].pk).referred_by is None
    assert not SetAside.objects.exists()
    assert Audit.objects.order_by("pk").last().what == "customer.purged"


def test_an_owner_deletes_and_takes_it_back(owner):
    made = make_customer(name="Eva")
    answer = owner.post(reverse("customer_bin", args=[made.pk]), follow=True)
    assert "Eva is deleted" in answer.content.decode()
    assert reverse("customer_restore", args=[made.pk]) in answer.content.decode()
    assert "Eva" in owner.get(reverse("bin")).content.decode()
    answer = owner.get(reverse("customer", args=[made.pk]))
    assert answer.status_code == 410 and reverse("customer_restore", args=[made.pk]) in answer.content.decode()
    owner.post(reverse("customer_restore", args=[made.pk]))
    assert owner.get(reverse("customer", args=[made.pk])).status_code == 200


def test_staff_neither_delete_nor_restore_and_are_told_that_the_customer_was_deleted():
    made, staff = make_customer(name="Eva"), cast.signed_in(cast.staff())
    assert staff.post(reverse("customer_bin", args=[made.pk])).status_code == 403
    put_in_bin(customer=made, by=make_owner(), now=NOW)
    assert staff.post(reverse("customer_restore", args=[made.pk])).status_code == 403
    assert staff.get(reverse("bin")).status_code == 403
    answer = staff.get(reverse("customer", args=[made.pk]))
    assert answer.status_code == 410
    assert "was deleted" in answer.content.decode() and "Restore" not in answer.content.decode()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_what_is_sent_from_an_open_tab_of_a_deleted_customer_is_shown_again_and_not_written(headers):
    made, staff = make_customer(), cast.signed_in(cast.staff())
    put_in_bin(customer=made, by=make_owner(), now=NOW)
    sent = {"kind": "call", "minutes": 5, "text": "She <b>called</b>", "key": "7f3c2c7e-9f3b-4f5c-8a54-2f0e5a3a9b10"}
    answer = staff.post(reverse("log_of", args=[made.pk]), sent, headers=headers)
    assert answer.status_code == (200 if headers else 410)
    assert "She &lt;b&gt;called&lt;/b&gt;" in answer.content.decode()
    assert not Interaction.objects.exists()


def test_the_bin_says_who_has_ordered_since(owner, django_assert_max_num_queries):
    by = make_owner()
    for number in range(3):
        made = make_customer(name=f"Eva {number}")
        put_in_bin(customer=made, by=by, now=NOW)
    make_order(made, ordered_on=NOW.date() + timedelta(days=3))
    with django_assert_max_num_queries(8):
        text = owner.get(reverse("bin")).content.decode()
    assert text.count("has ordered since") == 1


def test_the_panel_deletes_into_the_bin(owner):
    made = make_customer(name="Eva")
    make_interaction(made)
    owner.post(reverse("admin:crm_customer_delete", args=[made.pk]), {"post": "yes"})
    made.refresh_from_db()
    assert made.binned_at is not None
    assert f"/crm/customer/{made.pk}/" not in owner.get(reverse("admin:crm_customer_changelist")).content.decode()
