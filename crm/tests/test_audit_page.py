"""The audit's pages: who changed what in words, filtered, paged by keyset; and that nothing secret is ever in it."""

from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.urls import reverse
from django.utils import timezone, translation

from crm import audit, record
from crm.audit_page import ENTRIES_ON_A_PAGE
from crm.models import Audit, Customer, User
from crm.money import moment
from crm.tags.writing import put_tag
from crm.tests.answers import text
from crm.tests.factories import make_customer, make_user

pytestmark = pytest.mark.django_db


def test_a_change_is_told_in_words_with_labels_and_values_as_pages_print_them(owner):
    tomas, eva = make_user(name="Tomáš"), make_customer(name="Eva")
    eva.owner, eva.market, eva.city = tomas, "b2b", "<script>"
    record.save_customer(customer=eva, by=tomas)
    answer = owner.get(reverse("customer_history", args=[eva.pk]))

    assert "Customer changed" in text(answer) and "Looked after by before: nothing → after: Tomáš" in text(answer)
    assert "Market before: B2C: buys for themselves → after: B2B: buys for a business" in text(answer)
    assert "&lt;script&gt;" in answer.content.decode()


@pytest.mark.parametrize(("language", "words"), [("en", "Tag before: nothing → after: VIP"), ("cs", "Štítek před změnou: nic →")])
def test_what_somebody_was_given_is_called_as_it_is_called_elsewhere(owner, language, words):
    eva = make_customer(name="Eva")
    put_tag(customer=eva, name="VIP", by=make_user(name="Tomáš"))
    owner.cookies["django_language"] = language

    assert words in text(owner.get(reverse("customer_history", args=[eva.pk])))


def test_a_moment_is_told_with_its_hour_by_the_clock_of_the_business(owner):
    was, now = datetime(2025, 5, 3, 12, tzinfo=UTC), datetime(2025, 5, 4, 22, 30, tzinfo=UTC)
    Audit.objects.create(what="contact.changed", model="crm.Interaction", name="Call", changes={"happened_at": [str(was), str(now)]})

    assert "3 May 2025 at 14:00 → after: 5 May 2025 at 00:30" in text(owner.get(reverse("audit")))


def test_the_log_of_all_is_an_owners_and_links_to_who_is_still_there(owner):
    eva, gone = make_customer(name="Eva"), make_customer(name="Gone")
    for one in (eva, gone):
        record.save_customer(customer=Customer.objects.get(pk=one.pk), by=None)
        one.city = "Brno"
        record.save_customer(customer=one, by=None)
    gone.delete()
    page = owner.get(reverse("audit")).content.decode()

    assert f"/customers/{eva.pk}/" in page and "/customers/None/" not in page and "Gone" in page
    assert "The program" in page


def test_it_is_filtered_by_person_kind_and_days(owner):
    tomas, eva = make_user(name="Tomáš"), make_customer(name="Eva")
    day = datetime(2026, 11, 1, 12, tzinfo=UTC)
    for number, (by, what) in enumerate([(tomas, "order.added"), (None, "order.added"), (tomas, "order.changed")]):
        at = day.replace(day=number + 1)
        Audit.objects.create(at=at, by_pk=by and by.pk, by_name=str(by or ""), what=what, model="crm.Order", name=f"no. {number}")

    def found(**asked):
        return [entry.name for entry in owner.get(reverse("audit"), asked).context["log"].entries]

    assert found() == ["no. 2", "no. 1", "no. 0"] and eva
    assert found(who=tomas.pk) == ["no. 2", "no. 0"] and found(who="program") == ["no. 1"]
    assert found(what="order.added", who=tomas.pk) == ["no. 0"]
    assert found(since="2026-11-02") == ["no. 2", "no. 1"] and found(until="2026-11-02") == ["no. 1", "no. 0"]
    assert found(since="2026-11-02", until="2026-11-02") == ["no. 1"] and found(since="2027-01-01") == []
    assert "There is no such day" in text(owner.get(reverse("audit"), {"since": "2026-02-30"}))


def test_it_is_paged_and_asks_as_little_for_many_as_for_few(owner, django_assert_num_queries):
    eva = make_customer(name="Eva")
    Audit.objects.bulk_create(Audit(what="customer.changed", model="crm.Customer", name="Eva", customer_pk=eva.pk) for _ in range(120))
    with django_assert_num_queries(8):
        first = owner.get(reverse("audit"))
    seen, page = [], first
    while True:
        seen += [row.pk for row in page.context["log"].page.rows]
        if not page.context["log"].page.next:
            break
        page = owner.get(reverse("audit"), {"page": page.context["log"].page.next})
    assert seen == sorted(seen, reverse=True) and len(seen) == 120 and len(first.context["log"].entries) == ENTRIES_ON_A_PAGE


def test_what_is_done_to_a_user_is_written_without_anything_secret(owner):
    owner.post(
        reverse("admin:crm_user_add"),
        {
            "email": "new@example.com",
            "name": "New",
            "role": "staff",
            "usable_password": "true",
            "password1": "S3cret-horse!",
            "password2": "S3cret-horse!",
        },
    )
    made = User.objects.get(email="new@example.com")
    owner.post(
        reverse("admin:crm_user_change", args=[made.pk]), {"email": "new@example.com", "name": "New", "role": "owner", "is_active": "on"}
    )

    assert list(Audit.objects.order_by("pk").values_list("what", flat=True)) == ["user.added", "user.changed"]
    assert Audit.objects.order_by("-pk").first().changes == {"role": ["staff", "owner"]}
    kept = str(list(Audit.objects.values_list()))
    assert made.password not in kept and "S3cret" not in kept and "password" not in kept


def test_no_model_gives_a_secret_away():
    for model in apps.get_models():
        assert not {"password", "digest", "token", "secret"} & set(audit.values(model())), model


def test_the_panel_only_shows_it(owner):
    make_customer()
    assert owner.get(reverse("admin:crm_audit_changelist")).status_code == 200
    assert owner.get(reverse("admin:crm_audit_add")).status_code == 403


@pytest.mark.parametrize(("language", "words"), [("en", "24 November 2025 at 00:30"), ("cs", "24. listopadu 2025, 00:30")])
def test_a_moment_is_that_of_the_clock_on_the_wall(language, words):
    """Not of Greenwich, and in no form that only Americans read."""
    with timezone.override("Europe/Prague"), translation.override(language):
        assert moment(datetime(2025, 11, 23, 23, 30, tzinfo=UTC)) == words
