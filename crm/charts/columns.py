"""Columns: one upright bar for each month or day, from zero; what is below zero hangs down."""

from collections.abc import Sequence
from dataclasses import dataclass

from crm.charts.scales import Linear
from crm.charts.shapes import Column

# What a column takes of its share of the width; the rest parts it from the next.
FILLED = 0.75


@dataclass(frozen=True)
class Columns:
    """`zero` is where they stand."""

    width: int
    height: int
    zero: float
    columns: tuple[Column, ...]


def columns(values: Sequence[float], width: int, height: int) -> Columns:
    """As many as there are values, evenly over the width; the largest reaches the edge. Where all are zero, they have no height."""
    low, high = min([0, *values]), max([0, *values])
    up = Linear(low, high, height, 0) if low < high else Linear(0, 1, height, 0)
    slot = width / max(len(values), 1)
    left = Linear(0, max(len(values), 1), 0, width)
    margin = slot * (1 - FILLED) / 2
    drawn = []
    for number, value in enumerate(values):
        top, foot = sorted((up(value), up(0)))
        drawn.append(Column(round(left(number) + margin, 2), top, round(slot * FILLED, 2), round(foot - top, 2)))
    return Columns(width, height, up(0), tuple(drawn))
