"""Whom a bulk action concerns: those who were ticked, or everybody whom the list was asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from crm.bulk import among
from crm.customer_search import KEPT, CustomerSearch
from crm.figures import Figures
from crm.listing import ON_A_PAGE
from crm.models import Facts

ASKED = (*KEPT, "rule")


@dataclass(frozen=True)
class Selection:
    """`customers` are keys; else `asked` is what the list was asked for, where that could be understood."""

    customers: tuple[int, ...] = ()
    asked: Mapping[str, str] | None = None

    @classmethod
    def of(cls, query: QueryDict) -> "Selection":
        """By `all`, and what the list asks for; else by each `customer`."""
        if query.get("all"):
            return cls(asked={name: value for name in ASKED if (value := query.get(name, "").replace("\0", ""))})
        keys = [text for text in query.getlist("customer") if text.isascii() and text.isdigit() and len(text) < 19]
        return cls(tuple(sorted({int(text) for text in keys[: 4 * ON_A_PAGE]})))

    @classmethod
    def kept(cls, kept: Mapping[str, Any]) -> "Selection":
        """The same read again from a row of BulkAction."""
        return cls(tuple(kept.get("customers", ())), kept.get("asked"))

    @property
    def keeps(self) -> dict[str, Any]:
        return {"customers": list(self.customers)} if self.asked is None else {"asked": dict(self.asked)}

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """As the fields of a form, or the parts of an address."""
        if self.asked is None:
            return [("customer", str(pk)) for pk in self.customers]
        return [("all", "1"), *self.asked.items()]

    def facts(self, figures: Figures) -> QuerySet[Facts]:
        """Of those whom it concerns now. Where a part of what was asked is not understood it is nobody: everybody would be far too many."""
        everyone = Facts.objects.all()
        if self.asked is None:
            return everyone.filter(pk__in=among(self.customers))
        search = CustomerSearch(self.asked, figures, figures.business.today())
        if not search.is_valid():
            return everyone.none()
        return search.filter(everyone)  # type: ignore[return-value]
