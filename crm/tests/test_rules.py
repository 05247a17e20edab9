"""The rule language: random rules over random facts against a plain evaluation in Python; what is refused; what is said."""

import random
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from crm.catalogue import FACTS, TERMS, Kind, find
from crm.fold import fold
from crm.models import Customer, Facts
from crm.rules import compiled, parse
from crm.rules.tree import NUMBERS, OPS

AS_OF = date(2026, 3, 1)
SPAN = (-800, -366, -365, -364, -91, -90, -31, -30, -29, -7, -2, -1, 0, 1, 2, 7, 29, 30, 31, 364, 365, 366)
NUMBERS_DRAWN = (0, 1, 2, 3, 4, 5, 30, 31, 90, 100, 365)
TEXTS = ("praha", "plzeň", "Łódź", "lodz", "Pražské náměstí", "%", "_", "\\", "'")
CHOICES = {
    "pareto_class": ("vital_few", "useful_many"),
    "entity": ("person", "company"),
    "market": ("b2c", "b2b"),
    "kind": ("external", "internal"),
}
COUNTRIES, LANGUAGES, PLACES = ("CZ", "PL", ""), ("cs", "pl", ""), ("jan@example.com", "Žižka@Łódź.pl", "a_b%c@example.com", "")
# What a text is compared as, where that is not its folded form.
COME = {"first_order_on", "last_order_on", "last_contact_on", "stage_since"}
SPELLED = {"email": str.lower, "country": str.upper, "language": str.lower, "external_id": str}
# Facts that the floors above write are asked of by their own tests.
ASKED = sorted(name for name in (*FACTS, *TERMS) if name not in {"stage", "stage_since"})


def a_date(shuffle):
    # The window of an anniversary looks at month and day alone: leap days of other years belong to it.
    return shuffle.choice(
        [AS_OF + timedelta(days=shuffle.choice(SPAN)), date(1988, 2, 29), date(1990, 2, 28), date(2000, 12, 31), date(1991, 3, 1)]
    )


def filled(field, kind, shuffle):
    if field.null and shuffle.random() < 0.3:
        return None
    match kind:
        case Kind.DATE:
            return a_date(shuffle)
        case Kind.MONEY:
            return Decimal(shuffle.choice([-2500, -1, 0, 1, 100, 200, 300, 400, 3000])) / 100
        case Kind.HALF_DAYS:
            return shuffle.choice(NUMBERS_DRAWN) / 2
        case Kind.YES_NO:
            return shuffle.random() < 0.5
        case Kind.CHOICE:
            return shuffle.choice([*CHOICES[field.name], ""]) if field.name == "pareto_class" else shuffle.choice(CHOICES[field.name])
        case Kind.CHANNEL:
            return shuffle.choice(["", "shop", "e-shop", "phone"])
    return shuffle.choice(NUMBERS_DRAWN)


def crowd(seed, size=50):
    """Customers with random facts, the empty ones included."""
    shuffle = random.Random(seed)
    for number in range(size):
        customer = Customer(
            entity=shuffle.choice(CHOICES["entity"]),
            market=shuffle.choice(CHOICES["market"]),
            kind=shuffle.choice(CHOICES["kind"]),
            city=shuffle.choice(["", *TEXTS]),
            source=shuffle.choice(["", *TEXTS]),
            birthday=None if shuffle.random() < 0.2 else a_date(shuffle),
            external_id=f"id{number % 3}-{number}" if shuffle.random() < 0.7 else "",
            country=shuffle.choice(COUNTRIES),
            language=shuffle.choice(LANGUAGES),
            email=(place := shuffle.choice(PLACES).lower()) and f"{number}{place}",
        )
        for mark in ("partner_on", "only_us_on"):
            setattr(customer, mark, None if shuffle.random() < 0.5 else a_date(shuffle))
        customer.save()
        facts = {name: filled(fact.field, fact.kind, shuffle) for name, fact in FACTS.items() if name not in {"stage", "stage_since"}}
        # The dates of orders stand together (a constraint of the table).
        dates, bought = ("first_order_on", "last_order_on", "due_on", "inactive_on", "lost_on"), shuffle.random() < 0.7
        facts |= {name: a_date(shuffle) if bought else None for name in dates}
        Facts.objects.create(customer=customer, **facts)


def rows():
    paths = sorted({find(name).path for name in ASKED})
    return list(Facts.objects.order_by("pk").values("pk", *paths))


def leaf_holds(leaf, row):
    fact = find(leaf["fact"])
    return compares(fact, leaf["op"], leaf.get("value"), row[fact.path])


def holds(rule, own, leaf_holds=leaf_holds):
    """The plain evaluation, clause by clause."""
    if "all" in rule:
        return all(holds(part, own, leaf_holds) for part in rule["all"])
    if "any" in rule:
        return any(holds(part, own, leaf_holds) for part in rule["any"])
    if "not" in rule:
        return not holds(rule["not"], own, leaf_holds)
    return leaf_holds(rule, own)


def found_by(rule):
    return set(Facts.objects.filter(compiled(parse(rule), AS_OF)).values_list("pk", flat=True))


