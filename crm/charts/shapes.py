"""Shapes: places already on a scale, as SVG wants them written."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Point(NamedTuple):
    x: float
    y: float


@dataclass(frozen=True)
class Line:
    """Points joined in their order."""

    points: tuple[Point, ...]

    @property
    def written(self) -> str:
        """For the attribute `points`; with a decimal point in every language."""
        return " ".join(f"{x:g},{y:g}" for x, y in self.points)

    @property
    def last(self) -> Point:
        return self.points[-1]


@dataclass(frozen=True)
class Tick:
    """A place on an axis, and the value that belongs there; the template says it in words."""

    at: float
    value: float


def line(points: Iterable[tuple[float, float]]) -> Line:
    return Line(tuple(Point(x, y) for x, y in points))
