"""The kernel against a plain loop over every clause of DEFINITIONS.md, and by hand."""

from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

from crm import facts
from crm.facts import EMPTY, NAMES, Contacts, Orders, People, business_gap, compute
from lifecycle.tests.oracle_loop import Contact, Person, Sale, World, facts_of
from lifecycle.tests.worlds import worlds

EPOCH = date(1970, 1, 1)
STATUSES = ["paid", "unpaid", "refunded", "cancelled"]
DATES = {"first_order_on", "last_order_on", "due_on", "inactive_on", "lost_on", "last_contact_on"}
HALVES = {"typical_gap_days", "expected_gap_days"}


def number(value):
    """A date in days, None as EMPTY."""
    if value is None:
        return EMPTY
    return (value - EPOCH).days if isinstance(value, date) else value


def table(kind, rows):
    columns = zip(*rows, strict=True) if rows else [[] for _ in kind._fields]
    return kind(*(np.array(list(column), dtype=np.int64) for column in columns))


def arrays(world):
    """The world as the kernel takes it: customers by id, rows by customer and day, channels as ranks by key."""
    keys = sorted({sale.channel for sale in world.sales if sale.channel is not None})
    people = [(p.id, *map(number, (p.disqualified_on, p.lost_marked_on, p.partner_on, p.only_us_on))) for p in world.people]
    channels = {None: EMPTY} | {key: rank for rank, key in enumerate(keys)}
    sales = [
        (s.customer, number(s.ordered_on), s.amount, s.refunded, number(s.cost), channels[s.channel], STATUSES.index(s.status))
        for s in world.sales
        if s.customer is not None
    ]
    contacts = [(c.customer, number(c.happened_on), c.minutes or 0) for c in world.contacts]
    by_customer_and_day = [sorted(rows, key=lambda row: row[:2]) for rows in (sales, contacts)]
    return table(People, people), table(Orders, by_customer_and_day[0]), table(Contacts, by_customer_and_day[1]), keys


def value(name, stored, keys):
    """The kernel's number as the plain loop says it."""
    if name == "favourite_channel":
        return "" if stored == EMPTY else keys[stored]
    if stored == EMPTY:
        return None
    if name in DATES:
        return EPOCH + timedelta(days=stored)
    if name in HALVES:
        return Fraction(stored, 2)
    return bool(stored) if name.startswith("is_") or name == "only_us" else stored


def kernel(world, as_of, gap=90):
    people, orders, contacts, keys = arrays(world)
    columns = compute(people, orders, contacts, as_of, gap)
    return {key: {name: value(name, int(columns[name][place]), keys) for name in NAMES} for place, key in enumerate(people.id.tolist())}


@given(worlds())
@settings(max_examples=1000)
def test_the_kernel_agrees_with_a_plain_loop_over_every_clause(drawn):
    world, as_of = drawn

    computed = kernel(world, as_of, gap=47)

    for person in world.people:
        expected = facts_of(person, world, as_of, 47)
        assert computed[person.id] == {name: expected[name] for name in NAMES}


@given(worlds())
@settings(max_examples=200)
def test_one_customer_alone_has_the_same_facts_as_among_all(drawn):
    world, as_of = drawn
    people, orders, contacts, _keys = arrays(world)

    together = compute(people, orders, contacts, as_of, 90)

    for place in range(len(people.id)):
        alone = compute(People(*(column[place : place + 1] for column in people)), orders, contacts, as_of, 90)
        assert {name: int(alone[name][0]) for name in NAMES} == {name: int(together[name][place]) for name in NAMES}


def test_no_customers_have_no_facts():
    computed = compute(*arrays(World())[:3], date(2026, 1, 1), 90)

    assert {name: len(column) for name, column in computed.items()} == dict.fromkeys(NAMES, 0)


def test_a_customer_without_orders_has_zeros_and_empties():
    computed = kernel(World(people=(Person(7),)), date(2026, 1, 1))[7]

    assert computed["orders"] == computed["revenue"] == computed["margin_12m"] == 0
    assert [computed[name] for name in (*sorted(DATES), *sorted(HALVES), "average_order", "long_gap_days")] == [None] * 10
    assert computed["favourite_channel"] == ""


def test_sums_beyond_what_a_float_counts_are_exact():
    # Eleven times the largest amount, in minor units.
    sales = tuple(Sale(1, date(2026, 1, day), 999_999_999_999) for day in range(1, 12))

    computed = kernel(World(people=(Person(1),), sales=sales), date(2026, 1, 31))[1]

    assert computed["revenue"] == 10_999_999_999_989
    assert computed["average_order"] == 999_999_999_999


def test_the_windows_end_on_28_february_of_the_years_before_a_leap_day():
    window = facts.days(date(2024, 2, 29))

    assert [EPOCH + timedelta(days=day) for day in window] == [date(2024, 2, 29), date(2023, 2, 28), date(2022, 2, 28)]


def test_an_order_a_year_ago_to_the_day_is_in_the_year_before():
    sales = (Sale(1, date(2025, 3, 1), 100), Sale(1, date(2025, 3, 2), 1000))

    computed = kernel(World(people=(Person(1),), sales=sales), date(2026, 3, 1))[1]

    assert (computed["revenue_12m"], computed["revenue_prev_12m"], computed["orders_12m"]) == (1000, 100, 1)


def test_a_rhythm_of_half_days_is_rounded_up_only_at_the_end():
    # Gaps of 100 and 101 days: typical 100.5; due 100.5 → 101, inactive 3 × 100.5 = 301.5 → 302, lost 4 × 100.5 = 402 days after the last.
    days = [date(2026, 1, 1), date(2026, 4, 11), date(2026, 7, 21)]

    computed = kernel(World(people=(Person(1),), sales=tuple(Sale(1, day, 100) for day in days)), date(2026, 7, 31))[1]

    assert computed["typical_gap_days"] == Fraction(201, 2)
    assert computed["long_gap_days"] == 101
    assert [(computed[name] - days[-1]).days for name in ("due_on", "inactive_on", "lost_on")] == [101, 302, 402]


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ([30] * 9, 90),  # nine rhythms are too few
        ([30] * 10, 30),
        ([30] * 5 + [31] * 5, 31),  # 30.5 is rounded up
        ([30.5] * 5 + [31] * 5, 31),  # 30.75 too
        ([1] * 5 + [40] + [90] * 5, 40),
    ],
)
def test_the_business_gap_is_the_median_rhythm_rounded_up(gaps, expected):
    assert business_gap(np.array([int(2 * gap) for gap in gaps], dtype=np.int64), 90) == expected


def test_a_refund_lowers_revenue_and_is_nothing_else():
    sales = (Sale(1, date(2026, 1, 1), 1000, cost=400, channel="shop"), Sale(1, date(2026, 2, 1), -300, channel="web"))
    world = World(people=(Person(1),), sales=sales, contacts=(Contact(1, date(2026, 1, 5), 7),))

    computed = kernel(world, date(2026, 3, 1))[1]

    assert (computed["orders"], computed["order_days"], computed["revenue"], computed["margin_12m"]) == (1, 1, 700, 300)
    assert (computed["last_order_on"], computed["favourite_channel"], computed["minutes_12m"]) == (date(2026, 1, 1), "shop", 7)
