"""The four numbers at the top of Today, each with what it is compared with and how it went over the last year.

Months are spans of 30 days counted back from as_of: month 0 is (as_of − 30, as_of], month 1 the 30 days before it, and so on.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, IntegerField, OuterRef, Q, Subquery, Sum, Value
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import money
from crm.charts.spark import Spark, spark
from crm.fields import MoneyField
from crm.figures import Figures
from crm.models import FactsRow, Order
from lifecycle.days import DayNumber, number
from lifecycle.today import COUNTS, QUIET

MONTH, MONTHS = 30, 12
# In these months back were the first orders of whom we ask whether they came back: long enough ago for a fair try.
TRIED = range(3, 6)
VITAL = Q(pareto_class=FactsRow.ParetoClass.VITAL_FEW)
# A refund lowers the revenue of its day (DEFINITIONS.md, "Orders").
EARNS = COUNTS | Q(amount__lt=0) & ~Q(status=Order.Status.CANCELLED)
NET = F("amount") - F("refunded")


@dataclass(frozen=True)
class Stat:
    """`change` is written without a sign: `is_up` says which way, None that nothing changed or there is nothing to compare with."""

    label: str
    value: str
    unit: str
    compared: str
    spark: Spark | None
    # Who is behind it.
    rule: Mapping[str, Any]
    change: str = ""
    is_up: bool | None = None

    @property
    def query(self) -> str:
        """Of the address that lists them."""
        return urlencode({"rule": json.dumps(self.rule)})


def headline(figures: Figures, as_of: date, *, with_money: bool) -> list[Stat]:
    """Four; without the revenue for those who see no totals of money."""
    months = _months(as_of)
    people = [_bought(months), _came_back(figures, as_of), _on_rhythm(figures, as_of)]
    return [_revenue(months, as_of), *people] if with_money else people


def month_of(day: Any, as_of: date) -> Any:
    """Which month back a column of dates lies in."""
    return (Value(number(as_of), output_field=IntegerField()) - DayNumber(day)) / MONTH


def _since(as_of: date, months: int) -> date:
    """The day before the first of so many months."""
    return as_of - timedelta(days=MONTH * months)


def _direction(now: Decimal | int | float, before: Decimal | int | float) -> bool | None:
    return None if now == before else now > before


def _months(as_of: date) -> list[tuple[Decimal, int]]:
    """Of each month, the latest first: its revenue, and how many people bought."""
    orders = Order.objects.filter(ordered_on__gt=_since(as_of, MONTHS), ordered_on__lte=as_of)
    sums = orders.annotate(month=month_of("ordered_on", as_of)).values("month").order_by()
    people = Count("customer", filter=COUNTS, distinct=True)
    rows = sums.annotate(revenue=Sum(NET, filter=EARNS, output_field=MoneyField()), people=people)
    read = {row["month"]: (row["revenue"] or Decimal(0), row["people"]) for row in rows}
    return [read.get(month, (Decimal(0), 0)) for month in range(MONTHS)]


def _revenue(months: list[tuple[Decimal, int]], as_of: date) -> Stat:
    """Of all orders of the last 30 days, those without a customer among them, beside the same days of the year before."""
    # 29 February has its like in the 28th (DEFINITIONS.md, "Dates").
    year_ago = as_of.replace(year=as_of.year - 1, day=28 if (as_of.month, as_of.day) == (2, 29) else as_of.day)
    then = Order.objects.filter(EARNS, ordered_on__gt=_since(year_ago, 1), ordered_on__lte=year_ago)
    before = then.aggregate(sum=Sum(NET, output_field=MoneyField()))["sum"] or Decimal(0)
    now = months[0][0]
    value, _space, unit = money.money(now).rpartition(money.NO_BREAK)
    compared = _("vs the same days in %(year)s") if before > 0 else _("no revenue on the same days in %(year)s")
    return Stat(
        label=_("Revenue, 30 days"),
        value=value,
        unit=unit,
        compared=compared % {"year": year_ago.year},
        spark=spark([float(revenue) for revenue, _people in reversed(months)]),
        rule={"fact": "last_order_on", "op": "last", "value": MONTH},
        change=money.percent(abs(now - before) / before, 1) if before > 0 else "",
        is_up=_direction(now, before) if before > 0 else None,
    )


def _bought(months: list[tuple[Decimal, int]]) -> Stat:
    """How many customers had a counting order in the last 30 days, beside the 30 days before."""
    now, before = months[0][1], months[1][1]
    return Stat(
        label=_("Bought, 30 days"),
        value=money.number(now),
        unit=ngettext("person", "people", now),
        compared=_("vs the 30 days before"),
        spark=spark([people for _revenue, people in reversed(months)]),
        rule={"fact": "last_order_on", "op": "last", "value": MONTH},
        change=money.number(abs(now - before)),
        is_up=_direction(now, before),
    )


def _came_back(figures: Figures, as_of: date) -> Stat:
    """Of those whose first order was 90 to 179 days ago, the share that have ordered on another day since.

    Compared with those who were as far 90 days ago: whose first order was 90 to 179 days before that day, and what they had done by then.
    """
    pairs = _first_and_second(figures.facts, as_of)
    shares = [_share_back(pairs, month) for month in range(MONTHS)]
    (people, back), (people_before, back_before) = shares[0], shares[len(TRIED)]
    now = Decimal(back) / people if people else None
    points = (now - Decimal(back_before) / people_before) * 100 if now is not None and people_before else None
    return Stat(
        label=_("Came back for a second order"),
        value=money.percent(now, 1) if now is not None else _("none yet"),
        unit=_("of %(all)s") % {"all": money.number(people)},
        compared=_("nobody to compare with") if points is None else _("vs 90 days before"),
        spark=spark([back / people for people, back in reversed(shares) if people]),
        rule={
            "all": [
                {"fact": "days_since_first_order", "op": "between", "value": [MONTH * TRIED.start, MONTH * TRIED.stop - 1]},
                {"fact": "order_days", "op": ">=", "value": 2},
            ]
        },
        change="" if points is None else _("%(number)s points") % {"number": money.number(abs(points), 1)},
        is_up=None if points is None else _direction(points, 0),
    )


def _first_and_second(facts: type[FactsRow], as_of: date) -> Counter[tuple[int, int | None]]:
    """How many people had their first order in which month back, and their second day with one in which; None for no second."""
    oldest, youngest = _since(as_of, MONTHS - 1 + TRIED.stop), _since(as_of, TRIED.start)
    again = Order.objects.filter(COUNTS, customer=OuterRef("pk"), ordered_on__gt=OuterRef("first_order_on"), ordered_on__lte=as_of)
    second = Subquery(again.order_by("ordered_on").values("ordered_on")[:1])
    known = facts.objects.filter(first_order_on__gt=oldest, first_order_on__lte=youngest).annotate(second_on=second)
    months = known.annotate(first=month_of("first_order_on", as_of), second=month_of("second_on", as_of)).order_by()
    rows = months.values("first", "second").annotate(people=Count("pk"))
    return Counter({(row["first"], row["second"]): row["people"] for row in rows})


def _share_back(pairs: Counter[tuple[int, int | None]], month: int) -> tuple[int, int]:
    """As at the end of that month back: how many had their first order in the months asked for, and who of them had come back by then."""
    asked = {(first, second): people for (first, second), people in pairs.items() if first - month in TRIED}
    return sum(asked.values()), sum(people for (_first, second), people in asked.items() if second is not None and second >= month)


def _on_rhythm(figures: Figures, as_of: date) -> Stat:
    """How many of the vital few have ordered within twice their expected gap; the same people at the end of each month before.

    Who the vital few were then is not kept, so it is today's who are looked at, with today's gaps.
    """
    few = figures.facts.objects.filter(VITAL)
    ends = {f"month{month}": _since(as_of, month) for month in range(MONTHS)}
    last = few.annotate(**{f"{month}_last": DayNumber(_last_order_by(end)) for month, end in ends.items()})
    twice = F("expected_gap_days") * QUIET
    in_time = {month: Count("pk", filter=Q(**{f"{month}_last__gt": Value(number(end)) - twice})) for month, end in ends.items()}
    counts = last.aggregate(all=Count("pk"), **in_time)
    trend = [counts[month] for month in ends]
    return Stat(
        label=_("Vital few buying on rhythm"),
        value=money.number(trend[0]),
        unit=_("of %(all)s") % {"all": money.number(counts["all"])},
        compared=_("vs the same people 30 days before"),
        spark=spark(trend[::-1]),
        rule={"fact": "pareto_class", "op": "=", "value": FactsRow.ParetoClass.VITAL_FEW.value},
        change=money.number(abs(trend[0] - trend[1])),
        is_up=_direction(trend[0], trend[1]),
    )


def _last_order_by(end: date) -> Subquery:
    orders = Order.objects.filter(COUNTS, customer=OuterRef("pk"), ordered_on__lte=end).order_by("-ordered_on")
    return Subquery(orders.values("ordered_on")[:1])
