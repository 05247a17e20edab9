"""The audit: who changed what, from what to what; and nobody who edits it."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from config.tests import cast
from crm import audit, record, written_once
from crm.models import Audit, Customer, Link, Order
from crm.tests.factories import make_customer, make_order

pytestmark = pytest.mark.django_db


def entries():
    return list(Audit.objects.order_by("pk").values_list("what", "by_name", "name", "customer_pk", "changes"))


class TestOfACustomer:
    def test_an_added_one_is_told_with_what_was_set(self):
        jana = cast.owner()
        anna = Customer(name="Anna", city="Łódź")
        record.save_customer(customer=anna, by=jana)

        [(what, by, name, pk, changes)] = entries()
        assert (what, by, name, pk) == ("customer.added", "Jana Horáková", "Anna", anna.pk)
        assert (changes["name"], changes["city"]) == ([None, "Anna"], [None, "Łódź"])
        assert "search_key" not in changes

    def test_a_change_is_told_from_what_to_what(self):
        anna = make_customer(name="Anna", birthday=date(2000, 2, 29))
        anna.name, anna.birthday = "Anna Malá", None
        record.save_customer(customer=anna, by=None)

        assert entries() == [
            ("customer.changed", "", "Anna Malá", anna.pk, {"name": ["Anna", "Anna Malá"], "birthday": ["2000-02-29", None]})
        ]

    def test_saving_what_is_there_leaves_nothing(self):
        record.save_customer(customer=make_customer(name="Anna"), by=None)

        assert entries() == []


def test_an_order_is_told_of_its_customer():
    order = make_order(amount=Decimal("100"))
    order.amount = Decimal("120.50")
    record.save_order(order=order, by=None)
    record.delete_order(order=Order.objects.get(), by=None)

    (changed, deleted) = entries()
    assert (changed[0], changed[3], changed[4]) == ("order.changed", order.customer_id, {"amount": ["100.00", "120.50"]})
    assert (deleted[0], deleted[4]["amount"]) == ("order.deleted", ["120.50", None])


def test_a_write_that_fails_leaves_no_entry():
    with pytest.raises(DatabaseError), transaction.atomic():
        record.save_customer(customer=Customer(name="Anna", email="UPPER@example.com"), by=None)

    assert entries() == []


def test_an_action_without_words_is_a_mistake_of_the_program():
    with pytest.raises(LookupError, match="nonsense"):
        audit.keep(what="nonsense", by=None, of=make_customer())


def test_a_secret_is_never_among_the_values():
    jana = cast.owner()

    assert "password" not in audit.values(jana)
    assert "digest" not in audit.values(Link(user=jana, digest="a" * 64))


@pytest.mark.parametrize(
    "statement", ["UPDATE crm_audit SET note = 'mine'", "DELETE FROM crm_audit", "UPDATE crm_audit SET by_name = '' WHERE id > 0"]
)
def test_the_database_refuses_to_change_or_delete_an_entry(statement):
    record.save_customer(customer=Customer(name="Anna"), by=None)
    before = list(Audit.objects.values_list())

    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert list(Audit.objects.values_list()) == before


def test_only_its_own_door_opens_it_and_closes_behind():
    record.save_customer(customer=Customer(name="Anna"), by=None)

    with written_once.unlocked():
        Audit.objects.all().delete()

    record.save_customer(customer=Customer(name="Petr"), by=None)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Audit.objects.all().delete()
