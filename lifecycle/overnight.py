"""What happened overnight: the moves of the last finished night."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet

from lifecycle.heights import Heights
from lifecycle.models import NightlyRun, Transition
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
    def last(cls, heights: Heights) -> "Overnight | None":
        """None before the first night is finished."""
        night = NightlyRun.objects.filter(state=NightlyRun.State.FINISHED).order_by("-as_of").values_list("as_of", flat=True).first()
        if night is None:
            return None
        moves = made(heights).filter(effective_on=night, source=Transition.Source.NIGHT)
        counts = moves.aggregate(all=Count("pk"), up=Count("pk", filter=heights.moves(up=True)))
        largest = moves.select_related("customer", "by", "from_stage", "to_stage").order_by("-customer__facts__revenue_12m", "pk")[:SHOWN]
        return cls(night, counts["up"], counts["all"] - counts["up"], [Told.of(move) for move in largest])


def made(heights: Heights) -> QuerySet[Transition]:
    """All moves between the stages of this ladder: a first placement is none."""
    return Transition.objects.filter(Q(ladder=heights.ladder), superseded_at=None, from_stage__isnull=False)
