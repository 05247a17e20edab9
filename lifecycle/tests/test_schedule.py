"""Which nights are due, on a clock that is stepped over the changes of the zones, switched off, and set back."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm.models import Business
from crm.tests.factories import make_order
from lifecycle import nightly, schedule
from lifecycle.models import NightlyRun

PRAGUE = ZoneInfo("Europe/Prague")
# Zone, and a day in whose neighbourhood its clocks change; in December 2011 Samoa left out a day.
CHANGES = [
    ("Europe/Prague", date(2026, 3, 29)),
    ("Europe/Prague", date(2026, 10, 25)),
    ("Europe/Warsaw", date(2026, 3, 29)),
    ("Europe/Warsaw", date(2026, 10, 25)),
    ("UTC", date(2026, 3, 29)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Pacific/Apia", date(2011, 9, 24)),
    ("Pacific/Apia", date(2012, 4, 1)),
    ("Pacific/Apia", date(2011, 12, 30)),
]


def local_dates(zone, start, end):
    """Every date that the zone's clocks show between two instants."""
    hours = int((end - start) / timedelta(hours=1))
    return sorted({(start + timedelta(hours=hour)).astimezone(zone).date() for hour in range(hours + 1)})


class Clock:
    """Steps through the time and does at each step what is due, in memory."""

    def __init__(self, zone, live):
        self.zone, self.live, self.done = zone, live, []

    def step(self, now):
        for night in schedule.due(now, self.zone, self.live, set(self.done), has_orders=True):
            self.done.append((night, now))
            self.live = night

    @property
    def nights(self):
        return [night for night, _now in self.done]


@pytest.mark.parametrize(("name", "day"), CHANGES)
def test_each_local_date_has_one_night_after_a_quarter_past_three(name, day):
    zone = ZoneInfo(name)
    start = datetime.combine(day - timedelta(days=4), datetime.min.time(), tzinfo=UTC)
    end = start + timedelta(days=9)
    dates = local_dates(zone, start, end)
    clock = Clock(zone, dates[0] - timedelta(days=1))

    for minute in range(0, 9 * 24 * 60, 5):
        clock.step(start + timedelta(minutes=minute))

    assert clock.nights == dates[: len(clock.nights)]
    assert len(dates) - len(clock.nights) in (1, 2)  # the last day is not over
    for night, now in clock.done[1:]:
        local = now.astimezone(zone)
        assert local.date() > night
        assert (local.hour, local.minute) in [(3, 15), (4, 15)]


def test_the_day_that_samoa_left_out_has_no_night():
    zone = ZoneInfo("Pacific/Apia")
    now = datetime(2012, 1, 2, 12, tzinfo=UTC)

    assert schedule.due(now, zone, date(2011, 12, 28), [], True) == [date(2011, 12, 29), date(2011, 12, 31), date(2012, 1, 1)]


def test_samoas_first_start_on_the_day_after_takes_the_day_before_the_gap():
    now = datetime(2011, 12, 30, 22, tzinfo=UTC)  # noon of the 31st there

    assert schedule.due(now, ZoneInfo("Pacific/Apia"), None, [], True) == [date(2011, 12, 29)]


def prague(*when):
    return datetime(*when, tzinfo=PRAGUE).astimezone(UTC)


def due(now, live, finished=(), has_orders=True):
    return schedule.due(now, PRAGUE, live, finished, has_orders)


def test_it_is_due_from_a_quarter_past_three_on():
    live = date(2026, 1, 13)

    assert due(prague(2026, 1, 15, 3, 14, 59), live) == []
    assert due(prague(2026, 1, 15, 3, 15), live) == [date(2026, 1, 14)]
    assert due(prague(2026, 1, 15, 23, 59), live) == [date(2026, 1, 14)]


def test_three_nights_switched_off_are_made_good_in_order():
    missed = [date(2026, 1, day) for day in (11, 12, 13, 14)]

    assert due(prague(2026, 1, 15, 9, 0), date(2026, 1, 10)) == missed
    assert due(prague(2026, 1, 15, 2, 0), date(2026, 1, 10)) == missed[:-1]


