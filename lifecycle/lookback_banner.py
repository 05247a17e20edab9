"""What pages say of the day that their figures are of: which is looked at, being computed, asked for, or offered where the newest order is
old.
"""

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
    """`day` is looked at (is_past), being computed (job is there), asked for by the address (is_asked), or offered; `live` is what the live
    figures stand at."""

    day: date
    live: date | None
    is_past: bool = False
    is_asked: bool = False
    job: Job | None = None
    # Why it could not be computed when last asked for.
    failed: str = ""
    # Whether this reader may ask for it: whoever may have it computed, or anybody where it is.
    may_choose: bool = False


def banner(request: HttpRequest, figures: Figures, now: datetime) -> Banner | None:
    """None where the newest order is young and no day was asked for, or there are no figures yet."""
    business = figures.business
    if figures.is_past and figures.as_of:
        return Banner(figures.as_of, business.as_of, is_past=True)
    if business.as_of is None:
        return None
    offered, choice = old_data(business, business.local_date(now)), chosen(request)
    wanted = figures.asked or choice
    job = Job.objects.filter(kind=KIND, key=wanted.isoformat()).order_by("-pk").first() if wanted else None
    is_open = job is not None and job.state in Job.OPEN
    # One chosen before and computed, whose figures a night or an order has taken away since, is not spoken of again.
    is_wanted = figures.asked is not None or is_open or bool(job and job.reason)
    day = wanted if is_wanted else offered
    if day is None:
        return None
    told = job if job and day == wanted else None
    return Banner(
        day,
        business.as_of,
        is_asked=day != offered,
        job=told if is_open else None,
        failed=told.reason if told else "",
        may_choose=business.past_as_of == day or is_owner(request.user),
    )
