"""The pages of merging: possible duplicates, two side by side, a merge and its way back; and an import through the one who went."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from config.tests import cast
from crm.importing.orders import import_orders
from crm.merging import candidates, merge, unmerge
from crm.merging.candidates import dismiss, shown
from crm.merging.likeness import MOST_IN_A_BLOCK, Known, find_alike
from crm.merging.looking import look
from crm.models import Audit, Candidate, Customer, Interaction, Job, Merge, Order
from crm.phones import phone_key
from crm.tags.writing import put_tag, remove_tag
from crm.tests.factories import make_customer, make_interaction, make_order, make_owner

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def two():
    stays = make_customer(name="Eva Nováková", email="eva@example.com", city="Brno", external_id="1")
    goes = make_customer(name="Eva Novakova", email="eva.n@example.com", phone="602 123 456", external_id="2")
    make_order(goes)
    make_interaction(goes)
    return stays, goes


def text_of(answer):
    return answer.content.decode()


def test_two_are_compared_and_merged_by_what_was_chosen_and_taken_apart_from_the_toast(owner, two):
    stays, goes = two
    page = owner.get(reverse("merge", args=[stays.pk, goes.pk]))
    assert [row.name for row in page.context["page"].rows] == ["name", "email", "phone", "city", "external_id"]
    assert {row.name: row.chosen for row in page.context["page"].rows}["phone"] == "from"
    sent = {"keep_name": "into", "keep_email": "from", "keep_phone": "from", "keep_city": "into"}
    answer = owner.post(reverse("merge", args=[stays.pk, goes.pk]), sent, follow=True)
    made = Merge.objects.get()
    assert reverse("merge_undo", args=[made.pk]) in text_of(answer)
    stays.refresh_from_db()
    assert (stays.name, stays.email, stays.phone) == ("Eva Nováková", "eva.n@example.com", "602 123 456")
    assert Order.objects.get().customer == stays
    answer = owner.post(reverse("merge_undo", args=[made.pk]), follow=True)
    assert "two customers again" in text_of(answer)
    assert Order.objects.get().customer == goes
    assert "apart already" in text_of(owner.post(reverse("merge_undo", args=[made.pk]), follow=True))


def test_a_second_sending_of_a_merge_says_that_it_is_done(owner, two):
    stays, goes = two
    owner.post(reverse("merge", args=[stays.pk, goes.pk]))
    again = owner.post(reverse("merge", args=[stays.pk, goes.pk]))
    assert again.status_code == 410 and "was merged into" in text_of(again)
    assert Merge.objects.count() == 1


def test_one_with_themselves_is_refused_and_the_choice_is_kept(owner, two):
    stays, _goes = two
    assert "one and the same" in text_of(owner.post(reverse("merge", args=[stays.pk, stays.pk])))


def test_the_address_of_the_one_who_went_leads_to_the_one_who_stayed(owner, two):
    stays, goes = two
    merge(into=stays, from_=goes, fields={}, by=make_owner(), now=NOW)
    answer = owner.get(reverse("customer", args=[goes.pk]), follow=True)
    assert answer.redirect_chain[0][0] == reverse("customer", args=[stays.pk])
    assert "are one customer" in text_of(answer) and "Take apart" in text_of(answer)
    typed = owner.post(reverse("log_of", args=[goes.pk]), {"kind": "call", "minutes": 1, "text": "Called"})
    assert typed.status_code == 410 and "Called" in text_of(typed)
    assert not Interaction.objects.filter(text="Called").exists()


def test_what_was_made_since_is_listed_before_and_after(owner, two):
    stays, goes = two
    made = merge(into=stays, from_=goes, fields={}, by=make_owner(), now=NOW)
    make_order(stays)
    assert "Made since" in text_of(owner.get(reverse("merge_shown", args=[made.pk])))
    assert "Made since" in text_of(owner.post(reverse("merge_undo", args=[made.pk]), follow=True))


def test_names_are_text_wherever_they_stand(owner):
    stays, goes = make_customer(name="<script>alert(1)</script>"), make_customer(name="x" * 200)
    pages = [reverse("merge", args=[stays.pk, goes.pk]), reverse("merge_whom", args=[stays.pk])]
    made = merge(into=stays, from_=goes, fields={}, by=make_owner(), now=NOW)
    for page in [*pages[1:], reverse("merge_shown", args=[made.pk]), reverse("customer", args=[stays.pk])]:
        assert "<script>alert" not in text_of(owner.get(page))


def test_the_audit_says_in_words_what_went_and_what_stays_as_it_is(owner, two):
    stays, goes = two
    made = merge(into=stays, from_=goes, fields={"phone": "from"}, by=make_owner(), now=NOW)
    Customer.objects.filter(pk=stays.pk).update(phone="777 888 999")
    unmerge(merge=made, by=make_owner(), now=NOW)

    told = text_of(owner.get(reverse("customer_history", args=[stays.pk])))
    assert "interactions 1, orders 1" in told and "Changed since, and stays as it is: phone." in told and "crm.Order" not in told


def test_nobody_is_said_to_be_no_double_before_anybody_has_looked(owner):
    assert "No two customers look like one." not in text_of(owner.get(reverse("duplicates")))
    look(NOW)
    job = candidates.ask(by=make_owner())
    Job.objects.filter(pk=job.pk).update(state=Job.State.FINISHED, started_at=NOW, finished_at=NOW)
    assert "No two customers look like one." in text_of(owner.get(reverse("duplicates")))


def test_a_moment_is_shown_by_the_day_of_the_business(owner, two):
    """In Prague it is the next day already."""
    stays, goes = two
    made = merge(into=stays, from_=goes, fields={}, by=make_owner(), now=datetime(2025, 11, 23, 23, 30, tzinfo=UTC))
    for page in reverse("customer", args=[stays.pk]), reverse("merge_shown", args=[made.pk]):
        assert "24 November 2025" in text_of(owner.get(page)) and "23 November 2025" not in text_of(owner.get(page))


def test_whom_to_merge_with_is_found_by_typing(owner, two):
    stays, goes = two
    answer = owner.get(reverse("merge_whom", args=[stays.pk]), {"who": "eva.n@"})
    assert answer.url == reverse("merge", args=[stays.pk, goes.pk])


def test_pages_cost_few_queries(owner, two, django_assert_max_num_queries):
    for number in range(5):
        make_customer(name="Jan Novák", city="Brno", phone=f"+42060212345{number % 2}")
    look(NOW)
    with django_assert_max_num_queries(8):
        owner.get(reverse("duplicates"))


def test_the_link_to_them_says_how_many_there_are_and_counts_no_further_than_it_must(owner, two, monkeypatch):
    assert "Possible duplicates</a>" in text_of(owner.get(reverse("customers")))
    for phone in ("602118337", "602118338"):
        for _ in range(2):
            make_customer(name=f"Jan {phone}", phone=phone, phone_key=f"420{phone}")
    look(NOW)
    assert 'Possible duplicates <span class="num">(2)<' in text_of(owner.get(reverse("customers")))
    monkeypatch.setattr(candidates, "MOST_COUNTED", 1)
    assert 'Possible duplicates <span class="num">(1+)<' in text_of(owner.get(reverse("customers")))
    assert "Possible duplicates" not in text_of(cast.signed_in(cast.staff()).get(reverse("customers")))


def test_duplicates_are_asked_for_once_found_and_dismissed_for_good(owner, two):
    owner.post(reverse("duplicates"))
    owner.post(reverse("duplicates"))
    assert Job.objects.filter(kind="duplicates").count() == 1
    Customer.objects.filter(pk=two[1].pk).update(city="Brno", city_key="brno")
    look(NOW)
    found = Candidate.objects.get()
    assert (found.first, found.second, found.why) == (*two, "name")
    assert "Novakova" in text_of(owner.get(reverse("duplicates")))
    answer = owner.post(reverse("duplicate_dismiss", args=[found.pk]), follow=True)
    assert "stay two customers" in text_of(answer)
    look(NOW)
    assert not shown().exists() and Candidate.objects.count() == 1
    owner.post(reverse("duplicate_again", args=[found.pk]))
    assert not dismiss(candidate=found, by=make_owner(), now=NOW) or shown().count() == 0


def test_the_reason_is_said_in_words_and_follows_what_is_known(owner):
    one = make_customer(name="Pekařství Horák", city="Brno", phone="+420 541 000 111")
    other = make_customer(name="Horák a syn", city="Praha", phone="541 000 111")
    far = make_customer(name="Eva", phone="541 000 111", country="PL")
    look(NOW)
    assert far.phone_key == "48541000111"
    assert [(found.first, found.second) for found in shown()] == [(one, other)] and "the same phone" in text_of(
        owner.get(reverse("duplicates"))
    )
    Customer.objects.filter(pk__in=[one.pk, other.pk]).update(company_number="27082440")
    look(NOW)
    page = text_of(owner.get(reverse("duplicates")))
    assert "the same company number" in page and "27082440" in page and "the same phone" not in page
    assert Candidate.objects.get().score == 98


def known(pk, name="", email="", phone="", city="", company_number="", works_at=None, home="CZ"):
    return Known(pk, name, email, phone_key(phone, "", home), phone, company_number, works_at, city)


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (known(1, email="eva@example.com"), known(2, email="EVA+shop@example.com"), "email"),
        (known(1, phone="+420 602 123 456"), known(2, phone="602123456"), "phone"),
        (known(1, "eva novakova", city="brno"), known(2, "novakova eva", city="brno"), "name"),
        (known(1, "eva novakova", city="brno"), known(2, "eva novakowa", city="brno"), "name"),
        (known(1, "eva novakova", city="brno"), known(2, "eva novakova", city="praha"), None),
        (known(1, "eva novakova"), known(2, "eva novakova"), None),
        (known(1, "eva novakova", city="brno"), known(2, "petr maly", city="brno"), None),
        (known(1, phone="12345"), known(2, phone="12345"), None),
        (known(1, phone="601 234 567"), known(2, phone="00420/601-234-567"), "phone"),
        (known(1, phone="601 234 567", home="PL"), known(2, phone="601 234 567"), None),
        (known(1, phone="reception, line 123-456"), known(2, phone="line 123456"), "phone"),
        (known(1, phone="line 1234567"), known(2, phone="line 123456"), None),
        (known(1, company_number="27082440"), known(2, company_number="27-082.440"), "company"),
        (known(1, company_number="00123456"), known(2, company_number="123456"), "company"),
        (known(1, company_number="27082440"), known(2, company_number="27082440", works_at=1), None),
        (known(1, company_number="-"), known(2, company_number="000"), None),
        (known(1, phone="602123456", company_number="1"), known(2, phone="602123456", company_number="1"), "company"),
    ],
)
def test_two_are_alike_by_e_mail_company_number_phone_or_name_with_town(one, other, why):
    assert [pair.why for pair in find_alike([one, other]).pairs] == ([why] if why else [])


def test_what_very_many_share_tells_nobody_apart():
    found = find_alike([known(pk, phone="602123456") for pk in range(MOST_IN_A_BLOCK + 1)])
    assert not found.pairs and found.cut == 1


def test_an_order_by_the_identity_of_the_one_who_went_is_the_other_ones_and_goes_back_with_them(tmp_path, two):
    stays, goes = two
    by = make_owner()
    first = merge(into=stays, from_=goes, fields={}, by=by, now=NOW)
    end = make_customer(name="Eva")
    merge(into=end, from_=stays, fields={}, by=by, now=NOW)
    file = tmp_path / "orders.csv"
    file.write_text("order,customer_id,email,date,amount\n71,2,eva.n@example.com,2026-11-01,100\n72,1,eva.n@example.com,2026-11-02,50\n")
    done = import_orders(path=file, source="shop", now=NOW, say=print)
    assert done.error_count == 0 and done.customers_created == 0
    assert {order.customer for order in Order.objects.filter(source="shop")} == {end}
    again = import_orders(path=file, source="shop", now=NOW, say=print)
    assert (again.orders_unchanged, again.error_count) == (2, 0)
    said = unmerge(merge=first, by=by, now=NOW)
    assert said.came_later == {"crm.Order.customer": 1}
    assert Order.objects.get(number="71").customer == goes and Order.objects.get(number="72").customer == end
    assert date(2026, 11, 1) == Order.objects.get(number="71").ordered_on and Audit.objects.filter(what="customer.unmerged").exists()


def test_what_goes_together_is_shown_and_chosen_together(owner):
    firm, anna = make_customer(name="Café Roma", entity="company"), make_customer(name="Anna")
    both = {"works_at": firm, "referred_by": anna, "referred_on": date(2025, 3, 1)}
    stays = make_customer(name="Eva", position="waiter", best_from=9, best_until=17, **both)
    goes = make_customer(name="Eva", position="manager", best_from=9, best_until=19, **both)
    page = owner.get(reverse("merge", args=[stays.pk, goes.pk])).context["page"]

    assert [(row.label, row.stays, row.goes) for row in page.rows] == [
        ("works at", "Café Roma, waiter", "Café Roma, manager"),
        ("best reached", "from 9:00 to 17:00", "from 9:00 to 19:00"),
    ]
    assert ("referred by", "Anna, 1 March 2025") in page.alike

    owner.post(reverse("merge", args=[stays.pk, goes.pk]), {"keep_works_at": "from", "keep_best_from": "from"})
    stays.refresh_from_db()
    assert (stays.works_at, stays.position, stays.best_from, stays.best_until) == (firm, "manager", 9, 19)
    owner.post(reverse("merge_undo", args=[Merge.objects.get().pk]))
    stays.refresh_from_db()
    assert (stays.works_at, stays.position, stays.best_from, stays.best_until) == (firm, "waiter", 9, 17)


def test_two_who_are_called_alike_are_offered_as_two(owner):
    one, other = (make_customer(name="Café Roma", entity="company", city=city) for city in ("Brno", "Praha"))
    stays, goes = make_customer(name="Eva", works_at=one), make_customer(name="Eva", works_at=other)
    page = owner.get(reverse("merge", args=[stays.pk, goes.pk])).context["page"]

    assert [(row.name, row.stays, row.goes) for row in page.rows] == [("works_at", "Café Roma", "Café Roma")]


def test_what_goes_over_is_counted_in_words_without_a_removed_tag(owner):
    stays, goes, by = make_customer(name="Eva", entity="company"), make_customer(name="Eva", entity="company"), make_owner()
    make_customer(referred_by=goes, referred_on=date(2025, 3, 1))
    make_customer(works_at=goes)
    put_tag(customer=goes, name="VIP", by=by)
    remove_tag(tag=put_tag(customer=goes, name="Old", by=by).tag, now=NOW, by=by)
    moving = owner.get(reverse("merge", args=[stays.pk, goes.pk])).context["page"].moving

    assert sorted((each.label, each.number) for each in moving) == [
        ("customers whom they brought", 1),
        ("people who work there", 1),
        ("tags of customers", 1),
    ]
