"""Up or down: how the stages of a ladder stand to each other."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import F, Q, QuerySet

from crm.marks import RUNGS, StageMark
from crm.models import Business, Customer
from lifecycle.models import Ladder, Position, Stage


@dataclass(frozen=True)
class Heights:
    """The stages of one ladder in the order in which they are tried. Those beside it are lower than its rungs, the first tried lowest."""

    stages: list[Stage]
    # Taken off the ladder; moves of before still name them.
    retired: list[Stage] = field(default_factory=list)

    @classmethod
    def of(cls, business: Business) -> "Heights":
        """Those of the primary ladder; empty before the first night, which makes it. Read once a request: kept with its business."""
        kept = vars(business)
        if "heights" not in kept:
            kept["heights"] = cls.read(Stage.objects.filter(ladder__is_primary=True))
        found: Heights = kept["heights"]
        return found

    @classmethod
    def around(cls, customer: Customer, business: Business) -> tuple["Heights", Position | None]:
        """Those of the primary ladder, with where the customer stands on it; kept with the business as `of` keeps them. One statement; a
        second one where they stand nowhere.
        """
        names = ("pk", "stage", "since", "pinned", "pinned_until")
        stages = Stage.objects.filter(ladder__is_primary=True, ladder__position__customer=customer)
        found = cls.read(stages.annotate(**{f"held_{name}": F(f"ladder__position__{name}") for name in names}))
        if not found.every:
            return cls.of(business), None
        vars(business)["heights"] = found
        held = {name: getattr(found.every[0], f"held_{name}") for name in names}
        stage = next(stage for stage in found.every if stage.pk == held["stage"])
        return found, Position(**held | {"customer": customer, "ladder": stage.ladder, "stage": stage})

    @classmethod
    def on(cls, ladder: Ladder) -> "Heights":
        """Those of that ladder."""
        return cls.read(Stage.objects.filter(ladder=ladder))

    @classmethod
    def read(cls, stages: QuerySet[Stage]) -> "Heights":
        read = list(stages.select_related("ladder").order_by("rank"))
        return cls([stage for stage in read if not stage.is_retired], [stage for stage in read if stage.is_retired])

    @property
    def ladder(self) -> int | None:
        return self.stages[0].ladder_id if self.stages else None

    @property
    def rungs(self) -> list[Stage]:
        """From the lowest up."""
        return sorted((stage for stage in self.stages if stage.rung is not None), key=height)

    @property
    def beside(self) -> list[Stage]:
        """From the one nearest to the ladder down."""
        return sorted((stage for stage in self.stages if stage.rung is None), key=height, reverse=True)

    @property
    def every(self) -> list[Stage]:
        """With those taken off the ladder, which moves of before still name."""
        return [*self.stages, *self.retired]

    @property
    def is_primary(self) -> bool:
        """Whether Facts speak of this ladder."""
        return bool(self.stages) and self.stages[0].ladder.is_primary

    def find(self, key: str) -> Stage | None:
        return next((stage for stage in self.every if stage.key == key), None)

    @property
    def marks(self) -> dict[str, StageMark]:
        """As they are drawn, by key: from the lowest rung up, what stands beside the ladder last, the first tried first."""
        rungs, beside = self.rungs, [stage for stage in self.stages if stage.rung is None]
        filled = {stage.key: -(-RUNGS * (place + 1) // len(rungs)) for place, stage in enumerate(rungs)}
        return {stage.key: StageMark(stage.key, str(stage), filled.get(stage.key), stage.colour) for stage in [*rungs, *beside]}

    def moves(self, *, up: bool) -> Q:
        """The moves that way, as a condition on Transition."""
        ways = Q(pk__isnull=True)
        for stage in self.every:
            ways |= Q(from_stage=stage.pk, to_stage__in=pks(other for other in self.every if other != stage and is_up(stage, other) is up))
        return ways


def pks(stages: Iterable[Stage]) -> list[int]:
    return [stage.pk for stage in stages]


def height(stage: Stage) -> tuple[int, int]:
    return (0, stage.rank) if stage.rung is None else (1, stage.rung)


def is_up(before: Stage, after: Stage) -> bool:
    return height(after) > height(before)
