"""The demo as a job: filling it into an empty record, and taking it out again."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm import audit, jobs
from crm.models import Job, User

FILL, REMOVE = "demo", "remove_demo"


audit.register(
    audit.Action("demo.asked", _("Demo asked for")),
    audit.Action("demo.removal_asked", _("Demo asked to be removed")),
)


@transaction.atomic
def ask_for(kind: str, by: User) -> Job:
    """At most one of a kind is open: a double click asks once."""
    job = jobs.enqueue(kind, {"by": by.pk}, key="demo")
    audit.keep(what="demo.asked" if kind == FILL else "demo.removal_asked", by=by, of=job)
    return job


def latest() -> Job | None:
    """The job that was asked for last, where it is open or has failed: what a page has to say of the demo."""
    job = Job.objects.filter(kind__in=(FILL, REMOVE)).order_by("-pk").first()
    return job if job and job.state != Job.State.FINISHED else None
