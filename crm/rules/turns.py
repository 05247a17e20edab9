"""On which days a comparison may turn by time alone: those with a date, and with the days since one."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import MAXYEAR, date, timedelta
from typing import Any as Anything

from crm.catalogue import Kind
from crm.rules.tree import Leaf
from crm.rules.values import MOST_DAYS

FARTHEST = timedelta(days=MOST_DAYS)
# How many days after the date that is compared a comparison turns, each by its number of days.
_BY_DAYS: dict[str, Callable[[int], tuple[int, ...]]] = {
    "passed": lambda _days: (0,),
    "last": lambda days: (0, days),
    "not_last": lambda days: (0, days),
    "next": lambda days: (-days, 0),
}
_BY_AGE: dict[str, Callable[[int], tuple[int, ...]]] = {
    "=": lambda days: (days, days + 1),
    "!=": lambda days: (days, days + 1),
    "<": lambda days: (days,),
    "<=": lambda days: (days + 1,),
    ">": lambda days: (days + 1,),
    ">=": lambda days: (days,),
}


def turns(leaf: Leaf, value: date | None, as_of: date) -> list[date]:
    """The days after `as_of`, in order, on which the comparison of `value` changes sides, while the value stays as it is."""
    if value is None or leaf.fact.kind not in {Kind.DATE, Kind.AGE}:
        return []
    if leaf.op == "anniversary":
        return sorted({day for day in _anniversaries(value, leaf.value, as_of) if day > as_of})
    found = set[date]()
    for days in _after(leaf):
        # Beyond the calendar nothing turns.
        with suppress(OverflowError):
            found.add(value + timedelta(days=days))
    if leaf.fact.has_come:
        # One that lies ahead of the figures has come all the same.
        found = {day for day in found if day > value}
    return sorted(day for day in found if as_of < day <= min(as_of, date.max - FARTHEST) + FARTHEST)


def _after(leaf: Leaf) -> Iterator[int]:
    asked: Anything = leaf.value
    if leaf.fact.kind == Kind.DATE:
        yield from _BY_DAYS[leaf.op](asked or 0) if leaf.op in _BY_DAYS else ()
    elif leaf.op == "between":
        yield from (int(asked[0]), int(asked[1]) + 1)
    elif leaf.op == "in":
        yield from (int(days) + after for days in asked for after in (0, 1))
    elif leaf.op in _BY_AGE:
        yield from _BY_AGE[leaf.op](int(asked))


def _anniversaries(value: date, days: Anything, as_of: date) -> Iterator[date]:
    """Of this year and the next two the first day of each stretch, and the one after it. In a common year 29 February is on the 28th."""
    if days >= 365:
        return
    for year in range(as_of.year, min(as_of.year + 2, MAXYEAR - 1) + 1):
        on = date(year, value.month, min(value.day, 28)) if value.month == 2 and not _is_leap(year) else value.replace(year=year)
        yield on - timedelta(days=days)
        yield on + timedelta(days=1)


def _is_leap(year: int) -> bool:
    return date(year, 3, 1) - date(year, 2, 28) == timedelta(days=2)
