"""The catalogue of facts: what each column of Facts means, in which unit, and who is its one writer; and what else a rule may ask.

The floors above add the facts they write with `register` when the program starts (AppConfig.ready).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db.models import Field, Q, QuerySet, Subquery, TextChoices
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
    # A number of any meaning, with two decimals at most.
    NUMBER = "number"
    YES_NO = "yes_no"
    # Yes, no, or not known.
    ANSWER = "answer"
    CHANNEL = "channel"
    CHOICE = "choice"
    TEXT = "text"
    # A text that has one spelling, such as the id from elsewhere.
    CODE = "code"
    # Where somebody belongs, which rows of another table say: a segment, the stage on another ladder.
    BELONGING = "belonging"
    # Days since a date: not stored, for a quiet customer's row would have to be touched daily. A rule on it compares the date.
    AGE = "age"


class Topic(TextChoices):
    """What a fact is about: the facts are offered in these groups, in this order."""

    ORDERS = "orders", _("Orders")
    MONEY = "money", _("Money")
    RHYTHM = "rhythm", _("Rhythm")
    CONTACT = "contact", _("Contact")
    MARKS = "marks", _("Marks")
    STANDING = "standing", _("Standing")
    PERSON = "person", _("Person")
    OWN = "own", _("Fields of our own")


NUMBERS = frozenset({Kind.COUNT, Kind.MONEY, Kind.DAYS, Kind.HALF_DAYS, Kind.NUMBER, Kind.AGE})
ANSWERS = frozenset({Kind.YES_NO, Kind.ANSWER})


@dataclass(frozen=True)
class Fact:
    """One column of Facts. `writer` names the step of the night that writes it, and nothing else does.

    `offers` gives the values of a choice that are rows and not code; `spelled` makes a text what the column holds of it. `means` says in
    one sentence what it counts, for whoever writes a rule; `group` is where it is looked for. A date that `has_come` never lies ahead of
    today, though it may lie ahead of the figures in a row that was refreshed since the night.
    """

    name: str
    kind: Kind
    writer: str
    unit: Promise | None = None
    offers: Callable[[], Mapping[str, str]] | None = None
    spelled: Callable[[str], str] = fold
    means: Promise | str = ""
    group: Topic = Topic.STANDING
    has_come: bool = False

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

    def as_json(self, value: Any, as_of: date) -> Any:
        """A value of it as JSON keeps it: of a move, what decided."""
        match value:
            case date():
                return max((as_of - value).days, 0) if self.kind == Kind.AGE else value.isoformat()
            case Decimal():
                return str(value)
        return value

    @cached_property
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


@dataclass(frozen=True)
class Detail(Fact):
    """What a row of another table keeps of a customer: one row at most, in which the value is never empty.

    `rows` gives the row of the customer whom an outer query over Facts is at; `column` is compared, `reads` is what people read.
    """

    called: str | Promise = ""
    rows: Callable[[], QuerySet[Any]] = lambda: apps.get_model("crm", "Facts")._default_manager.none()
    column: str = ""
    reads: str = ""

    @property
    def path(self) -> str:
        return self.column

    @property
    def own_path(self) -> str:
        """The name under which `with_details` puts it."""
        return f"own_{self.name}"

    @property
    def label(self) -> str:
        return str(self.called)

    @property
    def choices(self) -> dict[str, str]:
        return {str(key): str(words) for key, words in self.offers().items()} if self.offers else {}


def with_details(found: QuerySet[Any], facts: Iterable[Fact]) -> QuerySet[Any]:
    """`found`, of rows of facts, with the own value of those of `facts` that stand in other tables, by their `own_path`."""
    details = {fact.own_path: Subquery(fact.rows().values(fact.reads)[:1]) for fact in facts if isinstance(fact, Detail)}
    detailed: QuerySet[Any] = found.annotate(**details)
    return detailed


# By name, in the order of DEFINITIONS.md.
FACTS: dict[str, Fact] = {}


# By name, what a rule may ask beside them.
TERMS: dict[str, Term] = {}

# What a rule may ask that comes and goes with rows of the floors above: by how their names begin, each gives its facts by name.
FAMILIES: dict[str, Callable[[], Mapping[str, Fact]]] = {}


def find(name: str) -> Fact | None:
    """The fact or term of that name."""
    if known := FACTS.get(name) or TERMS.get(name):
        return known
    # No other name is worth a look into the database.
    return next((family().get(name) for start, family in FAMILIES.items() if name.startswith(start)), None)


def askable() -> dict[str, Fact]:
    """Everything that a rule may ask, by name."""
    asked: dict[str, Fact] = {**FACTS, **TERMS}
    for family in FAMILIES.values():
        asked |= family()
    return asked


def register(*facts: Fact) -> None:
    """Adds facts; a second writer for a column is a mistake of the program and says so."""
    for fact in facts:
        if fact.name in FACTS:
            raise ValueError(f"The fact {fact.name} is written by {FACTS[fact.name].writer} already.")
        FACTS[fact.name] = fact


_KERNEL, _REFERRALS, _RECORD = "facts", "referrals", "record"


def _about(
    group: Topic, kind: Kind, name: str, means: Promise, unit: Promise | None = None, writer: str = _KERNEL, has_come: bool = False
) -> Fact:
    return Fact(name, kind, writer, unit, means=means, group=group, has_come=has_come)


register(
    _about(Topic.ORDERS, Kind.COUNT, "orders", _("How many orders there are in all."), _("orders")),
    _about(Topic.ORDERS, Kind.COUNT, "order_days", _("On how many different days something was ordered."), _("days")),
    _about(Topic.ORDERS, Kind.COUNT, "orders_12m", _("How many orders there are in the last 12 months."), _("orders")),
    _about(Topic.MONEY, Kind.MONEY, "revenue", _("What all orders came to, less refunds.")),
    _about(Topic.MONEY, Kind.MONEY, "revenue_12m", _("What the orders of the last 12 months came to, less refunds.")),
    _about(Topic.MONEY, Kind.MONEY, "revenue_prev_12m", _("What the orders of the 12 months before the last 12 came to, less refunds.")),
    _about(Topic.ORDERS, Kind.COUNT, "paid_orders", _("How many orders are paid."), _("orders")),
    _about(Topic.ORDERS, Kind.COUNT, "unpaid_orders", _("How many orders have been unpaid for more than 30 days."), _("orders")),
    _about(
        Topic.MONEY, Kind.MONEY, "margin_12m", _("Revenue less cost in the last 12 months; empty where the cost of an order is unknown.")
    ),
    _about(Topic.MONEY, Kind.MONEY, "average_order", _("Revenue divided by the number of orders; empty without an order.")),
    _about(Topic.ORDERS, Kind.DATE, "first_order_on", _("The day of the first order."), has_come=True),
    _about(Topic.ORDERS, Kind.DATE, "last_order_on", _("The day of the last order."), has_come=True),
    _about(
        Topic.RHYTHM,
        Kind.HALF_DAYS,
        "typical_gap_days",
        _("The usual pause between two orders; empty under three days with an order."),
        _("days"),
    ),
    _about(
        Topic.RHYTHM, Kind.DAYS, "long_gap_days", _("Nine in ten pauses between orders were at most so long; empty under three."), _("days")
    ),
    _about(
        Topic.RHYTHM, Kind.HALF_DAYS, "expected_gap_days", _("The customer's own usual pause, or that of the whole business."), _("days")
    ),
    _about(Topic.RHYTHM, Kind.DATE, "due_on", _("When the next order is to be expected, going by the rhythm.")),
    _about(
        Topic.RHYTHM,
        Kind.DATE,
        "inactive_on",
        _("From when on the silence is too long for the rhythm: 90 days, three usual pauses, or the longest one."),
    ),
    _about(
        Topic.RHYTHM,
        Kind.DATE,
        "lost_on",
        _("From when on the silence means that they are lost: a year, four usual pauses, or twice the longest one."),
    ),
    _about(Topic.ORDERS, Kind.CHANNEL, "favourite_channel", _("Where most of the orders came through.")),
    _about(
        Topic.CONTACT,
        Kind.COUNT,
        "interactions_12m",
        _("How many calls, visits and letters were logged in the last 12 months."),
        _("interactions"),
    ),
    _about(Topic.CONTACT, Kind.COUNT, "minutes_12m", _("How many minutes they took in the last 12 months."), _("minutes")),
    _about(Topic.CONTACT, Kind.DATE, "last_contact_on", _("The day of the last logged contact."), has_come=True),
    _about(Topic.MARKS, Kind.YES_NO, "is_disqualified", _("Somebody marked that this customer cannot pay or does not pay off.")),
    _about(Topic.MARKS, Kind.YES_NO, "is_marked_lost", _("Somebody marked the customer as lost, and no order came since.")),
    _about(Topic.MARKS, Kind.YES_NO, "is_partner", _("Somebody marked that the customer takes part in the business.")),
    _about(Topic.MARKS, Kind.YES_NO, "only_us", _("Somebody marked that the customer buys only from us.")),
    _about(
        Topic.CONTACT,
        Kind.COUNT,
        "referrals_ordered",
        _("How many people this customer sent us who have ordered."),
        _("people"),
        _REFERRALS,
    ),
)


def _customer(
    name: str, kind: Kind, label: Promise, means: Promise, group: Topic = Topic.PERSON, spelled: Callable[[str], str] = fold
) -> Term:
    return Term(name, kind, _RECORD, spelled=spelled, at=f"customer__{name}", called=label, means=means, group=group)


def _folded(name: str, label: Promise, means: Promise) -> Term:
    path = f"customer__{name}"
    return Term(name, Kind.TEXT, _RECORD, at=f"{path}_key", called=label, read_at=path, means=means, group=Topic.PERSON)


def _age(name: str, column: str, label: Promise, means: Promise) -> Term:
    fact = FACTS[column]
    return Term(name, Kind.AGE, fact.writer, _("days"), at=column, called=label, means=means, group=fact.group, has_come=True)


# Of the customer's own columns those that compare alike on both engines: dates, choices, texts kept folded or in one spelling.
TERMS |= {
    term.name: term
    for term in (
        _age("days_since_first_order", "first_order_on", _("Days since the first order"), _("How long ago the first order was.")),
        _age("days_since_last_order", "last_order_on", _("Days since the last order"), _("How long ago the last order was.")),
        _age(
            "days_since_last_contact", "last_contact_on", _("Days since the last contact"), _("How long ago the last logged contact was.")
        ),
        _customer("entity", Kind.CHOICE, _("Person or company"), _("Whether it is a person or a company.")),
        _customer("market", Kind.CHOICE, _("Market"), _("Whether we sell to them as a household or as a business.")),
        _customer("kind", Kind.CHOICE, _("Kind"), _("Whether they stand outside the business or belong to it.")),
        _customer("birthday", Kind.DATE, _("Birthday"), _("The day of birth, where we know it.")),
        _customer("partner_on", Kind.DATE, _("Partner since"), _("Since when they take part in the business."), Topic.MARKS),
        _customer("only_us_on", Kind.DATE, _("Buys only from us since"), _("Since when they buy only from us."), Topic.MARKS),
        _customer("referred_on", Kind.DATE, _("Referred on"), _("When another customer sent them to us."), Topic.CONTACT),
        _customer("email", Kind.TEXT, _("E-mail"), _("The e-mail address, in small letters."), spelled=str.lower),
        _customer("country", Kind.CODE, _("Country, two letters"), _("The country, such as CZ or PL."), spelled=str.upper),
        _customer(
            "language", Kind.CODE, _("Language, two letters"), _("The language we write to them in, such as cs or pl."), spelled=str.lower
        ),
        _customer("external_id", Kind.CODE, _("Id elsewhere"), _("The number they have in the shop or the accounts."), spelled=str),
        _customer(
            "company_number",
            Kind.CODE,
            _("Company number"),
            _("The number that the authorities know the business by."),
            spelled=lambda text: "".join(text.split()).upper(),
        ),
        _customer("card", Kind.CODE, _("Loyalty card"), _("The number of the loyalty card."), spelled=lambda text: "".join(text.split())),
        _folded("city", _("City"), _("The town, whatever its accents and capitals.")),
        _folded("source", _("Acquisition source"), _("How they came to us.")),
    )
}
