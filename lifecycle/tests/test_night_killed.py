"""`kill -9` at every failpoint of the night, then the night again: the same content as undisturbed. And two nights at once."""

import json
import os

import pytest

from crm.models import Business, Changed, Customer, Facts, Headline, Order
from crm.tests.installation import Installation
from crm.tests.points import failpoints
from lifecycle.models import Ladder, NightlyRun, NightlyStep, Position, Stage, Transition
from segments.models import Member, Segment, SegmentMove, SegmentSize

pytestmark = pytest.mark.slow

# More customers than one transaction of TENTH writes, with rhythms, refunds, channels, referrals, and some without a Facts row.
FILL = """
from datetime import date, timedelta
from django.db import transaction
from crm import bulk
from crm.models import Changed, Channel, Customer, Facts, Interaction, Order
from segments.models import Segment

people = range(1, 1_201)
start = date(2024, 1, 1)
with transaction.atomic():
    Channel.objects.create(key="shop", name="Shop")
    channel = Channel.objects.get().pk
    blank = {"name": "", "email": "", "phone": "", "city": "", "country": "", "language": "", "source": "", "search_key": ""}
    columns = ["id", "external_id", "entity", "market", "kind", *blank, "created", "referred_by", "referred_on"]
    referred = {i: (i - 1, "2024-01-01") for i in people if i % 7 == 0}
    kept = ("person", "b2c", "external", *blank.values(), "2024-01-01 00:00:00")
    rows = [(i, str(i), *kept, *referred.get(i, (None, None))) for i in people]
    bulk.insert(Customer, columns, rows)
    turns = [(i, n, (i * 13 + n * (i % 60 + 1)) % 700, (i * 37 + n) % 50_000 - (n == 4) * 20_000) for i in people for n in range(i % 6)]
    orders = [
        (i, str(start + timedelta(days=day)), amount, 0, n % 2, channel if n % 3 else None, "fill", f"{i}-{n}", "")
        for i, n, day, amount in turns
    ]
    bulk.insert(Order, ["customer", "ordered_on", "amount", "refunded", "status", "channel", "source", "key", "number"], orders)
    Facts.objects.bulk_create(Facts(customer_id=i) for i in people if i % 2)
    Changed.objects.bulk_create(Changed(customer_id=i, why="order") for i in people if i % 5 == 0)
    Interaction.objects.bulk_create(Interaction(customer_id=i, kind="call", happened_on=start, minutes=5) for i in people if i % 9 == 0)
    Segment.objects.create(key="asking", name="Asking", rule={"fact": "segment", "op": "!=", "value": "buyers"})
    Segment.objects.create(key="buyers", name="Buyers", rule={"fact": "orders", "op": ">=", "value": 1})
"""
CONTENT = (Business, Customer, Order, Facts, Changed, NightlyRun, NightlyStep, Headline, Ladder, Stage, Position, Transition)
CONTENT += (Segment, Member, SegmentMove, SegmentSize)
# A run that takes over has less left to write; what it wrote is told, not part of the state.
TOLD = frozenset({"created", "started_at", "finished_at", "seconds", "rows", "recorded_at", "created_at", "changed_at"})
TWICE = "SELECT customer_id, ladder_id, effective_on FROM lifecycle_transition GROUP BY 1, 2, 3 HAVING COUNT(*) > 1"
NIGHT = ("nightly", "--as-of", "2025-06-30", "--json")
# Each range and each transaction a tenth as large as in life, for a tenth of the customers: as many of them, in a fraction of the time.
TENTH = """
from crm import reader, steps
from lifecycle import stages
from segments import frame, membership
reader.RANGE //= 10
steps.WRITTEN_AT_ONCE //= 10
steps.FORGOTTEN_AT_ONCE //= 10
frame.READ_AT_ONCE //= 10
frame.WRITTEN_AT_ONCE //= 10
stages.LOOKED_AT_ONCE //= 10
stages.MOVED_AT_ONCE //= 10
membership.LOOKED_AT_ONCE //= 10
membership.MOVED_AT_ONCE //= 10
"""
MANAGE = f"{TENTH}\nimport sys; from django.core.management import execute_from_command_line; execute_from_command_line(sys.argv)"


