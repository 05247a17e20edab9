"""The kernel: orders and contacts in as sorted arrays, facts out (DEFINITIONS.md, "Facts"). Pure: no database, no clock.

The same function serves one customer, a night, a replay and the tests. All values are whole numbers: money in minor units, dates in days
since 1970-01-01, gaps in half days (a median of two whole gaps may lie between them), yes and no as 1 and 0; EMPTY for no value.
"""

from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crm.windows import years_before

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Smaller than any value, with room to add to it.
EMPTY = -(2**62)
# The values of Order.Status, which this module does not import: it knows no Django.
PAID, UNPAID, REFUNDED, CANCELLED = range(4)

NAMES = (
    "orders", "order_days", "orders_12m", "revenue", "revenue_12m", "revenue_prev_12m", "paid_orders", "unpaid_orders", "margin_12m",
    "average_order", "first_order_on", "last_order_on", "typical_gap_days", "long_gap_days", "expected_gap_days", "due_on", "inactive_on",
    "lost_on", "favourite_channel", "interactions_12m", "minutes_12m", "last_contact_on", "is_disqualified", "is_marked_lost",
    "is_partner", "only_us",
)  # fmt: skip


class People(NamedTuple):
    """Customers by ascending id, with the days of their marks."""

    id: Ints
    disqualified_on: Ints
    lost_marked_on: Ints
    partner_on: Ints
    only_us_on: Ints


class Orders(NamedTuple):
    """Orders by customer, then day. `channel` is a rank: the smaller one wins a tie; EMPTY without a channel."""

    customer: Ints
    day: Ints
    amount: Ints
    refunded: Ints
    cost: Ints
    channel: Ints
    status: Ints


class Contacts(NamedTuple):
    """Interactions by customer, then day; `minutes` is 0 where none were noted."""

    customer: Ints
    day: Ints
    minutes: Ints


class Days(NamedTuple):
    """The edges of the windows: 12m = (year_ago, as_of], prev_12m = (two_years_ago, year_ago]."""

    as_of: int
    year_ago: int
    two_years_ago: int


class Groups:
    """Rows that stand customer by customer: `at` is each row's place among `size` customers, ascending."""

    def __init__(self, at: Ints, size: int) -> None:
        self.at = at
        self.edges = np.searchsorted(at, np.arange(size + 1))

    def sum(self, values: Ints | Bools) -> Ints:
        """Exact sums per customer; 0 for one without rows."""
        running = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
        return running[self.edges[1:]] - running[self.edges[:-1]]

    @property
    def sizes(self) -> Ints:
        return np.diff(self.edges)

    def pick(self, values: Ints, offset: Ints | int, known: Bools) -> Ints:
        """The value at `offset` from each customer's first row where `known`, EMPTY elsewhere."""
        picked = np.full(len(self.edges) - 1, EMPTY, dtype=np.int64)
        picked[known] = values[(self.edges[:-1] + offset)[known]]
        return picked


def days(as_of: date) -> Days:
    """The windows' edges; a year before 29 February is 28 February."""
    return Days(*(_ordinal(years_before(as_of, years)) for years in range(3)))


def compute(people: People, orders: Orders, contacts: Contacts, as_of: date, business_gap: int) -> dict[str, Ints]:
    """The facts of `people` at `as_of`, one array per name in NAMES; `business_gap` in days stands in for a rhythm of one's own.

    Rows of nobody in `people` are left aside.
    """
    window = days(as_of)
    facts = _purchases(people, orders, window) | _contacts(people, contacts, window)
    facts |= _rhythm(people, orders, window)
    facts |= _expectations(facts, business_gap)
    facts["favourite_channel"] = _favourite_channel(people, orders, window)
    facts |= _marks(people, facts["last_order_on"], window)
    return {name: facts[name] for name in NAMES}


