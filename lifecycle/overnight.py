"""What happened overnight: the moves of the last finished night."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet, Window

from lifecycle.heights import Heights
from lifecycle.models import Transition
from lifecycle.reasons import Told

SHOWN = 7


@dataclass(frozen=True)
class Overnight:
    """`moves` are those of the people who bring most, at most SHOWN of all."""

    night: date
    up: int
    down: int
    moves: list[Told]

    @property
    def all_of_them(self) -> int:
        return self.up + self.down

    @classmethod
    def of(cls, heights: Heights, night: date) -> "Overnight":
        """`night`: that of the live figures, which is the last one finished. One query."""
        moves = (
            made(heights)
            .filter(effective_on=night, source=Transition.Source.NIGHT)
            .select_related("customer", "by", "from_stage", "to_stage")
        )
        counted = moves.annotate(all_of_them=Window(Count("pk")), all_up=Window(Count("pk", filter=heights.moves(up=True))))
        largest = list(counted.order_by("-customer__facts__revenue_12m", "pk")[:SHOWN])
        up, every = (largest[0].all_up, largest[0].all_of_them) if largest else (0, 0)
        return cls(night, up, every - up, [Told.of(move) for move in largest])


def made(heights: Heights) -> QuerySet[Transition]:
    """All moves between the stages of this ladder: a first placement is none."""
    return Transition.objects.filter(Q(ladder=heights.ladder), superseded_at=None, from_stage__isnull=False)
