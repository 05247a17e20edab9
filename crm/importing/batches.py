"""Pass 2: what staging holds goes into the record, a batch at a time.

Each batch is one transaction, which also moves the cursor that says how far the file is done.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from crm.failpoints import failpoint
from crm.fold import fold
from crm.importing.customers import Person, take_in
from crm.importing.errors import Refused
from crm.importing.purchases import Line, Purchase, Writer
from crm.importing.staging import WHO, Staging
from crm.models import Business, Channel, Import

ROWS = 5000
TRIES = 4
PAUSE = 0.2


@dataclass
class Batch:
    """Whole orders, up to ROWS rows of the file, with the customers and the lines that belong to them."""

    purchases: list[Purchase] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    lines: dict[int, list[Line]] = field(default_factory=dict)
    rows: int = 0


@dataclass
class Plan:
    """What the batches of one file have in common. `currency` is set while the business has still to take it from the file."""

    record: Import
    writer: Writer
    currency: str | None
    now: datetime
    channels: dict[str, int] = field(default_factory=dict)


def write_batches(staging: Staging, plan: Plan) -> None:
    """Writes what the cursor of the import has not passed yet."""
    failpoint("import.begun")
    for batch in _batches(staging, plan.record.cursor, bool({"product", "quantity"} & set(plan.writer.columns))):
        _write_beside_others(batch, plan)
        failpoint("import.committed")


def _batches(staging: Staging, cursor: int, has_lines: bool) -> Iterator[Batch]:
    rows = staging.execute(
        f"SELECT line.row, size, number, moment, n, amount, status, cost, channel, {WHO} AS who, person.name, person.email, adopted.email,"
        f" product, quantity FROM line LEFT JOIN nth USING (row) LEFT JOIN person ON person.who = {WHO}"
        " LEFT JOIN adopted ON adopted.owner = line.customer WHERE line.row > ? ORDER BY line.row",
        [cursor],
    )
    batch = Batch()
    for row in rows:
        purchase, (name, email, adopts, product, quantity) = Purchase._make(row[:10]), row[10:]
        if batch.rows + purchase.size > ROWS:
            yield batch
            batch = Batch()
        batch.purchases.append(purchase)
        batch.rows += purchase.size
        if purchase.who and purchase.who not in batch.people:
            batch.people[purchase.who] = Person(purchase.who, name, email, adopts)
        if has_lines:
            one = [Line(product or "", quantity, purchase.amount)]
            batch.lines[purchase.row] = one if purchase.size == 1 else _parts(staging, purchase.row)
    if batch.purchases:
        yield batch


def _parts(staging: Staging, first: int) -> list[Line]:
    return [
        Line._make(part)
        for part in staging.execute("SELECT coalesce(product, ''), quantity, amount FROM part WHERE first = ? ORDER BY row", [first])
    ]


def _write_beside_others(batch: Batch, plan: Plan) -> None:
    """Someone may save a customer with the same e-mail in the same moment, or hold a lock: then once more, on what is there by now."""
    last = batch.purchases[-1].row
    for attempt in range(TRIES):
        try:
            if attempt:
                time.sleep(PAUSE * 2**attempt)
                connection.close_if_unusable_or_obsolete()
                plan.record.refresh_from_db()
            if plan.record.cursor < last:  # unless the commit went through, and only its answer was lost
                with transaction.atomic():
                    channels = _write(batch, plan, last)
                plan.channels |= channels
            plan.record.cursor, plan.currency = last, None
            return
        except (IntegrityError, OperationalError) as error:
            if attempt == TRIES - 1:
                sentence = _(
                    "The database did not take the orders from row %(row)s on: %(why)s. Run the import again; it goes on from there."
                )
                raise Refused(sentence % {"row": batch.purchases[0].row, "why": str(error).strip().splitlines()[0]}) from error


def _write(batch: Batch, plan: Plan, last: int) -> Mapping[str, int]:
    if plan.currency:
        Business.keep(currency=plan.currency)
    channels = _channels(batch.purchases, plan.channels)
    customers = take_in(batch.people.values(), plan.now)
    orders = plan.writer.write(batch.purchases, batch.lines, customers.keys, plan.channels | channels)
    done = Import.objects.filter(pk=plan.record.pk, cursor=plan.record.cursor).update(
        cursor=last,
        customers_created=F("customers_created") + customers.created,
        customers_updated=F("customers_updated") + customers.updated,
        orders_created=F("orders_created") + orders.created,
        orders_updated=F("orders_updated") + orders.updated,
        orders_unchanged=F("orders_unchanged") + orders.unchanged,
        orders_anonymous=F("orders_anonymous") + orders.anonymous,
    )
    if not done:
        raise Refused(_("Another process has gone on with this import; it was left to it."))
    failpoint("import.writing")
    return channels


def _channels(purchases: Sequence[Purchase], known: Mapping[str, int]) -> dict[str, int]:
    """The channels that are named for the first time, by the text in the file; created where the record has none of that folded name."""
    names = {purchase.channel for purchase in purchases if purchase.channel} - known.keys()
    return {name: Channel.objects.get_or_create(key=fold(name), defaults={"name": name})[0].pk for name in sorted(names)}
