"""A small world with something of everything that belongs to customers, and the sums of all tables, to see that they are as before."""

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal

from django.apps import apps

from crm.evidence import record_evidence
from crm.models import Business, Customer, Interaction, Order
from crm.record import save_customer, save_interaction, save_order
from crm.tags.writing import put_tag
from crm.tests.factories import make_owner
from lifecycle.demo.empty import FLOORS
from lifecycle.kotler import install
from lifecycle.models import NotNow, Position
from lifecycle.moves import move, pin
from lifecycle.nightly import run
from lifecycle.refresh import refresh
from segments.choices import choose
from segments.saved import make_segment

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
# What tells of the changes themselves, or how the work went.
BESIDE = {"crm.Audit", "crm.Job", "crm.Pulse", "crm.Changed", "crm.Headline", "crm.SetAside", "crm.Merge", "crm.MergeMoved"}
BESIDE |= {"lifecycle.NightlyRun", "lifecycle.NightlyStep", "lifecycle.LadderNumbers"}


def sums():
    """Of each table of ours: how many rows, and a sum over all their values."""
    found = {}
    for model in (model for floor in FLOORS for model in apps.get_app_config(floor).get_models()):
        if model._meta.label not in BESIDE:
            rows = sorted(map(repr, model._base_manager.values_list(*[field.attname for field in model._meta.concrete_fields])))
            found[model._meta.label] = (len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16])
    return found


def refreshed():
    """Everything changed is brought up to date, as the worker does within seconds."""
    refresh(lambda: NOW)


def people(count=6):
    """So many customers: with orders, contacts, tags, evidence, referrals, pins, choices by hand and not-nows, and a night over them."""
    by = make_owner(name="Jana")
    Business.keep(zone="UTC")
    install()
    made = []
    for number in range(count):
        values = {"name": f"Eva {number}", "city": "Brno" if number % 2 else "", "created": datetime(2024, 1, 1, tzinfo=UTC)}
        values |= {"email": f"eva{number}@example.com"} if number % 3 else {}
        values |= {"external_id": f"X{number}"} if number % 4 else {}
        customer = Customer(**values, phone=f"+42060212345{number}" if number % 2 else "")
        save_customer(customer=customer, by=by)
        made.append(customer)
        for day in range(number % 4 + 1):
            on = date(2026, 1 + 2 * day, 3 + number)
            save_order(order=Order(customer=customer, ordered_on=on, amount=Decimal(100 + number), number=f"{number}-{day}"), by=by)
        for tag in ("VIP", "Brno")[: number % 3]:
            put_tag(customer=customer, name=tag, by=by)
        save_interaction(interaction=Interaction(customer=customer, kind="call", happened_on=date(2026, 5, 1 + number), minutes=5), by=by)
    for number, customer in enumerate(made):
        if number % 2:
            record_evidence(
                customer=customer,
                kind="referred",
                holds=True,
                happened_on=date(2026, 2, 2),
                by=by,
                text="",
                referrer=made[number - 1],
                today=TODAY,
            )
        else:
            record_evidence(customer=customer, kind="partner", holds=True, happened_on=date(2026, 3, 3), by=by, text="Said so", today=TODAY)
        NotNow.objects.create(customer=customer, said_on=date(2026, 11, 20 + number % 2), by=by)
    return by, made


def worked(by, made):
    """A night; then what people do after one."""
    run(TODAY, today=TODAY, clock=lambda: NOW)
    held = Position.objects.get(customer=made[0], ladder__is_primary=True)
    pin(customer=made[0], ladder=held.ladder, by=by, reason="Stays", as_of=TODAY, today=TODAY)
    there = Position.objects.get(customer=made[1], ladder=held.ladder).stage_id
    other = held.ladder.stages.exclude(pk=there).filter(is_retired=False).first()
    move(customer=made[1], to=other, by=by, reason="Met", as_of=TODAY, today=TODAY)
    segment = make_segment(by=by, name="Buyers", rule={"fact": "orders", "op": ">", "value": 1})
    for number in (0, 1, 2):
        choose(segment=segment, customer=made[number], side="include" if number else "exclude", reason="By hand", by=by, as_of=TODAY)
    run(TODAY, today=TODAY, clock=lambda: NOW)
    refreshed()


def whole(count=6):
    by, made = people(count)
    worked(by, made)
    return by, [Customer.objects.get(pk=one.pk) for one in made]
