"""When silence changes a customer's stage: the first day on which, without a new order, the rules put them elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Case
from django.utils.translation import gettext as _

from crm.catalogue import Belonging, Kind
from crm.models import Customer, FactsRow
from crm.money import day
from crm.rules import InvalidRule, Leaf, Node, leaves, parse
from crm.rules.turns import turns
from lifecycle.heights import Heights
from lifecycle.models import AFTER_STAGES, Ladder, Position, Stage
from lifecycle.stages import Rungs

# Days asked in one statement, the nearest: each is the whole ladder once more.
MOST_DAYS = 40
# Figures of a window shrink by silence too; that is not foreseen here, and said.
WINDOWED = frozenset({"orders_12m", "revenue_12m", "revenue_prev_12m", "margin_12m", "interactions_12m", "minutes_12m", "pareto_class"})


@dataclass(frozen=True)
class Silence:
    """From `on`, without an order, they stand in `stage`. `is_latest` where a figure of 12 months may bring a change before that day."""

    stage: Stage
    on: date
    is_latest: bool = False
    is_unpinned: bool = False

    def __str__(self) -> str:
        words = {"stage": self.stage, "day": day(self.on)}
        if self.is_unpinned:
            return _("After that the rules decide: without an order they become %(stage)s on %(day)s.") % words
        if self.is_latest:
            return (
                _("Without an order they become %(stage)s on %(day)s, or leave this stage sooner, as orders grow older than 12 months.")
                % words
            )
        return _("Without an order they become %(stage)s on %(day)s.") % words


@dataclass(frozen=True)
class Foresight:
    """The days on which time alone may move a customer, to be asked by the SQL that places.

    Time moves only comparisons with a date or with the days since one. All facts stay as they are at the date of the figures: the windows
    of 12 months are not counted anew, a mark or an unpaid order whose day is still to come does not set in, and nobody else orders either.
    """

    rungs: Rungs
    stage: Stage
    days: Sequence[date]
    pinned_until: date | None = None

    @classmethod
    def of(cls, stage: Stage, held: Position | None, heights: Heights, customer: Customer, facts: FactsRow, as_of: date) -> "Foresight":
        """Of a pin with an end what comes from the day after it; nothing of one for good, nor where a rule cannot be read."""
        ladder = Ladder(pk=heights.ladder)
        try:
            rungs = Rungs(ladder, heights.stages, [parse(one.rule, forbidden=AFTER_STAGES) for one in heights.stages])
        except InvalidRule:
            return cls(Rungs(ladder, [], []), stage, [])
        days = _days(rungs.rules, customer, facts, as_of)
        if held is None or not held.pinned:
            return cls(rungs, stage, days[:MOST_DAYS])
        until = held.pinned_until
        if until is None or until == date.max:
            return cls(rungs, stage, [])
        freed = max(until, as_of) + timedelta(days=1)
        return cls(rungs, stage, [freed, *(one for one in days if one > freed)][:MOST_DAYS], until)

    @property
    def cases(self) -> dict[str, Case]:
        """The stage of each of the days, for one statement over the customer's facts."""
        return {f"on{place}": self.rungs.case(on) for place, on in enumerate(self.days)}

    def read(self, found: dict[str, int | None]) -> Silence | None:
        """`found` gives what `cases` came to."""
        stages = {stage.pk: stage for stage in self.rungs.stages}
        for place, on in enumerate(self.days):
            to = stages.get(found[f"on{place}"] or 0)
            if to is not None and to.pk != self.stage.pk:
                return Silence(to, on, self._may_come_sooner(), self.pinned_until is not None)
        return None

    def _may_come_sooner(self) -> bool:
        own = next((rule for stage, rule in zip(self.rungs.stages, self.rungs.rules, strict=True) if stage.pk == self.stage.pk), None)
        return own is not None and any(leaf.fact.name in WINDOWED for leaf in leaves(own))


def _days(rules: Sequence[Node], customer: Customer, facts: FactsRow, as_of: date) -> list[date]:
    asked = {leaf for rule in rules for leaf in leaves(rule) if leaf.fact.kind in {Kind.DATE, Kind.AGE}}
    return sorted({on for leaf in asked for on in turns(leaf, _value(leaf, customer, facts), as_of)})


def _value(leaf: Leaf, customer: Customer, facts: FactsRow) -> date | None:
    """Of the row at hand: a column of the facts, or of the customer."""
    if isinstance(leaf.fact, Belonging):
        return None
    of_customer = leaf.fact.path.removeprefix("customer__")
    value: date | None = getattr(facts, leaf.fact.path) if of_customer == leaf.fact.path else getattr(customer, of_customer)
    return value
