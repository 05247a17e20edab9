"""The way in: one file of orders, from its bytes to the record."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.conf import settings
from django.db import Error
from django.utils.translation import gettext as _

from crm import jobs, locks
from crm.failpoints import failpoint
from crm.importing import grouping, identity, reading
from crm.importing.batches import COUNTED, Plan, write_batches
from crm.importing.columns import Columns, read_columns, recognised
from crm.importing.dates import DMY, MDY, YMD
from crm.importing.encoding import Scanned, scan, stamp
from crm.importing.errors import Errors, Interrupted, Refused, printable, shown
from crm.importing.numbers import COMMA, POINT
from crm.importing.purchases import Writer
from crm.importing.staging import Staging, staged
from crm.importing.table import Table, read_table
from crm.models import Business, Import, Order, User

DATES, DECIMALS = (DMY, MDY, YMD), (COMMA, POINT)
DEFAULT_SOURCE = "file"


@dataclass(frozen=True)
class File:
    """A file that has been looked over once: what it is, how it is read, and how many rows it has."""

    path: Path
    scanned: Scanned
    table: Table
    columns: Columns
    survey: reading.Survey
    reading: reading.Reading


def import_orders(
    *,
    path: Path,
    source: str,
    now: datetime,
    say: Callable[[str], object],
    dates: str | None = None,
    decimal: str | None = None,
    by: User | None = None,
) -> Import:
    """Takes the orders of a file into the record and returns the finished Import; one that is not saved where no row could be taken.

    An import that was cut off is gone on with when the same file comes again under the same source and is read the same way. One of another
    file, source or reading is left as it stands: what it wrote is in the record, and it is finished when its own file comes again. What is
    cut off once it writes ends as Interrupted, which holds the Import.
    """
    with locks.held("import") as got:
        if not got:
            raise Refused(_("Another import is running; this one did not start."))
        file = _look_over(path, dates, decimal, say)
        known = {"source": source, "digest": file.scanned.digest, "reading": str(file.reading)}
        begun = Import.objects.filter(state=Import.State.RUNNING, **known).first()
        return _take(file, begun or Import(file_name=printable(path.name)[-255:], started_at=now, by=by, **known), now, say)


def _take(file: File, record: Import, now: datetime, say: Callable[[str], object]) -> Import:
    """Both passes over a file that has been looked over."""
    business = Business.objects.first() or Business()
    # As on the day it was begun, so that what was too far ahead then still is.
    today = business.local_date(record.started_at)
    currency = _currency_to_take(file, business, today)
    if currency:
        business.currency = currency
        say(_("The record holds no orders yet, so its currency becomes that of the file: %(currency)s.") % {"currency": currency})
    with staged(settings.DATA_DIR) as staging:
        errors = _stage(file, staging, business, record.source, today, say)
        record.rows, record.errors, record.error_count = file.survey.rows, [error.as_dict() for error in errors.kept], errors.count
        if not staging.has("SELECT 1 FROM line"):
            return record
        record.save()
        writer = Writer(record.source, file.columns.places.keys(), Order.objects.filter(source=record.source).exists())
        try:
            write_batches(staging, Plan(record, writer, currency, now, file.columns.name("email")))
            return _finish(record, now)
        except (Refused, Error, OSError, KeyboardInterrupt) as error:
            raise Interrupted(error, record) from error


def _look_over(path: Path, order: str | None, mark: str | None, say: Callable[[str], object]) -> File:
    scanned = scan(path)
    table = read_table(path, scanned.encoding, recognised)
    columns = read_columns(table.header, table.start)
    for notice in columns.notices:
        say(notice)
    survey = reading.survey(table, columns)
    return File(path, scanned, table, columns, survey, reading.decide(survey, columns, order, mark))


def _stage(file: File, staging: Staging, business: Business, source: str, today: date, say: Callable[[str], object]) -> Errors:
    """Pass 1: everything is read and checked, nothing is written to the record."""
    errors, columns = Errors(), file.columns
    reading.stage(file.table, columns, reading.readers(columns, file.reading, business, today), staging, errors)
    if stamp(file.path) != file.scanned.stamp:
        raise Refused(_("%(file)s was changed while it was read; nothing was taken.") % {"file": file.path})
    staging.index_numbers()
    staging.drop_spoiled(errors, columns.name("order"))
    identity.resolve_customers(staging, columns, errors)
    if columns.has("order"):
        grouping.check_orders(staging, columns, source, errors)
        if grouping.repeats_its_total(staging):
            sentence = _("Every order of several rows has one amount in all of them; they were added up. Is %(column)s the order's total?")
            say(sentence % {"column": shown(columns.name("amount") or "")})
    identity.describe_people(staging, columns)
    if columns.has("order"):
        grouping.collapse(staging)
    grouping.number_alike(staging)
    return errors


def _currency_to_take(file: File, business: Business, today: date) -> str | None:
    """The one that most of the file's orders are in, as long as no order has fixed the business's."""
    if not file.survey.currencies.keys() - {business.currency} or Order.objects.exists():
        return None
    code = reading.currency_of_most(file.table, file.columns, file.reading, business, today)
    return code if code and code != business.currency else None


def _finish(record: Import, now: datetime) -> Import:
    failpoint("import.finishing")
    record.refresh_from_db(fields=[*COUNTED, "errors", "error_count"])
    record.state, record.finished_at = Import.State.FINISHED, now
    record.save(update_fields=["state", "finished_at"])
    jobs.ring_refresh()
    failpoint("import.finished")
    return record
