"""Whom to contact today, and why (DEFINITIONS.md, "Today")."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Case, Count, Exists, ExpressionWrapper, F, FloatField, IntegerField, OuterRef, Q, QuerySet, Value, When, Window
from django.db.models.lookups import GreaterThanOrEqual

from crm.consents import refused
from crm.days import DayNumber, number
from crm.figures import Figures
from crm.models import FactsRow, Interaction, Order
from crm.rhythm import IRREGULAR
from lifecycle.models import NotNow

MOST = 20
# Out of the list so long after a contact or a "not now".
AWAY = timedelta(days=14)
# An order is due from so long before its day to so long after it.
BEFORE, AFTER = timedelta(days=3), timedelta(days=14)
# So many times the usual pause without an order is quiet.
QUIET = 2
# Stages, whichever ladder is the primary one, in which silence is no news.
GONE = ("lost", "disqualified")
# What counts as an order (DEFINITIONS.md, "Orders"), but for its day.
COUNTS = Q(status__in=(Order.Status.PAID, Order.Status.UNPAID), amount__gte=0)
# On the facts: a rhythm of their own, and one of the vital few.
HAS_RHYTHM = Q(typical_gap_days__isnull=False)
VITAL = Q(pareto_class=FactsRow.ParetoClass.VITAL_FEW)


@dataclass(frozen=True)
class Person:
    """Someone to contact: quiet, or else due."""

    facts: FactsRow
    as_of: date
    is_quiet: bool
    # What they do not want, in words: nobody is to be pushed.
    refusals: Sequence[str] = ()

    @property
    def days(self) -> int:
        """Since the last order."""
        assert self.facts.last_order_on  # nobody without an order is quiet
        return (self.as_of - self.facts.last_order_on).days

    @property
    def usual(self) -> int:
        assert self.facts.typical_gap_days  # nobody without a rhythm is on the list
        return int(self.facts.typical_gap_days + 0.5)

    @property
    def is_irregular(self) -> bool:
        assert self.facts.typical_gap_days and self.facts.long_gap_days
        return self.facts.long_gap_days > IRREGULAR * self.facts.typical_gap_days

    @property
    def is_due_since(self) -> bool:
        return bool(self.facts.due_on and self.facts.due_on <= self.as_of)


@dataclass(frozen=True)
class ToContact:
    people: list[Person]
    # How many more there are than are named.
    waiting: int

    @classmethod
    def at(cls, figures: Figures, as_of: date, today: date) -> "ToContact":
        """As the figures stand at `as_of`, without those whom somebody has seen to by `today`. Two queries."""
        found = list(candidates(figures.facts, as_of).exclude(seen_to(figures, as_of, today))[:MOST])
        no = {} if figures.is_past else refused([facts.pk for facts in found])
        people = [Person(facts, as_of, facts.is_quiet, no.get(facts.pk, ())) for facts in found]  # type: ignore[attr-defined]
        return cls(people, found[0].all_of_them - len(found) if found else 0)  # type: ignore[attr-defined]


def is_silent(as_of: date) -> Q:
    """On the facts: nothing bought for twice the usual pause."""
    since = ExpressionWrapper(Value(number(as_of)) - DayNumber("last_order_on"), output_field=FloatField())
    return Q(GreaterThanOrEqual(since, ExpressionWrapper(F("expected_gap_days") * QUIET, output_field=FloatField())))


def is_quiet(as_of: date) -> Q:
    return HAS_RHYTHM & VITAL & ~Q(stage__in=GONE) & is_silent(as_of)


def is_due(as_of: date) -> Q:
    return HAS_RHYTHM & ~VITAL & Q(due_on__gt=as_of - AFTER, due_on__lte=as_of + BEFORE)


def candidates(facts: type[FactsRow], as_of: date) -> QuerySet[FactsRow]:
    """The quiet, then the due, each by what they bring a year; with how many they are in all."""
    first = Case(When(VITAL, then=1), default=0, output_field=IntegerField())
    rows = facts.objects.filter(is_quiet(as_of) | is_due(as_of)).annotate(is_quiet=first, all_of_them=Window(Count("pk")))
    return rows.select_related("customer").order_by("-is_quiet", "-revenue_12m", "pk")


def away_since(as_of: date) -> date:
    """The last day of which a contact or a "not now" is over."""
    return as_of - AWAY


def seen_to(figures: Figures, as_of: date, today: date) -> Q:
    """Who was contacted or put off lately, or has ordered since. By the record itself, for the facts follow it a little later."""
    seen = as_of if figures.is_past else today
    lately = {"gt": away_since(as_of), "lte": seen}
    contacts = Interaction.objects.filter(customer=OuterRef("pk"), **{f"happened_on__{way}": day for way, day in lately.items()})
    not_nows = NotNow.objects.filter(customer=OuterRef("pk"), **{f"said_on__{way}": day for way, day in lately.items()})
    orders = Order.objects.filter(COUNTS, customer=OuterRef("pk"), ordered_on__gt=OuterRef("last_order_on"), ordered_on__lte=seen)
    return Q(Exists(contacts)) | Q(Exists(not_nows)) | Q(Exists(orders))
