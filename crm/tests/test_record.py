from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction

from crm import record
from crm.models import Business, Changed, Customer, Facts, Interaction, Order
from crm.tests.factories import make_customer, make_interaction, make_order

pytestmark = pytest.mark.django_db


def noted():
    return sorted(Changed.objects.values_list("customer", "why"))


def order(**fields):
    return Order(**({"ordered_on": date(2025, 1, 15), "amount": Decimal("100")} | fields))


def contact(**fields):
    return Interaction(**({"kind": Interaction.Kind.CALL, "happened_on": date(2025, 1, 15)} | fields))


class Seen:
    """Counts the statements that change something, inside a transaction and outside of one."""

    def __init__(self):
        self.outside = self.inside = 0

    def __call__(self, execute, sql, params, many, context):
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            self.inside += context["connection"].in_atomic_block
            self.outside += not context["connection"].in_atomic_block
        return execute(sql, params, many, context)


def refuse_notes(monkeypatch):
    """The last write of each function fails, as on a full disk."""

    def fail(*args):
        raise DatabaseError("no room")

    monkeypatch.setattr(Changed.objects, "bulk_create", fail)


class TestCustomers:
    def test_a_new_customer_has_a_facts_row_and_a_note(self):
        customer = Customer(name="Jan")

        record.save_customer(customer=customer, by=None)

        facts = Facts.objects.get(customer=customer)
        assert (facts.orders, facts.revenue, facts.margin_12m, facts.average_order, facts.last_order_on) == (0, 0, 0, None, None)
        assert (facts.pareto_class, facts.stage) == ("", "")
        assert noted() == [(customer.pk, "customer")]

    def test_a_saved_customer_keeps_the_facts(self):
        customer = make_customer(facts={"orders": 3, "revenue": Decimal("12.50")})
        customer.name = "New"

        record.save_customer(customer=customer, by=None)

        assert Facts.objects.values_list("orders", "revenue").get() == (3, Decimal("12.50"))
        assert noted() == [(customer.pk, "customer")]

    def test_a_customer_who_is_refused_leaves_nothing(self):
        make_customer(email="a@example.com")

        with pytest.raises(IntegrityError), transaction.atomic():
            record.save_customer(customer=Customer(email="a@example.com"), by=None)

        assert (Customer.objects.count(), Facts.objects.count(), noted()) == (1, 1, [])


class TestOrders:
    def test_the_customer_is_noted(self):
        customer = make_customer()

        record.save_order(order=order(customer=customer), by=None)

        assert noted() == [(customer.pk, "order")]

    def test_an_order_that_moves_is_noted_for_both_customers(self):
        made = make_order()
        before, made.customer = made.customer, make_customer()

        record.save_order(order=made, by=None)

        assert noted() == sorted([(before.pk, "order"), (made.customer.pk, "order")])

    def test_an_order_that_loses_its_customer_is_noted_for_them(self):
        made = make_order()
        before, made.customer = made.customer, None

        record.save_order(order=made, by=None)

        assert noted() == [(before.pk, "order")]

    def test_an_order_that_stays_is_noted_once(self):
        made = make_order()
        made.amount = Decimal("2")

        record.save_order(order=made, by=None)

        assert noted() == [(made.customer.pk, "order")]

    def test_an_anonymous_order_is_noted_for_nobody(self):
        record.save_order(order=order(), by=None)

        assert Order.objects.count() == 1
        assert noted() == []

    def test_a_deleted_order_is_noted(self):
        made = make_order()

        record.delete_order(order=made, by=None)

        assert Order.objects.count() == 0
        assert noted() == [(made.customer_id, "order")]

    def test_a_deleted_anonymous_order_is_noted_for_nobody(self):
        record.delete_order(order=make_order(customer_id=None), by=None)

        assert (Order.objects.count(), noted()) == (0, [])

    def test_a_date_without_a_time_stays(self):
        record.save_order(order=order(ordered_on=date(2025, 3, 30)), by=None)

        assert Order.objects.get().ordered_on == date(2025, 3, 30)


