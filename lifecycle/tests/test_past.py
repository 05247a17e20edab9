"""A day asked of the history: which it holds, which are near, and what else is answered in a sentence."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from crm.models import Business
from crm.tests.factories import make_customer
from lifecycle import history
from lifecycle.heights import Heights
from lifecycle.kotler import install
from lifecycle.models import NightlyRun, Replay, Stage, Transition
from lifecycle.past import PastDay
from lifecycle.people import _on

pytestmark = pytest.mark.django_db

LIVE, BEGUN = date(2026, 11, 23), date(2024, 1, 31)


@pytest.fixture(autouse=True)
def replayed(db):
    Business.keep(as_of=LIVE)
    now = timezone.now()
    Replay.objects.create(first_on=BEGUN, daily_from=date(2026, 8, 1), until=date(2026, 11, 1), moves=1, finished_at=now)
    # Scheduled: from the first of them on the history is kept night by night.
    for number in range(2, 24):
        day = date(2026, 11, number)
        NightlyRun.objects.create(as_of=day, state="finished", started_at=now, finished_at=now, is_scheduled=True)


def asked(text, begun=BEGUN):
    return PastDay.of(text, LIVE, begun)


@pytest.mark.parametrize("day", ["2024-01-31", "2024-02-29", "2026-08-01", "2026-10-17", "2026-11-01", "2026-11-22"])
def test_a_day_that_the_history_holds_is_shown(day):
    assert (asked(day).day, asked(day).problem) == (date.fromisoformat(day), "")


@pytest.mark.parametrize("text", ["", "2026-11-23"])
def test_the_day_of_the_live_figures_is_the_present(text):
    assert asked(text) == PastDay(first=BEGUN, last=LIVE)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("2025-03-15", ["2025-02-28", "2025-03-31"]),
        ("2026-07-30", ["2026-06-30", "2026-07-31"]),
        ("2024-01-30", ["2024-01-31"]),
        ("1999-01-01", ["2024-01-31"]),
        ("2026-11-24", ["2026-11-22"]),
        ("9999-12-31", ["2026-11-22"]),
        ("0001-01-01", ["2024-01-31"]),
    ],
)
def test_of_another_day_the_nearest_are_offered(text, near):
    shown = asked(text)

    assert shown.day is None and shown.problem == "The history does not hold that day; here is the present."
    assert [day.isoformat() for day in shown.near] == near


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "\0", "<script>", "9" * 5_000, "\ud800", "2026-13-01"])
def test_what_is_no_date_is_said_and_no_day_is_offered(text):
    assert asked(text).day is None and "is no date; here is the present." in asked(text).problem and not asked(text).near


def test_before_the_ladder_has_begun_there_is_no_day_to_choose():
    assert (asked("2025-03-31", None).day, asked("2025-03-31", None).first, asked("2025-03-31", None).near) == (None, None, ())


def test_the_history_says_the_same_of_a_day_counted_or_told_one_by_one():
    ladder = install()
    stages = {stage.key: stage for stage in Stage.objects.all()}
    story = [(None, "prospect", 1), (None, "prospect", 2), ("prospect", "repeat", 3), ("repeat", "inactive", 4), ("inactive", "lost", 9)]
    people = [make_customer(), make_customer()]
    for before, after, number in story:
        who = people[0] if number in (2,) else people[1]
        Transition.objects.create(
            customer=who,
            ladder=ladder,
            from_stage=stages.get(before),
            to_stage=stages[after],
            effective_on=date(2026, 5, number),
            source="replay",
            rule_version=1,
        )
    for number in range(10):
        day = date(2026, 5, 1) + timedelta(days=number)
        told = list(history.standing(ladder, day).values_list("to_stage__key", flat=True))
        assert _on(Heights.on(ladder), day) == {key: told.count(key) for key in told}
