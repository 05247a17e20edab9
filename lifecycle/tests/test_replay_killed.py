"""`kill -9` at every failpoint of a replay, then once more: the same history as undisturbed."""

import pytest

from crm.models import Business, Changed, Facts, PastFacts, ReplayFacts
from crm.tests.installation import Installation
from crm.tests.points import failpoints
from lifecycle.models import Ladder, LadderNumbers, NightlyRun, Position, Replay, ReplayedMove, Stage, Transition
from lifecycle.tests.test_night_killed import FILL, TENTH

pytestmark = pytest.mark.slow

CONTENT = (
    Position,
    Transition,
    Facts,
    Business,
    Changed,
    NightlyRun,
    Ladder,
    Stage,
    PastFacts,
    Replay,
    ReplayFacts,
    ReplayedMove,
    LadderNumbers,
)
TOLD = frozenset({"created", "started_at", "finished_at", "seconds", "rows", "recorded_at", "superseded_at", "id"})
SMALL = TENTH + "from lifecycle import joining, replay as past, replayed; joining.JOINED_AT_ONCE = 300; joining.PAUSE_SECONDS = 0.01\n"
# Its constants are those of the stages, a tenth already: two ranges, of two transactions each.
SMALL += "past.LOOKED_AT_ONCE, past.MOVED_AT_ONCE = 600, 400; replayed.DAILY //= 10\n"
MANAGE = f"{SMALL}\nimport sys; from django.core.management import execute_from_command_line; execute_from_command_line(sys.argv)"
# A night of some days before it, so that there are moves that give way, and one after it, so that some are kept.
BEFORE, AFTER = "2024-12-20", "2025-01-10"
# The first scheduled night is the later one.
SCHEDULE = f"from lifecycle.models import NightlyRun; NightlyRun.objects.filter(as_of={AFTER!r}).update(is_scheduled=True)"
TURNS = ("replay.day:9", "replay.moves:4", "replay.joined:3", "replay.joined.inside:4", "night.facts:3")


def run(shop, *arguments, **environ):
    return shop.script(MANAGE, *arguments, **environ).finish()


def history(shop):
    """Which moves were superseded when is told, not part of the state."""
    content = shop.content(*CONTENT, without=TOLD)
    gone = shop.rows("SELECT COUNT(*) FROM lifecycle_transition WHERE superseded_at IS NOT NULL")
    return content, gone


@pytest.fixture(scope="session")
def with_nights(installations):
    shop = Installation(installations.copy())
    for done in (shop.script(FILL).finish(), run(shop, "nightly", "--as-of", BEFORE), run(shop, "nightly", "--as-of", AFTER)):
        assert done.returncode == 0, done.stderr
    assert shop.script(SCHEDULE).finish().returncode == 0
    return shop.environ


@pytest.fixture(scope="session")
def undisturbed(installations, with_nights):
    shop = Installation(installations.copy(with_nights))
    ended = run(shop, "replay", "--json")
    assert ended.returncode == 0, ended.stderr
    return history(shop)


@pytest.mark.parametrize("point", [*failpoints("replay."), *TURNS])
def test_killed_there_and_run_again_it_ends_as_undisturbed(installations, with_nights, undisturbed, point):
    shop = Installation(installations.copy(with_nights))

    killed = run(shop, "replay", FAILPOINT=point)
    assert killed.returncode == -9, killed.stderr
    again = run(shop, "replay")

    assert again.returncode == 0, again.stderr
    assert history(shop) == undisturbed


def test_it_left_a_longer_history_and_an_empty_scratch(undisturbed):
    content, gone = undisturbed

    assert len(content["lifecycle.Transition"]) > 2_400
    assert int(gone[0][0]) > 100
    assert (content["crm.ReplayFacts"], content["lifecycle.ReplayedMove"], content["crm.PastFacts"]) == ([], [], [])
