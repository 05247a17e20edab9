"""Pass 2: what staging holds goes into the record, a batch at a time.

Each batch is one transaction, which also moves the cursor that says how far the file is done.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import Error, connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from crm import bulk, searching
from crm.failpoints import failpoint
from crm.fold import fold
from crm.importing.customers import Person, Taken, take_in
from crm.importing.errors import Errors, Refused, RowError, first_line
from crm.importing.purchases import Line, Purchase, Writer
from crm.importing.staging import WHO, Staging
from crm.importing.telling import Doing, Tell, silent
from crm.models import Business, Channel, Customer, Facts, Import, Order

ROWS = 5000
# What a batch adds to its import.
COUNTED = ("customers_created", "customers_updated", "orders_created", "orders_updated", "orders_unchanged", "orders_anonymous")
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
    email_column: str | None = None
    channels: dict[str, int] = field(default_factory=dict)
    tell: Tell = silent


def write_batches(staging: Staging, plan: Plan) -> None:
    """Writes what the cursor of the import has not passed yet."""
    failpoint("import.begun")
    for batch in _batches(staging, plan.record.cursor, bool({"product", "quantity"} & set(plan.writer.columns))):
        _write_beside_others(batch, plan)
        failpoint("import.committed")
        # The cursor counts the header and blank rows too.
        plan.tell(min(plan.record.cursor, plan.record.rows), plan.record.rows, Doing.WRITING)
    if plan.record.rows > ROWS:
        bulk.analyze(Customer, Facts, Order)
    searching.catch_up()


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
            plan.record.refresh_from_db()  # so that it counts what is written, should the next batch fail
            plan.currency = None
            return
        except Error as error:
            if attempt == TRIES - 1:
                sentence = _(
                    "The database did not take the orders from row %(row)s on: %(why)s. Run the import again; it goes on from there."
                )
                row = batch.purchases[0].row
                raise Refused(sentence % {"row": row, "why": first_line(error)}, row) from error


def _write(batch: Batch, plan: Plan, last: int) -> Mapping[str, int]:
    # Of a customer who is merged between being found and being written to, the orders would stay with the record that is hidden.
    Business.in_turn()
    if plan.currency:
        Business.keep(currency=plan.currency)
    channels = _channels(batch.purchases, plan.channels)
    customers = take_in(batch.people.values(), plan.now)
    orders = plan.writer.write(batch.purchases, batch.lines, customers, plan.channels | channels)
    counts = (customers.created, customers.updated, orders.created, orders.updated, orders.unchanged, orders.anonymous)
    added = {name: F(name) + count for name, count in zip(COUNTED, counts, strict=True)}
    done = Import.objects.filter(pk=plan.record.pk, cursor=plan.record.cursor).update(
        cursor=last, **added, **_errors_with(batch, customers, plan)
    )
    if not done:
        raise Refused(_("Another process has gone on with this import; it was left to it."))
    failpoint("import.writing")
    return channels


def _errors_with(batch: Batch, customers: Taken, plan: Plan) -> dict[str, Any]:
    """Those of the import, with those of e-mails that somebody has given to another customer since the file was read."""
    if not customers.without_email:
        return {}
    sentence = _("The e-mail %(told)s belongs to another customer by now; the order was taken without it.")
    rows = {purchase.who: purchase.row for purchase in reversed(batch.purchases)}
    errors = Errors(plan.record.error_count, [RowError(**error) for error in plan.record.errors])
    added = [RowError(rows[who], plan.email_column, sentence % {"told": email}) for who, email in customers.without_email.items()]
    errors.extend(len(added), added)
    return {"errors": [error.as_dict() for error in errors.kept], "error_count": errors.count}


def _channels(purchases: Sequence[Purchase], known: Mapping[str, int]) -> dict[str, int]:
    """The channels that are named for the first time, by the text in the file; created where the record has none of that folded name."""
    names = {purchase.channel for purchase in purchases if purchase.channel} - known.keys()
    return {name: Channel.objects.get_or_create(key=fold(name), defaults={"name": name})[0].pk for name in sorted(names)}
