"""A ladder as this program brings it along, and the words its rules are written in."""

from typing import Any, NamedTuple

from django.db import transaction

from lifecycle.models import Ladder, Stage

EVERYONE: dict[str, Any] = {"all": []}


class BuiltIn(NamedTuple):
    """A stage. `rung` counts from below, None stands beside the ladder."""

    key: str
    name: str
    rung: int | None
    rule: dict[str, Any]


class Blueprint(NamedTuple):
    """`stages` in the order in which they are tried."""

    key: str
    name: str
    stages: tuple[BuiltIn, ...]

    @transaction.atomic
    def install(self) -> Ladder:
        """The ladder, made where it is not there; what an owner changed in it stays. The first one made is the primary one."""
        ladder, made = Ladder.objects.get_or_create(
            key=self.key,
            defaults={
                "name": self.name,
                "is_primary": not Ladder.objects.filter(is_primary=True).exists(),
            },
        )
        if made:
            Stage.objects.bulk_create(
                Stage(
                    ladder=ladder,
                    key=stage.key,
                    name=stage.name,
                    rank=rank,
                    rung=stage.rung,
                    rule=stage.rule,
                )
                # By tens, so that an owner can put one between two others.
                for rank, stage in zip(range(10, 1_000, 10), self.stages, strict=False)
            )
        return ladder


def holds(fact: str, op: str, value: object) -> dict[str, Any]:
    return {"fact": fact, "op": op, "value": value}


def is_so(fact: str) -> dict[str, Any]:
    return holds(fact, "=", True)


def passed(fact: str) -> dict[str, Any]:
    return {"fact": fact, "op": "passed"}


def at_least(fact: str, value: int) -> dict[str, Any]:
    return holds(fact, ">=", value)


def every(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"all": [*rules]}


def either(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"any": [*rules]}
