"""When silence changes a customer's stage: the first day on which, without a new order, the rules put them elsewhere."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Expression
from django.utils.translation import gettext as _

from crm.catalogue import Kind
from crm.models import Customer, FactsRow
from crm.money import day
from crm.rules import All, Any, InvalidRule, Leaf, Node, Not, leaves, parse
from crm.rules.kept import kept
from crm.rules.turns import turns
from crm.strip import days_with_orders
from lifecycle.heights import Heights
from lifecycle.models import AFTER_STAGES, Ladder, Position, Stage
from lifecycle.stages import Rungs

# Days asked in one statement, the nearest: each is the whole ladder once more.
MOST_DAYS = 40
# Of what silence shrinks, the one figure that is counted anew; and those that are not, of which it is said.
ORDERS = "orders_12m"
WINDOWED = frozenset({"revenue_12m", "revenue_prev_12m", "margin_12m", "interactions_12m", "minutes_12m", "pareto_class"})


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
            return _("Without an order they become %(stage)s on %(day)s, or leave this stage sooner, as figures of 12 months fall.") % words
        return _("Without an order they become %(stage)s on %(day)s.") % words


@dataclass(frozen=True)
class Foresight:
    """The days on which time alone may move a customer, to be asked by the SQL that places.

    Time moves comparisons with a date, with the days since one, and with the orders in 12 months, which grow older than that. All other
    facts stay as they are at the date of the figures: the money, contacts and minutes of 12 months are not counted anew, a mark or an
    unpaid order whose day is still to come does not set in, and nobody else orders either.
    """

    rungs: Rungs
    stage: Stage
    days: Sequence[date]
    leaving: Sequence[date] = ()
    pinned_until: date | None = None

    @classmethod
    def of(cls, stage: Stage, held: Position | None, heights: Heights, customer: Customer, facts: FactsRow, as_of: date) -> "Foresight":
        """Of a pin with an end what comes from the day after it; nothing of one for good, nor where a rule cannot be read."""
        ladder = Ladder(pk=heights.ladder)
        try:
            rungs = Rungs(ladder, heights.stages, [parse(one.rule, forbidden=AFTER_STAGES) for one in heights.stages])
        except InvalidRule:
            return cls(Rungs(ladder, [], []), stage, [])
        leaving = _leaving(customer, as_of) if facts.last_order_on and any(leaf.fact.name == ORDERS for leaf in _asked(rungs.rules)) else []
        days = _days(rungs.rules, customer, facts, as_of, leaving)
        if held is None or not held.pinned:
            return cls(rungs, stage, days[:MOST_DAYS], leaving)
        until = held.pinned_until
        if until is None or until == date.max:
            return cls(rungs, stage, [])
        freed = max(until, as_of) + timedelta(days=1)
        return cls(rungs, stage, [freed, *(one for one in days if one > freed)][:MOST_DAYS], leaving, until)

    def cases(self, facts: type[FactsRow]) -> dict[str, Expression]:
        """The stage of each of the days, for one statement over the customer's row of these facts."""
        return {f"on{place}": self._case(on, facts) for place, on in enumerate(self.days)}

    def _case(self, on: date, facts: type[FactsRow]) -> Expression:
        then = self._at(on)
        return kept(lambda: then.case(on), then.rules, facts, on, *then.numbers)

    def _at(self, on: date) -> Rungs:
        gone = bisect_right(self.leaving, on)
        return self.rungs._replace(rules=[_with_fewer(rule, gone) for rule in self.rungs.rules])

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


def _asked(rules: Sequence[Node]) -> list[Leaf]:
    return [leaf for rule in rules for leaf in leaves(rule)]


def _days(rules: Sequence[Node], customer: Customer, facts: FactsRow, as_of: date, leaving: Sequence[date]) -> list[date]:
    asked = _asked(rules)
    dated = [leaf for leaf in asked if leaf.fact.kind in {Kind.DATE, Kind.AGE}]
    found = {on for leaf in dated for on in turns(leaf, _value(leaf, customer, facts), as_of)}
    for leaf in asked:
        if leaf.fact.name == ORDERS:
            found |= _crossed(leaf, facts.orders_12m, leaving)
    return sorted(found)


def _value(leaf: Leaf, customer: Customer, facts: FactsRow) -> date | None:
    """Of the row at hand: a column of the facts, or of the customer."""
    of_customer = leaf.fact.path.removeprefix("customer__")
    value: date | None = getattr(facts, leaf.fact.path) if of_customer == leaf.fact.path else getattr(customer, of_customer)
    return value


def _leaving(customer: Customer, as_of: date) -> list[date]:
    """For each of the orders in 12 months the first day on which it is older than that, in order."""
    return [_a_year_after(day.on) for day in days_with_orders(customer, as_of) for _order in range(day.orders)]


def _a_year_after(day: date) -> date:
    """The first day from which a year before is that day or a later one."""
    return date(day.year + 1, 3, 1) if (day.month, day.day) == (2, 29) else day.replace(year=day.year + 1)


def _crossed(leaf: Leaf, orders: int, leaving: Sequence[date]) -> set[date]:
    """The days on which the number of orders comes to one of those that are compared, or falls below it."""
    bounds = set(_numbers(leaf))
    return {on for gone, on in enumerate(leaving, start=1) if {orders - gone, orders - gone + 1} & bounds}


def _numbers(leaf: Leaf) -> Iterator[Decimal]:
    yield from (one for one in (leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)) if isinstance(one, Decimal))


def _with_fewer(node: Node, gone: int) -> Node:
    """The rule once so many orders have left the 12 months: fewer than now against a number is as many as now against a larger one."""
    match node:
        case Leaf() if node.fact.name == ORDERS and gone:
            raised = tuple(number + gone for number in _numbers(node))
            return replace(node, value=raised if isinstance(node.value, tuple) else raised[0]) if raised else node
        case Not(part):
            return Not(_with_fewer(part, gone))
        case All(parts):
            return All(tuple(_with_fewer(part, gone) for part in parts))
        case Any(parts):
            return Any(tuple(_with_fewer(part, gone) for part in parts))
    return node
