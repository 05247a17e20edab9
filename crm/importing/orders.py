"""The way in: one file of orders, from its bytes to the record."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.conf import settings
from django.db import Error, transaction
from django.utils.translation import gettext as _

from crm import audit, jobs, locks
from crm.failpoints import failpoint
from crm.importing import grouping, identity, reading
from crm.importing.batches import COUNTED, Plan, write_batches
from crm.importing.columns import Columns, read_columns, recognised
from crm.importing.dates import DMY, MDY, YMD
from crm.importing.encoding import Scanned, scan, stamp
from crm.importing.errors import Ask, Busy, Errors, Interrupted, Refused, printable, shown
from crm.importing.numbers import COMMA, POINT
from crm.importing.purchases import Writer
from crm.importing.staging import Staging, staged
from crm.importing.table import Table, read_table
from crm.importing.telling import Doing, Tell, silent, told
from crm.models import Business, Import, Order, Upload, User

DATES, DECIMALS = (DMY, MDY, YMD), (COMMA, POINT)
DEFAULT_SOURCE = "file"


@dataclass(frozen=True)
class File:
    """A file that has been looked over once: what it is, how it is read, and how many rows it has."""

    path: Path
    name: str  # what sentences call it
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
    upload: Upload | None = None,
    tell: Tell = silent,
) -> Import:
    """Takes the orders of a file into the record and returns the finished Import; one that is not saved where no row could be taken.

    An import that was cut off is gone on with when the same file comes again under the same source and is read the same way. One of another
    file, source or reading is left as it stands: what it wrote is in the record, and it is finished when its own file comes again. What is
    cut off once it writes ends as Interrupted, which holds the Import. A file that came as an upload goes by the name that it has there.
    """
    with _turn():
        if Business.load().is_demo:
            sentence = _("The record holds the demo, which is not mixed with real orders; to take it out, run: manage.py demo --remove")
            raise Refused(sentence, ask=Ask.DEMO)
        file = _look_over(path, shown(upload.file_name) if upload else str(path), (dates, decimal), say, tell)
        known = {"source": source, "digest": file.scanned.digest, "reading": str(file.reading)}
        begun = Import.objects.filter(state=Import.State.RUNNING, **known).first()
        name = upload.file_name if upload else printable(path.name)[-255:]
        record = begun or Import(file_name=name, started_at=now, by=by, **known)
        record.upload = upload
        return _take(file, record, now, say, tell)


def rehearse(upload: Upload, path: Path, now: datetime, say: Callable[[str], object], tell: Tell) -> Import | None:
    """Reads and checks the file of an upload as if the record held nothing, and writes nothing: refuses what would be refused then.

    Returns the Import, not saved, of a file none of whose rows could be taken; None where there is something to take.
    """
    with _turn():
        file = _look_over(path, shown(upload.file_name), (upload.dates or None, upload.decimal or None), say, tell)
        record = Import(file_name=upload.file_name, source=upload.source, started_at=now, by=upload.by, upload=upload)
        record.digest, record.reading = file.scanned.digest, str(file.reading)
        business = Business.load()
        today = business.local_date(now)
        business.currency = _currency_to_take(file, business, today) or business.currency
        with staged(settings.DATA_DIR) as staging:
            _note(record, file, _stage(file, staging, business, None, today, say, tell))
            return None if staging.has("SELECT 1 FROM line") else record


@contextmanager
def _turn() -> Iterator[None]:
    """One import at a time."""
    with locks.held("import") as got:
        if not got:
            raise Busy(_("Another import is running; this one did not start."))
        yield


def _take(file: File, record: Import, now: datetime, say: Callable[[str], object], tell: Tell) -> Import:
    """Both passes over a file that has been looked over."""
    business = Business.objects.first() or Business()
    # As on the day it was begun, so that what was too far ahead then still is.
    today = business.local_date(record.started_at)
    currency = None if Order.objects.exists() else _currency_to_take(file, business, today)
    if currency:
        business.currency = currency
        say(_("The record holds no orders yet, so its currency becomes that of the file: %(currency)s.") % {"currency": currency})
    with staged(settings.DATA_DIR) as staging:
        _note(record, file, _stage(file, staging, business, record.source, today, say, tell))
        if not staging.has("SELECT 1 FROM line"):
            return record
        record.save()
        writer = Writer(record.source, file.columns.places.keys(), Order.objects.filter(source=record.source).exists())
        try:
            write_batches(staging, Plan(record, writer, currency, now, file.columns.name("email"), tell=tell))
            return _finish(record, now)
        except (Refused, Error, OSError, KeyboardInterrupt) as error:
            raise Interrupted(error, record) from error


def _look_over(path: Path, name: str, said: tuple[str | None, str | None], say: Callable[[str], object], tell: Tell) -> File:
    """`said` is the order of the dates and the decimal mark, where the person has said them."""
    scanned = scan(path, name)
    table = read_table(path, scanned.encoding, recognised)
    columns = read_columns(table.header, table.start, table.records())
    for notice in columns.notices:
        say(notice)
    survey = reading.survey(table, columns, tell)
    return File(path, name, scanned, table, columns, survey, reading.decide(survey, columns, *said))


def _note(record: Import, file: File, errors: Errors) -> None:
    record.rows, record.errors, record.error_count = file.survey.rows, [error.as_dict() for error in errors.kept], errors.count


def _stage(
    file: File, staging: Staging, business: Business, source: str | None, today: date, say: Callable[[str], object], tell: Tell
) -> Errors:
    """Pass 1: everything is read and checked, nothing is written to the record. Without a source, as if the record held nothing."""
    errors, columns = Errors(), file.columns
    records = told(file.table.records(), file.survey.rows, Doing.READING, tell)
    reading.stage(records, columns, reading.readers(columns, file.reading, business, today), staging, errors)
    if stamp(file.path) != file.scanned.stamp:
        raise Refused(_("%(file)s was changed while it was read; nothing was taken.") % {"file": file.name})
    staging.index_numbers()
    staging.drop_spoiled(errors, columns.name("order"))
    identity.note_merged(staging)
    identity.resolve_customers(staging, columns, errors, beside_record=source is not None)
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
    """The one that most of the file's orders are in, where it is not the business's. Only while no order has fixed that."""
    if not file.survey.currencies.keys() - {business.currency}:
        return None
    code = reading.currency_of_most(file.table, file.columns, file.reading, business, today)
    return code if code and code != business.currency else None


def _finish(record: Import, now: datetime) -> Import:
    failpoint("import.finishing")
    record.refresh_from_db(fields=[*COUNTED, "errors", "error_count"])
    record.state, record.finished_at = Import.State.FINISHED, now
    counts: audit.Changes = {name: [None, getattr(record, name)] for name in COUNTED if getattr(record, name)}
    with transaction.atomic():
        record.save(update_fields=["state", "finished_at"])
        audit.keep(what="import.finished", by=record.upload.by if record.upload else None, of=record, changes=counts)
    jobs.ring_refresh()
    failpoint("import.finished")
    return record
