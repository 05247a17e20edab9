"""How a stage is drawn: the floor that keeps the ladder says which rung, the pages of this floor show it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crm.models import Business

RUNGS = 6


@dataclass(frozen=True)
class StageMark:
    """A stage of the primary ladder. `filled` of RUNGS bars are full; None stands beside the ladder. `colour` is #rrggbb or empty."""

    key: str
    name: str
    filled: int | None
    colour: str = ""

    @property
    def bars(self) -> list[tuple[int, int, bool]]:
        """Of each bar: how far right, how high, and whether it is full; in a box of 19 by 16."""
        full = self.filled or 0
        return [(1 + 3 * number, 4 + 2 * number, number < full) for number in range(RUNGS)]


Stages = Callable[[Business], Mapping[str, StageMark]]


def _none(business: Business) -> Mapping[str, StageMark]:
    return {}


_providers: list[Stages] = [_none]


def provide(stages: Stages) -> None:
    """Called once, by the floor that keeps the ladders."""
    _providers[0] = stages


def stage_marks(business: Business) -> Mapping[str, StageMark]:
    """By key, in the order of the ladder from its lowest rung; what stands beside it last. One query for one and the same `business`."""
    return _providers[0](business)
