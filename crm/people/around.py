"""Companies and their people, and who brought whom: as the page of a customer shows the first few, and their own pages all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Window
from django.urls import reverse

from crm import presence
from crm.figures import Figures
from crm.models import Customer, FactsRow
from crm.paging import Cursor, Page, Sort, page

ON_A_PAGE, IN_THE_PANEL = 50, 5
BY_REVENUE = Sort("-all", F("revenue"), descending=True).without_index


def people_of(company: Customer, figures: Figures) -> "QuerySet[FactsRow]":
    return _facts(figures, Q(customer__works_at=company))


def brought_by(customer: Customer, figures: Figures) -> "QuerySet[FactsRow]":
    return _facts(figures, Q(customer__referred_by=customer))


def _facts(figures: Figures, condition: Q) -> "QuerySet[FactsRow]":
    found: QuerySet[FactsRow] = figures.facts.objects.filter(condition).select_related("customer")
    return found


@dataclass(frozen=True)
class Few:
    """The first few of a list, how many there are, and where all of them are."""

    rows: Sequence[FactsRow]
    total: int
    url: str

    @classmethod
    def of(cls, found: "QuerySet[FactsRow]", url: str) -> "Few":
        rows = list(found.annotate(total=Window(Count("pk"))).order_by("-revenue", "pk")[:IN_THE_PANEL])
        total: Any = getattr(rows[0], "total") if rows else 0  # noqa: B009 (annotated)
        return cls(rows, total, url)

    @property
    def has_more(self) -> bool:
        return self.total > len(self.rows)


@dataclass(frozen=True)
class Around:
    """`people` are those of a company; a person has where they work."""

    customer: Customer
    people: Few | None
    brought: Few

    @classmethod
    def of(cls, customer: Customer, figures: Figures) -> "Around | None":
        """Not in the past: people work elsewhere now."""
        if figures.is_past:
            return None
        people = None
        if customer.entity == Customer.Entity.COMPANY:
            people = Few.of(people_of(customer, figures), reverse("company_people", args=[customer.pk]))
        url, is_there = reverse("brought", args=[customer.pk]), presence.is_there(customer, "brought")
        return cls(customer, people, Few.of(brought_by(customer, figures), url) if is_there else Few([], 0, url))


@dataclass(frozen=True)
class AroundPage:
    """All of one of the lists. `ordered` of them have an order."""

    customer: Customer
    page: Page[FactsRow]
    total: int
    ordered: int

    @classmethod
    def at(cls, customer: Customer, found: "QuerySet[FactsRow]", goes_on: str) -> "AroundPage":
        sums = found.aggregate(total=Count("pk"), ordered=Count("pk", filter=Q(orders__gt=0)))
        cursor = Cursor.read(goes_on, BY_REVENUE) if goes_on else None
        return cls(customer, page(found, BY_REVENUE, cursor, ON_A_PAGE), sums["total"], sums["ordered"])
