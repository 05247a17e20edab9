"""How far an import is, in words and as a bar."""

from dataclasses import dataclass
from datetime import datetime

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
            return cls(_waiting(job, now))
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


def _waiting(job: Job, now: datetime) -> str:
    if not jobs.is_seen(now):
        return _("Nothing moves, because no worker is running; make run starts one.")
    if Job.objects.filter(kind=job.kind, state=Job.State.RUNNING).exclude(pk=job.pk).exists():
        return _("Waiting for another import to end.")
    return _("Waiting for its turn.")
