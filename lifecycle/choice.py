"""Which ladder a page speaks of: the one that its address names, else the primary one."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm.marks import StageMark
from crm.models import Business
from lifecycle.heights import Heights
from lifecycle.models import Ladder

# A switch with more of them could not be read.
OFFERED = 50


@dataclass(frozen=True)
class Choice:
    """`ladders` are all, the primary one first; `problem` is a sentence where the address names one that is not there."""

    heights: Heights
    ladders: list[Ladder]
    problem: str = ""

    @classmethod
    def of(cls, key: str, business: Business) -> "Choice":
        """Two queries at most; for the primary ladder one, where its stages have been read for this business."""
        ladders = list(Ladder.objects.order_by("-is_primary", "pk")[:OFFERED])
        named = next((ladder for ladder in ladders if ladder.key == key), None)
        heights = Heights.of(business) if named is None or named.is_primary else Heights.on(named)
        problem = "" if named or not key else _("There is no such ladder; here is the primary one.")
        return cls(heights, ladders, problem)

    @property
    def ladder(self) -> Ladder | None:
        return next((ladder for ladder in self.ladders if ladder.pk == self.heights.ladder), None)

    @property
    def key(self) -> str:
        """For an address; empty for the primary ladder, which needs no naming."""
        return "" if self.ladder is None or self.ladder.is_primary else self.ladder.key

    @property
    def offered(self) -> list[tuple[Ladder, bool]]:
        """Each with whether it is the chosen one; none where there is nothing to choose."""
        return [(ladder, ladder == self.ladder) for ladder in self.ladders] if len(self.ladders) > 1 else []

    @property
    def marks(self) -> Mapping[str, StageMark]:
        """How its stages are drawn, those among them that moves of before still name."""
        taken_off = {stage.key: StageMark(stage.key, str(stage), None, stage.colour) for stage in self.heights.retired}
        return taken_off | self.heights.marks
