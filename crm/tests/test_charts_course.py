from datetime import date, timedelta

import pytest

from crm.charts.course import course

FIRST = date(2026, 1, 15)


def days(*values, apart=1):
    return [(FIRST + timedelta(days=place * apart), value) for place, value in enumerate(values)]


@pytest.mark.parametrize("values", [(), (5,)])
def test_fewer_than_two_days_make_no_line(values):
    assert course(days(*values)) is None


def test_it_stands_on_zero_and_the_area_is_closed_along_the_foot():
    drawn = course(days(0, 30, 60))

    assert drawn.line.points == ((0, 100), (50, 50), (100, 0))
    assert drawn.area.points == ((0, 100), *drawn.line.points, (100, 100))
    assert [(tick.at, tick.value) for tick in drawn.up] == [(100, 0), (66.67, 20), (33.33, 40), (0, 60)]


@pytest.mark.parametrize(("values", "up"), [((0, 0), [0, 1]), ((1, 1), [0, 1]), ((2, 1), [0, 1, 2])])
def test_few_people_are_counted_whole(values, up):
    assert [tick.value for tick in course(days(*values)).up] == up


def test_of_many_months_every_third_is_named_up_to_the_last():
    drawn = course(days(*[1] * 53, apart=7))

    assert [month.first.month for month in drawn.months] == [4, 7, 10, 1]
    assert drawn.months[-1].first == date(2027, 1, 1)


def test_within_a_month_none_is_named():
    assert course(days(1, 2)).months == ()
