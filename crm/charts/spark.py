"""A sparkline: how a number went, without axes, its last value as a dot. The number itself stands beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from crm.charts.scales import Linear
from crm.charts.shapes import Line, line

# Room for the dot at the right, and for the width of the line around.
DOT, EDGE = 4, 3


@dataclass(frozen=True)
class Spark:
    width: int
    height: int
    line: Line


def spark(values: Sequence[float], width: int = 96, height: int = 28) -> Spark | None:
    """None without a value. A single value is a dot at the end; equal ones run through the middle."""
    if not values:
        return None
    last = len(values) - 1
    across = Linear(0, last, EDGE, width - DOT) if last else Linear(-1, 0, EDGE, width - DOT)
    up = Linear(min(values), max(values), height - EDGE, EDGE)
    return Spark(width, height, line((across(number), up(value)) for number, value in enumerate(values)))
