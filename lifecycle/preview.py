"""What the next night would do with stages as somebody edits them, before anything is saved: who would go from where to where. Nothing is
written."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, Case, Count, F, Q, Sum, Value, When, Window
from django.db.models.functions import RowNumber

from crm.models import Customer
from crm.rules import EVERYONE, Node, Shape, explained
from lifecycle.models import Ladder, Stage
from lifecycle.stages import Rungs, is_pinned, moves, pinned_against, standing

SAMPLES = 10


@dataclass(frozen=True)
class Cell:
    """How many would go from `before` (None: nobody has placed them yet) to `after`, with their revenue of 12 months."""

    before: Stage | None
    after: Stage
    customers: int
    revenue: Decimal


@dataclass(frozen=True)
class Why:
    """A rule held against a customer; `fits` where it is that of the stage they would come to. Without a rule the stage takes the rest."""

    stage: Stage
    fits: bool
    rule: Shape | None


@dataclass(frozen=True)
class Sample:
    customer: Customer
    before: Stage | None
    after: Stage
    revenue: Decimal
    whys: list[Why]


@dataclass(frozen=True)
class Preview:
    """`kept` would be moved but for a pin, `unplaced` stand nowhere and no rule takes them; `cells` in the order of the stages."""

    ladder: Ladder
    as_of: date
    cells: list[Cell]
    samples: list[Sample]
    kept: int
    unplaced: int

    @classmethod
    def of(cls, ladder: Ladder, stages: Sequence[Stage], as_of: date, *, samples: int = SAMPLES) -> "Preview":
        """What `stages.place` as of `as_of` does once `stages`, saved or not, are those of the ladder.

        One statement counts, one finds the samples. Raises InvalidRule, naming the stage, where a rule cannot be read.
        """
        rungs = Rungs.of(ladder, stages)
        # Where people stand may be a stage that is to go, or was taken off.
        named = {stage.pk: stage for stage in ladder.stages.all()} | dict(zip(rungs.numbers, rungs.stages, strict=True))
        found = _counted(rungs, as_of)
        moved = [Cell(named.get(row["was"]), named[row["to"]], row["customers"], row["sum"]) for row in found if _moves(row)]
        place = {stage.key: number for number, stage in enumerate(rungs.stages)}
        moved.sort(key=lambda cell: (place.get(cell.before.key, len(place)) if cell.before else -1, place[cell.after.key]))
        return cls(
            ladder,
            as_of,
            moved,
            _samples(rungs, named, as_of, samples, {row["was"] for row in found if _moves(row)}) if moved and samples else [],
            kept=sum(row["customers"] for row in found if row["is_kept"] and row["to"] is not None),
            unplaced=sum(row["customers"] for row in found if row["to"] is None),
        )

    @property
    def moved(self) -> int:
        """Those who are placed for the first time are no movers, but are counted too."""
        return sum(cell.customers for cell in self.cells)

    @property
    def revenue(self) -> Decimal:
        return sum((cell.revenue for cell in self.cells), Decimal(0))

    @property
    def columns(self) -> list[Stage]:
        """The stages that somebody would come to."""
        return _distinct(cell.after for cell in sorted(self.cells, key=lambda cell: cell.after.rank))

    @property
    def matrix(self) -> list[tuple[Stage | None, list[Cell | None]]]:
        """A row for each stage that somebody would leave, with a cell or None for each of `columns`."""
        found = {(cell.before and cell.before.key, cell.after.key): cell for cell in self.cells}
        rows = list({cell.before and cell.before.key: cell.before for cell in self.cells}.values())
        return [(before, [found.get((before and before.key, after.key)) for after in self.columns]) for before in rows]


def _distinct(stages: Iterable[Stage]) -> list[Stage]:
    return list({stage.key: stage for stage in stages}.values())


def _counted(rungs: Rungs, as_of: date) -> list[dict[str, Any]]:
    told = Q(strays=True) & (moves(as_of) | pinned_against(as_of))
    # Where the last one takes everyone, as it has to, nobody is left to be asked for.
    nowhere = Q() if rungs.rules[-1:] == [EVERYONE] else Q(to__isnull=True, position=None)
    counted = standing(rungs, as_of).filter(told | nowhere if nowhere else told).annotate(is_kept=_kept(as_of))
    grouped = counted.order_by().values("was", "to", "is_kept").annotate(customers=Count("*"), sum=Sum("revenue_12m"))
    return [dict(row) for row in grouped]


def _kept(as_of: date) -> Case:
    return Case(When(is_pinned(as_of), then=Value(True)), default=Value(False), output_field=BooleanField())


def _moves(row: Mapping[str, Any]) -> bool:
    return row["to"] is not None and not row["is_kept"]


def _samples(rungs: Rungs, named: Mapping[int, Stage], as_of: date, most: int, left: Collection[int | None]) -> list[Sample]:
    """Some of each way, the largest first: one of each, then the second of each, and so on. `left`: the stages that somebody leaves."""
    turn = Window(RowNumber(), partition_by=[F("was"), F("to")], order_by=[F("revenue_12m").desc(), F("pk").asc()])
    # Who stands in another stage need not be asked again.
    there = Q() if None in left else Q(was__in=left)
    moved = standing(rungs, as_of).filter(there, moves(as_of)).annotate(turn=turn).order_by("turn", "-revenue_12m", "pk")
    rows = list(moved.values_list("pk", "was", "to", "revenue_12m")[:most])
    people = Customer.objects.in_bulk([pk for pk, *_rest in rows])
    rules = dict(zip(rungs.numbers, rungs.rules, strict=True))
    return [
        Sample(people[pk], named.get(was), named[to], revenue, _whys(people[pk], was, to, named, rules, as_of))
        for pk, was, to, revenue in rows
        if pk in people
    ]


def _whys(customer: Customer, was: int | None, to: int, named: Mapping[int, Stage], rules: Mapping[int, Node], as_of: date) -> list[Why]:
    """The rule that takes them; and before it that of where they stand, where it is tried sooner and so holds no more."""
    after, before = named[to], named.get(was) if was is not None else None
    held = None if was is None else rules.get(was)
    asked = [(after, rules[to])]
    if before and held and before.rank < after.rank:
        asked.insert(0, (before, held))
    shapes, _beside = explained([rule for _stage, rule in asked], customer, as_of)
    return [Why(stage, stage == after, None if rule == EVERYONE else shape) for (stage, rule), shape in zip(asked, shapes, strict=True)]
