"""The orders of a batch: created, or set to what the file says of them; an order that is as the file says is not written."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.db.models import BigIntegerField, QuerySet, TextField
from django.db.models.functions import Cast

from crm import bulk
from crm.importing.customers import Taken
from crm.importing.words import PAID
from crm.merging.relations import note_arrivals
from crm.models import Changed, Headline, Order, OrderLine


class Line(NamedTuple):
    product: str
    quantity: int | None  # in thousandths
    amount: int


class Purchase(NamedTuple):
    """An order as staging holds it; `nth` of its kind where it has no number."""

    row: int
    size: int
    number: str | None
    moment: str
    nth: int | None
    amount: int
    status: int | None
    cost: int | None
    channel: str | None
    who: str | None


class Values(NamedTuple):
    """What an import writes of an order, by the names of Order's fields."""

    customer: int | None
    status: int | None  # None where the file does not say
    ordered_on: str
    ordered_at: str | None
    amount: int
    refunded: int
    cost: int | None
    channel: int | None


class Stored(NamedTuple):
    pk: int
    values: Values


@dataclass(frozen=True)
class Counts:
    created: int
    updated: int
    unchanged: int
    anonymous: int


@dataclass(frozen=True)
class Writer:
    """`columns` are the fields that the file has a column for; `known` says whether the record holds orders of this source already."""

    source: str
    columns: Collection[str]
    known: bool

    def write(self, purchases: Sequence[Purchase], lines: Mapping[int, list[Line]], taken: Taken, channels: Mapping[str, int]) -> Counts:
        """Writes the orders of a batch with their lines, and notes whose facts they change."""
        by_key = {_key(purchase, taken.keys): purchase for purchase in purchases}
        said = {key: _values(purchase, taken, channels) for key, purchase in by_key.items()}
        stored = self._stored(list(said)) if self.known else {}
        wanted = {key: self._merged(said[key], before.values) for key, before in stored.items()}
        changed = {key for key, values in wanted.items() if values != stored[key].values}
        new = [(*_complete(values), by_key[key].number or "", self.source, key) for key, values in said.items() if key not in stored]
        bulk.insert(Order, [*Values._fields, "number", "source", "key"], new)
        bulk.update(Order, Values._fields, [(stored[key].pk, *wanted[key]) for key in changed])
        if lines:
            changed |= self._write_lines({key: lines[purchase.row] for key, purchase in by_key.items()}, stored.keys())
        else:
            _drop_lines({stored[key].pk: wanted[key].amount for key in changed if wanted[key].amount != stored[key].values.amount})
        self._note_arrivals({key: taken.keys[by_key[key].who or ""] for key in said if key not in stored and by_key[key].who}, taken)
        if new or changed:
            Headline.void()
        _note_changed({row[0] for row in new} | {owner for key in changed for owner in (wanted[key].customer, stored[key].values.customer)})
        return Counts(len(new), len(changed), len(said) - len(new) - len(changed), sum(purchase.who is None for purchase in purchases))

    def _note_arrivals(self, new: Mapping[str, int], taken: Taken) -> None:
        """New orders by an identity of somebody who is merged: taken apart again, they are theirs."""
        whose = {key: pk for key, pk in new.items() if taken.end(pk) != pk}
        arrived: dict[int, list[int]] = defaultdict(list)
        for key, order in self._recorded(list(whose)).values_list("key", "pk") if whose else ():
            arrived[whose[key]].append(order)
        note_arrivals("crm.Order.customer", arrived)

    def _merged(self, said: Values, stored: Values) -> Values:
        """What the file says where it says something, else what is stored."""
        return Values(
            stored.customer or said.customer,
            stored.status if said.status is None else said.status,
            said.ordered_on,
            said.ordered_at or (stored.ordered_at if said.ordered_on == stored.ordered_on else None),
            said.amount,
            stored.refunded if stored.refunded < said.amount else 0,
            stored.cost if said.cost is None else said.cost,
            said.channel or stored.channel,
        )

    def _stored(self, keys: Sequence[str]) -> dict[str, Stored]:
        # Money as whole numbers and dates as text, as the file's are, and no object made for each.
        rows = self._recorded(keys).values_list(
            "pk",
            "key",
            "customer",
            "status",
            *map(_text, ("ordered_on", "ordered_at")),
            *map(_whole, ("amount", "refunded", "cost")),
            "channel",
        )
        return {
            key: Stored(pk, Values._make([owner, status, day, _instant(at), *money])) for pk, key, owner, status, day, at, *money in rows
        }

    def _recorded(self, keys: Collection[str]) -> QuerySet[Order]:
        return Order.objects.filter(source=self.source, key__in=bulk.among(keys))

    def _write_lines(self, lines: Mapping[str, list[Line]], old: Collection[str]) -> set[str]:
        """Writes the lines of these orders, by key; gives back the keys of orders in the record whose lines have changed."""
        pks = dict(self._recorded(lines).values_list("key", "pk"))
        stored = _stored_lines([pks[key] for key in old])
        wanted = {key: _merged_lines(of_order, stored.get(pks[key], [])) for key, of_order in lines.items()}
        changed = {key for key in old if wanted[key] != stored.get(pks[key], [])}
        OrderLine.objects.filter(order__in=bulk.among([pks[key] for key in changed])).delete()
        bulk.insert(
            OrderLine,
            ["order", "position", "product", "quantity", "amount"],
            [
                (pks[key], position, line.product, None if line.quantity is None else str(Decimal(line.quantity).scaleb(-3)), line.amount)
                for key, of_order in wanted.items()
                if key in changed or key not in old
                for position, line in enumerate(of_order, start=1)
            ],
        )
        return changed


