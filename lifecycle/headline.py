"""The four numbers at the top of Today, each with what it is compared with and how it went over the last year."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import money
from crm.charts.spark import Spark, spark
from crm.windows import years_before
from lifecycle.groups import ON_RHYTHM
from lifecycle.numbers import MONTH, TRIED, Numbers


@dataclass(frozen=True)
class Stat:
    """`change` is written without a sign: `is_up` says which way, None that nothing changed or there is nothing to compare with."""

    label: str
    value: str
    unit: str
    compared: str
    spark: Spark | None
    # Of the address that lists who is behind it.
    query: str
    change: str = ""
    is_up: bool | None = None


def headline(numbers: Numbers, as_of: date, *, with_money: bool) -> list[Stat]:
    """Four; without the revenue for those who see no totals of money."""
    people = [_bought(numbers), _came_back(numbers), _on_rhythm(numbers)]
    return [_revenue(numbers, as_of), *people] if with_money else people


def _by_rule(rule: Mapping[str, Any]) -> str:
    return urlencode({"rule": json.dumps(rule)})


def _direction(now: Decimal | int | float, before: Decimal | int | float) -> bool | None:
    return None if now == before else now > before


def _revenue(numbers: Numbers, as_of: date) -> Stat:
    """Of the last 30 days, beside the same days of the year before."""
    now, before = numbers.revenue[0], numbers.revenue_year_ago
    value, _space, unit = money.money(now).rpartition(money.NO_BREAK)
    compared = _("vs the same days in %(year)s") if before > 0 else _("no revenue on the same days in %(year)s")
    return Stat(
        label=_("Revenue, 30 days"),
        value=value,
        unit=unit,
        compared=compared % {"year": years_before(as_of).year},
        spark=spark([float(revenue) for revenue in reversed(numbers.revenue)]),
        query=_by_rule({"fact": "last_order_on", "op": "last", "value": MONTH}),
        change=money.percent(abs(now - before) / before, 1) if before > 0 else "",
        is_up=_direction(now, before) if before > 0 else None,
    )


def _bought(numbers: Numbers) -> Stat:
    """How many customers had a counting order in the last 30 days, beside the 30 days before."""
    now, before = numbers.bought[:2]
    return Stat(
        label=_("Bought, 30 days"),
        value=money.number(now),
        unit=ngettext("person", "people", now),
        compared=_("vs the 30 days before"),
        spark=spark(numbers.bought[::-1]),
        query=_by_rule({"fact": "last_order_on", "op": "last", "value": MONTH}),
        change=money.number(abs(now - before)),
        is_up=_direction(now, before),
    )


def _came_back(numbers: Numbers) -> Stat:
    """Of those whose first order was 90 to 179 days ago, the share that have ordered on another day since.

    Compared with those who were as far 90 days ago: whose first order was 90 to 179 days before that day, and what they had done by then.
    """
    shares = [(people, Decimal(back) / people if people else None) for people, back in zip(numbers.tried, numbers.back, strict=True)]
    (people, now), (_people_before, before) = shares[0], shares[len(TRIED)]
    points = None if now is None or before is None else (now - before) * 100
    first = {"fact": "days_since_first_order", "op": "between", "value": [MONTH * TRIED.start, MONTH * TRIED.stop - 1]}
    return Stat(
        label=_("Came back for a second order"),
        value=money.percent(now, 1) if now is not None else _("none yet"),
        unit=_("of %(all)s") % {"all": money.number(people)},
        compared=_("nobody to compare with") if points is None else _("vs 90 days before"),
        spark=spark([float(share) for _people, share in reversed(shares) if share is not None]),
        query=_by_rule({"all": [first, {"fact": "order_days", "op": ">=", "value": 2}]}),
        change="" if points is None else _("%(number)s points") % {"number": money.number(abs(points), 1)},
        is_up=None if points is None else _direction(points, 0),
    )


def _on_rhythm(numbers: Numbers) -> Stat:
    """How many of the vital few have ordered within twice their expected gap; the same people at the end of each month before."""
    now, before = numbers.on_rhythm[:2]
    return Stat(
        label=_("Vital few buying on rhythm"),
        value=money.number(now),
        unit=_("of %(all)s") % {"all": money.number(numbers.few)},
        compared=_("vs the same people 30 days before"),
        spark=spark(numbers.on_rhythm[::-1]),
        query=urlencode({"group": ON_RHYTHM}),
        change=money.number(abs(now - before)),
        is_up=_direction(now, before),
    )
