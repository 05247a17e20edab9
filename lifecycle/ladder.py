"""The Ladder page: who stands where, who moved in the last days, how a stage is decided."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Min, QuerySet

from crm.figures import Figures
from crm.rules import EVERYONE, InvalidRule, described, parse
from lifecycle.heights import Heights, is_up
from lifecycle.models import Stage, Transition
from lifecycle.overnight import made

SPANS = (30, 90, 365)


def span(text: str) -> int:
    """How many days the reader asks for; the first choice for anything that is not offered."""
    return int(text) if text in map(str, SPANS) else SPANS[0]


def made_within(heights: Heights, figures: Figures, as_of: date, days: int) -> QuerySet[Transition]:
    """The moves of the last so many days. With the live figures those of today are among them, as they are in the counts of people."""
    moves = made(heights).filter(effective_on__gt=as_of - timedelta(days=days))
    return moves.filter(effective_on__lte=as_of) if figures.is_past else moves


@dataclass(frozen=True)
class Flow:
    """How many moved from one stage to another; `share` is of the largest flow."""

    before: Stage
    after: Stage
    people: int
    share: float

    @property
    def is_up(self) -> bool:
        return is_up(self.before, self.after)


@dataclass(frozen=True)
class Rung:
    """A stage with who stands there; `up` and `down` are the moves into a rung and out of it, of a side stage out of it and into it."""

    stage: Stage
    people: int
    # Of the fullest stage.
    share: float
    up: int
    down: int
    # Who climbed from here to the next rung, which is None for the highest and beside the ladder.
    next: Stage | None = None
    climbed: int = 0


@dataclass(frozen=True)
class LadderPage:
    as_of: date
    days: int
    rungs: list[Rung]
    beside: list[Rung]
    flows: list[Flow]
    # In the order in which they are tried.
    definitions: list[tuple[Stage, str]]
    # The first day of the ladder, where the span reaches back behind it.
    begun: date | None
    # Whether the ladder was there at all by then: when looking back it may have begun later.
    has_moves: bool

    @classmethod
    def of(cls, figures: Figures, as_of: date, days: int) -> "LadderPage":
        """Four queries."""
        heights = Heights.of(figures.business)
        found = made_within(heights, figures, as_of, days).values_list("from_stage", "to_stage").order_by().annotate(Count("pk"))
        moves = Counter({(before, after): people for before, after, people in found})
        stood = figures.facts.objects.exclude(stage="").values_list("stage").order_by().annotate(Count("pk"))
        counts = dict(stood)
        rungs = _rungs(heights, counts, moves)
        beside = [_beside(heights, stage, counts, moves) for stage in heights.beside]
        begun = Transition.objects.filter(ladder=heights.ladder, superseded_at=None).aggregate(first=Min("effective_on"))["first"]
        late = begun if begun and begun > as_of - timedelta(days=days) else None
        has_moves = not figures.is_past or (begun is not None and begun <= as_of)
        decided = [(stage, _decided(stage)) for stage in heights.stages]
        return cls(as_of, days, rungs, beside, _flows(heights, moves), decided, late, has_moves)

    @property
    def up(self) -> int:
        return sum(flow.people for flow in self.flows if flow.is_up)

    @property
    def down(self) -> int:
        return sum(flow.people for flow in self.flows if not flow.is_up)

    @property
    def spans(self) -> list[tuple[int, bool]]:
        return [(days, days == self.days) for days in SPANS]


def _rungs(heights: Heights, counts: Mapping[str, int], moves: Mapping[tuple[int, int], int]) -> list[Rung]:
    """From the highest down."""
    rungs, most = heights.rungs, _most(counts)
    made = []
    for place, stage in enumerate(rungs):
        into = sum(moves.get((other.pk, stage.pk), 0) for other in heights.stages if is_up(other, stage))
        out = sum(moves.get((stage.pk, other.pk), 0) for other in heights.stages if is_up(other, stage))
        above = rungs[place + 1] if place + 1 < len(rungs) else None
        climbed = moves.get((stage.pk, above.pk), 0) if above else 0
        people = counts.get(stage.key, 0)
        made.append(Rung(stage, people, people / most, into, out, above, climbed))
    return made[::-1]


def _beside(heights: Heights, stage: Stage, counts: Mapping[str, int], moves: Mapping[tuple[int, int], int]) -> Rung:
    back = sum(moves.get((stage.pk, other.pk), 0) for other in heights.stages if is_up(stage, other))
    here = sum(moves.get((other.pk, stage.pk), 0) for other in heights.stages if is_up(stage, other))
    people = counts.get(stage.key, 0)
    return Rung(stage, people, people / _most(counts), back, here)


def _most(counts: Mapping[str, int]) -> int:
    return max(counts.values(), default=0) or 1


def _flows(heights: Heights, moves: Mapping[tuple[int, int], int]) -> list[Flow]:
    stages, most = {stage.pk: stage for stage in heights.stages}, max(moves.values(), default=0) or 1
    flows = [Flow(stages[before], stages[after], people, people / most) for (before, after), people in moves.items()]
    return sorted(flows, key=lambda flow: (-flow.people, flow.before.rank, flow.after.rank))


def _decided(stage: Stage) -> str:
    """Its rule in words; empty for the one that takes the rest, a sentence for one that cannot be read any more."""
    try:
        node = parse(stage.rule)
    except InvalidRule as wrong:
        return str(wrong)
    return "" if node == EVERYONE else described(node)
