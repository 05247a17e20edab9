"""A rule held against everyone while it is written: how many it finds, how many are still in after each part, and who some of them are."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any as Anything

from django.db.models import Count, Q, Sum

from crm.figures import Figures
from crm.listing import FEW, SORTS, Row
from crm.models import FactsRow
from crm.paging import page
from crm.rules.query import compiled
from crm.rules.tree import All, Any, Node, Not

SHOWN = 10


@dataclass(frozen=True)
class Counted:
    """`left` are the people still in after each top part of the rule. `revenue` is theirs in 12 months, in the business's currency."""

    people: int
    everyone: int
    left: list[int]
    vital: int
    revenue: Decimal

    @property
    def share(self) -> float:
        return self.people / self.everyone if self.everyone else 0.0


def counted(node: Node, figures: Figures) -> Counted:
    """One pass over the figures, which must have a date."""
    assert figures.as_of is not None
    steps = [compiled(step, figures.as_of) for step in _steps(node)]
    found = compiled(node, figures.as_of)
    asked: dict[str, Anything] = {f"left{place}": Count("pk", filter=step) for place, step in enumerate(steps)}
    vital = found & Q(pareto_class=FactsRow.ParetoClass.VITAL_FEW)
    row = figures.facts.objects.aggregate(
        everyone=Count("pk"),
        people=Count("pk", filter=found),
        vital=Count("pk", filter=vital),
        revenue=Sum("revenue_12m", filter=found),
        **asked,
    )
    left = [row[f"left{place}"] for place in range(len(steps))]
    return Counted(row["people"], row["everyone"], left, row["vital"], row["revenue"] or Decimal(0))


def _steps(node: Node) -> list[Node]:
    """The rule cut off after each of its top parts."""
    match node:
        case All(parts):
            return [All(parts[: place + 1]) for place in range(len(parts))]
        case Any(parts):
            return [Any(parts[: place + 1]) for place in range(len(parts))]
        case Not(Any(parts)):
            return [Not(Any(parts[: place + 1])) for place in range(len(parts))]
    return [node]


def sample(node: Node, figures: Figures, people: int) -> list[Row]:
    """The first of the people it finds, of whom there are so many, by revenue."""
    assert figures.as_of is not None
    # Few are sorted faster by themselves than met in the order of everyone.
    order = SORTS["-revenue"][0]
    found = figures.facts.objects.filter(compiled(node, figures.as_of)).select_related("customer")
    rows = page(found, order.without_index if people <= FEW else order, None, SHOWN).rows
    return [Row(facts, figures.as_of, figures.is_past) for facts in rows]
