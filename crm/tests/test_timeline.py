"""One timeline out of many sources: the latest first, gone on with from any place, bounded whatever a customer has been through."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core import signing

from crm import timeline
from crm.happened import CONTACTS, MOST_PRODUCTS, ORDERS, contacts, orders
from crm.models import Interaction, Order, OrderLine
from crm.profile import EVENTS_ON_A_PAGE, history
from crm.tests.factories import make_customer, make_interaction, make_order
from crm.timeline import Group

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 5)


@pytest.fixture(autouse=True)
def only_ours(monkeypatch):
    """Without what the floors above add."""
    monkeypatch.setattr(timeline, "SOURCES", [orders, contacts])


def entries(customer, goes_on=""):
    return [entry for month in history(customer, goes_on).months for entry in month.entries]


def all_pages(customer):
    pages = [history(customer)]
    while pages[-1].older:
        pages.append(history(customer, pages[-1].older))
    return pages


class TestOrder:
    def test_of_one_day_contacts_stand_above_orders_and_the_later_above_the_earlier(self):
        customer = make_customer()
        first, second = make_order(customer, ordered_on=DAY), make_order(customer, ordered_on=DAY)
        call = make_interaction(customer, happened_on=DAY)
        before = make_interaction(customer, happened_on=DAY - timedelta(days=1))

        found = [entry.key for entry in entries(customer)]

        assert found == [(CONTACTS, call.pk), (ORDERS, second.pk), (ORDERS, first.pk), (CONTACTS, before.pk)]

    def test_what_happened_to_others_is_not_there(self):
        make_order(ordered_on=DAY)
        make_interaction(happened_on=DAY)

        assert entries(make_customer()) == []

    def test_it_is_grouped_by_month_the_same_month_of_another_year_apart(self):
        customer = make_customer()
        for on in (date(2026, 3, 5), date(2026, 3, 1), date(2025, 3, 31)):
            make_order(customer, ordered_on=on)

        months = history(customer).months

        assert [(month.first, len(month.entries)) for month in months] == [(date(2026, 3, 1), 2), (date(2025, 3, 1), 1)]


class TestGoingOn:
    def test_each_entry_comes_once_and_in_one_order(self):
        customer = make_customer()
        for number in range(70):
            on = DAY - timedelta(days=number // 7)
            make_order(customer, ordered_on=on) if number % 3 else make_interaction(customer, happened_on=on)

        pages = all_pages(customer)
        keys = [(entry.on, entry.key) for page in pages for month in page.months for entry in month.entries]

        assert [sum(len(month.entries) for month in page.months) for page in pages] == [30, 30, 10]
        assert keys == sorted(set(keys), reverse=True)
        assert len(keys) == 70

    def test_a_page_that_is_just_full_has_nothing_older(self):
        customer = make_customer()
        for _ in range(EVENTS_ON_A_PAGE):
            make_order(customer)

        assert history(customer).older == ""

    @pytest.mark.parametrize("forged", ["x", "2026-03-05:1:1", "é", "\0", "a:b:c", "signed for something else"])
    def test_a_forged_place_says_so_and_shows_the_latest(self, forged):
        if forged == "signed for something else":
            forged = signing.dumps(["2026-03-05", 1, 1], salt="else")
        customer = make_customer()
        make_order(customer)

        shown = history(customer, forged)

        assert (len(shown.months), shown.is_later) == (1, False)
        assert shown.problem == "That part of the timeline is no longer there; here is the latest."

    def test_ten_thousand_events_are_read_by_the_page(self, django_assert_max_num_queries):
        customer = make_customer()
        days = [DAY - timedelta(days=number % 900) for number in range(5_000)]
        Order.objects.bulk_create([Order(customer=customer, ordered_on=on, amount=Decimal(1)) for on in days])
        Interaction.objects.bulk_create([Interaction(customer=customer, kind="call", happened_on=on) for on in days])

        with django_assert_max_num_queries(3):
            first = history(customer)
        with django_assert_max_num_queries(3):
            second = history(customer, first.older)

        assert sum(len(month.entries) for month in second.months) == EVENTS_ON_A_PAGE


class TestOneKindAlone:
    @pytest.fixture(autouse=True)
    def known(self, monkeypatch):
        self.asked = []

        def stages(customer, before, limit):
            self.asked.append("stages")
            return []

        monkeypatch.setattr(timeline, "SOURCES", [orders, contacts, stages])
        monkeypatch.setattr(timeline, "GROUPS", {orders: Group.ORDERS, contacts: Group.CONTACT})

    def test_only_its_sources_are_asked(self):
        customer = make_customer()
        order = make_order(customer)
        make_interaction(customer)

        found = history(customer, show="orders")

        assert [entry.key for month in found.months for entry in month.entries] == [(ORDERS, order.pk)]
        assert (found.shown, self.asked) == (Group.ORDERS, [])

    @pytest.mark.parametrize("show", ["", "owls", "surveys", "orders\0"])
    def test_any_other_word_is_all(self, show):
        customer = make_customer()
        make_order(customer), make_interaction(customer)

        found = history(customer, show=show)

        assert (found.shown, sum(len(month.entries) for month in found.months), self.asked) == (None, 2, ["stages"])

    def test_what_has_no_source_is_not_offered(self):
        assert history(make_customer()).groups == [Group.ORDERS, Group.CONTACT]

    def test_it_is_paged_by_itself(self):
        customer = make_customer()
        for number in range(70):
            on = DAY - timedelta(days=number // 7)
            make_order(customer, ordered_on=on) if number % 2 else make_interaction(customer, happened_on=on)

        first = history(customer, show="orders")
        second = history(customer, first.older, "orders")

        assert [sum(len(month.entries) for month in page.months) for page in (first, second)] == [30, 5]
        assert {entry.key[0] for page in (first, second) for month in page.months for entry in month.entries} == {ORDERS}


class TestWhatAnOrderSays:
    def test_the_first_products_are_named_and_that_there_are_more(self):
        customer = make_customer()
        few, many = make_order(customer, ordered_on=DAY), make_order(customer, ordered_on=DAY)
        for order, number in ((few, MOST_PRODUCTS), (many, 400)):
            OrderLine.objects.bulk_create(
                [OrderLine(order=order, position=place, product=f"Tea {place}", amount=Decimal(1)) for place in range(1, number + 1)]
            )

        last, first = entries(customer)

        assert (len(last.of.lines), last.of.has_more) == (MOST_PRODUCTS, True)
        assert (len(first.of.lines), first.of.has_more) == (MOST_PRODUCTS, False)

    @pytest.mark.parametrize(("amount", "icon"), [("100", "order"), ("0", "order"), ("-0.01", "refund")])
    def test_a_negative_one_is_a_refund(self, amount, icon):
        order = make_order(amount=Decimal(amount))

        (entry,) = entries(order.customer)

        assert (entry.icon, entry.amount) == (icon, Decimal(amount))


def test_every_kind_of_contact_has_its_icon():
    customer = make_customer()
    for kind in Interaction.Kind:
        make_interaction(customer, kind=kind)

    assert {entry.of.contact.kind: entry.icon for entry in entries(customer)} == {
        "call": "call",
        "email": "email",
        "visit": "visit",
        "chat": "chat",
        "social": "social",
        "letter": "letter",
        "complaint": "complaint",
    }