def test_of_a_longer_absence_thirty_one_days_are_made_good():
    def missed(live):
        return due(prague(2026, 3, 15, 9, 0), live)

    assert missed(date(2026, 2, 11))[0] == date(2026, 2, 12)
    assert len(missed(date(2026, 2, 11))) == 31
    assert missed(date(2026, 2, 10)) == missed(date(2019, 1, 1)) == missed(date(2026, 2, 11))
    assert missed(date(2026, 2, 12))[0] == date(2026, 2, 13)


def test_the_first_start_runs_yesterday_at_once_where_there_are_orders():
    assert due(prague(2026, 1, 15, 0, 1), None) == [date(2026, 1, 14)]
    assert due(prague(2026, 1, 15, 0, 1), None, has_orders=False) == []


def test_a_clock_set_back_runs_nothing():
    live = date(2026, 1, 14)

    assert due(prague(2026, 1, 15, 1, 15), live) == []
    assert due(prague(2025, 12, 1, 9, 0), live) == []


def test_a_finished_date_is_not_run_again():
    assert due(prague(2026, 1, 15, 9, 0), date(2026, 1, 12), {date(2026, 1, 13)}) == [date(2026, 1, 14)]


class Ticking:
    """Runs what is due at given moments on the database."""

    def __init__(self):
        self.now = prague(2026, 1, 15, 9, 0)

    def at(self, *when):
        self.now = prague(*when)
        return [night.day for night in nightly.run_due(lambda: self.now)]


@pytest.fixture
def ticking(db):
    return Ticking()


def finished():
    return list(NightlyRun.objects.filter(state="finished").order_by("as_of").values_list("as_of__day", flat=True))


def test_without_an_order_nothing_is_due(ticking):
    assert ticking.at(2026, 1, 15, 9, 0) == []
    assert not NightlyRun.objects.exists()


def test_from_the_first_order_on_each_date_has_one_night(ticking):
    make_order()

    assert ticking.at(2026, 1, 15, 9, 0) == [14]
    assert ticking.at(2026, 1, 15, 9, 1) == []
    assert ticking.at(2026, 1, 16, 3, 14) == []
    assert ticking.at(2026, 1, 16, 3, 15) == [15]
    assert ticking.at(2026, 1, 16, 3, 16) == []
    assert finished() == [14, 15]


def test_after_three_days_off_the_missed_nights_come_in_order_and_once(ticking):
    make_order()
    ticking.at(2026, 1, 15, 9, 0)

    assert ticking.at(2026, 1, 19, 9, 0) == [15, 16, 17, 18]
    assert ticking.at(2026, 1, 19, 9, 1) == []
    assert Business.load().as_of == date(2026, 1, 18)


def test_a_due_night_of_the_workers_is_scheduled_and_one_of_a_command_is_not(ticking):
    """Where the history begins to be kept night by night may not depend on which of the worker's came first, the clock or a job."""
    make_order()
    ticking.at(2026, 1, 15, 9, 0)
    for day, hour, is_workers in ((16, 2, True), (17, 4, False), (18, 4, True)):
        now = prague(2026, 1, day, hour, 0)
        nightly.run(date(2026, 1, day - 1), today=date(2026, 1, day), clock=lambda now=now: now, is_workers=is_workers)

    scheduled = NightlyRun.objects.order_by("as_of").values_list("as_of__day", "is_scheduled")
    assert list(scheduled) == [(14, True), (15, False), (16, False), (17, True)]


def test_a_clock_set_back_moves_no_date(ticking):
    make_order()
    ticking.at(2026, 1, 15, 9, 0)
    before = NightlyRun.objects.values().get()

    assert [ticking.at(2026, 1, 14, 9, 0), ticking.at(2026, 1, 15, 1, 0), ticking.at(2026, 1, 15, 9, 0)] == [[], [], []]
    assert NightlyRun.objects.values().get() == before
    assert ticking.at(2026, 1, 16, 3, 15) == [15]


def broken(as_of):
    raise ZeroDivisionError("no customers")


