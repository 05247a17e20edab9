"""The stage on each ladder as a fact that rules may ask: "stage on Engagement is Member" (DEFINITIONS, Rules)."""

from collections.abc import Collection
from functools import partial
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from crm.catalogue import Belonging, Fact, Kind
from lifecycle.models import Ladder, Position, Stage

PREFIX = "stage_on_"


def stages_on() -> dict[str, Fact]:
    """By name, in the order in which the ladders were made. A rule that decides a stage cannot ask them: see models.AFTER_STAGES."""
    ladders = Ladder.objects.order_by("pk")
    facts = [
        Belonging(
            f"{PREFIX}{ladder.key}",
            Kind.BELONGING,
            "stages",
            offers=partial(_kept, ladder.pk),
            called=_("Stage on %(ladder)s") % {"ladder": ladder},
            holds=partial(_stands, ladder.pk),
            means=_("Where they stand on the ladder “%(ladder)s”.") % {"ladder": ladder},
        )
        for ladder in ladders
    ]
    return {fact.name: fact for fact in facts}


def _kept(ladder: int) -> dict[str, str]:
    return {stage.key: str(stage) for stage in Stage.objects.kept().filter(ladder=ladder).order_by("rank")}


def _stands(ladder: int, keys: Collection[str]) -> Q:
    """By the positions of today: a look back has no others, and is answered by these too."""
    return Q(Exists(Position.objects.filter(customer=OuterRef("pk"), ladder=ladder, stage__key__in=list(keys))))


def rules() -> list[tuple[str, Any]]:
    """The rule of each stage and what it is called, for crm.people.uses."""
    stages = Stage.objects.kept().select_related("ladder").order_by("ladder", "rank")
    said = _("the stage “%(stage)s” of the ladder “%(ladder)s”")
    return [(said % {"stage": stage, "ladder": stage.ladder}, stage.rule) for stage in stages]
