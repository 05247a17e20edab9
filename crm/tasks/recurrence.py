"""The days of a task that repeats. Pure: it knows neither database nor clock.

Counted from the day of the series, never from the day it was done: monthly from 31 January is 28 February, then 31 March.
"""

import calendar
from datetime import date, timedelta

# No series goes on for longer.
LAST = date(2999, 12, 31)
MONTHS = {"months": 1, "years": 12}
DAYS = {"days": 1, "weeks": 7}


def turn_on(first: date, repeats: str, every: int, turn: int) -> date | None:
    """The day of turn number `turn`, of which `first` is number 0; None for one that lies beyond LAST."""
    if repeats in DAYS:
        ahead = DAYS[repeats] * every * turn
        return first + timedelta(ahead) if ahead <= (LAST - first).days else None
    year, month = divmod(first.year * 12 + first.month - 1 + MONTHS[repeats] * every * turn, 12)
    if year > LAST.year:
        return None
    return date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))


def following(first: date, repeats: str, every: int, turn: int, not_before: date) -> tuple[int, date] | None:
    """The next turn after `turn`, and its day; turns that had passed before `not_before` are left out. None where the series ends."""
    number = max(turn + 1, _passed(first, repeats, every, not_before))
    while (on := turn_on(first, repeats, every, number)) is not None:
        if on >= not_before:
            return number, on
        number += 1
    return None


def _passed(first: date, repeats: str, every: int, day: date) -> int:
    """A number of turns that have surely passed before `day`, and short of all of them by two at most."""
    if repeats in DAYS:
        return (day - first).days // (DAYS[repeats] * every)
    months = (day.year - first.year) * 12 + day.month - first.month
    return months // (MONTHS[repeats] * every)