def counts(orders: Orders, as_of: int) -> Bools:
    """Which orders count: paid or unpaid, not after `as_of`, of zero or more."""
    return (orders.status <= UNPAID) & (orders.day <= as_of) & (orders.amount >= 0)


def _purchases(people: People, orders: Orders, window: Days) -> dict[str, Ints]:
    at, known = _places(people, orders.customer)
    counting = known & counts(orders, window.as_of)
    refund = known & (orders.amount < 0) & (orders.status != CANCELLED) & (orders.day <= window.as_of)
    last_year = orders.day > window.year_ago
    year_before = (orders.day > window.two_years_ago) & ~last_year
    late = (orders.status == UNPAID) & (window.as_of - orders.day > 30)
    all_rows = Groups(at, len(people.id))
    net = np.where(counting | refund, orders.amount - orders.refunded, 0)
    orders_12m = all_rows.sum(counting & last_year)
    count, revenue, revenue_12m = all_rows.sum(counting), all_rows.sum(net), all_rows.sum(net * last_year)
    uncosted = all_rows.sum(counting & last_year & (orders.cost == EMPTY))
    cost = all_rows.sum(np.where(counting & last_year & (orders.cost != EMPTY), orders.cost, 0))
    margin = np.where(uncosted > 0, EMPTY, revenue_12m - cost)
    return {
        "orders": count,
        "orders_12m": orders_12m,
        "revenue": revenue,
        "revenue_12m": revenue_12m,
        "revenue_prev_12m": all_rows.sum(net * year_before),
        "paid_orders": all_rows.sum(counting & (orders.status == PAID)),
        "unpaid_orders": all_rows.sum(counting & late),
        "margin_12m": np.where(orders_12m == 0, 0, margin),
        "average_order": np.where(count == 0, EMPTY, _divided(revenue, np.maximum(count, 1))),
    }


