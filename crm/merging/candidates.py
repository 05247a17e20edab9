"""Possible duplicates as rows: asked for, found by the worker, dismissed by a person."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm import audit, jobs
from crm.models import Candidate, Job, User

KIND = "duplicates"
# Counted exactly up to here.
ON_A_PAGE, MOST_COUNTED = 50, 1_000


audit.register(
    audit.Action("duplicates.asked", _("Duplicates looked for")),
    audit.Action("duplicates.dismissed", _("Two customers said to be two")),
    audit.Action("duplicates.taken_back", _("Two customers may be one after all")),
)


@transaction.atomic
def ask(*, by: User) -> Job:
    """One at a time: who asks while it is looked for waits for that one."""
    job = jobs.enqueue(KIND, key=KIND)
    audit.keep(what="duplicates.asked", by=by, of=job)
    return job


def ask_after_night() -> Job:
    """Whoever came or changed on the day that has ended is looked at, without anybody asking."""
    return jobs.enqueue(KIND, key=KIND)


def count() -> int:
    """How many are shown; MOST_COUNTED + 1 where there are more than MOST_COUNTED."""
    return shown()[: MOST_COUNTED + 1].count()


def shown() -> QuerySet[Candidate]:
    """Not dismissed, and both still there."""
    both = {f"{side}__{mark}": None for side in ("first", "second") for mark in ("binned_at", "merged_into")}
    return Candidate.objects.filter(dismissed_at=None, **both)


@transaction.atomic
def dismiss(*, candidate: Candidate, by: User, now: datetime) -> bool:
    """They are not the same: nobody is asked again. False where somebody has said so before."""
    said = bool(Candidate.objects.filter(pk=candidate.pk, dismissed_at=None).update(dismissed_at=now, dismissed_by=by))
    if said:
        audit.keep(what="duplicates.dismissed", by=by, of=candidate, customer=candidate.first_id)
    return said


@transaction.atomic
def take_back(*, candidate: Candidate, by: User) -> bool:
    """Only of who has said it."""
    said = bool(Candidate.objects.filter(pk=candidate.pk, dismissed_by=by).update(dismissed_at=None, dismissed_by=None))
    if said:
        audit.keep(what="duplicates.taken_back", by=by, of=candidate, customer=candidate.first_id)
    return said


@dataclass(frozen=True)
class Looked:
    """When it was last looked for duplicates, and whether it is now."""

    at: datetime | None
    is_looking: bool
    cut: int

    @classmethod
    def last(cls) -> "Looked":
        done = Job.objects.filter(kind=KIND, state=Job.State.FINISHED).order_by("-pk").first()
        looking = Job.objects.filter(kind=KIND, state__in=Job.OPEN).exists()
        return cls(done.finished_at if done else None, looking, int(done.arguments.get("cut", 0)) if done else 0)