def test_a_night_that_fails_is_tried_again_after_a_pause_and_holds_the_later_ones_up(ticking, monkeypatch):
    make_order()
    ticking.at(2026, 1, 15, 9, 0)
    with monkeypatch.context() as patched:
        patched.setattr(nightly, "STEPS", (("broken", broken),))
        assert ticking.at(2026, 1, 17, 3, 15) == []
    assert NightlyRun.objects.get(as_of=date(2026, 1, 15)).state == "failed"
    assert not NightlyRun.objects.filter(as_of=date(2026, 1, 16)).exists()

    assert ticking.at(2026, 1, 17, 3, 20) == []
    assert ticking.at(2026, 1, 17, 3, 25) == [15, 16]
    tried = NightlyRun.objects.get(as_of=date(2026, 1, 15))
    assert (tried.started_at, tried.finished_at) == (prague(2026, 1, 17, 3, 15), prague(2026, 1, 17, 3, 25))


class TestLateness:
    def at(self, *when):
        return schedule.is_late(prague(*when))

    def test_nothing_is_late_where_nothing_is_due(self, ticking):
        assert not self.at(2026, 1, 15, 9, 0)
        make_order()
        ticking.at(2026, 1, 15, 9, 0)
        assert not self.at(2026, 1, 16, 3, 0)

    def test_a_night_is_late_two_hours_after_it_was_due(self, ticking):
        make_order()
        ticking.at(2026, 1, 15, 9, 0)

        assert not self.at(2026, 1, 16, 5, 15)
        assert self.at(2026, 1, 16, 5, 16)

    def test_one_that_is_being_run_is_not_late_until_it_has_run_for_two_hours(self, ticking):
        make_order()
        ticking.at(2026, 1, 15, 9, 0)
        NightlyRun.objects.create(as_of=date(2026, 1, 15), state="running", started_at=prague(2026, 1, 20, 9, 0))

        assert not self.at(2026, 1, 20, 11, 0)
        assert self.at(2026, 1, 20, 11, 1)

    def test_one_that_dies_again_and_again_is_late_all_the_same(self, ticking, monkeypatch):
        make_order()
        ticking.at(2026, 1, 15, 9, 0)

        class Killed(BaseException):
            pass

        def kill(name):
            if name == "night.step":
                raise Killed

        monkeypatch.setattr(nightly, "failpoint", kill)
        for minute in range(0, 150, 10):
            with pytest.raises(Killed):
                ticking.at(2026, 1, 20, 9 + minute // 60, minute % 60)

        assert self.at(2026, 1, 20, 11, 30)

    def said_while_it_fails(self, ticking, monkeypatch, start, minutes):
        """Minutes after `start` at which a night that fails each time is called late: before its try, within and after it."""
        said = []

        def broken(as_of):
            said.append(schedule.is_late(ticking.now))
            raise ZeroDivisionError("no customers")

        monkeypatch.setattr(nightly, "STEPS", (("broken", broken),))
        late = []
        for minute in minutes:
            ticking.now = start + timedelta(minutes=minute)
            said[:] = [schedule.is_late(ticking.now)]
            assert nightly.run_due(lambda: ticking.now) == []
            said.append(schedule.is_late(ticking.now))
            assert len(set(said)) == 1, (minute, said)
            late += [minute] if said[0] else []
        return late

    def test_one_that_fails_for_hours_is_late_from_then_on_also_while_it_is_tried_again(self, ticking, monkeypatch):
        make_order()
        ticking.at(2026, 1, 15, 9, 0)
        minutes = [*range(0, 117, 4), *range(118, 124), *range(126, 300, 6)]

        late = self.said_while_it_fails(ticking, monkeypatch, prague(2026, 1, 16, 3, 15), minutes)

        assert late == [minute for minute in minutes if minute > 120]

    def test_a_first_night_that_fails_is_late_two_hours_after_it_was_first_tried_also_on_the_next_day(self, ticking, monkeypatch):
        make_order()
        ticking.now = prague(2026, 1, 15, 22, 30)
        assert not schedule.is_late(ticking.now)

        minutes = [*range(0, 117, 4), *range(119, 123), *range(126, 300, 6)]
        late = self.said_while_it_fails(ticking, monkeypatch, ticking.now, minutes)

        assert late == [minute for minute in minutes if minute > 120]
        assert NightlyRun.objects.count() == 2

    def test_a_night_of_before_the_record_was_emptied_does_not_make_the_first_one_late(self, ticking):
        make_order()
        ticking.at(2026, 1, 10, 9, 0)
        Business.keep(as_of=None)

        assert not self.at(2026, 1, 15, 9, 0)
