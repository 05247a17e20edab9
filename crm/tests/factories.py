"""Rows for tests, each complete and valid with no argument given. They note nothing as changed; crm/record.py does."""

from datetime import date
from decimal import Decimal
from itertools import count

from crm.models import Customer, Facts, Interaction, Order, User

PASSWORD = "correct horse battery"
numbers = count(1)


def make_user(role=User.Role.STAFF, **fields):
    fields = {"email": f"user{next(numbers)}@example.com", "password": PASSWORD} | fields
    return User.objects.create_user(role=role, **fields)


def make_owner(**fields):
    return make_user(User.Role.OWNER, **fields)


def make_customer(facts=None, **fields):
    """With their Facts row, whose values `facts` may give."""
    customer = Customer.objects.create(**({"name": f"Customer {next(numbers)}"} | fields))
    Facts.objects.create(customer=customer, **(facts or {}))
    return customer


def make_order(customer=None, **fields):
    """Of a customer of its own unless one is given; `customer_id=None` makes an anonymous one."""
    if "customer_id" not in fields:
        fields["customer"] = customer or make_customer()
    return Order.objects.create(**({"ordered_on": date(2025, 1, 15), "amount": Decimal("100")} | fields))


def make_interaction(customer=None, **fields):
    values = {"kind": Interaction.Kind.CALL, "happened_on": date(2025, 1, 15)} | fields
    return Interaction.objects.create(customer=customer or make_customer(), **values)
