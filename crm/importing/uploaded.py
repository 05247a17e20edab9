"""Taking in what came by the browser: what the command line says at once, the upload keeps for the page."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from django.db import Error
from django.utils.translation import gettext as _

from crm import uploads
from crm.access import is_owner
from crm.importing import failed_rows
from crm.importing.columns import LONGEST
from crm.importing.errors import Busy, Refused, refusal_of
from crm.importing.orders import import_orders, rehearse
from crm.importing.telling import Doing, Tell
from crm.models import Business, Import, Upload


def is_to_be_taken(upload: Upload) -> bool:
    """Whether the person may still import. One who is no owner any more is refused, and the file goes."""
    if upload.by and is_owner(upload.by):
        return True
    _refuse(upload, Refused(_("Whoever handed in the file may not import any more; nothing was taken.")))
    uploads.path_of(upload).unlink(missing_ok=True)
    return False


def take_in(upload: Upload, now: datetime, tell: Tell, make_room: Callable[[], object]) -> None:
    """Takes the file in, or writes down why not. One taken in before its worker died is left at that. Raises Busy.

    `make_room` removes the demo: where that is agreed to, and not before the file has proved good.
    """
    done = upload.imports.filter(state=Import.State.FINISHED).first()
    try:
        _end(upload, done or _take(upload, now, tell, make_room))
    except Busy:
        raise
    except (Refused, Error, OSError) as error:
        _refuse(upload, refusal_of(error))


def _take(upload: Upload, now: datetime, tell: Tell, make_room: Callable[[], object]) -> Import:
    path, notices = uploads.path_of(upload), list[str]()
    if not path.exists():
        raise Refused(_("The file is not kept any more; hand it in again."))
    record = None
    if upload.replaces_demo and Business.load().is_demo:
        # Shows life and no bar: that begins with the import.
        record = rehearse(upload, path, now, notices.append, lambda *_: tell(0, 0, Doing.COUNTING))
        if record is None:
            notices.clear()
            make_room()
    record = record or import_orders(
        path=path,
        source=upload.source,
        dates=upload.dates or None,
        decimal=upload.decimal or None,
        by=upload.by,
        upload=upload,
        now=now,
        say=notices.append,
        tell=tell,
    )
    if record.pk is None:
        # No row could be taken. The page shows why all the same.
        record.state, record.finished_at = Import.State.FINISHED, now
        record.save()
    upload.notices = notices
    upload.save(update_fields=["notices"])
    return record


def _end(upload: Upload, record: Import) -> None:
    """The file goes; what of it was not taken stays for a while."""
    path = uploads.path_of(upload)
    if record.error_count and path.exists():
        # On a full disk the page has the reasons without the rows.
        with suppress(OSError, Refused):
            failed_rows.write(record, path, uploads.failed_rows_of(upload))
    path.unlink(missing_ok=True)


def _refuse(upload: Upload, refusal: Refused) -> None:
    upload.refusal, upload.ask = str(refusal), refusal.ask or ""
    upload.column = (refusal.error.column or "")[:LONGEST]
    upload.save(update_fields=["refusal", "ask", "column"])
