"""What the record itself adds to a customer's timeline: orders with what was in them, and contacts. Loaded by CrmConfig.ready."""

from dataclasses import dataclass

from crm import contact, timeline
from crm.models import Customer, Interaction, Order, OrderLine
from crm.timeline import Before, Entry, before_it

# The first number of an entry's key: of one day, what has the higher one stands above. The floors above go on from 10.
ORDERS, CONTACTS = 1, 2
# Products named of one order.
MOST_PRODUCTS = 5


@dataclass(frozen=True)
class Bought:
    """An order with the first of its lines; `has_more` than these."""

    order: Order
    lines: list[OrderLine]
    has_more: bool


def orders(customer: Customer, before: Before, limit: int) -> list[Entry]:
    found = Order.objects.filter(before_it("ordered_on", ORDERS, before), customer=customer).select_related("channel")
    latest = list(found.order_by("-ordered_on", "-pk")[:limit])
    lines: dict[int, list[OrderLine]] = {order.pk: [] for order in latest}
    for line in OrderLine.objects.filter(order__in=latest, position__lte=MOST_PRODUCTS + 1).order_by("order", "position"):
        lines[line.order_id].append(line)
    return [_ordered(order, lines[order.pk]) for order in latest]


def _ordered(order: Order, lines: list[OrderLine]) -> Entry:
    bought = Bought(order, lines[:MOST_PRODUCTS], len(lines) > MOST_PRODUCTS)
    icon = "refund" if order.amount < 0 else "order"
    return Entry(order.ordered_on, (ORDERS, order.pk), icon, "crm/_bought.html", bought, order.ordered_at, order.amount)


def contacts(customer: Customer, before: Before, limit: int) -> list[Entry]:
    found = Interaction.objects.filter(before_it("happened_on", CONTACTS, before), customer=customer).select_related("by")
    return [
        Entry(
            each.happened_on,
            (CONTACTS, each.pk),
            contact.ICONS[Interaction.Kind(each.kind)],
            "crm/_contact.html",
            each,
            each.happened_at,
        )
        for each in found.order_by("-happened_on", "-pk")[:limit]
    ]


timeline.register(orders)
timeline.register(contacts)
