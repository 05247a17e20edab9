"""The page of one customer: who they are, what happened, how they buy, and what the figures say."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from itertools import groupby
from typing import Any, NamedTuple

from django.core import signing
from django.db.models import Exists, OuterRef, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import catalogue, presence, rhythm, timeline
from crm.catalogue import Fact, Kind
from crm.figures import Figures
from crm.hiding import Hidden
from crm.models import Changed, Customer, FactsRow
from crm.money import day, money, number
from crm.panels import Shown, shown_for
from crm.rules.words import shown
from crm.strip import Strip, days_with_orders, drawn

EVENTS_ON_A_PAGE = 30


class Line(NamedTuple):
    """A label and what stands beside it; `href` leads on, to another customer or to the mail and the telephone."""

    label: str
    value: str
    href: str = ""


@dataclass(frozen=True)
class MonthOfEvents:
    first: date
    entries: list[timeline.Entry]


@dataclass(frozen=True)
class History:
    """A page of the timeline. `older` is where to go on, empty at the beginning; `is_later` where it does not start at the latest.

    `shown` is the group that is seen alone, None for all; `groups` are those offered.
    """

    months: list[MonthOfEvents]
    older: str
    is_later: bool = True
    problem: str = ""
    shown: timeline.Group | None = None
    groups: list[timeline.Group] = field(default_factory=list)


@dataclass(frozen=True)
class Profile:
    """`facts` is None on a day in the past when this customer was not known yet."""

    customer: Customer
    figures: Figures
    facts: FactsRow | None
    is_changing: bool
    strip: Strip | None
    panels: list[Shown]

    @property
    def days(self) -> int | None:
        """Since the last order."""
        last = self.facts.last_order_on if self.facts else None
        return max((self.figures.as_of - last).days, 0) if last and self.figures.as_of else None

    @property
    def rhythm(self) -> str:
        return rhythm.in_words(self.facts.typical_gap_days, self.facts.long_gap_days) if self.facts else ""

    @property
    def dials(self) -> str:
        return telephone(self.customer.phone)

    @property
    def outlook(self) -> str:
        """When the next order comes, until it is so late that they may be taken for gone: of that speaks the floor above, by its rules."""
        facts, as_of = self.facts, self.figures.as_of
        if not (facts and as_of and facts.due_on and facts.inactive_on) or facts.inactive_on <= as_of:
            return ""
        said = _("The next order was due on %(due)s.") if facts.due_on <= as_of else _("The next order is due on %(due)s.")
        return said % {"due": day(facts.due_on)}

    @cached_property
    def worth(self) -> list[Line]:
        facts = self.facts
        if facts is None:
            return []
        orders = ngettext("All time, %(number)s order", "All time, %(number)s orders", facts.orders) % {"number": number(facts.orders)}
        lines = [
            (_("Revenue in 12 months"), facts.revenue_12m),
            (_("In the 12 months before"), facts.revenue_prev_12m),
            (_("Margin in 12 months"), facts.margin_12m),
            (_("Average order"), facts.average_order),
            (orders, facts.revenue),
        ]
        return [Line(label, money(amount)) for label, amount in lines if amount is not None]

    @property
    def about(self) -> list[Line]:
        """What is kept about them; without what is empty."""
        who = self.customer
        referrer = who.referred_by
        lines = [
            Line(_("E-mail"), who.email, f"mailto:{who.email}"),
            Line(_("Phone"), who.phone, telephone(who.phone)),
            Line(_("City"), who.city),
            Line(_("Country"), who.country),
            Line(_("Language"), who.language),
            Line(_("Birthday"), _date(who.birthday)),
            Line(_("Market"), who.get_market_display()),
            Line(_("Kind"), who.get_kind_display() if who.kind != Customer.Kind.EXTERNAL else ""),
            Line(_("Came by"), who.source),
            Line(_("Referred by"), str(referrer), reverse("customer", args=[referrer.pk])) if referrer else Line("", ""),
            Line(_("Looked after by"), str(who.owner or "")),
            Line(_("Partner since"), _date(who.partner_on)),
            Line(_("Buys only from us since"), _date(who.only_us_on)),
            Line(_("Marked as lost on"), _date(who.lost_marked_on)),
            Line(_("Disqualified on"), _date(who.disqualified_on)),
            Line(_("Company number"), who.company_number),
            Line(_("Loyalty card"), who.card),
            Line(_("Id elsewhere"), who.external_id),
        ]
        return [line for line in lines if line.value]

    @cached_property
    def all_figures(self) -> list[Line]:
        """Every fact of the catalogue that has a value, from each floor; without the stage, which the head of the page shows."""
        facts = self.facts
        if facts is None:
            return []
        values = [(fact, getattr(facts, fact.name)) for fact in catalogue.FACTS.values() if not fact.offers]
        return [Line(fact.label, in_words(fact, value)) for fact, value in values if value not in (None, "")]


def _date(value: date | None) -> str:
    return day(value) if value else ""


def telephone(phone: str) -> str:
    """As an address that a telephone dials; empty where there is no digit."""
    digits = "".join(letter for letter in phone if letter.isascii() and letter.isdigit())
    return f"tel:{'+' * phone.strip().startswith('+')}{digits}" if digits else ""


_WORDS: dict[Kind, Callable[[Any], str]] = {Kind.MONEY: money, Kind.DATE: day, Kind.COUNT: number}


def in_words(fact: Fact, value: int | float | Decimal | date | str | bool) -> str:
    """The value of a fact as this page says it: amounts and numbers rounded, dates short."""
    if fact.kind in {Kind.DAYS, Kind.HALF_DAYS}:
        whole = int(float(value) + 0.5)  # type: ignore[arg-type]
        return ngettext("%(number)s day", "%(number)s days", whole) % {"number": number(whole)}
    return _WORDS[fact.kind](value) if fact.kind in _WORDS else shown(fact, value)


def find(pk: int) -> Customer:
    """With who looks after them and who referred them, and `is_changed`: whether their figures lag behind. Raises Http404, and Hidden."""
    return _present(_known(), pk)


def find_for_page(pk: int) -> Customer:
    """With what there is around them too, as it is now: for a page that is only read."""
    return _present(_asked(), pk)


@cache
def _asked() -> QuerySet[Customer]:
    """Kept, never read itself: what is asked of it is asked of a copy."""
    return presence.asked(_known())


def _known() -> QuerySet[Customer]:
    changed = Changed.objects.filter(customer=OuterRef("pk"))
    known = ("owner", "referred_by", "facts", "household", "works_at")
    return Customer.objects.select_related(*known).annotate(is_changed=Exists(changed))


def find_alone(pk: int) -> Customer:
    """Without all that, where nothing of it is shown. Raises Http404, and Hidden."""
    return _present(Customer.objects.all(), pk)


def _present(customers: QuerySet[Customer], pk: int) -> Customer:
    customer = get_object_or_404(customers, pk=pk)
    if customer.is_hidden:
        raise Hidden(customer)
    return customer


def profile(customer: Customer, figures: Figures) -> Profile:
    """Of a customer from `find`."""
    facts = figures.facts.objects.filter(pk=customer.pk).first() if figures.is_past else getattr(customer, "facts", None)
    as_of = figures.as_of
    strip = drawn(days_with_orders(customer, as_of), facts, as_of) if facts and as_of and facts.last_order_on else None
    return Profile(customer, figures, facts, is_changing(customer, figures), strip, shown_for(customer, figures))


def is_changing(customer: Customer, figures: Figures) -> bool:
    """Whether the figures shown lag behind the record: those of the past do not change. Of a customer from `find`."""
    return bool(getattr(customer, "is_changed", False)) and not figures.is_past


def history(customer: Customer, goes_on: str = "", show: str = "") -> History:
    """The latest of what happened; with `goes_on` what was before that, with `show` of one group. Both are as an address brought them."""
    before, problem, group = None, "", timeline.group_called(show)
    try:
        before = timeline.read(goes_on) if goes_on else None
    except signing.BadSignature:
        problem = _("That part of the timeline is no longer there; here is the latest.")
    found = timeline.merged(customer, before, EVENTS_ON_A_PAGE + 1, group)
    entries = found[:EVENTS_ON_A_PAGE]
    older = timeline.written(entries[-1]) if len(found) > EVENTS_ON_A_PAGE else ""
    months = [MonthOfEvents(first, list(some)) for first, some in groupby(entries, key=lambda entry: entry.on.replace(day=1))]
    return History(months, older, is_later=before is not None, problem=problem, shown=group, groups=timeline.groups())