class TestInteractions:
    def test_one_that_moves_is_noted_for_both_customers(self):
        made = make_interaction()
        before, made.customer = made.customer, make_customer()

        record.save_interaction(interaction=made, by=None)

        assert noted() == sorted([(before.pk, "interaction"), (made.customer.pk, "interaction")])

    def test_one_that_is_new_is_noted(self):
        customer = make_customer()

        record.save_interaction(interaction=contact(customer=customer), by=None)

        assert noted() == [(customer.pk, "interaction")]

    def test_one_that_is_deleted_is_noted(self):
        made = make_interaction()

        record.delete_interaction(interaction=made, by=None)

        assert (Interaction.objects.count(), noted()) == (0, [(made.customer_id, "interaction")])

    def test_it_stands_on_the_business_date_of_its_instant(self):
        record.save_interaction(
            interaction=contact(customer=make_customer(), happened_at=datetime(2025, 1, 15, 23, 30, tzinfo=UTC)), by=None
        )

        assert Interaction.objects.get().happened_on == date(2025, 1, 16)


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        # Prague is UTC+1 in winter and UTC+2 in summer; in 2025 it changed on 30 March and 26 October at 01:00 UTC.
        ("Europe/Prague", datetime(2025, 1, 15, 22, 59, 59, tzinfo=UTC), date(2025, 1, 15)),
        ("Europe/Prague", datetime(2025, 1, 15, 23, 0, 0, tzinfo=UTC), date(2025, 1, 16)),
        ("Europe/Prague", datetime(2025, 7, 15, 21, 59, 59, tzinfo=UTC), date(2025, 7, 15)),
        ("Europe/Prague", datetime(2025, 7, 15, 22, 0, 0, tzinfo=UTC), date(2025, 7, 16)),
        ("Europe/Prague", datetime(2025, 3, 29, 22, 59, 59, tzinfo=UTC), date(2025, 3, 29)),
        ("Europe/Prague", datetime(2025, 3, 29, 23, 0, 0, tzinfo=UTC), date(2025, 3, 30)),
        ("Europe/Prague", datetime(2025, 3, 30, 21, 59, 59, tzinfo=UTC), date(2025, 3, 30)),
        ("Europe/Prague", datetime(2025, 3, 30, 22, 0, 0, tzinfo=UTC), date(2025, 3, 31)),
        ("Europe/Prague", datetime(2025, 10, 25, 22, 0, 0, tzinfo=UTC), date(2025, 10, 26)),
        ("Europe/Prague", datetime(2025, 10, 26, 22, 59, 59, tzinfo=UTC), date(2025, 10, 26)),
        ("Europe/Prague", datetime(2025, 10, 26, 23, 0, 0, tzinfo=UTC), date(2025, 10, 27)),
        # The instant may be written in any offset.
        ("Europe/Prague", datetime(2025, 1, 15, 20, 0, tzinfo=timezone(timedelta(hours=-5))), date(2025, 1, 16)),
        ("America/New_York", datetime(2025, 1, 16, 4, 59, tzinfo=UTC), date(2025, 1, 15)),
        ("Pacific/Auckland", datetime(2024, 12, 31, 11, 0, tzinfo=UTC), date(2025, 1, 1)),
        ("Europe/Prague", datetime(2024, 2, 28, 23, 30, tzinfo=UTC), date(2024, 2, 29)),
    ],
)
def test_an_order_stands_on_the_business_date_of_its_instant(zone, instant, day):
    Business.keep(zone=zone)

    record.save_order(order=order(ordered_on=date(2000, 1, 1), ordered_at=instant), by=None)

    stored = Order.objects.get()
    assert (stored.ordered_on, stored.ordered_at) == (day, instant)


WRITES = {
    "a new customer": lambda: record.save_customer(customer=Customer(name="New"), by=None),
    "a customer": lambda: record.save_customer(customer=Customer.objects.get(name="Old"), by=None),
    "a new order": lambda: record.save_order(order=order(customer=Customer.objects.get(name="Old")), by=None),
    "no order": lambda: record.delete_order(order=Order.objects.get(), by=None),
    "a new contact": lambda: record.save_interaction(interaction=contact(customer=Customer.objects.get(name="Old")), by=None),
    "no contact": lambda: record.delete_interaction(interaction=Interaction.objects.get(), by=None),
}


@pytest.fixture
def old():
    customer = make_customer(name="Old")
    make_order(customer), make_interaction(customer)
    return customer


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", WRITES)
def test_every_statement_that_changes_something_stands_in_a_transaction(old, name):
    with connection.execute_wrapper(seen := Seen()):
        WRITES[name]()

    assert (seen.outside, seen.inside >= 2) == (0, True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", WRITES)
def test_a_write_whose_note_fails_leaves_nothing(old, name, monkeypatch):
    refuse_notes(monkeypatch)

    with pytest.raises(DatabaseError):
        WRITES[name]()

    counts = [model.objects.count() for model in (Customer, Facts, Order, Interaction, Changed)]
    assert counts == [1, 1, 1, 1, 0]


def test_nobody_is_noted_twice_and_nobody_at_all_is_no_note():
    first, second = make_customer(), make_customer()

    record.note_changed(Changed.Why.ORDER, second.pk, None, first.pk, second.pk)
    record.note_changed(Changed.Why.ORDER, None)
    record.note_changed(Changed.Why.ORDER)

    assert noted() == [(first.pk, "order"), (second.pk, "order")]


def test_an_order_whose_day_and_moment_differ_is_refused_with_a_sentence():
    order = Order(ordered_on=date(2026, 3, 1), ordered_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC), amount=1)

    with pytest.raises(ValidationError, match="The day and the moment of the order differ"):
        order.full_clean()


def test_an_interaction_whose_day_and_moment_differ_is_refused_with_a_sentence():
    contact = Interaction(
        customer=make_customer(), kind="call", happened_on=date(2026, 3, 1), happened_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    )

    with pytest.raises(ValidationError, match="The day and the moment of the contact differ"):
        contact.full_clean()
