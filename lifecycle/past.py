"""A day of the past, as the pages of stages are asked for it by `?as_of=`: whether the history holds it, and which days near it does."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from lifecycle import history
from lifecycle.models import Replay

ONE = timedelta(days=1)
# How many days to either side are asked for, and of how many month ends.
NEAR, MONTHS = 3, 3


@dataclass(frozen=True)
class PastDay:
    """`day` is None where none was asked for, or none that the page can show; `problem` then says why, and `near` are days that it can.

    `first` and `last` are between which days the reader may choose.
    """

    day: date | None = None
    problem: str = ""
    near: tuple[date, ...] = ()
    first: date | None = None
    last: date | None = None

    @classmethod
    def of(cls, text: str, live: date, begun: date | None) -> "PastDay":
        """`begun` is the first day of the ladder's history. The day of the live figures is the present, which needs no choosing."""
        first = min(begun, live) if begun else None
        if not text:
            return cls(first=first, last=live)
        day = _read(text)
        if day is None:
            return cls(problem=_("“%(text)s” is no date; here is the present.") % {"text": text[:40]}, first=first, last=live)
        if day == live:
            return cls(first=first, last=live)
        if first and first <= day < live and history.covered(day):
            return cls(day, first=first, last=live)
        near = tuple(_near(day, first, live)) if first else ()
        return cls(problem=_("The history does not hold that day; here is the present."), near=near, first=first, last=live)


def _read(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _near(day: date, first: date, live: date) -> Iterator[date]:
    """The nearest day that the history holds, before it and after it; each where there is one near enough."""
    replay = Replay.objects.order_by("-pk").first()
    edges = {replay.first_on, replay.daily_from, replay.until} if replay else set()
    inside = min(max(day, first), live)
    tried = {each for each in edges | set(_around(inside)) if first <= each < live}
    before = sorted((each for each in tried if each <= day), reverse=True)
    after = sorted(each for each in tried if each > day)
    for side in (before, after):
        if found := next((each for each in side[: 2 * NEAR] if history.covered(each)), None):
            yield found


def _around(day: date) -> Iterator[date]:
    """Days beside that one, and month ends near it."""
    for number in range(-NEAR, NEAR + 1):
        if date.min.toordinal() <= day.toordinal() + number <= date.max.toordinal():
            yield date.fromordinal(day.toordinal() + number)
    for number in range(-MONTHS, MONTHS + 1):
        month = day.year * 12 + day.month - 1 + number
        if date.min.year * 12 < month <= date.max.year * 12:
            yield date(month // 12, month % 12 + 1, 1) - ONE
