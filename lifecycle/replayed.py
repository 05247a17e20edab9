"""Which days a replay of the past is of, what is known of one that was asked for, and asking for one. Light: the web process reads it."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Min
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from crm import audit, jobs
from crm.models import Business, Import, Job, Order, User
from lifecycle.models import NightlyRun, Replay

KIND = LOCK = "replay"
DAY = timedelta(days=1)
# So many days up to the last one follow each other; before them there are month ends.
DAILY = 90


@dataclass(frozen=True)
class Span:
    """`start` is the day of the first order; `until` the last day that is replayed."""

    start: date
    until: date

    @classmethod
    def due(cls) -> "Span | str":
        """From the first counting order to the day before the first scheduled night, or to what the figures stand at; else why not."""
        nights = first_scheduled()
        until = nights - DAY if nights else Business.load().as_of
        if until is None:
            return _("There is no past to replay before the first night; run: manage.py nightly")
        counting = Order.objects.filter(customer__isnull=False, status__in=(Order.Status.PAID, Order.Status.UNPAID), amount__gte=0)
        start = counting.order_by("ordered_on").values_list("ordered_on", flat=True).first()
        if start is None:
            return _("There are no orders, so there is no past to replay.")
        if start > until:
            return _("There are no orders up to %(day)s, so there is no past to replay.") % {"day": date_format(until)}
        return cls(start, until)

    @property
    def daily_from(self) -> date:
        return max(self.start, self.until - DAY * (DAILY - 1))

    @property
    def first(self) -> date:
        return self.days[0]

    @property
    def days(self) -> list[date]:
        """Ascending: the month ends before the last days, and those."""
        count = (self.until - self.daily_from).days + 1
        return [*month_ends(self.start, self.daily_from), *(self.daily_from + DAY * number for number in range(count))]


def month_ends(start: date, before: date) -> Iterator[date]:
    """Not before `start`, and before `before`."""
    while (end := month_end(start)) < before:
        yield end
        start = end + DAY


def month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def first_scheduled() -> date | None:
    """The date of the first night that the clock began, and that came to its end: from it on the history is kept night by night."""
    scheduled = NightlyRun.objects.filter(is_scheduled=True, state=NightlyRun.State.FINISHED)
    first: date | None = scheduled.aggregate(first=Min("as_of"))["first"]
    return first


@transaction.atomic
def ask(by: User | None = None) -> Job:
    """The job that replays the past as it is from now on: one that runs already may have missed what has just come, and is followed."""
    running = Job.objects.filter(kind=KIND, state=Job.State.RUNNING).order_by("-pk").first()
    arguments = {"import": _newest_import()}
    job = jobs.enqueue(KIND, arguments, key=f"after {running.pk}" if running else KIND)
    # One that waited already knows of it then, too.
    Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(arguments=arguments)
    if by:
        audit.keep(what="replay.asked", by=by, of=job)
    return job


def ask_after_import() -> None:
    """Where orders were imported since it was asked for last, and there are figures."""
    newest = _newest_import()
    asked = Job.objects.filter(kind=KIND).order_by("-pk").first()
    if newest > (asked.arguments.get("import", 0) if asked else 0) and Business.load().as_of:
        ask()


def _newest_import() -> int:
    """The key of the last one that is through and brought orders; 0 without one."""
    done = Import.objects.filter(state=Import.State.FINISHED).exclude(orders_created=0, orders_updated=0)
    return done.order_by("-pk").values_list("pk", flat=True).first() or 0


def replay_job() -> Job | None:
    """The replay that runs, else the one that was asked for last, where it waits, or has failed and none was done since."""
    theirs = Job.objects.filter(kind=KIND)
    # Behind one that runs there waits at most one.
    left = list(theirs.exclude(state=Job.State.FINISHED).order_by("-pk")[:2])
    job = next((job for job in left if job.state == Job.State.RUNNING), left[0] if left else None)
    if job is None or job.state in Job.OPEN:
        return job
    later = theirs.filter(pk__gt=job.pk).exists() or Replay.objects.filter(finished_at__gt=job.finished_at).exists()
    return None if later else job
