"""Which nights are due: known from the database and the time alone, so that nothing is lost with a message or a process."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Min

from crm.models import Business, Order
from lifecycle.models import NightlyRun

NIGHT_AT = time(3, 15)
# Of a longer absence only so many days are made good.
MOST_MISSED = 31
# A night that failed is tried again after a while, not each minute.
PAUSE_AFTER_FAILURE = timedelta(minutes=10)
# A night not done so long after it was due is somebody's business.
LATE_AFTER = timedelta(hours=2)
DAY = timedelta(days=1)


def falls(day: date, zone: ZoneInfo) -> bool:
    """Whether the zone has that day: Samoa went from 29 to 31 December 2011."""
    noon = datetime.combine(day, time(12), tzinfo=zone)
    return noon.astimezone(UTC).astimezone(zone).date() == day


def due_at(day: date, zone: ZoneInfo) -> datetime:
    """When the night of `day` may start: 03:15 on the next day. Where a clock skips that time, an hour later by its reading."""
    return datetime.combine(day + DAY, NIGHT_AT, tzinfo=zone).astimezone(UTC)


def yesterday(now: datetime, zone: ZoneInfo) -> date:
    day = now.astimezone(zone).date() - DAY
    return day if falls(day, zone) else day - DAY


def due(now: datetime, zone: ZoneInfo, live: date | None, finished: Collection[date], has_orders: bool) -> list[date]:
    """The dates whose nights are to be run now, in order.

    `live` is the date that the figures stand at, `finished` the dates whose night is done. With orders and no figures yet one night is due
    at once; with neither, none.
    """
    last = yesterday(now, zone)
    if live is None:
        return [last] if has_orders else []
    first = max(live + DAY, last - (MOST_MISSED - 1) * DAY)
    days = [first + number * DAY for number in range((last - first).days + 1)]
    return [day for day in days if falls(day, zone) and day not in finished and due_at(day, zone) <= now]


def due_now(now: datetime) -> list[date]:
    """The same from the database."""
    business = Business.load()
    live = business.as_of
    done = NightlyRun.objects.filter(state=NightlyRun.State.FINISHED, as_of__gt=live).values_list("as_of", flat=True) if live else ()
    return due(now, ZoneInfo(business.zone), live, set(done), has_orders=live is None and Order.objects.exists())


def next_night(now: datetime) -> date | None:
    """The night to start now: the first that is due, unless it has failed just before."""
    days = due_now(now)
    if not days:
        return None
    just_failed = NightlyRun.objects.filter(
        as_of=days[0], state=NightlyRun.State.FAILED, failed_at__gt=now - PAUSE_AFTER_FAILURE, failed_at__lte=now
    )
    return None if just_failed.exists() else days[0]


def is_late(now: datetime) -> bool:
    """Whether a night has been due for long and is not being made good."""
    days = due_now(now)
    if not days:
        return False
    business = Business.load()
    # One that has failed before is not being made good until it is done.
    running = NightlyRun.objects.filter(as_of=days[0], state=NightlyRun.State.RUNNING, failed_at=None).first()
    if business.as_of is None:
        # The first night is due from the first order on, and begun within a minute where a worker lives. Its date moves on while it fails.
        tried = NightlyRun.objects.exclude(state=NightlyRun.State.FINISHED).aggregate(first=Min("started_at"))
        since = tried["first"] or now
    elif running:
        since = running.started_at
    else:
        since = due_at(days[0], ZoneInfo(business.zone))
    return since < now - LATE_AFTER
