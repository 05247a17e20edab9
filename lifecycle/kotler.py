"""Kotler's ladder as built in (DEFINITIONS.md): first match wins, the last one takes the rest."""

from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext_noop

from lifecycle.models import Ladder, Stage


class BuiltIn(NamedTuple):
    key: str
    name: str
    rung: int | None
    rule: dict[str, Any]


def _is(fact: str) -> dict[str, Any]:
    return {"fact": fact, "op": "=", "value": True}


def _passed(fact: str) -> dict[str, Any]:
    return {"fact": fact, "op": "passed"}


def _at_least(fact: str, value: int) -> dict[str, Any]:
    return {"fact": fact, "op": ">=", "value": value}


KEY = "kotler"
STAGES = (
    BuiltIn(
        "disqualified",
        gettext_noop("Disqualified"),
        None,
        {
            "any": [
                _is("is_disqualified"),
                {
                    "all": [
                        {"fact": "paid_orders", "op": "=", "value": 0},
                        _at_least("unpaid_orders", 2),
                    ]
                },
            ]
        },
    ),
    BuiltIn("lost", gettext_noop("Lost"), None, {"any": [_is("is_marked_lost"), _passed("lost_on")]}),
    BuiltIn("inactive", gettext_noop("Inactive"), None, _passed("inactive_on")),
    BuiltIn("partner", gettext_noop("Partner"), 6, _is("is_partner")),
    BuiltIn("advocate", gettext_noop("Advocate"), 5, _at_least("referrals_ordered", 2)),
    BuiltIn("client", gettext_noop("Client"), 4, {"all": [_at_least("orders_12m", 4), _is("only_us")]}),
    BuiltIn("repeat", gettext_noop("Repeat"), 3, _at_least("order_days", 2)),
    BuiltIn("first-time", gettext_noop("First-time"), 2, {"fact": "order_days", "op": "=", "value": 1}),
    BuiltIn("prospect", gettext_noop("Prospect"), 1, {"all": []}),
)


@transaction.atomic
def install() -> Ladder:
    """The built-in ladder, made where it is not there; what an owner changed in it stays."""
    ladder, made = Ladder.objects.get_or_create(
        key=KEY,
        defaults={
            "name": "Kotler",
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
            for rank, stage in zip(range(10, 1_000, 10), STAGES, strict=False)
        )
    return ladder
