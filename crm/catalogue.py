"""The catalogue of facts: what each column of Facts means, in which unit, and who is its one writer.

The floors above add the facts they write with `register` when the program starts (AppConfig.ready).
"""

from dataclasses import dataclass
from enum import Enum

from django.apps import apps
from django.db.models import Field
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Kind(Enum):
    """How a fact is stored, compared and shown."""

    COUNT = "count"
    MONEY = "money"
    DAYS = "days"
    HALF_DAYS = "half_days"
    DATE = "date"
    YES_NO = "yes_no"
    CHANNEL = "channel"
    CHOICE = "choice"


@dataclass(frozen=True)
class Fact:
    """One column of Facts. `writer` names the step of the night that writes it, and nothing else does."""

    name: str
    kind: Kind
    writer: str
    unit: Promise | None = None

    @property
    def label(self) -> str:
        """What people call it, in their language."""
        # By name: the floors above import this module before the models are loaded.
        field = apps.get_model("crm", "Facts")._meta.get_field(self.name)
        assert isinstance(field, Field)
        return str(field.verbose_name)


# By name, in the order of DEFINITIONS.md.
FACTS: dict[str, Fact] = {}


def register(*facts: Fact) -> None:
    """Adds facts; a second writer for a column is a mistake of the program and says so."""
    for fact in facts:
        if fact.name in FACTS:
            raise ValueError(f"The fact {fact.name} is written by {FACTS[fact.name].writer} already.")
        FACTS[fact.name] = fact


_KERNEL, _REFERRALS = "facts", "referrals"

register(
    Fact("orders", Kind.COUNT, _KERNEL, _("orders")),
    Fact("order_days", Kind.COUNT, _KERNEL, _("days")),
    Fact("orders_12m", Kind.COUNT, _KERNEL, _("orders")),
    Fact("revenue", Kind.MONEY, _KERNEL),
    Fact("revenue_12m", Kind.MONEY, _KERNEL),
    Fact("revenue_prev_12m", Kind.MONEY, _KERNEL),
    Fact("paid_orders", Kind.COUNT, _KERNEL, _("orders")),
    Fact("unpaid_orders", Kind.COUNT, _KERNEL, _("orders")),
    Fact("margin_12m", Kind.MONEY, _KERNEL),
    Fact("average_order", Kind.MONEY, _KERNEL),
    Fact("first_order_on", Kind.DATE, _KERNEL),
    Fact("last_order_on", Kind.DATE, _KERNEL),
    Fact("typical_gap_days", Kind.HALF_DAYS, _KERNEL, _("days")),
    Fact("long_gap_days", Kind.DAYS, _KERNEL, _("days")),
    Fact("expected_gap_days", Kind.HALF_DAYS, _KERNEL, _("days")),
    Fact("due_on", Kind.DATE, _KERNEL),
    Fact("inactive_on", Kind.DATE, _KERNEL),
    Fact("lost_on", Kind.DATE, _KERNEL),
    Fact("favourite_channel", Kind.CHANNEL, _KERNEL),
    Fact("interactions_12m", Kind.COUNT, _KERNEL, _("interactions")),
    Fact("minutes_12m", Kind.COUNT, _KERNEL, _("minutes")),
    Fact("last_contact_on", Kind.DATE, _KERNEL),
    Fact("is_disqualified", Kind.YES_NO, _KERNEL),
    Fact("is_marked_lost", Kind.YES_NO, _KERNEL),
    Fact("is_partner", Kind.YES_NO, _KERNEL),
    Fact("only_us", Kind.YES_NO, _KERNEL),
    Fact("referrals_ordered", Kind.COUNT, _REFERRALS, _("people")),
)
