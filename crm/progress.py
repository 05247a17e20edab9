"""How far a job is, in words and as a bar; of an import, through all it does."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from crm import jobs
from crm.importing.telling import Doing
from crm.models import Job
from crm.money import number


@dataclass(frozen=True)
class Progress:
    """`done` of `most` is the length of the bar; without `most` nobody knows how long it takes."""

    words: str
    done: int = 0
    most: int = 0

    @classmethod
    def of(cls, job: Job, now: datetime) -> "Progress":
        """Every row is read, then written: one bar for both."""
        if job.state == Job.State.QUEUED:
            return cls(waiting(now, is_in_line=_others(job).exists()))
        count = {"done": number(job.done), "total": number(job.total)}
        match job.doing:
            case Doing.COUNTING if job.done:
                return cls(_("%(done)s rows counted so far.") % count)
            case Doing.READING:
                return cls(_("%(done)s of %(total)s rows read and checked.") % count, job.done, 2 * job.total)
            case Doing.WRITING:
                return cls(_("All rows are read; %(done)s of %(total)s are written.") % count, job.total + job.done, 2 * job.total)
            case Doing.REMOVING_DEMO:
                return cls(_("Removing the demo."))
            case Doing.NIGHT:
                return cls(_("Computing the figures."), job.done, job.total)
        return cls(_("Looking the file over."))


def waiting(now: datetime, *, is_in_line: bool = False) -> str:
    """Why nothing moves yet. `is_in_line` is of an import behind another one."""
    if not jobs.is_seen(now):
        return _("Nothing moves, because no worker is running; make run starts one.")
    return _("Waiting for another import to end.") if is_in_line else _("Waiting for its turn.")


def _others(job: Job) -> QuerySet[Job]:
    return Job.objects.filter(kind=job.kind, state=Job.State.RUNNING).exclude(pk=job.pk)
