from itertools import accumulate
from math import isfinite

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from crm.charts.curve import share_curve
from crm.charts.shapes import line
from crm.charts.spark import spark

VALUES = st.lists(st.integers(-(10**12), 10**12) | st.floats(-1e9, 1e9), max_size=60)


def test_a_line_is_written_as_svg_reads_it():
    assert line([(0, 1.5), (20.25, 3)]).written == "0,1.5 20.25,3"
    assert line([(0, 1.5), (20.25, 3)]).last == (20.25, 3)


def test_a_sparkline_goes_from_left_to_right_and_up_with_the_value():
    drawn = spark([10, 20, 15], width=97, height=26)

    assert drawn.line.points == ((3, 23), (48, 3), (93, 13))


def test_equal_values_run_through_the_middle():
    assert {point.y for point in spark([4, 4, 4]).line.points} == {14}


def test_one_value_is_a_dot_at_the_end():
    assert spark([4]).line.points == ((92, 14),)


def test_nothing_is_drawn_of_no_values():
    assert spark([]) is None
    assert render_to_string("charts/_spark.html", {"spark": spark([])}).strip() == ""


@given(VALUES.filter(bool))
def test_a_sparkline_keeps_within_its_box(values):
    points = spark(values, width=96, height=28).line.points

    assert len(points) == len(values)
    assert all(isfinite(x) and isfinite(y) and 3 <= x <= 92 and 3 <= y <= 25 for x, y in points)
    assert [point.x for point in points] == sorted(point.x for point in points)


def test_numbers_are_printed_with_a_point_in_every_language():
    with translation.override("cs"):
        printed = render_to_string("charts/_spark.html", {"spark": spark([1, 3, 4])})

    assert 'points="3,25 47.5,10.33 92,3"' in printed and 'cy="3.0"' in printed


def test_a_curve_of_shares_runs_from_the_lower_left_to_the_upper_right():
    drawn = share_curve([(0, 0), (0.2, 0.8), (1, 1)])

    assert drawn.line.points == ((0, 100), (20, 20), (100, 0))
    assert (drawn.behind, drawn.mark) == (None, None)


def test_its_axes_are_marked_at_every_fifth():
    drawn = share_curve([(0, 0), (1, 1)])

    assert [(tick.at, tick.value) for tick in drawn.across] == [(0, 0), (20, 0.2), (40, 0.4), (60, 0.6), (80, 0.8), (100, 1)]
    assert [tick.at for tick in drawn.up] == [100, 80, 60, 40, 20, 0]


@pytest.mark.parametrize(("across", "turned"), [(0.05, False), (0.6, False), (0.61, True), (1, True)])
def test_the_words_of_a_mark_stand_where_there_is_room(across, turned):
    mark = share_curve([(0, 0), (1, 1)], mark=(across, 0.8), label="half").mark

    assert (mark.turned, mark.label, mark.at.y) == (turned, "half", 20)


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=60))
def test_a_curve_of_shares_keeps_within_its_box_and_only_rises(amounts):
    amounts.sort(reverse=True)
    sums = [0, *accumulate(amounts)]
    points = share_curve([(first / len(amounts), total / sums[-1]) for first, total in enumerate(sums)]).line.points

    assert all(0 <= x <= 100 and 0 <= y <= 100 for x, y in points)
    assert [point.x for point in points] == sorted(point.x for point in points)
    assert [point.y for point in points] == sorted((point.y for point in points), reverse=True)


def test_a_curve_is_printed_with_its_finding_and_without_inline_style():
    drawn = share_curve([(0, 0), (0.2, 0.8), (1, 1)], [(0, 0), (0.5, 0.5), (1, 1)], (0.2, 0.8), "5 < 6")
    with translation.override("cs"):
        printed = render_to_string("charts/_share_curve.html", {"curve": drawn, "label": "Few bring much."})

    assert 'role="img" aria-label="Few bring much."' in printed
    assert 'points="0,100 20,20 100,0"' in printed and 'points="0,100 50,50 100,0"' in printed
    assert "5 &lt; 6" in printed and "style=" not in printed
