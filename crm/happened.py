"""What the record itself adds to a customer's timeline: orders with what was in them, and contacts. Loaded by CrmConfig.ready."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import OuterRef, QuerySet
from django.template.defaultfilters import floatformat, linebreaksbr, truncatechars
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from crm import addresses, contact, ordered, presence, timeline
from crm.amending import Amender
from crm.amendment import Version, versions
from crm.models import Customer, Interaction, Order, OrderLine
from crm.money import day, money, number
from crm.ordered import latest_orders, newest_first
from crm.printed import Words
from crm.timeline import Before, Entry, Group, before_it

# The first number of an entry's key: of one day, what has the higher one stands above. The floors above go on from 10.
ORDERS, CONTACTS = 1, 2
# Products named of one order.
MOST_PRODUCTS = 5
# A text of more letters is folded, and begins with so many.
LONGEST_WHOLE, LONGEST_START = 600, 400


@dataclass(frozen=True)
class Bought:
    """An order with the first of its lines; `has_more` than these."""

    order: Order
    lines: list[OrderLine]
    has_more: bool

    @property
    def products(self) -> str:
        named = [_line(line) for line in self.lines]
        return ", ".join([*named, _("and more")] if self.has_more else named)

    def words(self, amender: Amender | None) -> Words:
        """For crm/_bought.html."""
        order = self.order
        return {
            "is_refund": order.amount < 0,
            "number": order.number,
            "status": "" if order.status == Order.Status.PAID else order.get_status_display(),
            "is_unpaid": order.status == Order.Status.UNPAID,
            "products": self.products,
            "amount": money(order.amount),
            "refunded": money(order.refunded) if order.refunded else "",
            "channel": str(order.channel or ""),
        }


def _line(line: OrderLine) -> str:
    product = line.product or "?"
    return product if line.quantity is None or line.quantity == 1 else f"{product} × {floatformat(line.quantity, '-3')}"


def orders(customer: Customer, before: Before, limit: int) -> list[Entry]:
    """The latest may have been read for the strip already."""
    is_read = before is None and limit <= ordered.MOST_READ
    found = latest_orders(customer) if is_read else newest_first(customer).filter(before_it("ordered_on", ORDERS, before))
    latest = list(found[:limit])
    lines: dict[int, list[OrderLine]] = {order.pk: [] for order in latest}
    if presence.is_there(customer, "lines"):
        for line in OrderLine.objects.filter(order__in=latest, position__lte=MOST_PRODUCTS + 1).order_by("order", "position"):
            lines[line.order_id].append(line)
    return [_ordered(order, lines[order.pk]) for order in latest]


def _ordered(order: Order, lines: list[OrderLine]) -> Entry:
    bought = Bought(order, lines[:MOST_PRODUCTS], len(lines) > MOST_PRODUCTS)
    icon = "refund" if order.amount < 0 else "order"
    return Entry(order.ordered_on, (ORDERS, order.pk), icon, "crm/_bought.html", bought, order.ordered_at, order.amount, bought.words)


@dataclass(frozen=True)
class Contacted:
    """A contact, with what it said before it was changed."""

    contact: Interaction
    versions: list[Version]

    def words(self, amender: Amender | None) -> Words:
        """For crm/_contact.html; the link to change it only for who may."""
        contact, text = self.contact, self.contact.text
        may_change = amender is not None and amender.may(contact)
        return {
            "kind": str(Interaction.Kind(contact.kind).label),
            "incident": contact.get_incident_display() if contact.incident else "",
            "is_good": contact.incident == Interaction.Incident.GOOD,
            "start": truncatechars(text, LONGEST_START) if len(text) > LONGEST_WHOLE else "",
            "text": linebreaksbr(text),
            "cause": contact.incident_cause,
            "versions": render_to_string("crm/_versions.html", {"versions": self.versions}) if self.versions else "",
            "name": str(contact.by or ""),
            "number": "" if contact.minutes is None else number(contact.minutes),
            "address": addresses.by_key("interaction", contact.pk) if may_change else "",
            "on": day(contact.happened_on) if may_change else "",
        }


def latest_contacts(customer: Customer) -> Sequence[Interaction]:
    """At most ordered.MOST_READ: looked at for a habit, too."""
    return presence.read_once(customer, "contacts", lambda: _contacts(customer, None)[: ordered.MOST_READ])


def _contacts(customer: Customer, before: Before) -> QuerySet[Interaction]:
    found = Interaction.objects.filter(before_it("happened_on", CONTACTS, before), customer=customer)
    return found.select_related("by").order_by("-happened_on", "-pk")


def contacts(customer: Customer, before: Before, limit: int) -> list[Entry]:
    """The latest may have been read for a panel already."""
    is_read = before is None and limit <= ordered.MOST_READ and presence.was_read(customer, "contacts")
    latest = list((latest_contacts(customer) if is_read else _contacts(customer, before))[:limit])
    before_changes = versions(latest)
    return [_contacted(each, before_changes.get(each.pk, [])) for each in latest]


def _contacted(each: Interaction, before_changes: list[Version]) -> Entry:
    icon = contact.ICONS[Interaction.Kind(each.kind)]
    contacted = Contacted(each, before_changes)
    return Entry(each.happened_on, (CONTACTS, each.pk), icon, "crm/_contact.html", contacted, each.happened_at, words=contacted.words)


# Anybody's: many shops have none at all, and to look through one customer's orders would take as long as reading them.
presence.register("lines", OrderLine.objects.all())
presence.register("contacts", Interaction.objects.filter(customer=OuterRef("pk")))
timeline.register(orders, Group.ORDERS)
timeline.register(contacts, Group.CONTACT)