def compares(fact, op, value, own):
    if op == "empty":
        return own in (None, "")
    if op == "!=":
        return not compares(fact, "=", value, own)
    if own in (None, ""):
        return False
    if fact.kind == Kind.AGE:
        own = max((AS_OF - own).days, 0)
    if fact.kind == Kind.DATE:
        return compares_date(op, value, own, has_come=fact.name in COME)
    if fact.kind in {Kind.TEXT, Kind.CHANNEL, Kind.CODE}:
        spelled = SPELLED.get(fact.name, fold)
        value = [spelled(part) for part in value] if op == "in" else spelled(value)
    if fact.kind == Kind.MONEY:
        value = [Decimal(str(part)) for part in value] if isinstance(value, list) else Decimal(str(value))
    return compares_whole(op, value, own)


def compares_whole(op, value, own):
    """Of two that are there, each as it is compared."""
    return {
        "=": lambda: own == value,
        "<": lambda: own < value,
        "<=": lambda: own <= value,
        ">": lambda: own > value,
        ">=": lambda: own >= value,
        "between": lambda: value[0] <= own <= value[1],
        "in": lambda: own in value,
        "contains": lambda: value in own,
        "starts": lambda: own.startswith(value),
    }[op]()


def compares_date(op, value, own, *, has_come):
    days = (own - AS_OF).days
    match op:
        case "on" | "before" | "after":
            other = date.fromisoformat(value)
            return {"on": own == other, "before": own < other, "after": own > other}[op]
        case "between":
            return date.fromisoformat(value[0]) <= own <= date.fromisoformat(value[1])
        case "passed":
            return days <= 0 or has_come
        case "last":
            return -value < days and (days <= 0 or has_come)
        case "not_last":
            return not compares_date("last", value, own, has_come=has_come)
        case "next":
            return 0 < days <= value and not has_come
    return any(kept(own, AS_OF + timedelta(days=ahead)) for ahead in range(value + 1))


def kept(born, day):
    leap = day.year % 4 == 0
    return (born.month, born.day) == (day.month, day.day) or ((born.month, born.day, day.month, day.day) == (2, 29, 2, 28) and not leap)


def a_value(kind, name, dice):
    if kind in NUMBERS:
        return dice.choice(NUMBERS_DRAWN if kind in {Kind.COUNT, Kind.DAYS, Kind.AGE} else (*NUMBERS_DRAWN, 0.5, 2.5, 45.5, 1.01, 0.01))
    if kind == Kind.DATE:
        return dice.choice([*((AS_OF + timedelta(days=days)).isoformat() for days in SPAN), "1988-02-29"])
    if kind == Kind.YES_NO:
        return dice.random() < 0.5
    if kind == Kind.CHOICE:
        return dice.choice(CHOICES[name])
    if name in SPELLED:
        return dice.choice(["CZ", "cz", "pl", "id0-0", "ID0-0", "id1-1", "12žižka@łódź.pl", "JAN@", "_", "%", "ž", "Łódź"])
    return dice.choice(["shop", "E-SHOP", "PRAHA", "Plzen", "Łódź", "o", "%", "_", "\\", "'"])


def a_leaf(dice):
    fact = find(dice.choice(ASKED))
    op = dice.choice(OPS[fact.kind])
    leaf = {"fact": fact.name, "op": op}
    match op:
        case "empty" | "passed":
            return leaf
        case "last" | "not_last" | "next" | "anniversary":
            value = dice.choice([0, 1, 7, 30, 31, 90, 305, 306, 364, 365, 400])
        case "between":
            value = sorted(a_value(fact.kind, fact.name, dice) for _turn in range(2))
        case "in":
            value = [a_value(fact.kind, fact.name, dice) for _turn in range(dice.randint(1, 3))]
        case _:
            value = a_value(fact.kind, fact.name, dice)
    return leaf | {"value": value}


def a_rule(dice, a_leaf=a_leaf, deep=3):
    """A rule of any shape, less than five deep, so that a `not` fits around it.

    Hypothesis draws the seed alone: left to itself it repeats small rules.
    """
    shape = dice.choice(["leaf", "leaf", "all", "any", "not"]) if deep else "leaf"
    if shape == "leaf":
        return a_leaf(dice)
    if shape == "not":
        return {"not": a_rule(dice, a_leaf, deep - 1)}
    return {shape: [a_rule(dice, a_leaf, deep - 1) for _turn in range(dice.choice([0, 1, 2, 2, 3]))]}


class RandomRules(TestCase):
    @given(st.integers(0, 2**32))
    @settings(max_examples=25)
    def test_they_find_the_customers_that_a_plain_evaluation_finds_and_not_is_the_exact_complement(self, seed):
        crowd(seed)
        everyone, dice = rows(), random.Random(seed)
        for _turn in range(40):
            rule = a_rule(dice)
            found, others = found_by(rule), found_by({"not": rule})

            assert found == {row["pk"] for row in everyone if holds(rule, row)}, rule
            assert others == {row["pk"] for row in everyone} - found, rule
