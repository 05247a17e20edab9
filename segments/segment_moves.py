"""Who came into a segment and who left it, each with the reasons."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F
from django.utils.translation import gettext as _

from crm.paging import Cursor, Page, Sort, page
from segments.models import Segment, SegmentMove
from segments.reasons import Reasons

ON_A_PAGE = 50
# The newest first.
ORDER = Sort("-on", F("on"), descending=True)
WAYS = {"in": True, "out": False}


@dataclass(frozen=True)
class Told:
    """Somebody who came or left, with the reasons."""

    move: SegmentMove
    reasons: list[str]

    @classmethod
    def all_of(cls, moves: Iterable[SegmentMove]) -> "list[Told]":
        """Call with the customers and the persons at hand."""
        reasons = Reasons()
        return [cls(move, reasons.of(move)) for move in moves]


@dataclass(frozen=True)
class SegmentMoves:
    """A page of them; `way` is one of WAYS, or empty for both, and `problem` says what of the address was none."""

    way: str
    page: Page[SegmentMove]
    problem: str

    @classmethod
    def of(cls, segment: Segment, way: str, cursor: str) -> "SegmentMoves":
        moves = segment.moves.select_related("customer", "by")
        if way in WAYS:
            moves = moves.filter(entered=WAYS[way])
        read = Cursor.read(cursor, ORDER) if cursor else None
        problem = _("This page of the list is no longer there; here is the first one.") if cursor and read is None else ""
        return cls(way if way in WAYS else "", page(moves, ORDER, read, ON_A_PAGE), problem)

    @property
    def told(self) -> list[Told]:
        return Told.all_of(self.page.rows)
