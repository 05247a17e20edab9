"""Files that come by the browser: the way to the disk, under names of our own, and away from it again."""

import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, TemporaryFileUploadHandler
from django.db import transaction
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm import audit, jobs
from crm.access import is_owner
from crm.importing.dates import DMY, MDY
from crm.importing.errors import Ask
from crm.importing.numbers import COMMA, POINT
from crm.models import Job, Upload, User

# Of the job that takes an upload in.
KIND = "import"
# What was not taken in, and the rows that had errors, are kept so long.
KEPT = timedelta(days=7)
FAILED_ROWS = ".failed.csv"
ANSWERS: dict[str, tuple[str, ...]] = {Ask.DATES: (DMY, MDY), Ask.DECIMAL: (COMMA, POINT), Ask.DEMO: ("remove",)}


def folder() -> Path:
    """Where the files are; nobody else may look into it."""
    made = settings.DATA_DIR / "uploads"
    made.mkdir(mode=0o700, exist_ok=True)
    return made


class Incoming(TemporaryUploadedFile):
    """A file on its way, under a name of ours: a long one of theirs would end up in the name on disk."""

    def __init__(self, handler: FileUploadHandler) -> None:
        file = NamedTemporaryFile(dir=folder())  # noqa: SIM115 (Django closes it with the request)
        sort, more = handler.content_type or "", handler.content_type_extra
        UploadedFile.__init__(self, file, handler.file_name, sort, 0, handler.charset, more)


class Handler(TemporaryFileUploadHandler):
    """Takes files from owners alone, up to a size, and writes each where it stays: it is moved, not copied.

    Where it takes none, `refusal` says why; the rest of the request is read all the same, so that the sentence arrives.
    """

    refusal = ""
    file: Incoming

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        FileUploadHandler.new_file(self, *args, **kwargs)
        if not self.request or not is_owner(self.request.user):
            raise SkipFile
        try:
            self.file = Incoming(self)
        except OSError as error:
            self.refuse(error)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > settings.UPLOAD_LIMIT:
            sentence = _("The file is larger than %(limit)s; take it in by parts, or with manage.py import_orders.")
            self.refusal = sentence % {"limit": filesizeformat(settings.UPLOAD_LIMIT)}
            raise SkipFile
        try:
            self.file.write(raw_data)
        except OSError as error:
            self.refuse(error)

    def file_complete(self, file_size: int) -> "UploadedFile[Any] | None":
        try:
            return super().file_complete(file_size)
        except OSError as error:  # what was still in memory did not fit
            with suppress(OSError):
                self.file.close()
            with suppress(SkipFile):
                self.refuse(error)
            return None

    def refuse(self, error: OSError) -> None:
        sentence = _("The file cannot be stored on the server: %(why)s. Make room there, then try again.")
        self.refusal = sentence % {"why": error.strerror or error}
        raise SkipFile


def refusal_in(request: HttpRequest) -> str:
    """Why no file of this request was taken; empty where nothing stood in the way."""
    return next((handler.refusal for handler in request.upload_handlers if isinstance(handler, Handler) and handler.refusal), "")


def keep(file: TemporaryUploadedFile, by: User, now: datetime, *, source: str, replaces_demo: bool) -> Upload:
    """The upload, with its file in place and a worker told to take it in. Raises OSError where the file cannot be kept."""
    sweep(now)
    upload = Upload(
        token=secrets.token_hex(16),
        file_name=file.name or "",
        source=source,
        replaces_demo=replaces_demo,
        language=get_language() or settings.LANGUAGE_CODE,
        by=by,
        created_at=now,
    )
    Path(file.temporary_file_path()).replace(path_of(upload))
    with transaction.atomic():
        upload.save()
        ask_for(upload)
        audit.keep(what="import.asked", by=by, of=upload, note=upload.file_name)
    return upload


def ask_for(upload: Upload) -> None:
    """Has a worker take it in, by what the upload says now."""
    upload.refusal = upload.ask = upload.column = ""
    upload.job = jobs.enqueue(KIND, {"upload": upload.pk}, key=str(upload.pk))
    upload.save()


def path_of(upload: Upload) -> Path:
    return folder() / upload.token


def failed_rows_of(upload: Upload) -> Path:
    """The rows of the file that had errors, where they are kept."""
    return folder() / f"{upload.token}{FAILED_ROWS}"


def sweep(now: datetime) -> None:
    """Removes what has been kept long enough, and what a killed process has left."""
    for path in folder().iterdir():
        with suppress(FileNotFoundError):  # another one sweeps too
            if path.stat().st_mtime < (now - KEPT).timestamp():
                path.unlink()


def take_again(upload: Upload, answer: str, by: User) -> str:
    """Has it taken in as the answer to its question says; else why not. Call in a transaction that holds its row."""
    if upload.job and upload.job.state in Job.OPEN:
        return _("This import is under way already.")
    if not path_of(upload).exists():
        return _("The file is not kept any more; hand it in again.")
    if answer not in ANSWERS.get(upload.ask, ("",)):
        return _("Choose one of the answers, then import again.")
    match upload.ask:
        case Ask.DATES:
            upload.dates = answer
        case Ask.DECIMAL:
            upload.decimal = answer
        case Ask.DEMO:
            upload.replaces_demo = True
    upload.by, upload.language = by, get_language() or settings.LANGUAGE_CODE
    ask_for(upload)
    audit.keep(what="import.asked", by=by, of=upload, note=upload.file_name)
    return ""