def _rhythm(people: People, orders: Orders, window: Days) -> dict[str, Ints]:
    """Days with an order, the first and the last, and the gaps between consecutive ones."""
    at, known = _places(people, orders.customer)
    counting = known & counts(orders, window.as_of)
    at, day = at[counting], orders.day[counting]
    fresh = np.ones(len(at), dtype=np.bool_)
    fresh[1:] = (at[1:] != at[:-1]) | (day[1:] != day[:-1])
    at, day = at[fresh], day[fresh]
    dates = Groups(at, len(people.id))
    any_date = dates.sizes > 0
    same = at[1:] == at[:-1]
    gap, gap_at = np.diff(day)[same], at[1:][same]
    order = np.lexsort((gap, gap_at))
    gaps = Groups(gap_at[order], len(people.id))
    gap, size = gap[order], gaps.sizes
    rhythmic = size >= 2
    # In half days the median is a sum: the two middle gaps, or the middle one twice.
    middle = gaps.pick(gap, (size - 1) // 2, rhythmic), gaps.pick(gap, size // 2, rhythmic)
    return {
        "order_days": dates.sizes,
        "first_order_on": dates.pick(day, 0, any_date),
        "last_order_on": dates.pick(day, dates.sizes - 1, any_date),
        "typical_gap_days": np.where(rhythmic, middle[0] + middle[1], EMPTY),
        # The ⌈0.9 n⌉-th smallest of n.
        "long_gap_days": gaps.pick(gap, (9 * size + 9) // 10 - 1, rhythmic),
    }


def _expectations(facts: dict[str, Ints], business_gap: int) -> dict[str, Ints]:
    last, typical, long = facts["last_order_on"], facts["typical_gap_days"], facts["long_gap_days"]
    bought = last != EMPTY
    expected = np.where(typical != EMPTY, typical, 2 * business_gap)
    dates = {name: np.where(bought, last + wait, EMPTY) for name, wait in waits(expected, np.where(long != EMPTY, long, 0)).items()}
    return {"expected_gap_days": np.where(bought, expected, EMPTY)} | dates


def waits(expected: Ints, long: Ints) -> dict[str, Ints]:
    """Whole days from the last order to each date, by the expected gap in half days and the long gap in days (0 without one)."""
    # Multiplied in half days first, rounded up at the end.
    half_days = {
        "due_on": expected,
        "inactive_on": np.maximum(np.maximum(2 * 90, 3 * expected), 2 * long),
        "lost_on": np.maximum(np.maximum(2 * 365, 4 * expected), 2 * 2 * long),
    }
    return {name: (wait + 1) // 2 for name, wait in half_days.items()}


def _favourite_channel(people: People, orders: Orders, window: Days) -> Ints:
    """The channel with most orders, then revenue, then the latest order, then the smaller rank."""
    at, known = _places(people, orders.customer)
    rows = known & counts(orders, window.as_of) & (orders.channel != EMPTY)
    order = np.lexsort((orders.day[rows], orders.channel[rows], at[rows]))
    at, channel, day = (values[rows][order] for values in (at, orders.channel, orders.day))
    net = (orders.amount - orders.refunded)[rows][order]
    first = np.ones(len(at), dtype=np.bool_)
    first[1:] = (at[1:] != at[:-1]) | (channel[1:] != channel[:-1])
    pairs = Groups(np.cumsum(first) - 1, int(first.sum()))
    latest = day[pairs.edges[1:] - 1]
    at, channel = at[first], channel[first]
    best = np.lexsort((channel, -latest, -pairs.sum(net), -pairs.sizes, at))
    people_rows = Groups(at[best], len(people.id))
    return people_rows.pick(channel[best], 0, people_rows.sizes > 0)


def _contacts(people: People, contacts: Contacts, window: Days) -> dict[str, Ints]:
    at, known = _places(people, contacts.customer)
    passed = known & (contacts.day <= window.as_of)
    at, day, minutes = at[passed], contacts.day[passed], contacts.minutes[passed]
    rows = Groups(at, len(people.id))
    last_year = day > window.year_ago
    return {
        "interactions_12m": rows.sum(last_year),
        "minutes_12m": rows.sum(minutes * last_year),
        "last_contact_on": rows.pick(day, rows.sizes - 1, rows.sizes > 0),
    }


def _marks(people: People, last_order_on: Ints, window: Days) -> dict[str, Ints]:
    def passed(mark: Ints) -> Bools:
        held: Bools = (mark != EMPTY) & (mark <= window.as_of)
        return held

    # EMPTY is the smallest number, so a mark is later than "never ordered".
    lost = passed(people.lost_marked_on) & (people.lost_marked_on > last_order_on)
    return {
        "is_disqualified": passed(people.disqualified_on).astype(np.int64),
        "is_marked_lost": lost.astype(np.int64),
        "is_partner": passed(people.partner_on).astype(np.int64),
        "only_us": passed(people.only_us_on).astype(np.int64),
    }


def business_gap(typical_gaps: Ints, default: int) -> int:
    """The median of the customers' typical gaps (in half days), in days rounded up; `default` where fewer than ten have one."""
    size = len(typical_gaps)
    if size < 10:
        return default
    ordered = np.sort(typical_gaps)
    quarters = int(ordered[(size - 1) // 2] + ordered[size // 2])
    return -(-quarters // 4)


def _places(people: People, customer: Ints) -> tuple[Ints, Bools]:
    """Each row's place among `people`, and whether its customer is there at all."""
    at = np.searchsorted(people.id, customer)
    known = np.zeros(len(customer), dtype=np.bool_)
    inside = at < len(people.id)
    known[inside] = people.id[at[inside]] == customer[inside]
    return at, known


def _divided(total: Ints, count: Ints) -> Ints:
    """total / count to whole minor units, half away from zero."""
    rounded: Ints = np.sign(total) * ((2 * np.abs(total) + count) // (2 * count))
    return rounded


def _ordinal(day: date) -> int:
    return day.toordinal() - date(1970, 1, 1).toordinal()
