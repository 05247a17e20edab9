"""Whom a search of the list means, how far they are counted, and in which order of rows they are met."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from crm.bulk import among
from crm.customer_search import CustomerSearch
from crm.models import FactsRow
from crm.paging import Sort
from crm.searching import MOST_NAMED

# Counted exactly up to here: what it costs does not grow with the business.
MOST_COUNTED = 10_000
# Whom a search finds: where there are more, its reader writes another word, and to count on would take most of its time.
MOST_COUNTED_OF_A_SEARCH = 1_000
# So few are sorted faster by themselves than by trying everyone in that order until a page is full.
FEW = 1_000


@dataclass(frozen=True)
class Meant:
    """Whom a list asks for, in which order of rows; and how many, where that had to be known for it, no further than `most` + 1."""

    found: QuerySet[FactsRow]
    order: Sort
    count: int | None
    most: int

    @classmethod
    def by(cls, form: CustomerSearch, everyone: QuerySet[FactsRow]) -> "Meant":
        found, order = form.filter(everyone), form.order
        if form.is_by_name and form.filters:
            count = cls(found, order, None, MOST_COUNTED).first.count()
            return cls(form.filter(everyone, walks=True) if count > MOST_COUNTED else found, order, count, MOST_COUNTED)
        if not (form.sought or form.cleaned_data.get("tag")):
            return cls(found, order, None, MOST_COUNTED)
        at_most, counted = form.sought.at_most if form.sought else None, None
        few = (at_most or 0) <= MOST_NAMED
        most = MOST_COUNTED_OF_A_SEARCH if form.sought else MOST_COUNTED
        if at_most is None:
            # Who is meant, or has the tag, is looked through once; what follows goes by the keys, where there are few.
            keys = list(found.values_list("pk", flat=True)[: most + 1])
            counted, few = len(keys), len(keys) <= FEW
            found = everyone.filter(pk__in=among(keys)) if few else found
        # With more conditions an index of the order of rows may be a trap: it would try all customers, and find them last.
        return cls(found, order.without_index if few or form.filters else order, counted, most)

    @property
    def first(self) -> QuerySet[Any, Any]:
        """As many of them as are counted."""
        return self.found.values("pk")[: self.most + 1]
