"""Where a nudge pays most, and whom it would reach."""

from datetime import date
from urllib.parse import quote

import pytest

from config.tests import cast
from crm.models import Business
from crm.tests.factories import make_customer
from lifecycle.heights import Heights
from lifecycle.kotler import install
from lifecycle.nudge import FROM, Nudge
from lifecycle.rungs import Stay
from lifecycle.tests.test_today import AS_OF

pytestmark = pytest.mark.django_db


@pytest.fixture
def heights(db):
    install()
    Business.keep(as_of=AS_OF)
    return Heights.of(Business.load())


def stay(came, climbs, days=(25, 38, 60)):
    return Stay(came, None, climbs, list(days))


def test_it_is_the_rung_before_which_most_people_are_lost(heights):
    # 40 · 0.9 = 36 prospects, 100 · 0.56 = 56 first-time customers, 30 · 0.5 = 15.
    nudge = Nudge.of(heights, {"prospect": stay(40, 0.1), "first-time": stay(100, 0.44), "repeat": stay(30, 0.5)}, AS_OF)

    assert (nudge.stage.key, nudge.above.key, nudge.of_hundred) == ("first-time", "repeat", 56)
    assert (nudge.soon, nudge.usual, nudge.late) == (25, 38, 60)


@pytest.mark.parametrize("stay", [stay(FROM - 1, 0.5), stay(FROM, None), stay(FROM, 0.0, ()), Stay(FROM, 9, 0.5, [])])
def test_where_too_little_is_known_there_is_none(heights, stay):
    assert Nudge.of(heights, {"repeat": stay}, AS_OF) is None


def test_nobody_climbs_from_the_highest_rung_or_from_beside(heights):
    assert Nudge.of(heights, {"partner": stay(99, 0.5), "inactive": stay(99, 0.5)}, AS_OF) is None


def test_its_rule_lists_exactly_those_who_are_between_its_days(heights, client):
    nudge = Nudge.of(heights, {"first-time": stay(100, 0.44)}, date(2026, 11, 23))
    assert nudge.since == (date(2026, 9, 24), date(2026, 10, 29))
    for name, stage, since in (
        ("Day 60", "first-time", date(2026, 9, 24)),
        ("Day 25", "first-time", date(2026, 10, 29)),
        ("Day 61", "first-time", date(2026, 9, 23)),
        ("Day 24", "first-time", date(2026, 10, 30)),
        ("Elsewhere", "repeat", date(2026, 10, 1)),
    ):
        make_customer({"stage": stage, "stage_since": since}, name=name)

    page = cast.signed_in(cast.staff()).get(f"/customers/?rule={quote(nudge.rule)}").text
    assert [name for name in ("Day 60", "Day 25", "Day 61", "Day 24", "Elsewhere") if name in page] == ["Day 60", "Day 25"]
