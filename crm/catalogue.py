"""The catalogue of facts: what each column of Facts means, in which unit, and who is its one writer; and what else a rule may ask.

The floors above add the facts they write with `register` when the program starts (AppConfig.ready).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.apps import apps
from django.db.models import Field, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.fold import fold


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
    TEXT = "text"
    # A text that has one spelling, such as the id from elsewhere.
    CODE = "code"
    # Where somebody belongs, which rows of another table say: a segment, the stage on another ladder.
    BELONGING = "belonging"
    # Days since a date: not stored, for a quiet customer's row would have to be touched daily. A rule on it compares the date.
    AGE = "age"


NUMBERS = frozenset({Kind.COUNT, Kind.MONEY, Kind.DAYS, Kind.HALF_DAYS, Kind.AGE})


@dataclass(frozen=True)
class Fact:
    """One column of Facts. `writer` names the step of the night that writes it, and nothing else does.

    `offers` gives the values of a choice that are rows and not code; `spelled` makes a text what the column holds of it.
    """

    name: str
    kind: Kind
    writer: str
    unit: Promise | None = None
    offers: Callable[[], Mapping[str, str]] | None = None
    spelled: Callable[[str], str] = fold

    @property
    def path(self) -> str:
        """The lookup path from Facts."""
        return self.name

    @property
    def own_path(self) -> str:
        """The lookup path of what people read, where that is not what is compared."""
        return self.path

    @property
    def label(self) -> str:
        """What people call it, in their language."""
        return str(self.field.verbose_name)

    @property
    def choices(self) -> dict[str, str]:
        """The values of a choice with their words, in the reader's language; none for another kind."""
        offered = self.offers().items() if self.offers else self.field.flatchoices
        return {str(key): str(words) for key, words in offered}

    @property
    def field(self) -> "Field[Any, Any]":
        # By name: the floors above import this module before the models are loaded.
        model = apps.get_model("crm", "Facts")
        for part in self.path.split("__"):
            field = model._meta.get_field(part)
            model = field.related_model if field.is_relation else model  # type: ignore[assignment]
        assert isinstance(field, Field)
        return field


@dataclass(frozen=True)
class Term(Fact):
    """What a rule may ask beside the columns of Facts: a column of the customer, or the days since a date."""

    at: str = ""
    called: Promise | None = None
    read_at: str = ""

    @property
    def path(self) -> str:
        return self.at

    @property
    def own_path(self) -> str:
        return self.read_at or self.at

    @property
    def label(self) -> str:
        return str(self.called)


@dataclass(frozen=True)
class Belonging(Fact):
    """Where somebody belongs that no column says: rows of another table. Several at once are possible, and none.

    `holds` makes the condition on Facts that somebody belongs to one of those keys: an Exists, whose `not` is its exact complement.
    """

    called: str | Promise = ""
    holds: Callable[[Collection[str]], Q] = lambda keys: Q(pk__isnull=True)

    @property
    def label(self) -> str:
        return str(self.called)

    @property
    def choices(self) -> dict[str, str]:
        return {str(key): str(words) for key, words in self.offers().items()} if self.offers else {}


# By name, in the order of DEFINITIONS.md.
FACTS: dict[str, Fact] = {}


# By name, what a rule may ask beside them.
TERMS: dict[str, Term] = {}

# Each gives, by name, what a rule may ask that comes and goes with rows of the floors above.
FAMILIES: list[Callable[[], Mapping[str, Fact]]] = []


def find(name: str) -> Fact | None:
    """The fact or term of that name."""
    return FACTS.get(name) or TERMS.get(name) or next((found[name] for family in FAMILIES if name in (found := family())), None)


def askable() -> dict[str, Fact]:
    """Everything that a rule may ask, by name."""
    asked: dict[str, Fact] = {**FACTS, **TERMS}
    for family in FAMILIES:
        asked |= family()
    return asked


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

_RECORD = "record"


def _customer(name: str, kind: Kind, label: Promise, spelled: Callable[[str], str] = fold) -> Term:
    return Term(name, kind, _RECORD, spelled=spelled, at=f"customer__{name}", called=label)


def _folded(name: str, label: Promise) -> Term:
    return Term(name, Kind.TEXT, _RECORD, at=f"customer__{name}_key", called=label, read_at=f"customer__{name}")


def _age(name: str, column: str, label: Promise) -> Term:
    return Term(name, Kind.AGE, FACTS[column].writer, _("days"), at=column, called=label)


# Of the customer's own columns those that compare alike on both engines: dates, choices, texts kept folded or in one spelling.
TERMS |= {
    term.name: term
    for term in (
        _age("days_since_first_order", "first_order_on", _("Days since the first order")),
        _age("days_since_last_order", "last_order_on", _("Days since the last order")),
        _age("days_since_last_contact", "last_contact_on", _("Days since the last contact")),
        _customer("entity", Kind.CHOICE, _("Person or company")),
        _customer("market", Kind.CHOICE, _("Market")),
        _customer("kind", Kind.CHOICE, _("Kind")),
        _customer("birthday", Kind.DATE, _("Birthday")),
        _customer("partner_on", Kind.DATE, _("Partner since")),
        _customer("only_us_on", Kind.DATE, _("Buys only from us since")),
        _customer("referred_on", Kind.DATE, _("Referred on")),
        _customer("email", Kind.TEXT, _("E-mail"), str.lower),
        _customer("country", Kind.CODE, _("Country, two letters"), str.upper),
        _customer("language", Kind.CODE, _("Language, two letters"), str.lower),
        _customer("external_id", Kind.CODE, _("Id elsewhere"), str),
        _folded("city", _("City")),
        _folded("source", _("Acquisition source")),
    )
}
