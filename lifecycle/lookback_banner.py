"""What pages say where the newest order is old: that it is, what is offered, what is being computed, what is looked at."""

from dataclasses import dataclass
from datetime import date, datetime

from django.http import HttpRequest

from crm.access import is_owner
from crm.figures import Figures, chosen, old_data
from crm.models import Job

# Of the job that lifecycle/lookback.py does.
KIND = "lookback"


@dataclass(frozen=True)
class Banner:
    """`day` is looked at (is_past), being computed (job is there), or offered; `live` is what the live figures stand at."""

    day: date
    live: date | None
    is_past: bool = False
    job: Job | None = None
    # Why it could not be computed when last asked for.
    failed: str = ""
    # Whether this reader may ask for it: whoever may have it computed, or anybody where it is.
    may_choose: bool = False


def banner(request: HttpRequest, figures: Figures, now: datetime) -> Banner | None:
    """None where the newest order is young, or there are no figures yet."""
    business = figures.business
    if figures.is_past and figures.as_of:
        return Banner(figures.as_of, business.as_of, is_past=True)
    day = old_data(business, business.local_date(now))
    if day is None:
        return None
    job = Job.objects.filter(kind=KIND, key=day.isoformat()).order_by("-pk").first() if chosen(request) == day else None
    may_choose = business.past_as_of == day or is_owner(request.user)
    is_open = job is not None and job.state in Job.OPEN
    return Banner(day, business.as_of, job=job if is_open else None, failed=job.reason if job else "", may_choose=may_choose)
