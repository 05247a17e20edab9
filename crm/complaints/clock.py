"""The clock of a complaint: whole days of the business, of which those do not count while we wait for the customer."""

from dataclasses import dataclass
from datetime import date, timedelta

# After its end, so long a complaint may be opened again; later it is another one.
COMES_BACK = 7


def deadline(opened_on: date, days: int) -> date:
    """The last day on which it is still in time: `days` from that of the opening, which is none of them."""
    return opened_on + timedelta(days=days)


def stood(since: date, until: date) -> int:
    """Whole days. Never fewer than none: where the business moves to another zone, today may be the day before."""
    return max((until - since).days, 0)


def moved(day: date | None, by: int) -> date | None:
    return None if day is None else day + timedelta(days=by)


def due(deadline_on: date | None, promised_on: date | None) -> date | None:
    """The earlier one of what the law and what we ourselves have set."""
    return min((day for day in (deadline_on, promised_on) if day), default=None)


def may_come_back(ended_on: date, today: date) -> bool:
    return (today - ended_on).days <= COMES_BACK


@dataclass(frozen=True)
class Clock:
    """How it stands on `today`. While it waits (`since`), the deadline stands as it did on that day; so does what was promised by then, and
    what was promised later as it did on the day of that promise (`given_on`)."""

    deadline_on: date | None
    today: date
    since: date | None = None
    promised_on: date | None = None
    given_on: date | None = None

    @property
    def due_on(self) -> date | None:
        return due(self.deadline_on, self.promised_on)

    @property
    def left(self) -> int | None:
        """Days to what is due first, fewer than none where it is over; None where nothing is."""
        running = ((self.deadline_on, self.since or self.today), (self.promised_on, self._promise_since or self.today))
        return min(((day - stands).days for day, stands in running if day), default=None)

    @property
    def is_overdue(self) -> bool:
        """While it stands nobody is late."""
        return self.since is None and self.left is not None and self.left < 0

    def gone_on(self) -> tuple[date | None, date | None]:
        """The deadline and the promise as they are once it goes on: moved by the whole days that each of them stood."""
        if self.since is None or self._promise_since is None:
            return self.deadline_on, self.promised_on
        return (
            moved(self.deadline_on, stood(self.since, self.today)),
            moved(self.promised_on, stood(self._promise_since, self.today)),
        )

    @property
    def _promise_since(self) -> date | None:
        """Since when it stands for the promise: what is promised while we wait is meant from that day on."""
        return max(self.since, self.given_on or self.since) if self.since else None
