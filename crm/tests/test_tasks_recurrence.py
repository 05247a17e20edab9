"""The days of a task that repeats: by hand for the awkward ones, and as laws for all."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.tasks.recurrence import LAST, following, turn_on

DAYS = st.dates(date(1970, 1, 1), date(2100, 12, 31))
PAUSES = st.integers(1, 366)
UNITS = st.sampled_from(["days", "weeks", "months", "years"])


def days(first, repeats, every, turns):
    return [turn_on(first, repeats, every, turn).isoformat() for turn in range(turns)]


@pytest.mark.parametrize(
    ("first", "repeats", "every", "expected"),
    [
        (date(2026, 1, 31), "months", 1, ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        (date(2028, 1, 31), "months", 1, ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]),
        (date(2026, 8, 31), "months", 6, ["2026-08-31", "2027-02-28", "2027-08-31", "2028-02-29"]),
        (date(2026, 12, 15), "months", 1, ["2026-12-15", "2027-01-15", "2027-02-15", "2027-03-15"]),
        (date(2024, 2, 29), "years", 1, ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        (date(2026, 11, 24), "weeks", 2, ["2026-11-24", "2026-12-08", "2026-12-22", "2027-01-05"]),
        (date(2026, 2, 27), "days", 3, ["2026-02-27", "2026-03-02", "2026-03-05"]),
    ],
)
def test_the_day_of_the_month_comes_back_after_a_shorter_month(first, repeats, every, expected):
    assert days(first, repeats, every, len(expected)) == expected


def test_done_late_the_turns_that_have_passed_are_left_out():
    first = date(2026, 11, 2)
    assert following(first, "weeks", 1, 0, date(2026, 11, 5)) == (1, date(2026, 11, 9))
    assert following(first, "weeks", 1, 0, date(2026, 11, 9)) == (1, date(2026, 11, 9))
    assert following(first, "weeks", 1, 0, date(2026, 11, 10)) == (2, date(2026, 11, 16))


def test_done_early_the_next_turn_is_the_next_turn():
    assert following(date(2026, 11, 30), "weeks", 1, 0, date(2026, 11, 1)) == (1, date(2026, 12, 7))
    assert following(date(2026, 11, 30), "months", 1, 3, date(2026, 11, 1)) == (4, date(2027, 3, 30))


def test_a_series_ends_with_the_calendar():
    assert following(date(2900, 1, 1), "years", 100, 0, date(2900, 1, 1)) is None
    assert following(date(2999, 12, 31), "days", 1, 0, date(2999, 12, 31)) is None


@given(DAYS, UNITS, PAUSES, st.integers(0, 60), st.integers(-400, 4000))
def test_the_next_turn_is_the_first_of_its_series_that_has_not_passed(first, repeats, every, turn, late):
    day = first + timedelta(late)
    found = following(first, repeats, every, turn, day)
    if found is None:
        assert turn_on(first, repeats, every, 5000) is None
        return
    number, on = found
    assert on == turn_on(first, repeats, every, number) and on >= day and number > turn and on <= LAST
    # One turn earlier is either the one that was done, or has passed.
    assert number == turn + 1 or turn_on(first, repeats, every, number - 1) < day


@given(DAYS, UNITS, PAUSES, st.integers(0, 60))
def test_turns_follow_one_another_and_keep_their_day(first, repeats, every, turn):
    this, after = (turn_on(first, repeats, every, number) for number in (turn, turn + 1))
    if after is None:
        return
    assert this < after
    if repeats in {"months", "years"}:
        assert this.day == first.day or (this + timedelta(1)).day == 1
    else:
        assert (after - this).days == every * (7 if repeats == "weeks" else 1)
