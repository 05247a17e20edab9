"""Why someone moved, in sentences: made of the facts that decided, as they were then."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.catalogue import FACTS, TERMS, Fact, Kind, find
from crm.models import Customer
from crm.money import day, money, number
from crm.rules import InvalidRule, leaves, parse
from crm.rules.words import shown
from lifecycle.heights import is_up
from lifecycle.models import Stage, Transition


class Told(NamedTuple):
    """One move as pages print it. `by` is the person whose doing it was; empty where a rule decided."""

    customer: Customer
    before: Stage
    after: Stage
    on: date
    is_up: bool
    reasons: list[str]
    by: str

    @classmethod
    def of(cls, move: Transition) -> "Told":
        """Call with the stages, the customer and the person at hand, and for a move, which has a stage before it."""
        assert move.from_stage
        up = is_up(move.from_stage, move.to_stage)
        by = str(move.by) if move.by else _("someone who has left") if move.source == Transition.Source.PERSON else ""
        return cls(move.customer, move.from_stage, move.to_stage, move.effective_on, up, reasons(move), by)


class Value(NamedTuple):
    """A fact that decided, as it was then, in words."""

    label: str
    value: str


class Cause(NamedTuple):
    """What made a move: the rule of a stage in one of its versions, or a person; with the facts that decided."""

    words: str
    values: list[Value]

    @classmethod
    def of(cls, move: Transition) -> "Cause":
        """A person's move speaks for itself, and no fact decided it."""
        if move.source == Transition.Source.PERSON:
            return cls("", [])
        words = _REPLAYED if move.source == Transition.Source.REPLAY else _BY_RULE
        said = str(words) % {"stage": move.to_stage, "version": number(move.rule_version or 0)}
        kept: Mapping[str, Any] = move.values
        # In the order of the catalogue: one of the databases keeps none of its own.
        place = _places()
        facts = [(fact, kept[name]) for name in sorted(kept, key=lambda name: (place.get(name, len(place)), name)) if (fact := find(name))]
        return cls(said, [Value(fact.label, _kept(fact, value)) for fact, value in facts])


@cache
def _places() -> dict[str, int]:
    return {name: number for number, name in enumerate([*FACTS, *TERMS])}


_BY_RULE = gettext_lazy("By the rule of %(stage)s, version %(version)s")
_REPLAYED = gettext_lazy("Worked out from the past by the rule of %(stage)s, version %(version)s")


def _kept(fact: Fact, value: Any) -> str:
    """As _words says it; what is there but cannot be read as its kind, for the fact has changed since, as it is."""
    try:
        return shown(fact, value) if value is None or isinstance(value, bool) else _words(fact, value)
    except (ValueError, TypeError, ArithmeticError):
        return str(value)


def reasons(move: Transition) -> list[str]:
    """At least one sentence. A person's own words; else what the rules asked.

    Who falls from a rung to a lower one does so because the rule of the upper one holds no more; of others the stage they came to tells.
    """
    if move.reason:
        return [move.reason]
    before, after = move.from_stage, move.to_stage
    fell = before is not None and before.rung is not None and after.rung is not None and not is_up(before, after)
    asked = _asked(before if fell and before else after)
    values: Mapping[str, Any] = move.values
    said = [_said(name, values[name], move.effective_on, fell) for name in asked if name in values]
    return [sentence for sentence in said if sentence] or [_("No other stage fits.")]


def _asked(stage: Stage) -> list[str]:
    """The facts that its rule asks, as it is now: what it asked then is among the values."""
    try:
        return list(dict.fromkeys(leaf.fact.name for leaf in leaves(parse(stage.rule))))
    except InvalidRule:
        return []


def _said(name: str, value: Any, on: date, fell: bool) -> str | None:
    """A sentence; None where the fact has nothing to say: an empty value, a mark that was not set, a day that had not come."""
    fact = find(name)
    if fact is None or value is None or value == "":
        return None
    if name in COUNTED:
        return COUNTED[name](value) % {"number": number(value)}
    if value is False:
        return MISSED[name]() if fell and name in MISSED else None
    if name in TURNED:
        then = date.fromisoformat(value)
        return TURNED[name]() % {"day": day(then)} if then <= on else None
    return MARKED[name]() if name in MARKED else _("%(fact)s: %(value)s.") % {"fact": fact.label, "value": _words(fact, value)}


def _words(fact: Fact, value: Any) -> str:
    """A value as the move keeps it: days and amounts as text."""
    if fact.kind == Kind.DATE:
        return day(date.fromisoformat(value))
    return money(Decimal(value)) if fact.kind == Kind.MONEY else shown(fact, value)


COUNTED: dict[str, Callable[[int], str]] = {
    "orders": lambda n: ngettext("%(number)s order in all.", "%(number)s orders in all.", n),
    "order_days": lambda n: ngettext("Ordered on %(number)s day.", "Ordered on %(number)s days.", n),
    "orders_12m": lambda n: ngettext("%(number)s order in 12 months.", "%(number)s orders in 12 months.", n),
    "paid_orders": lambda n: ngettext("%(number)s paid order.", "%(number)s paid orders.", n),
    "unpaid_orders": lambda n: ngettext(
        "%(number)s order unpaid for more than 30 days.", "%(number)s orders unpaid for more than 30 days.", n
    ),
    "referrals_ordered": lambda n: ngettext("%(number)s referred person has ordered.", "%(number)s referred people have ordered.", n),
}
MARKED: dict[str, Callable[[], str]] = {
    "is_disqualified": lambda: _("Marked as disqualified."),
    "is_marked_lost": lambda: _("Marked as lost."),
    "is_partner": lambda: _("Takes part in the business."),
    "only_us": lambda: _("Buys only from us."),
}
MISSED: dict[str, Callable[[], str]] = {
    "is_partner": lambda: _("Takes no part in the business any more."),
    "only_us": lambda: _("Not known to buy only from us any more."),
}
TURNED: dict[str, Callable[[], str]] = {
    "inactive_on": lambda: _("By %(day)s no order for much longer than usual."),
    "lost_on": lambda: _("By %(day)s no order for so long that they count as lost."),
}
