"""A customer's latest orders, read once for all that their page says of them: the timeline, and the strip of the last twelve months."""

from collections.abc import Sequence
from datetime import date

from django.db.models import QuerySet

from crm import presence
from crm.models import Customer, Order

# More than a page of the timeline holds; of contacts as many.
MOST_READ = 50


def latest_orders(customer: Customer) -> Sequence[Order]:
    """At most MOST_READ."""
    return presence.read_once(customer, "orders", lambda: newest_first(customer)[:MOST_READ])


def newest_first(customer: Customer) -> QuerySet[Order]:
    return Order.objects.filter(customer=customer).select_related("channel").order_by("-ordered_on", "-pk")


def read_after(customer: Customer, day: date) -> Sequence[Order] | None:
    """All orders after that day, the latest first; None where they have not all been read."""
    if not presence.was_read(customer, "orders"):
        return None
    read = latest_orders(customer)
    if len(read) == MOST_READ and read[-1].ordered_on > day:
        return None
    return [order for order in read if order.ordered_on > day]
