"""How a number went from day to day, from zero, with its axes: a line in a box of 100 by 100, and the area under it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from crm.charts.scales import Calendar, Linear, ticks
from crm.charts.shapes import Line, Tick, line

ABOUT = 3
MOST_MONTHS = 5


@dataclass(frozen=True)
class Month:
    at: float
    first: date


@dataclass(frozen=True)
class Course:
    """`up` are the lines across, `months` stand below; the area is the line closed along the foot."""

    line: Line
    area: Line
    up: tuple[Tick, ...]
    months: tuple[Month, ...]


def course(days: Sequence[tuple[date, int]]) -> Course | None:
    """By ascending days; None for fewer than two, which make no line."""
    if len(days) < 2:
        return None
    across = Calendar(days[0][0], days[-1][0], 0, 100)
    steps = ticks(0, max(1, *(value for _day, value in days)), ABOUT)
    up = Linear(0, steps[-1], 100, 0)
    points = [(across(day), up(value)) for day, value in days]
    months = list(across.months())
    every = -(-len(months) // MOST_MONTHS)
    return Course(
        line(points),
        line([(points[0][0], 100.0), *points, (points[-1][0], 100.0)]),
        # Whole people only.
        tuple(Tick(up(step), step) for step in steps if step == int(step)),
        tuple(Month(across(first), first) for first in months[::-1][::every][::-1]) if months else (),
    )
