"""Rows for tests, each complete and valid with no argument given. They note nothing as changed; crm/record.py does."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count

from crm.models import Complaint, Customer, Enquiry, Facts, Household, Interaction, Order, Task, User

PASSWORD = "correct horse battery"
numbers = count(1)
NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)


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


def make_task(assignee=None, **fields):
    """Open and about nobody; of a user of its own unless one is given."""
    on = fields.pop("due_on", date(2025, 1, 15))
    values = {"why": "Call back", "due_on": on, "planned_on": on, "series_on": on} | fields
    return Task.objects.create(assignee=assignee or make_user(), **values)


def make_complaint(customer=None, **fields):
    """A grievance, which has no deadline unless `due_on` with `deadline_on` gives it one."""
    values = {"nature": "grievance", "what": "The grinder broke.", "opened_on": date(2025, 1, 15), "opened_at": NOON} | fields
    if values.get("promised_on"):
        values = {"given_on": values["opened_on"]} | values
    return Complaint.objects.create(customer=customer or make_customer(), **values)


def make_enquiry(customer=None, asked_at=NOON, interaction=None, **fields):
    """A call that waits for an answer; `interaction` gives what differs of it."""
    told = {"direction": "in", "topic": "question", "happened_on": asked_at.date(), "happened_at": asked_at}
    return Enquiry.objects.create(interaction=make_interaction(customer, **(told | (interaction or {}))), asked_at=asked_at, **fields)


def make_household(*members, **fields):
    household = Household.objects.create(**({"name": f"Household {next(numbers)}"} | fields))
    Customer.objects.filter(pk__in=[member.pk for member in members]).update(household=household)
    return household


def make_company(facts=None, **fields):
    return make_customer(facts, **({"entity": Customer.Entity.COMPANY} | fields))
