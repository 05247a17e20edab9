"""What pages say while the past is worked out again."""

from crm.models import Job

# Of the job that replays the past.
KIND = "replay"


def replay_job() -> Job | None:
    """The one that waits or runs."""
    return Job.objects.filter(kind=KIND, state__in=Job.OPEN).order_by("-pk").first()
