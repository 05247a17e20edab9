"""`kill -9` at every failpoint of looking back, then once more: the same rows as undisturbed. And CDNOW, against a night of that day."""

import csv

import pytest

from crm.models import Business, Changed, Facts, Headline, PastFacts
from crm.tests.installation import Installation
from crm.tests.points import failpoints
from lifecycle.models import NightlyRun, Position, Transition
from lifecycle.tests.test_night_killed import FILL, TENTH, run

pytestmark = pytest.mark.slow

PAST = (PastFacts, Business, Headline)
LIVE = (Facts, Changed, NightlyRun, Position, Transition)
LOOK = "from datetime import date; from lifecycle.lookback import look_back; assert look_back(date.fromisoformat({day!r}))"
DAY = "2024-09-30"
SHARED_WITH_THE_NIGHT = ("night.rows", "night.facts", "night.facts:2", "night.facts.inside", "night.referrals", "night.pareto")
TURNS = ("lookback.step:3", "lookback.step:4", "lookback.step:6", "lookback.stages:2")


def look(shop, **environ):
    return shop.script(TENTH + LOOK.format(day=DAY), **environ).finish()


@pytest.fixture(scope="session")
def after_a_night(installations):
    shop = Installation(installations.copy())
    for done in (shop.script(FILL).finish(), run(shop, "nightly", "--as-of", "2025-06-30")):
        assert done.returncode == 0, done.stderr
    return shop.environ


@pytest.fixture(scope="session")
def undisturbed(installations, after_a_night):
    shop = Installation(installations.copy(after_a_night))
    before = shop.content(*LIVE, without=frozenset())
    ended = look(shop)
    assert ended.returncode == 0, ended.stderr
    assert shop.content(*LIVE, without=frozenset()) == before
    return shop.content(*PAST, *LIVE)


@pytest.mark.parametrize("point", [*failpoints("lookback."), *TURNS, *SHARED_WITH_THE_NIGHT])
def test_killed_there_and_done_again_it_ends_as_undisturbed(installations, after_a_night, undisturbed, point):
    shop = Installation(installations.copy(after_a_night))

    killed = look(shop, FAILPOINT=point)
    assert killed.returncode == -9, killed.stderr
    told = shop.rows("SELECT past_as_of FROM crm_business")
    again = look(shop)

    assert [str(day) for (day,) in told] == [DAY if point == "lookback.done" else "None"]
    assert again.returncode == 0, again.stderr
    assert shop.content(*PAST, *LIVE) == undisturbed


def test_more_were_known_than_two_transactions_write(undisturbed):
    assert len(undisturbed["crm.PastFacts"]) == 1_200


def test_cdnow_at_the_end_of_march_1997_is_what_a_night_of_that_day_left(installation, installations, shared, tmp_path):
    path = tmp_path / "cdnow.csv"
    lines = (line.split() for line in (shared / "cdnow" / "CDNOW_master.txt").read_text().splitlines())
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(line for line in lines if line)
    # test_cdnow.py holds this night against the oracle.
    then = Installation(installation)
    assert then.manage("import_orders", path).returncode == 0
    now = Installation(installations.copy(then.environ))
    for shop, night in ((then, "1997-03-31"), (now, "2025-06-30")):
        assert shop.manage("nightly", "--as-of", night).returncode == 0
    before = now.content(Facts)

    assert now.script(LOOK.format(day="1997-03-31")).finish().returncode == 0

    since = frozenset({"stage_since"})
    past, night = now.content(PastFacts, without=since)["crm.PastFacts"], then.content(Facts, without=since)["crm.Facts"]
    assert len(past) == 23_570
    # The key stands last in the one, first in the other.
    assert sorted((row[-1], *row[:-1]) for row in past) == sorted(night)
    assert now.content(Facts) == before
    assert {row[-2] for row in past} >= {"first-time", "repeat"}
