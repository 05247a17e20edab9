"""Who has a complaint that is not finished: one query for all the customers of a page."""

from collections.abc import Collection

from django.db.models import Exists, OuterRef

from crm.bulk import among
from crm.models import Complaint


def has_open() -> Exists:
    """The same as a column of a query of facts, whose key is the customer's."""
    return Exists(Complaint.objects.filter(customer=OuterRef("pk"), state__in=Complaint.UNFINISHED))


def open_of(pks: Collection[int]) -> set[int]:
    """Those of these customers, by primary key, who have an open complaint, or one that waits for them."""
    if not pks:
        return set()
    unfinished = Complaint.objects.filter(customer__in=among(sorted(set(pks))), state__in=Complaint.UNFINISHED)
    return set(unfinished.values_list("customer_id", flat=True).distinct())
