"""Who is in the bin, since when, and until when."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, F, OuterRef
from django.utils.timezone import localdate

from crm.bin import KEPT_FOR
from crm.models import Customer, Order
from crm.paging import Cursor, Page, Sort, page

ON_A_PAGE = 50
LATEST = Sort("bin", F("binned_at"), descending=True)


@dataclass(frozen=True)
class InBin:
    """`has_ordered` since: an import has brought an order of theirs."""

    customer: Customer
    since: date
    until: date
    has_ordered: bool


@dataclass(frozen=True)
class BinPage:
    page: Page[Customer]

    @classmethod
    def of(cls, cursor: str) -> "BinPage":
        since = Order.objects.filter(customer=OuterRef("pk"), ordered_on__gt=OuterRef("binned_at__date"))
        binned = Customer.objects.filter(binned_at__isnull=False).annotate(has_ordered=Exists(since))
        return cls(page(binned, LATEST, Cursor.read(cursor, LATEST) if cursor else None, ON_A_PAGE))

    @property
    def people(self) -> list[InBin]:
        return [_shown(customer) for customer in self.page.rows]


def _shown(customer: Customer) -> InBin:
    assert customer.binned_at
    ends = localdate(customer.binned_at + KEPT_FOR)
    return InBin(customer, localdate(customer.binned_at), ends, bool(getattr(customer, "has_ordered", False)))
