from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.charts.scales import Calendar, Linear, ticks

AMOUNTS = st.integers(-(10**14), 10**14).map(lambda minor: minor / 100)
DAYS = st.dates(date(1970, 1, 1), date(2100, 12, 31))


def test_a_value_is_laid_where_its_share_of_the_way_is():
    scale = Linear(0, 200, 10, 110)

    assert [scale(value) for value in (0, 50, 200)] == [10, 35, 110]


def test_a_scale_may_run_upwards_as_places_on_a_screen_run_down():
    scale = Linear(0, 100, 40, 0)

    assert [scale(value) for value in (0, 25, 100)] == [40, 30, 0]


def test_a_scale_of_one_value_lays_it_in_the_middle():
    assert Linear(7, 7, 0, 40)(7) == 20


def test_places_are_short_numbers_and_never_minus_nothing():
    assert Linear(0, 3, 0, 100)(1) == 33.33
    assert str(Linear(-1, 1, -50, 50)(-0.00001)) == "0.0"


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
def test_a_larger_value_never_lies_before_a_smaller_one_and_none_lies_outside(one, two, three, four):
    low, first, second, high = sorted([one, two, three, four])
    scale = Linear(low, high, 0, 600)

    assert 0 <= scale(first) <= scale(second) <= 600


@given(DAYS, st.integers(0, 800), st.integers(0, 800))
def test_days_are_laid_like_numbers(first, length, after):
    last = first + timedelta(length)
    calendar = Calendar(first, last, 0, 344)
    day = first + timedelta(min(after, length))

    assert 0 <= calendar(day) <= 344
    assert length == 0 or (calendar(first), calendar(last)) == (0, 344)


def test_months_begin_where_they_begin_and_not_before_the_first_day():
    calendar = Calendar(date(2025, 11, 15), date(2026, 2, 1), 0, 78)

    assert list(calendar.months()) == [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
    assert [calendar(month) for month in calendar.months()] == [16, 47, 78]
    assert list(Calendar(date(2025, 11, 1), date(2025, 11, 30), 0, 1).months()) == [date(2025, 11, 1)]


def test_a_picture_of_the_last_days_there_are_ends():
    assert list(Calendar(date(9999, 11, 5), date.max, 0, 1).months()) == [date(9999, 12, 1)]


@pytest.mark.parametrize(
    ("low", "high", "about", "expected"),
    [
        (0, 100, 5, [0, 20, 40, 60, 80, 100]),
        (0, 97, 5, [0, 20, 40, 60, 80, 100]),
        (0, 7, 3, [0, 5, 10]),
        (0, 0.3, 3, [0, 0.1, 0.2, 0.3]),
        (-30, 60, 4, [-50, 0, 50, 100]),
        (0, 4_620_000, 5, [0, 1_000_000, 2_000_000, 3_000_000, 4_000_000, 5_000_000]),
        (5, 5, 5, [5]),
    ],
)
def test_ticks_are_round_numbers_around_the_values(low, high, about, expected):
    assert ticks(low, high, about) == expected


@given(AMOUNTS, st.integers(1, 10**14).map(lambda minor: minor / 100), st.integers(1, 10))
def test_ticks_cover_the_values_evenly_and_are_few(low, length, about):
    high = low + length
    found = ticks(low, high, about)
    step = found[1] - found[0]

    # Beyond fifteen digits a float is not exact.
    slack = 1e-9 * max(abs(low), abs(high), 1)
    assert found[0] <= low + slack and found[-1] >= high - slack
    assert all(abs(after - before - step) <= slack for before, after in zip(found, found[1:], strict=False))
    assert 2 <= len(found) <= about + 3
