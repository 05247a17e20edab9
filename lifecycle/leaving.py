"""Why people leave: one reason for each move down to a stage beside the ladder, recorded by staff or inferred from what is known.

The first that fits is taken: staff recorded why; a person moved them by hand, in words of their own; a complaint in the 60 days before;
an order unpaid for more than 30 days; only one order ever; else they went quiet. What is inferred, is inferred from the facts as they are
now: who has ordered again since does not count as one without a second order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Concat
from django.utils.translation import gettext as _

from crm.days import DayNumber
from crm.models import Evidence, FactsRow, Interaction
from lifecycle.heights import Heights
from lifecycle.models import Stage, Transition

# Whom we turned away did not leave.
TURNED_AWAY = "disqualified"
COMPLAINT_DAYS = 60
# What staff recorded longer ago than that says nothing of this move.
SAID_DAYS = 365
SAID, BY_HAND, COMPLAINT, UNPAID, ONE_ORDER, QUIET = "said-", "by-hand", "complaint", "unpaid", "one-order", "quiet"


def leaving(heights: Heights) -> list[Stage]:
    """The stages beside the ladder that people fall to."""
    return [stage for stage in heights.beside if stage.key != TURNED_AWAY]


def leaves(heights: Heights) -> Q:
    """The moves that are somebody's leaving."""
    return heights.moves(up=False) & Q(to_stage__in=[stage.pk for stage in leaving(heights)])


def with_reason(moves: QuerySet[Transition], heights: Heights, facts: type[FactsRow]) -> QuerySet[Transition, Any]:
    """The moves with `why`: the code of the reason, empty for a move that is no leaving."""
    ago = DayNumber(OuterRef("effective_on")) - DayNumber("happened_on")
    said = Evidence.objects.filter(customer=OuterRef("customer"), kind=Evidence.Kind.LOST, happened_on__lte=OuterRef("effective_on"))
    latest = said.annotate(ago=ago).filter(ago__lte=SAID_DAYS).order_by("-happened_on", "-pk").values("lost_reason")[:1]
    complaints = Interaction.objects.filter(
        customer=OuterRef("customer"), kind=Interaction.Kind.COMPLAINT, happened_on__lte=OuterRef("effective_on")
    )
    complained = Exists(complaints.annotate(ago=ago).filter(ago__lte=COMPLAINT_DAYS))
    theirs = facts.objects.filter(pk=OuterRef("customer"))
    reason = Case(
        When(~leaves(heights), then=Value("")),
        When(~Q(said=""), then=Concat(Value(SAID), F("said"))),
        When(source=Transition.Source.PERSON, then=Value(BY_HAND)),
        When(complained, then=Value(COMPLAINT)),
        When(Exists(theirs.filter(unpaid_orders__gt=0)), then=Value(UNPAID)),
        When(Exists(theirs.filter(order_days=1)), then=Value(ONE_ORDER)),
        default=Value(QUIET),
        output_field=CharField(),
    )
    # The output of a subquery that finds nothing is NULL, which no comparison holds for.
    return moves.annotate(said=Coalesce(Subquery(latest), Value(""))).annotate(why=reason)


def codes() -> dict[str, str]:
    """All reasons with their words, in the order in which they are tried."""
    said = {f"{SAID}{value}": str(words) for value, words in Evidence.LostReason.choices}
    return said | {
        BY_HAND: _("Moved by hand, in words of one's own"),
        COMPLAINT: _("Complaint in the 60 days before"),
        UNPAID: _("An order left unpaid"),
        ONE_ORDER: _("No second order"),
        QUIET: _("Went quiet, no reason given"),
    }


@dataclass(frozen=True)
class Reason:
    """Why so many left; `mostly` is the stage that most of them came from, `share` is of the most frequent reason."""

    code: str
    words: str
    people: int
    share: float
    mostly: Stage

    @property
    def is_recorded(self) -> bool:
        """By staff; else it is inferred."""
        return self.code.startswith(SAID) or self.code == BY_HAND


def reasons(heights: Heights, moves: Mapping[tuple[str, str, str], int]) -> list[Reason]:
    """From the moves counted by the keys of their stages and their reason: the most frequent first."""
    words = codes()
    by_code: dict[str, dict[str, int]] = {}
    for (before, _after, code), people in moves.items():
        if code in words and heights.find(before):
            came = by_code.setdefault(code, {})
            came[before] = came.get(before, 0) + people
    most = max((sum(came.values()) for came in by_code.values()), default=1)
    found = []
    for code, came in by_code.items():
        mostly = heights.find(max(came, key=lambda key: (came[key], key)))
        assert mostly
        found.append(Reason(code, words[code], sum(came.values()), sum(came.values()) / most, mostly))
    order = list(words)
    return sorted(found, key=lambda reason: (-reason.people, order.index(reason.code)))
