"""A rule held against everyone while it is written: how many it finds, how many are still in after each part, and who some of them are."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Aggregate, Count, Sum

from crm.customer_search import SORTS
from crm.figures import Figures
from crm.list_row import Row
from crm.meant import FEW
from crm.paging import page
from crm.rules.query import compiled
from crm.rules.tree import All, Any, Node, Not

SHOWN = 10


@dataclass(frozen=True)
class Counted:
    """`left` are the people still in after each top part of the rule. `revenue` is theirs in 12 months, where it was asked for."""

    people: int
    everyone: int
    left: list[int]
    revenue: Decimal | None = None

    @property
    def share(self) -> float:
        return self.people / self.everyone if self.everyone else 0.0


def counted(node: Node, figures: Figures, *, with_revenue: bool = False) -> Counted:
    """One pass over the figures, which must have a date, beside the bare number of everyone."""
    assert figures.as_of is not None
    met, steps = _steps(node)
    asked: dict[str, Aggregate] = {f"left{place}": Count("pk", filter=compiled(step, figures.as_of)) for place, step in enumerate(steps)}
    if with_revenue:
        # The last step and what is met already are the whole rule.
        asked["revenue"] = Sum("revenue_12m", filter=compiled(steps[-1], figures.as_of)) if steps else Sum("revenue_12m")
    row = figures.facts.objects.filter(compiled(met, figures.as_of)).aggregate(met=Count("*"), **asked)
    left = [row[f"left{place}"] for place in range(len(steps))]
    numbers = left if isinstance(node, Any) else [row["met"], *left]
    revenue = (row["revenue"] or Decimal(0)) if with_revenue else None
    return Counted(numbers[-1] if numbers else row["met"], figures.facts.objects.count(), numbers, revenue)


def _steps(node: Node) -> tuple[Node, list[Node]]:
    """What only those are looked at for whom it holds; and the rule for them, cut off after each of its further top parts."""
    match node:
        case All((first, *rest)):
            return first, [All(tuple(rest[: place + 1])) for place in range(len(rest))]
        case Not(Any((first, *rest))):
            return Not(first), [Not(Any(tuple(rest[: place + 1]))) for place in range(len(rest))]
        case Any(parts):
            return node, [Any(parts[: place + 1]) for place in range(len(parts))]
    return node, []


def sample(node: Node, figures: Figures, people: int) -> list[Row]:
    """The first of the people it finds, of whom there are so many, by revenue."""
    assert figures.as_of is not None
    # Few are sorted faster by themselves than met in the order of everyone.
    order = SORTS["-revenue"][0]
    found = figures.facts.objects.filter(compiled(node, figures.as_of)).select_related("customer")
    rows = page(found, order.without_index if people <= FEW else order, None, SHOWN).rows
    return [Row(facts, figures.as_of, figures.is_past) for facts in rows]
