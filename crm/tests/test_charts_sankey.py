"""A Sankey: all its areas on one scale, nothing over anything else, the marks in the order asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.charts.sankey import Band, sankey

KEYS = "abcdef"
pairs = st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS)).filter(lambda pair: pair[0] != pair[1])
flows = st.dictionaries(pairs, st.integers(1, 10_000), min_size=1)


def test_without_a_flow_there_is_no_picture():
    assert sankey({}, KEYS, 300, 20) is None


def test_one_flow_fills_the_height():
    drawn = sankey({("a", "b"): 7}, KEYS, 300, 20)

    assert (drawn.left[0].top, drawn.left[0].height, drawn.left[0].middle) == (0, 300, 150)
    assert drawn.bands[0].written == "M0 0C50 0 50 0 100 0V300C50 300 50 300 0 300Z"


def test_three_flows_stand_as_counted_by_hand():
    # Two marks at either side part 100 − 20 of the height among 8 people: 10 for each.
    drawn = sankey({("b", "c"): 2, ("b", "a"): 3, ("a", "c"): 3}, "abc", 100, 20)

    assert [(mark.key, mark.people, mark.top, mark.height) for mark in drawn.left] == [("a", 3, 0, 30), ("b", 5, 50, 50)]
    assert [(mark.key, mark.people, mark.top, mark.height) for mark in drawn.right] == [("a", 3, 0, 30), ("c", 5, 50, 50)]
    assert drawn.bands == (Band("a", "c", 3, 0, 50, 30), Band("b", "a", 3, 50, 0, 30), Band("b", "c", 2, 80, 80, 20))


@given(flows)
def test_areas_are_as_the_numbers(flows):
    drawn = sankey(flows, KEYS, 400, 10)
    unit = drawn.bands[0].height / drawn.bands[0].people

    assert {(band.before, band.after): band.people for band in drawn.bands} == flows
    for part in (*drawn.bands, *drawn.left, *drawn.right):
        assert part.height == pytest.approx(part.people * unit)


@given(flows)
def test_nothing_lies_over_anything_else_and_all_is_within_the_height(flows):
    drawn = sankey(flows, KEYS, 400, 10)

    for marks in (drawn.left, drawn.right):
        assert marks[0].top >= -1e-6 and marks[-1].top + marks[-1].height <= 400 + 1e-6
        for upper, lower in zip(marks, marks[1:], strict=False):
            assert lower.top - (upper.top + upper.height) == pytest.approx(10)
    assert_stacked(drawn.left, [(band.before, band.left, band.height) for band in drawn.bands])
    assert_stacked(drawn.right, [(band.after, band.right, band.height) for band in drawn.bands])


def assert_stacked(marks, bands):
    """Those of a mark fill it from its top to its foot, each beginning where the one above ends."""
    for mark in marks:
        at = mark.top
        for _key, top, height in sorted((band for band in bands if band[0] == mark.key), key=lambda band: band[1]):
            assert top == pytest.approx(at)
            at += height
        assert at == pytest.approx(mark.top + mark.height)


@given(flows)
def test_the_marks_stand_in_the_order_asked_for(flows):
    drawn = sankey(flows, KEYS, 400, 10)

    for marks in (drawn.left, drawn.right):
        assert [mark.key for mark in marks] == sorted(mark.key for mark in marks)
