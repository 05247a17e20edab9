"""What pages say of files that were handed in: what came of one, and of the last ones."""

import csv
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from io import StringIO
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import uploads
from crm.export import as_text
from crm.models import Business, Changed, Import, Job, Upload
from crm.money import number
from crm.progress import Progress

ERRORS_SHOWN = 100
LISTED = 20


class State(StrEnum):
    OPEN = "open"
    ASKS = "asks"
    REFUSED = "refused"
    DONE = "done"


@dataclass(frozen=True)
class Outcome:
    """What came of an upload until now. `reason` says why it was not taken in, or not to its end."""

    upload: Upload
    state: State
    progress: Progress | None = None
    record: Import | None = None
    reason: str = ""
    # Whether the file is still there to be taken in again.
    is_kept: bool = False

    @classmethod
    def of(cls, upload: Upload, now: datetime) -> "Outcome":
        job, record = upload.job, max(upload.imports.all(), key=lambda one: one.pk, default=None)
        if job and job.state in Job.OPEN:
            return cls(upload, State.OPEN, Progress.of(job, now), record)
        is_kept = uploads.path_of(upload).exists()
        if upload.ask:
            return cls(upload, State.ASKS, reason=upload.refusal, is_kept=is_kept)
        failed = job.reason if job else ""
        if upload.refusal or failed or record is None:
            reason = upload.refusal or failed or _("What came of this file is not kept any more.")
            return cls(upload, State.REFUSED, record=record, reason=reason, is_kept=is_kept)
        return cls(upload, State.DONE, record=record)

    @property
    def at(self) -> datetime:
        return timezone.localtime(self.upload.created_at)

    @cached_property
    def is_computing(self) -> bool:
        """Whether the figures wait for what it brought."""
        return self.state == State.DONE and self.record is not None and self.record.cursor > 0 and figures_wait()

    @property
    def polls(self) -> bool:
        """Whether there is something to wait for."""
        return self.state == State.OPEN or self.is_computing

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The first ones."""
        return self.record.errors[:ERRORS_SHOWN] if self.record else []

    @property
    def is_cut(self) -> bool:
        return self.record is not None and len(self.errors) < self.record.error_count

    @property
    def words(self) -> str:
        """In one sentence, for the list and for who cannot see the page."""
        match self.state:
            case State.OPEN:
                return self.progress.words if self.progress else ""
            case State.ASKS:
                return _("Waits for your answer.")
            case State.REFUSED:
                return self.reason
        return in_words(self.record) if self.record else ""


@dataclass(frozen=True)
class Past:
    """One file in the list of imports. `outcome` is there for those handed in by the browser; only they have a page."""

    name: str
    by: str
    at: datetime
    words: str
    outcome: Outcome | None = None

    @property
    def address(self) -> str:
        return reverse("import_result", args=[self.outcome.upload.pk]) if self.outcome else ""


def figures_wait() -> bool:
    """Whether there is anything that the figures do not hold yet."""
    return Business.load().as_of is None or Changed.objects.exists()


def in_words(record: Import) -> str:
    """What an import brought; sentences that stand alone."""
    taken = record.orders_created + record.orders_updated
    sentences = []
    if record.cursor:
        sentences = [
            ngettext("%(count)s order taken in.", "%(count)s orders taken in.", taken) % {"count": number(taken)},
            ngettext("%(count)s new customer.", "%(count)s new customers.", record.customers_created)
            % {"count": number(record.customers_created)},
        ]
    if record.orders_unchanged:
        sentence = ngettext("%(count)s order unchanged.", "%(count)s orders unchanged.", record.orders_unchanged)
        sentences.append(sentence % {"count": number(record.orders_unchanged)})
    if record.error_count:
        sentence = ngettext("%(count)s row has an error.", "%(count)s rows have errors.", record.error_count)
        sentences.append(sentence % {"count": number(record.error_count)})
    return " ".join(sentences)


def last_imports(now: datetime) -> list[Past]:
    """Those by the browser and those by the command, the newest first."""
    handed_in = Upload.objects.select_related("by", "job").prefetch_related("imports").order_by("-pk")[:LISTED]
    by_command = Import.objects.filter(upload=None).select_related("by").order_by("-pk")[:LISTED]
    past = [_by_browser(Outcome.of(upload, now)) for upload in handed_in]
    past += [Past(record.file_name, str(record.by or ""), timezone.localtime(record.started_at), in_words(record)) for record in by_command]
    return sorted(past, key=lambda one: one.at, reverse=True)[:LISTED]


def _by_browser(outcome: Outcome) -> Past:
    upload = outcome.upload
    return Past(upload.file_name, str(upload.by or ""), outcome.at, outcome.words, outcome)


def reasons_as_csv(record: Import) -> str:
    """Row, column and reason of each error that is kept: where the rows themselves are not there any more."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow([_("Row"), _("Column"), _("Reason")])
    writer.writerows([error["row"] or "", as_text(error["column"] or ""), as_text(error["reason"])] for error in record.errors)
    return text.getvalue()
