"""What a customer's page shows of the ladder: how far they have climbed, why they stand where they do, and their moves in the timeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.db.models import OuterRef, QuerySet
from django.utils.translation import gettext as _

from crm import marks, panels, presence, timeline
from crm.figures import Figures
from crm.models import Business, Customer, Facts, FactsRow
from crm.money import day
from crm.rules import InvalidRule, Shape, explained, parse
from lifecycle.heights import Heights
from lifecycle.models import Ladder, PinChange, Position, Stage, Transition
from lifecycle.moves import last_word
from lifecycle.reasons import Cause, Told
from lifecycle.silence import Foresight, Silence

# The first number of a move's key in the timeline, and of a pin's; those of the record are lower.
MOVES, PINS = 10, 11
# Enough for anyone, and an end for whoever a rule moves to and fro.
MOST_MOVES = 500


@dataclass(frozen=True)
class Standing:
    """Where one customer stands on the primary ladder, and all that they came through, the latest first.

    `pins` are those in force, of any ladder, the primary one first; `pin_changes` what people did with them.
    """

    heights: Heights
    stage: Stage
    position: Position
    facts: Facts
    moves: Sequence[Transition]
    pins: Sequence["Pin"]
    pin_changes: Sequence[PinChange]

    @classmethod
    def of(cls, customer: Customer, business: Business) -> "Standing | None":
        """None before the first placing. Read once for the panels of a page: kept with the customer it is of."""
        kept = vars(customer)
        if "standing" not in kept:
            kept["standing"] = cls._read(customer, *_placed(customer, business))
        found: Standing | None = kept["standing"]
        return found

    @classmethod
    def _read(cls, customer: Customer, heights: Heights, positions: Sequence[Position]) -> "Standing | None":
        held = {position.stage_id: position for position in positions}
        here = next((stage for stage in heights.stages if stage.pk in held), None)
        # A damaged record may have lost the facts; the next night makes them anew.
        facts = getattr(customer, "facts", None)
        if here is None or facts is None:
            return None
        made = Transition.objects.filter(customer=customer).select_related("by").order_by("-effective_on", "-pk")[:MOST_MOVES]
        valid = [move for move in made if move.superseded_at is None]
        changes = list(_pin_changes(customer).order_by("-effective_on", "-pk")[:MOST_MOVES]) if presence.is_there(customer, "pins") else []
        pinned = sorted((position for position in held.values() if position.pinned), key=lambda one: (one.stage_id != here.pk, one.pk))
        moves = [move for move in valid if move.ladder_id == heights.ladder]
        stages = {stage.pk: stage for stage in (*heights.stages, *heights.retired)}
        for move in moves:
            move.customer, move.from_stage, move.to_stage = customer, stages.get(move.from_stage_id or 0), stages[move.to_stage_id]
        pins = [Pin.of(position, last_word(position, [*valid, *changes])) for position in pinned]
        return cls(heights, here, held[here.pk], facts, moves, pins, changes)

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


def _placed(customer: Customer, business: Business) -> tuple[Heights, Sequence[Position]]:
    """Where they stand on the primary ladder, and on which others a person keeps them."""
    if "heights" in vars(business) or presence.is_there(customer, "kept"):
        # By the customer alone: asked for the ladder too, SQLite goes through all who are on it.
        return Heights.of(business), list(Position.objects.filter(customer=customer).select_related("stage", "ladder"))
    heights, held = Heights.around(customer, business)
    return heights, [held] if held else []


def _days_asked(stage: Stage) -> int | None:
    """On how many days one has to have ordered to have come to this rung; None where orders do not tell. Who ordered came to the lowest."""
    match stage.rule:
        case {"all": []}:
            return 1
        case {"fact": "order_days", "op": "=" | ">=", "value": int(days)}:
            return days
    return None


class Step(NamedTuple):
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
    """A person keeps them in this stage: who, why, and to the end of which day; None for good."""

    ladder: Ladder
    stage: Stage
    by: str
    reason: str
    until: date | None

    @classmethod
    def of(cls, held: Position, act: Transition | PinChange | None) -> "Pin":
        by = str(act.by) if act and act.by else _("someone who has left")
        return cls(held.ladder, held.stage, by, act.reason if act else "", held.pinned_until)


@dataclass(frozen=True)
class Why:
    """What of its rule puts a customer where they are, what of the next rung's is missing, and when silence changes it."""

    customer: Customer
    stage: Stage
    pin: Pin | None
    rule: Shape | None
    next: Stage | None
    next_rule: Shape | None
    silence: Silence | None
    problem: str = ""

    @classmethod
    def of(cls, customer: Customer, figures: Figures) -> "Why | None":
        """None before the first night, and in the past of who was not known yet. The past is placed by the rules alone, without pins."""
        if figures.as_of is None:
            return None
        heights = Heights.of(figures.business)
        if figures.is_past:
            facts = figures.facts.objects.filter(pk=customer.pk).first()
            stage = heights.find(facts.stage) if facts else None
            return cls._decided(stage, None, heights, customer, figures, facts) if stage and facts else None
        standing = Standing.of(customer, figures.business)
        return cls._decided(standing.stage, standing, heights, customer, figures, standing.facts) if standing else None

    @classmethod
    def _decided(
        cls, stage: Stage, standing: Standing | None, heights: Heights, customer: Customer, figures: Figures, facts: FactsRow
    ) -> "Why":
        assert figures.as_of
        above, position = _above(stage, heights), standing.position if standing else None
        pin = next((pin for pin in standing.pins if pin.ladder.pk == heights.ladder), None) if standing else None
        try:
            rules = [parse(each.rule) for each in (stage, above) if each]
        except InvalidRule as wrong:
            return cls(customer, stage, pin, None, None, None, None, str(wrong))
        foresight = Foresight.of(stage, position, heights, customer, facts, figures.as_of)
        shapes, found = explained(rules, customer, figures.as_of, figures.facts, foresight.cases(figures.facts))
        return cls(customer, stage, pin, shapes[0], above, shapes[1] if above else None, foresight.read(found))

    @property
    def is_rest(self) -> bool:
        """Whether the stage takes whoever is left: its rule asks nothing."""
        return self.rule is not None and not self.rule.leaves


