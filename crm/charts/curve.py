"""A curve of shares: how much of one whole the first part of another holds. Both axes run from 0 to 100 %, in a box of 100 by 100."""

from collections.abc import Sequence
from dataclasses import dataclass

from crm.charts.scales import Linear, ticks
from crm.charts.shapes import Line, Point, Tick, line

ACROSS, UP = Linear(0, 1, 0, 100), Linear(0, 1, 100, 0)
# A mark farther right has its words at its left, where there is room.
TURN = 60

Shares = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Mark:
    """A point of the curve with its words, and the area from the left to it."""

    at: Point
    label: str

    @property
    def turned(self) -> bool:
        return self.at.x > TURN


@dataclass(frozen=True)
class ShareCurve:
    """`behind` is what it is compared with; `across` and `up` are the axes."""

    line: Line
    behind: Line | None
    mark: Mark | None
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]


def share_curve(shares: Shares, behind: Shares = (), mark: tuple[float, float] | None = None, label: str = "") -> ShareCurve:
    """Shares of one, both ascending from (0, 0)."""
    steps = ticks(0, 1)
    return ShareCurve(
        line=_line(shares),
        behind=_line(behind) if behind else None,
        mark=Mark(_point(*mark), label) if mark else None,
        across=tuple(Tick(ACROSS(step), step) for step in steps),
        up=tuple(Tick(UP(step), step) for step in steps),
    )


def _point(across: float, up: float) -> Point:
    return Point(ACROSS(across), UP(up))


def _line(shares: Shares) -> Line:
    return line(_point(*share) for share in shares)