def run(shop, *arguments, **environ):
    return shop.script(MANAGE, *arguments, **environ).finish()


@pytest.fixture(scope="session")
def filled(installations):
    shop = Installation(installations.copy())
    done = shop.script(FILL).finish()
    assert done.returncode == 0, done.stderr
    return shop.environ


@pytest.fixture(scope="session")
def undisturbed(installations, filled):
    shop = Installation(installations.copy(filled))
    assert run(shop, *NIGHT).returncode == 0
    return shop.content(*CONTENT, without=TOLD)


def test_the_night_has_failpoints_before_inside_and_after_its_writes():
    assert failpoints("stages.") == ["stages.inside", "stages.moved"]
    assert failpoints("segments.") == ["segments.counted", "segments.inside", "segments.moved"]
    assert {"night.started", "night.facts.inside", "night.facts", "night.finish.inside", "night.finished"} <= set(failpoints("night."))


TURNS = ("night.facts:2", "night.facts.inside:2", "night.step:2", "night.step:4", "night.step:5", "stages.inside:3", "stages.moved:2")
TURNS += ("segments.inside:2", "segments.moved:2", "segments.inside:4", "segments.counted:2")


@pytest.mark.parametrize("point", [*failpoints("night."), *failpoints("stages."), *failpoints("segments."), *TURNS])
def test_killed_there_and_run_again_it_ends_as_undisturbed(installations, filled, undisturbed, point):
    shop = Installation(installations.copy(filled))

    killed = run(shop, *NIGHT, FAILPOINT=point)
    assert killed.returncode == -9, killed.stderr
    again = run(shop, *NIGHT)

    assert again.returncode == 0, again.stderr
    assert shop.content(*CONTENT, without=TOLD) == undisturbed
    assert shop.rows(TWICE) == []


def test_a_first_night_places_each_customer_once(undisturbed):
    placed = {row[1] for row in undisturbed["lifecycle.Position"]}

    assert placed == {row[1] for row in undisturbed["lifecycle.Transition"]} == set(range(1_200))
    assert len(undisturbed["lifecycle.Transition"]) == 3 * 1_200


def test_killed_while_it_moves_customers_who_stand_elsewhere_it_ends_as_undisturbed(installations, filled):
    later, outcomes = ("nightly", "--as-of", "2026-06-30", "--json"), []
    shop = Installation(installations.copy(filled))
    assert run(shop, *NIGHT).returncode == 0

    for point in ("", "stages.inside:2", "stages.moved:2"):
        copy = Installation(installations.copy(shop.environ))
        assert run(copy, *later, FAILPOINT=point).returncode == (-9 if point else 0)
        assert run(copy, *later).returncode == 0
        outcomes.append(copy.content(*CONTENT, without=TOLD))
        assert copy.rows(TWICE) == []

    assert outcomes[0] == outcomes[1] == outcomes[2]
    # More than two transactions of them moved.
    assert len(outcomes[0]["lifecycle.Transition"]) > 1_200 + 800


def test_of_two_nights_at_once_one_says_that_it_did_not_run(installations, filled, undisturbed, tmp_path):
    shop = Installation(installations.copy(filled))
    # The first holds the lock until it is told to go on: a pipe instead of a clock.
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    held = "from lifecycle import nightly\nnightly.failpoint = lambda name: name == 'night.started' and "
    held += f"(print('started', flush=True), open({str(gate)!r}).read())\n"
    first = shop.script(held + MANAGE, *NIGHT)
    assert first.stdout.readline() == "started\n"

    second = run(shop, *NIGHT)
    gate.write_text("go on")
    ended = first.finish()

    told = json.loads(second.stdout)
    assert (second.returncode, told["ran"], told["steps"]) == (0, False, [])
    assert "Another night is running" in told["reason"]
    assert json.loads(ended.stdout)["ran"] is True
    assert shop.content(*CONTENT, without=TOLD) == undisturbed
