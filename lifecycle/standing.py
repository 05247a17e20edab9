"""What a customer's page shows of the ladder: how far they have climbed, why they stand where they do, and their moves in the timeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from crm import marks, panels, timeline
from crm.figures import Figures
from crm.models import Business, Customer, Facts
from crm.money import day
from crm.rules import All, Answer, InvalidRule, Node, explained, leaves, parse
from lifecycle.heights import Heights
from lifecycle.models import Position, Stage, Transition
from lifecycle.reasons import Told

# The first number of a move's key in the timeline; those of the record are lower.
MOVES = 10
# Enough for anyone, and an end for whoever a rule moves to and fro.
MOST_MOVES = 500


@dataclass(frozen=True)
class Standing:
    """Where one customer stands on the primary ladder, and all that they came through, the latest first."""

    heights: Heights
    stage: Stage
    position: Position
    facts: Facts
    moves: Sequence[Transition]

    @classmethod
    def of(cls, customer: Customer, business: Business) -> "Standing | None":
        """None before the first placing. Read once for the panels of a page: kept with the customer it is of."""
        kept = vars(customer)
        if "standing" not in kept:
            kept["standing"] = cls._read(customer, Heights.of(business))
        found: Standing | None = kept["standing"]
        return found

    @classmethod
    def _read(cls, customer: Customer, heights: Heights) -> "Standing | None":
        # By the customer alone: asked for the ladder too, SQLite goes through all who are on it.
        held = {position.stage_id: position for position in Position.objects.filter(customer=customer)}
        here = next((stage for stage in heights.stages if stage.pk in held), None)
        # A damaged record may have lost the facts; the next night makes them anew.
        facts = getattr(customer, "facts", None)
        if here is None or facts is None:
            return None
        made = Transition.objects.filter(customer=customer).select_related("by").order_by("-effective_on", "-pk")[:MOST_MOVES]
        moves = [move for move in made if move.ladder_id == heights.ladder and move.superseded_at is None]
        stages = {stage.pk: stage for stage in (*heights.stages, *heights.retired)}
        for move in moves:
            move.customer, move.from_stage, move.to_stage = customer, stages.get(move.from_stage_id or 0), stages[move.to_stage_id]
        return cls(heights, here, held[here.pk], facts, moves)

    @property
    def highest(self) -> Stage | None:
        """The rung they stand on; beside the ladder, the highest they have been on, or must have been by their orders."""
        been = {self.stage.pk, *(move.to_stage_id for move in self.moves), *(move.from_stage_id for move in self.moves)}
        rungs = [stage for stage in self.heights.rungs if stage.pk in been or self._ordered_on(_days_asked(stage))]
        return self.stage if self.stage.rung is not None else rungs[-1] if rungs else None

    def _ordered_on(self, days: int | None) -> bool:
        return days is not None and self.facts.order_days >= days

    def reached(self, stage: Stage) -> date | None:
        """The first time, as far as it is known: by a move, or by an order from before the ladder was kept."""
        on = [move.effective_on for move in self.moves if move.to_stage_id == stage.pk]
        first = self.facts.first_order_on
        if first and _days_asked(stage) == 1:
            on.append(first)
        return min(on, default=None)


def _days_asked(stage: Stage) -> int | None:
    """On how many days one has to have ordered to have come to this rung; None where orders do not tell. Who ordered came to the lowest."""
    match stage.rule:
        case {"all": []}:
            return 1
        case {"fact": "order_days", "op": "=" | ">=", "value": int(days)}:
            return days
    return None


@dataclass(frozen=True)
class Step:
    """A rung as the climb draws it: `height` of marks.RUNGS; reached, or where they are, or still to come."""

    stage: Stage
    height: int
    on: date | None
    is_here: bool
    is_todo: bool


@dataclass(frozen=True)
class Climb:
    steps: list[Step]
    note: str

    @classmethod
    def of(cls, customer: Customer, figures: Figures) -> "Climb | None":
        """When looking back only a note: where people stood in the past is known, the way there is not."""
        if figures.is_past:
            return cls([], _("The way up the ladder is not kept for the past."))
        standing = Standing.of(customer, figures.business)
        if standing is None:
            return None
        rungs, highest = standing.heights.rungs, standing.highest
        done = rungs.index(highest) if highest else -1
        steps = [
            Step(
                stage,
                -(-marks.RUNGS * (place + 1) // len(rungs)),
                standing.reached(stage) if place <= done else None,
                is_here=stage == standing.stage,
                is_todo=place > done,
            )
            for place, stage in enumerate(rungs)
        ]
        return cls(steps, _("%(stage)s since %(day)s.") % {"stage": standing.stage, "day": day(standing.position.since)})


@dataclass(frozen=True)
class Pin:
    """A person keeps them there: who, why, and to the end of which day; None for good."""

    by: str
    reason: str
    until: date | None


@dataclass(frozen=True)
class Why:
    """The comparisons that put a customer where they are, and those of the next rung."""

    stage: Stage
    pin: Pin | None
    answers: list[Answer]
    next: Stage | None
    next_answers: list[Answer]
    problem: str = ""

    @classmethod
    def of(cls, customer: Customer, figures: Figures) -> "Why | None":
        """None before the first night, and in the past of who was not known yet. The past is placed by the rules alone, without pins."""
        if figures.as_of is None:
            return None
        if figures.is_past:
            heights = Heights.of(figures.business)
            key = figures.facts.objects.filter(pk=customer.pk).values_list("stage", flat=True).first()
            stage = heights.find(key) if key else None
            return cls._decided(stage, None, heights, customer, figures) if stage else None
        standing = Standing.of(customer, figures.business)
        return cls._decided(standing.stage, _pin(standing), standing.heights, customer, figures) if standing else None

    @classmethod
    def _decided(cls, stage: Stage, pin: Pin | None, heights: Heights, customer: Customer, figures: Figures) -> "Why":
        above = _above(stage, heights)
        try:
            rule, higher = parse(stage.rule), parse(above.rule) if above else All(())
        except InvalidRule as wrong:
            return cls(stage, pin, [], None, [], str(wrong))
        answers = _answers(All((rule, higher)), customer, figures)
        own = len(list(leaves(rule)))
        return cls(stage, pin, answers[:own], above, answers[own:])


def _answers(node: Node, customer: Customer, figures: Figures) -> list[Answer]:
    assert figures.as_of
    return explained(node, customer, figures.as_of, figures.facts) if any(leaves(node)) else []


def _above(stage: Stage, heights: Heights) -> Stage | None:
    rungs = heights.rungs
    return None if stage.rung is None or stage == rungs[-1] else rungs[rungs.index(stage) + 1]


def _pin(standing: Standing) -> Pin | None:
    if not standing.position.pinned:
        return None
    by_hand = next((move for move in standing.moves if move.source == Transition.Source.PERSON), None)
    by = str(by_hand.by) if by_hand and by_hand.by else _("someone who has left")
    return Pin(by, by_hand.reason if by_hand else "", standing.position.pinned_until)


def moves(customer: Customer, before: timeline.Before, limit: int) -> list[timeline.Entry]:
    """Moves on the primary ladder; where somebody was first placed is no move. The latest may have been read for the panels already."""
    read: Standing | None = vars(customer).get("standing")
    if read and before is None:
        return [_entry(move, Told.of(move)) for move in read.moves if move.from_stage][:limit]
    made = Transition.objects.filter(timeline.before_it("effective_on", MOVES, before), customer=customer, ladder__is_primary=True)
    made = made.filter(superseded_at=None, from_stage__isnull=False).select_related("customer", "from_stage", "to_stage", "by")
    return [_entry(move, Told.of(move)) for move in made.order_by("-effective_on", "-pk")[:limit]]


def _entry(move: Transition, told: Told) -> timeline.Entry:
    return timeline.Entry(told.on, (MOVES, move.pk), "up" if told.is_up else "down", "lifecycle/_moved.html", told)


marks.provide(lambda business: Heights.of(business).marks)
timeline.register(moves)
panels.register(panels.Panel("lifecycle/_climb.html", Climb.of, order=-10))
panels.register(panels.Panel("lifecycle/_why_stage.html", Why.of, order=10))