def _above(stage: Stage, heights: Heights) -> Stage | None:
    rungs = heights.rungs
    return None if stage.rung is None or stage == rungs[-1] else rungs[rungs.index(stage) + 1]


@dataclass(frozen=True)
class Moved:
    """A move as the timeline prints it: what it was, and what caused it."""

    told: Told
    cause: Cause


def moves(customer: Customer, before: timeline.Before, limit: int) -> list[timeline.Entry]:
    """Moves on the primary ladder; where somebody was first placed is no move. The latest may have been read for the panels already."""
    read: Standing | None = vars(customer).get("standing")
    if read and before is None:
        return [_entry(move) for move in read.moves if move.from_stage][:limit]
    made = Transition.objects.filter(timeline.before_it("effective_on", MOVES, before), customer=customer, ladder__is_primary=True)
    made = made.filter(superseded_at=None, from_stage__isnull=False).select_related("customer", "from_stage", "to_stage", "by")
    return [_entry(move) for move in made.order_by("-effective_on", "-pk")[:limit]]


def _entry(move: Transition) -> timeline.Entry:
    told = Told.of(move)
    shown = Moved(told, Cause.of(move))
    return timeline.Entry(told.on, (MOVES, move.pk), "up" if told.is_up else "down", "lifecycle/_moved.html", shown)


def pin_changes(customer: Customer, before: timeline.Before, limit: int) -> list[timeline.Entry]:
    """Pins set where somebody stood already, and released, on any ladder. The latest may have been read for the panels already."""
    if not presence.is_there(customer, "pins"):
        return []
    read: Standing | None = vars(customer).get("standing")
    if read and before is None:
        found = list(read.pin_changes)[:limit]
    else:
        older = _pin_changes(customer).filter(timeline.before_it("effective_on", PINS, before))
        found = list(older.order_by("-effective_on", "-pk")[:limit])
    return [timeline.Entry(one.effective_on, (PINS, one.pk), "pin", "lifecycle/_pin_changed.html", one) for one in found]


def _pin_changes(customer: Customer) -> QuerySet[PinChange]:
    return PinChange.objects.filter(customer=customer).select_related("by", "stage", "ladder")


presence.register("kept", Position.objects.filter(customer=OuterRef("pk"), pinned=True))
presence.register("pins", PinChange.objects.filter(customer=OuterRef("pk")))
marks.provide(lambda business: Heights.of(business).marks)
timeline.register(moves, timeline.Group.STAGE)
timeline.register(pin_changes, timeline.Group.STAGE)
panels.register(panels.Panel("lifecycle/_climb.html", Climb.of, order=-10))
panels.register(panels.Panel("lifecycle/_why_stage.html", Why.of, order=10))
