"""A customer's latest orders, read once for all that their page says of them: the timeline, and the strip of the last twelve months."""

from collections.abc import Sequence
from datetime import date

from crm.models import Customer, Order

# More than a page of the timeline holds.
MOST_READ = 50


def latest_orders(customer: Customer) -> Sequence[Order]:
    """At most MOST_READ: kept with the customer."""
    kept = vars(customer)
    if "orders_read" not in kept:
        theirs = Order.objects.filter(customer=customer).select_related("channel").order_by("-ordered_on", "-pk")
        kept["orders_read"] = list(theirs[:MOST_READ])
    found: Sequence[Order] = kept["orders_read"]
    return found


def read_after(customer: Customer, day: date) -> Sequence[Order] | None:
    """All orders after that day, the latest first; None where they have not all been read."""
    read: Sequence[Order] | None = vars(customer).get("orders_read")
    if read is None or (len(read) == MOST_READ and read[-1].ordered_on > day):
        return None
    return [order for order in read if order.ordered_on > day]