def _key(purchase: Purchase, customers: Mapping[str, int]) -> str:
    """The identity of an order in its source. The amount is no part of it, so that a corrected one updates."""
    if purchase.number:
        return purchase.number
    owner = customers[purchase.who] if purchase.who else ""
    return f"{owner}@{purchase.moment.rpartition('|')[2]}#{purchase.nth or 1}"


def _values(purchase: Purchase, taken: Taken, channels: Mapping[str, int]) -> Values:
    day, *instant = purchase.moment.split("|")
    return Values(
        taken.end(taken.keys[purchase.who]) if purchase.who else None,
        purchase.status,
        day,
        instant[0] if instant else None,
        purchase.amount,
        0,
        purchase.cost,
        channels[purchase.channel] if purchase.channel else None,
    )


def _complete(values: Values) -> Values:
    """Of a new order: paid, unless the file says otherwise."""
    return values._replace(status=PAID) if values.status is None else values


def _instant(text: str | None) -> str | None:
    """An instant as crm.importing.dates.stored writes it."""
    if text is None:
        return None
    text = text.removesuffix("+00")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _text(name: str) -> Cast:
    return Cast(name, TextField())


def _whole(name: str) -> Cast:
    return Cast(name, BigIntegerField())


def _stored_lines(orders: Collection[int]) -> Mapping[int, list[Line]]:
    found: dict[int, list[Line]] = defaultdict(list)
    lines = OrderLine.objects.filter(order__in=bulk.among(orders)).order_by("order", "position")
    for order, product, quantity, amount in lines.values_list("order", "product", "quantity", _whole("amount")):
        found[order].append(Line(product, None if quantity is None else int(quantity.scaleb(3)), amount))
    return found


def _drop_lines(amounts: Mapping[int, int]) -> None:
    """For a file without lines: those that no longer add up to the new amount of their order tell of an order that is past, and go."""
    stale = [pk for pk, lines in _stored_lines(list(amounts)).items() if sum(line.amount for line in lines) != amounts[pk]]
    if stale:
        OrderLine.objects.filter(order__in=bulk.among(stale)).delete()


def _merged_lines(said: list[Line], stored: list[Line]) -> list[Line]:
    if len(said) != len(stored):
        return said
    return [
        Line(new.product or old.product, old.quantity if new.quantity is None else new.quantity, new.amount)
        for new, old in zip(said, stored, strict=True)
    ]


def _note_changed(customers: Iterable[int | None]) -> None:
    why = Changed.Why.ORDER.value
    bulk.insert(Changed, ["customer", "why"], [(pk, why) for pk in sorted({pk for pk in customers if pk})])
