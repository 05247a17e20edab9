"""Twelve months of one customer as a strip: each day with an order, when the next one was to be expected, and when they become inactive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from django.db.models import Count, F, Sum

from crm.charts.scales import Calendar, Linear
from crm.fields import MoneyField
from crm.models import Customer, FactsRow, Order
from crm.ordered import read_after
from crm.rhythm import IRREGULAR

# The picture is 344 wide and 80 high; the stems stand on FLOOR.
LEFT, RIGHT, TOP, FLOOR, SHORTEST = 5, 339, 14, 54, 9
# How far the picture goes on after the last day of the figures, at most.
AHEAD = timedelta(days=120)
NARROWEST = 4
# Words beside each other need so much room.
ROOM = 44
# Nobody reads a longer table: of more days it says the months.
LONGEST_TABLE = 40
# How wide a dot at the end of a stem is.
DOT = 7


class Day(NamedTuple):
    """A day with orders: how many, and what they came to."""

    on: date
    orders: int
    amount: Decimal


class Stem(NamedTuple):
    x: float
    y: float
    day: Day


class Band(NamedTuple):
    x: float
    width: float


class Month(NamedTuple):
    x: float
    first: date


@dataclass(frozen=True)
class Strip:
    """`expected` is when the next order was or is to come, `gap` the time since it is late, `inactive` the day from which they are so."""

    stems: tuple[Stem, ...]
    months: tuple[Month, ...]
    now: float
    as_of: date
    expected: Band | None
    gap: Band | None
    inactive: float | None

    floor = FLOOR

    @property
    def stalks(self) -> str:
        """All of them as one path, as the dots: two shapes, however many days there are."""
        return "".join(f"M{stem.x:g} {FLOOR}V{stem.y:g}" for stem in self.stems)

    @property
    def dots(self) -> str:
        half = DOT / 2
        return "".join(
            f"M{stem.x - half:g} {stem.y:g}a{half:g} {half:g} 0 1 0 {DOT} 0a{half:g} {half:g} 0 1 0-{DOT} 0" for stem in self.stems
        )

    @property
    def days(self) -> list[Day]:
        """Those with an order; empty where they are more than a table holds."""
        return [stem.day for stem in self.stems] if len(self.stems) <= LONGEST_TABLE else []

    @property
    def by_month(self) -> list[Day]:
        """The same by their months, each under its first day."""
        months = [(first, list(some)) for first, some in groupby((stem.day for stem in self.stems), key=lambda day: day.on.replace(day=1))]
        return [Day(first, sum(day.orders for day in some), sum((day.amount for day in some), Decimal(0))) for first, some in months]

    @property
    def orders(self) -> int:
        return sum(stem.day.orders for stem in self.stems)

    @property
    def now_anchor(self) -> str:
        """Which end of its word stands at `now`, so that it stays in the picture."""
        return "end" if self.now > RIGHT - ROOM / 2 else "middle"


def a_year_before(day: date) -> date:
    """29 February has 28 February a year before."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def days_with_orders(customer: Customer, as_of: date) -> list[Day]:
    """Of the twelve months up to `as_of`, with the orders that count (DEFINITIONS, Orders). Read once a page: kept with the customer."""
    kept: dict[date, list[Day]] = vars(customer).setdefault("days_with_orders", {})
    if as_of not in kept:
        kept[as_of] = _days_with_orders(customer, as_of)
    return kept[as_of]


def _days_with_orders(customer: Customer, as_of: date) -> list[Day]:
    after, status = a_year_before(as_of), (Order.Status.PAID, Order.Status.UNPAID)
    read = read_after(customer, after)
    if read is not None:
        counted = [order for order in reversed(read) if order.ordered_on <= as_of and order.amount >= 0 and order.status in status]
        by_day = [(on, list(some)) for on, some in groupby(counted, key=lambda order: order.ordered_on)]
        return [Day(on, len(some), sum((order.amount - order.refunded for order in some), Decimal(0))) for on, some in by_day]
    counting = Order.objects.filter(customer=customer, status__in=status, amount__gte=0)
    days = counting.filter(ordered_on__gt=after, ordered_on__lte=as_of).values("ordered_on").order_by("ordered_on")
    net = Sum(F("amount") - F("refunded"), output_field=MoneyField())
    return [Day(*row) for row in days.annotate(number=Count("pk"), net=net).values_list("ordered_on", "number", "net")]


def drawn(days: Sequence[Day], facts: FactsRow, as_of: date) -> Strip:
    """Pure: of these days and facts, at `as_of`."""
    late_by = _late_by(facts)
    ahead = [day for day in (facts.inactive_on, late_by) if day and as_of < day <= as_of + AHEAD]
    first, last = a_year_before(as_of) + timedelta(days=1), max([as_of, *ahead])
    across = Calendar(first, last, LEFT, RIGHT)
    most = max((day.amount for day in days), default=Decimal(0))
    up = Linear(0, float(most) or 1, FLOOR - SHORTEST, TOP)
    now = across(as_of)
    return Strip(
        stems=tuple(Stem(across(day.on), up(float(day.amount)), day) for day in days),
        months=tuple(Month(across(month), month) for month in across.months() if month.month % 3 == 1 and across(month) < RIGHT - ROOM / 2),
        now=now,
        as_of=as_of,
        expected=_expected(facts, late_by, across),
        gap=_gap(facts, as_of, across),
        inactive=across(facts.inactive_on) if facts.inactive_on and first <= facts.inactive_on <= last else None,
    )


def _late_by(facts: FactsRow) -> date | None:
    """The day by which nine of ten pauses so far had ended; only of who has a rhythm."""
    usual, longest = facts.typical_gap_days, facts.long_gap_days
    if usual is None or longest is None or longest > IRREGULAR * usual or facts.last_order_on is None:
        return None
    return facts.last_order_on + timedelta(days=longest)


def _expected(facts: FactsRow, late_by: date | None, across: Calendar) -> Band | None:
    """From the day when the next order is due to the one when it is late, as far as that is in the picture."""
    if late_by is None or facts.due_on is None:
        return None
    # A pause of half a day more than nine of ten: due on the day after they had ended.
    start, end = facts.due_on, max(facts.due_on, late_by)
    if start > across.last or end < across.first:
        return None
    x = across(max(start, across.first))
    return Band(x, max(round(across(min(end, across.last)) - x, 2), NARROWEST))


def _gap(facts: FactsRow, as_of: date, across: Calendar) -> Band | None:
    """Since the last order, once the next one of their own rhythm is overdue."""
    if facts.typical_gap_days is None or facts.due_on is None or facts.last_order_on is None or as_of <= facts.due_on:
        return None
    x = across(max(facts.last_order_on, across.first))
    return Band(x, round(across(as_of) - x, 2))
