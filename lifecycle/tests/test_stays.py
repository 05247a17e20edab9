"""Stays and climbs: counted by hand, by published figures, and against their definition written out day by day."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.stays import Curve, End, Spells

STAYS, CLIMBED, LEFT = End


def spells(*rows):
    return [Spells(entry, days, end, people) for entry, days, end, people in rows]


def left(*days):
    return spells(*((0, day, LEFT, 1) for day in days))


# Freireich and others (1963), as in Gehan, Biometrika 52 (1965): weeks in remission; of the first those marked + went on.
TREATED = left(6, 6, 6, 7, 10, 13, 16, 22, 23) + spells(*((0, week, STAYS, 1) for week in (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)))
PLACEBO = left(1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)


def test_the_medians_of_the_leukaemia_trial_are_those_published():
    assert (Curve.of(TREATED).median, Curve.of(PLACEBO).median) == (23, 8)


def test_the_curve_of_the_leukaemia_trial_is_the_one_published():
    published = [(6, 0.857), (7, 0.807), (10, 0.753), (13, 0.690), (16, 0.627), (22, 0.538), (23, 0.448)]

    assert [(step.day, round(step.staying, 3)) for step in Curve.of(TREATED).steps] == published


def test_equal_spells_count_together_as_they_do_one_by_one():
    assert Curve.of(spells((0, 5, LEFT, 3), (0, 9, CLIMBED, 2))) == Curve.of(left(5, 5, 5) + spells(*[(0, 9, CLIMBED, 1)] * 2))


def test_where_the_curve_does_not_fall_to_one_half_there_is_no_median():
    assert Curve.of(spells((0, 5, LEFT, 1), (0, 9, STAYS, 2))).median is None
    assert Curve.of(spells((0, 5, LEFT, 1), (0, 9, STAYS, 1))).median == 5


def test_nobody_watched_is_nothing_known():
    curve = Curve.of([])

    assert (curve.median, curve.climbed(365), curve.climbed_on(0.5, 365)) == (None, None, None)


def test_who_slips_cannot_climb_any_more():
    # Of ten, two climb on day 10 and five slip on day 20: one of the three left climbs on day 30, and two go on to the end of the year.
    curve = Curve.of(spells((0, 10, CLIMBED, 2), (0, 20, LEFT, 5), (0, 30, CLIMBED, 1), (0, 400, STAYS, 2)))

    assert curve.climbed(365) == pytest.approx(0.3)
    assert [curve.climbed(day) for day in (9, 10, 29)] == pytest.approx([0, 0.2, 0.2])
    assert (curve.median, curve.climbed_on(0.5, 365), curve.climbed_on(0.9, 365)) == (20, 10, 30)


def test_who_was_watched_for_a_while_counts_for_that_while():
    # Four come; one is watched for five days only. On day 10 one of the three still watched climbs, on day 20 one of two.
    curve = Curve.of(spells((0, 5, STAYS, 1), (0, 10, CLIMBED, 1), (0, 20, CLIMBED, 1), (0, 365, STAYS, 1)))

    assert curve.climbed(365) == pytest.approx(1 / 3 + 2 / 3 * 1 / 2)


def test_how_many_climb_in_a_year_is_not_known_before_somebody_was_watched_for_a_year():
    young = spells((0, 10, CLIMBED, 1), (0, 364, STAYS, 1))

    assert Curve.of(young).climbed(365) is None and Curve.of(young).climbed(364) == 0.5
    # But where all have left, nothing more can come.
    assert Curve.of(spells((0, 10, CLIMBED, 1), (0, 20, LEFT, 1))).climbed(365) == 0.5


def test_nobody_climbing_is_a_share_of_nothing_and_no_day():
    curve = Curve.of(spells((0, 10, LEFT, 1), (0, 400, STAYS, 1)))

    assert (curve.climbed(365), curve.climbed_on(0.5, 365)) == (0, None)


def test_a_spell_that_began_before_we_watched_enters_at_the_age_it_had():
    # On day 10 two are watched, one of whom leaves. On day 50 the late one is there too: one of two leaves.
    curve = Curve.of(spells((0, 10, LEFT, 1), (0, 60, STAYS, 1), (40, 50, LEFT, 1)))

    assert [(step.day, step.staying) for step in curve.steps] == [(10, 0.5), (50, 0.25)]


def test_a_spell_that_ends_on_the_day_it_enters_was_not_watched():
    assert Curve.of(spells((40, 40, LEFT, 1), (0, 60, STAYS, 1))).steps == ()


def test_the_curve_ends_where_nobody_was_watched_for_a_while():
    # From day 21 to day 40 there is nobody: what comes after says nothing of those who came at the beginning.
    curve = Curve.of(spells((0, 10, LEFT, 1), (0, 20, STAYS, 4), (40, 50, LEFT, 9)))

    assert (curve.until, curve.median, [step.day for step in curve.steps]) == (20, None, [10])


def test_who_climbs_on_the_day_they_come_is_among_the_climbers():
    assert Curve.of(spells((0, 0, CLIMBED, 1), (0, 365, STAYS, 3))).climbed(365) == 0.25


def by_definition(people):
    """Day by day: the share of all who stay longer than it, and of those who have climbed by it; as long as somebody is watched."""
    staying, climbed, days = Fraction(1), Fraction(0), {}
    for day in range(40):
        watched = [each for each in people if (each.entry < day or each.entry == 0) and each.days >= day]
        if not watched:
            break
        gone = [each for each in watched if each.days == day and each.end != STAYS]
        climbed += staying * Fraction(sum(each.end == CLIMBED for each in gone), len(watched))
        staying *= 1 - Fraction(len(gone), len(watched))
        days[day] = (staying, climbed)
    return days


one = st.builds(
    lambda entry, more, end: Spells(entry, entry + more, end, 1), st.sampled_from([0, 0, 0, 3, 7]), st.integers(0, 20), st.sampled_from(End)
)


@given(st.lists(one, max_size=12))
def test_it_is_the_definition_written_out_day_by_day(people):
    curve, days = Curve.of(people), by_definition(people)
    half = next((day for day, (staying, _climbed) in days.items() if staying <= Fraction(1, 2)), None)

    assert curve.median == half
    for day, (_staying, climbed) in days.items():
        assert curve.climbed(day) == pytest.approx(float(climbed))
    assert {step.day: step.staying for step in curve.steps} == pytest.approx({day: float(days[day][0]) for day in left_on(people, days)})


def left_on(people, days):
    """The days on which somebody who was watched left."""
    watched = [each for each in people if each.end != STAYS and (each.entry == 0 or each.entry < each.days)]
    return {each.days for each in watched if each.days in days}
