"""The demo as a job: filling it into an empty record, and taking it out again."""

from crm import jobs
from crm.models import Job, User

FILL, REMOVE = "demo", "remove_demo"


def ask_for(kind: str, by: User) -> Job:
    """At most one of a kind is open: a double click asks once."""
    return jobs.enqueue(kind, {"by": by.pk}, key="demo")


def latest() -> Job | None:
    """The job that was asked for last, where it is open or has failed: what a page has to say of the demo."""
    job = Job.objects.filter(kind__in=(FILL, REMOVE)).order_by("-pk").first()
    return job if job and job.state != Job.State.FINISHED else None
