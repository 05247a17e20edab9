"""The days on which a comparison turns by time alone: against the SQL that decides, day by day."""

from datetime import date, timedelta

import pytest
from django.db.models import BooleanField, Case, Value, When

from crm.models import Facts
from crm.rules import compiled, parse
from crm.rules.turns import turns
from crm.tests.factories import make_customer

pytestmark = pytest.mark.django_db

AS_OF = date(2024, 2, 20)
DATES = ("first_order_on", "last_order_on", "due_on", "inactive_on", "lost_on")
RULES = [
    {"fact": "due_on", "op": "passed"},
    {"fact": "due_on", "op": "last", "value": 5},
    {"fact": "due_on", "op": "not_last", "value": 5},
    {"fact": "due_on", "op": "next", "value": 7},
    {"fact": "days_since_last_order", "op": ">=", "value": 10},
    {"fact": "days_since_last_order", "op": ">", "value": 10},
    {"fact": "days_since_last_order", "op": "<", "value": 10},
    {"fact": "days_since_last_order", "op": "<=", "value": 10},
    {"fact": "days_since_last_order", "op": "=", "value": 10},
    {"fact": "days_since_last_order", "op": "!=", "value": 10},
    {"fact": "days_since_last_order", "op": "between", "value": [4, 12]},
    {"fact": "days_since_last_order", "op": "in", "value": [3, 9]},
    {"fact": "birthday", "op": "anniversary", "value": 3},
    {"fact": "birthday", "op": "anniversary", "value": 0},
    {"fact": "due_on", "op": "after", "value": "2024-01-01"},
    {"fact": "due_on", "op": "empty"},
    {"fact": "orders", "op": ">=", "value": 1},
]


def truths(customer, leaf, days):
    """Whether it holds on each of the days, in one statement."""
    cases = {
        f"on{number}": Case(When(compiled(leaf, day), then=Value(True)), default=Value(False), output_field=BooleanField())
        for number, day in enumerate(days)
    }
    return list(Facts.objects.filter(pk=customer.pk).annotate(**cases).values_list(*cases).get())


@pytest.mark.parametrize("rule", RULES, ids=[str(rule) for rule in RULES])
@pytest.mark.parametrize("ahead", [-8, 0, 9, 30])
def test_it_turns_on_those_days_and_on_no_others(rule, ahead):
    """Sixty days over 29 February; the birthday is on that day."""
    on = AS_OF + timedelta(days=ahead)
    customer = make_customer(facts=dict.fromkeys(DATES, on), birthday=date(1996, 2, 29))
    leaf = parse(rule)
    days = [AS_OF + timedelta(days=number) for number in range(61)]
    held = truths(customer, leaf, days)
    turned = [day for day, before, now in zip(days[1:], held, held[1:], strict=False) if before != now]
    value = customer.birthday if leaf.fact.name == "birthday" else on

    assert [day for day in turns(leaf, value, AS_OF) if day <= days[-1]] == turned


def test_in_a_common_year_the_29th_of_february_is_kept_on_the_28th():
    leaf = parse({"fact": "birthday", "op": "anniversary", "value": 0})

    assert turns(leaf, date(1996, 2, 29), date(2025, 1, 1))[:2] == [date(2025, 2, 28), date(2025, 3, 1)]


def test_what_is_empty_and_what_lies_beyond_the_calendar_never_turns():
    passed, next_days = parse({"fact": "due_on", "op": "passed"}), parse({"fact": "due_on", "op": "next", "value": 36_600})
    ages = parse({"fact": "days_since_last_order", "op": "in", "value": [1, 36_600]})

    assert turns(passed, None, AS_OF) == []
    assert turns(next_days, date(1, 1, 1), AS_OF) == []
    assert turns(ages, date.max, AS_OF) == []
    assert turns(passed, date.max, date(9990, 1, 1)) == [date.max]
