"""A small world on three ladders, and random edits of one of them, as hypothesis draws them."""

from copy import copy
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from crm.models import Customer, Facts
from lifecycle import builtin
from lifecycle.blueprint import EVERYONE
from lifecycle.editing import draft, put_on_rung, ranked
from lifecycle.models import Ladder, Position, Stage
from lifecycle.stages import place

DAY = date(2026, 1, 31)
BEFORE = DAY - timedelta(days=30)
PEOPLE = 24
COUNTS = {"orders": 9, "order_days": 5, "orders_12m": 8, "paid_orders": 3, "unpaid_orders": 3, "referrals_ordered": 3}
COUNTS |= {"interactions_12m": 9, "minutes_12m": 130}
MARKS = ("is_disqualified", "is_marked_lost", "is_partner", "only_us")
# Of an order all of them tell, or none.
DATES = ("first_order_on", "last_order_on", "due_on", "inactive_on", "lost_on")


def facts(source):
    """Numbers, marks and dates at the edges that the rules ask about."""
    values = {name: source.randrange(most) for name, most in COUNTS.items()}
    values |= {name: source.random() < 0.2 for name in MARKS}
    if source.random() < 0.8:
        values |= {name: source.choice([DAY, DAY - timedelta(days=400), DAY + timedelta(days=1), BEFORE]) for name in DATES}
    return values | {"revenue_12m": Decimal(source.randrange(100_000)) / 100, "margin_12m": source.choice([None, Decimal(-1), Decimal(5)])}


def people():
    """PEOPLE customers who have stood on the three ladders for a month."""
    builtin.install()
    made = Customer.objects.bulk_create(Customer(name=f"Customer {number}") for number in range(PEOPLE))
    Facts.objects.bulk_create(Facts(customer=customer, **facts(Random(customer.pk))) for customer in made)
    for ladder in Ladder.objects.all():
        place(ladder, BEFORE)


def a_month_later(ladder, source):
    """Their facts are others by now; some have been pinned, a pin may have ended, some came this day or are new."""
    customers = list(Facts.objects.order_by("pk").values_list("pk", flat=True))
    Facts.objects.all().delete()
    Facts.objects.bulk_create(Facts(customer_id=customer, **facts(source)) for customer in customers)
    keys = list(Position.objects.filter(ladder=ladder).order_by("customer").values_list("pk", flat=True))
    source.shuffle(keys)
    Position.objects.filter(pk__in=keys[:3]).delete()
    Position.objects.filter(pk__in=keys[3:6]).update(since=DAY + timedelta(days=1))
    for place_, until in enumerate((None, BEFORE, DAY)):
        Position.objects.filter(pk__in=keys[6 + 2 * place_ : 8 + 2 * place_]).update(pinned=True, pinned_until=until)


def leaf(source):
    match source.randrange(4):
        case 0:
            name = source.choice([*COUNTS])
            return {"fact": name, "op": source.choice(["=", "!=", "<", "<=", ">", ">="]), "value": source.randrange(COUNTS[name])}
        case 1:
            return {"fact": source.choice(MARKS), "op": source.choice(["=", "!="]), "value": source.random() < 0.5}
        case 2:
            return {"fact": source.choice(DATES), "op": source.choice(["passed", "empty"])}
    return {"fact": source.choice(DATES), "op": source.choice(["last", "not_last", "next"]), "value": source.randrange(500)}


def rule(source, deep=3):
    kind = source.randrange(6) if deep > 1 else 5
    if kind < 2:
        return {("all", "any")[kind]: [rule(source, deep - 1) for _ in range(source.randrange(3))]}
    return {"not": rule(source, deep - 1)} if kind == 2 else leaf(source)


def stage_rule(source):
    """A rule that a stage before the last may have: EVERYONE is refused there."""
    return made if (made := rule(source)) != EVERYONE else stage_rule(source)


def edited(ladder, source):
    """The stages of `ladder` after one to three edits of an owner. The last one goes on taking everyone."""
    stages = [copy(stage) for stage in draft(ladder)]
    for number in range(source.randint(1, 3)):
        edit(ladder, stages, source, number)
    return ranked(stages)


def edit(ladder, stages, source, number):
    last = len(stages) - 1
    match source.randrange(4):
        case 0 | 1:
            source.choice(stages[:-1]).rule = stage_rule(source)
        case 2:
            here, there = source.randrange(last), source.randrange(last)
            stages[here], stages[there] = stages[there], stages[here]
        case _:
            made = Stage(ladder=ladder, key=f"new-{number}", name=f"New {number}", rank=0, rule=stage_rule(source))
            stages.insert(source.randrange(len(stages)), made)
            put_on_rung(stages, made, source.choice([None, "", stages[-1].key]))


def seeded(seed):
    return Random(seed)
