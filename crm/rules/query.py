"""A rule as a Q over Facts. The only evaluator: what counts, lists, places and explains is this one condition in SQL.

Every leaf is false where the value is empty, and is never unknown: `not` is its exact complement.
"""

from collections.abc import Callable
from datetime import date, timedelta
from functools import reduce
from operator import and_, or_
from typing import Any as Anything

from django.db.models import Exists, Q

from crm.catalogue import Belonging, Detail, Fact, Kind
from crm.rules.tree import All, Any, Leaf, Node, Not

# A Q() without conditions stays one when it is negated; these two are each other's complement.
EVERYONE, NOBODY = Q(pk__isnull=False), Q(pk__isnull=True)
_LOOKUPS = {
    "=": "exact",
    "on": "exact",
    "<": "lt",
    "before": "lt",
    "<=": "lte",
    ">": "gt",
    "after": "gt",
    ">=": "gte",
    "between": "range",
    "in": "in",
    "contains": "contains",
    "starts": "startswith",
}
# Days since a date, as whole days from and to; None is no end.
_AGES: dict[str, Callable[[int], tuple[int, int | None]]] = {
    "=": lambda days: (days, days),
    "<": lambda days: (0, days - 1),
    "<=": lambda days: (0, days),
    ">": lambda days: (days + 1, None),
    ">=": lambda days: (days, None),
}


def compiled(node: Node, as_of: date) -> Q:
    """The customers for whom the rule holds at `as_of`, as a condition on Facts."""
    match node:
        case Leaf():
            return _leaf(node, as_of)
        case Not(part):
            return ~compiled(part, as_of)
        case All(parts):
            return reduce(and_, (compiled(part, as_of) for part in parts), EVERYONE)
        case Any(parts):
            return reduce(or_, (compiled(part, as_of) for part in parts), NOBODY)


def _leaf(leaf: Leaf, as_of: date) -> Q:
    if isinstance(leaf.fact, Belonging):
        return _belongs(leaf.fact, leaf)
    if leaf.op == "!=":
        return ~_leaf(Leaf(leaf.fact, "=", leaf.value), as_of)
    if isinstance(leaf.fact, Detail):
        return _kept(leaf.fact, leaf, as_of)
    path = leaf.fact.path
    empty = Q(**{f"{path}__isnull": True}) if leaf.fact.field.null else Q(**{path: ""}) if _is_text(leaf) else NOBODY
    return empty if leaf.op == "empty" else ~empty & _compared(leaf, as_of)


def _compared(leaf: Leaf, as_of: date) -> Q:
    """Of a value that is not empty."""
    if leaf.op in _CALENDAR:
        return _CALENDAR[leaf.op](leaf.fact, as_of, leaf.value)
    if leaf.fact.kind == Kind.AGE:
        return reduce(or_, (_aged(leaf.fact.path, as_of, *days) for days in _ages(leaf)))
    return Q(**{f"{leaf.fact.path}__{_LOOKUPS[leaf.op]}": leaf.value})


def _kept(fact: Detail, leaf: Leaf, as_of: date) -> Q:
    """By a row of another table, in which nothing is empty: to be empty is to have none."""
    if leaf.op == "empty":
        return ~Q(Exists(fact.rows()))
    return Q(Exists(fact.rows().filter(_compared(leaf, as_of))))


def _belongs(fact: Belonging, leaf: Leaf) -> Q:
    keys: Anything = leaf.value
    holds = fact.holds(keys if isinstance(keys, tuple) else (keys,))
    return ~holds if leaf.op == "!=" else holds


def _is_text(leaf: Leaf) -> bool:
    return leaf.fact.kind in {Kind.CHANNEL, Kind.CHOICE, Kind.CODE, Kind.TEXT}


def _ages(leaf: Leaf) -> list[tuple[int, int | None]]:
    value: Anything = leaf.value
    if leaf.op == "in":
        return [(int(days), int(days)) for days in value]
    return [(int(value[0]), int(value[1])) if leaf.op == "between" else _AGES[leaf.op](int(value))]


def _aged(path: str, as_of: date, least: int, most: int | None) -> Q:
    """So many days before `as_of`. Whose date lies ahead of the figures, which were refreshed since, has come today: 0 days ago."""
    if most is not None and most < 0:
        return NOBODY
    since = EVERYONE if most is None else Q(**{f"{path}__gte": as_of - timedelta(days=most)})
    return since & Q(**{f"{path}__lte": as_of - timedelta(days=least)}) if least > 0 else since


def _last(fact: Fact, as_of: date, days: Anything) -> Q:
    since = Q(**{f"{fact.path}__gt": as_of - timedelta(days=days)})
    # Who ordered after the night is not silent, though the date lies ahead of the figures.
    return since if fact.has_come else since & Q(**{f"{fact.path}__lte": as_of})


def _next(fact: Fact, as_of: date, days: Anything) -> Q:
    return NOBODY if fact.has_come else Q(**{f"{fact.path}__gt": as_of, f"{fact.path}__lte": as_of + timedelta(days=days)})


def _passed(fact: Fact, as_of: date, value: Anything) -> Q:
    return EVERYONE if fact.has_come else Q(**{f"{fact.path}__lte": as_of})


def _anniversary(fact: Fact, as_of: date, days: Anything) -> Q:
    """Month and day fall on one of the days from `as_of` to `days` later. In a common year 29 February is kept on the 28th."""
    if days >= 365:
        return EVERYONE
    first, last = as_of, as_of + timedelta(days=days)
    from_start = _month_day(fact.path, "gt", "gte", first.month, first.day)
    leap_day_kept = (last.month, last.day) == (2, 28) and (last + timedelta(days=1)).day == 1
    to_end = _month_day(fact.path, "lt", "lte", last.month, 29 if leap_day_kept else last.day)
    same_year = first.year == last.year
    return from_start & to_end if same_year else from_start | to_end


def _month_day(path: str, beyond: str, reached: str, month: int, day: int) -> Q:
    return Q(**{f"{path}__month__{beyond}": month}) | Q(**{f"{path}__month": month, f"{path}__day__{reached}": day})


_CALENDAR: dict[str, Callable[[Fact, date, Anything], Q]] = {
    "last": _last,
    "not_last": lambda fact, as_of, days: ~_last(fact, as_of, days),
    "next": _next,
    "passed": _passed,
    "anniversary": _anniversary,
}
