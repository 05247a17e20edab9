"""The night from the record to the facts: against the oracles, refused, taken over, failed, run twice."""

import json
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis.extra.django import TestCase

from crm import locks
from crm.catalogue import FACTS
from crm.fields import from_minor, to_minor
from crm.models import Business, Changed, Channel, Customer, Facts, Interaction, Order
from lifecycle import nightly
from lifecycle.models import NightlyRun
from lifecycle.tests.oracle_loop import Person, Sale, World, world_facts
from lifecycle.tests.worlds import worlds

TODAY = date(2031, 1, 1)
MONEY = {"revenue", "revenue_12m", "revenue_prev_12m", "margin_12m", "average_order"}
# Placement has an oracle of its own (test_stages.py).
COMPUTED = [name for name in FACTS if FACTS[name].writer != "stages"]
MARKS = ("disqualified_on", "lost_marked_on", "partner_on", "only_us_on")


def record(world):
    """Writes the world into the database; its ids are the primary keys."""
    Business.objects.update_or_create(pk=1, defaults={"pareto_share": world.share, "as_of": None, "gap_days": 90})
    channels = {
        key: Channel.objects.get_or_create(key=key, defaults={"name": key})[0]
        for key in sorted({s.channel for s in world.sales if s.channel})
    }
    Customer.objects.bulk_create(Customer(pk=p.id, **{mark: getattr(p, mark) for mark in MARKS}) for p in world.people)
    for person in world.people:
        if person.referred_by:
            Customer.objects.filter(pk=person.id).update(referred_by=person.referred_by, referred_on=date(2020, 1, 1))
    Order.objects.bulk_create(
        Order(
            customer_id=s.customer,
            ordered_on=s.ordered_on,
            amount=from_minor(s.amount),
            refunded=from_minor(s.refunded),
            cost=None if s.cost is None else from_minor(s.cost),
            channel=channels.get(s.channel),
            status=Order.Status[s.status.upper()],
        )
        for s in world.sales
    )
    Interaction.objects.bulk_create(
        Interaction(customer_id=c.customer, kind="call", happened_on=c.happened_on, minutes=c.minutes) for c in world.contacts
    )


def stored():
    """{id: {fact: value}} as the loop says it: money in minor units."""
    rows = Facts.objects.values("pk", *COMPUTED)
    return {
        row["pk"]: {name: to_minor(row[name]) if name in MONEY and row[name] is not None else row[name] for name in COMPUTED}
        for row in rows
    }


class Night(TestCase):
    @given(worlds())
    @settings(max_examples=60)
    def test_a_night_leaves_the_facts_that_the_loop_computes_and_a_second_one_changes_nothing(self, drawn):
        world, as_of = drawn
        record(world)

        nightly.run(as_of, today=TODAY)
        again = nightly.run(as_of, today=TODAY)

        expected = world_facts(world, as_of)
        assert stored() == {key: {name: facts[name] for name in COMPUTED} for key, facts in expected.items()}
        # The numbers of Today are void while a night is on its way, and counted by its last step.
        assert [rows for _name, rows, _seconds in again.steps] == [0] * (len(nightly.STEPS) - 1) + [1]

    @mock.patch.object(nightly, "STEPS", nightly.PASSING)
    @given(worlds())
    @settings(max_examples=30)
    def test_a_night_after_other_nights_leaves_what_a_first_one_would(self, drawn):
        world, as_of = drawn
        record(world)

        for days in (400, 31, 1, 0):
            nightly.run(as_of - timedelta(days=days), today=TODAY)

        assert stored() == {key: {name: facts[name] for name in COMPUTED} for key, facts in world_facts(world, as_of).items()}


def one_order(**more):
    record(World(people=(Person(1),), sales=(Sale(1, date(2026, 1, 10), 1000),), **more))


@pytest.mark.django_db
def test_it_finishes_with_its_steps_and_moves_the_live_date():
    one_order()
    ticks = iter([datetime(2026, 1, 12, 2, 15, tzinfo=UTC), datetime(2026, 1, 12, 2, 16, tzinfo=UTC)])

    outcome = nightly.run(date(2026, 1, 11), today=date(2026, 1, 12), clock=lambda: next(ticks))

    night = NightlyRun.objects.get()
    assert outcome.ran
    assert (night.state, night.as_of) == ("finished", date(2026, 1, 11))
    assert (night.started_at.minute, night.finished_at.minute) == (15, 16)
    assert [step.name for step in night.steps.all()] == [
        "rows",
        "facts",
        "business_gap",
        "referrals",
        "pareto",
        "stages",
        "segments",
        "ladders",
        "headline",
    ]
    assert Business.load().as_of == date(2026, 1, 11)


@pytest.mark.django_db
def test_it_refuses_to_go_back_and_says_where_the_figures_stand():
    one_order()
    nightly.run(date(2026, 1, 11), today=TODAY)

    with pytest.raises(nightly.NightRefused, match=r"Jan. 11, 2026 and never go back"):
        nightly.run(date(2026, 1, 10), today=TODAY)

    assert Business.load().as_of == date(2026, 1, 11)


@pytest.mark.django_db
def test_it_refuses_a_day_that_has_not_come():
    with pytest.raises(nightly.NightRefused, match="has not come yet"):
        nightly.run(date(2026, 1, 13), today=date(2026, 1, 12))

    assert not NightlyRun.objects.exists()


@pytest.mark.django_db
def test_the_same_date_may_be_climbed_again_and_takes_in_what_came_later():
    one_order()
    nightly.run(date(2026, 1, 11), today=TODAY)
    Order.objects.create(customer_id=1, ordered_on=date(2026, 1, 11), amount=5)

    nightly.run(date(2026, 1, 11), today=TODAY)

    assert Facts.objects.get().orders == 2
    assert NightlyRun.objects.count() == 1


@pytest.mark.django_db
def test_a_run_left_running_by_a_dead_process_is_taken_over():
    one_order()
    NightlyRun.objects.create(as_of=date(2026, 1, 11), state="running", started_at=datetime(2026, 1, 12, tzinfo=UTC))

    nightly.run(date(2026, 1, 11), today=TODAY)

    assert NightlyRun.objects.get().state == "finished"


@pytest.mark.django_db
def test_a_failing_step_is_told_with_its_reason_and_the_live_date_stays(monkeypatch):
    one_order()
    nightly.run(date(2026, 1, 10), today=TODAY)

    def broken(as_of):
        raise ZeroDivisionError("no customers to divide by")

    monkeypatch.setattr(nightly, "STEPS", (*nightly.STEPS[:2], ("broken", broken)))
    with pytest.raises(nightly.NightFailed, match="The step broken failed: no customers to divide by"):
        nightly.run(date(2026, 1, 11), today=TODAY)

    failed = NightlyRun.objects.get(as_of=date(2026, 1, 11))
    assert (failed.state, failed.reason) == ("failed", "The step broken failed: no customers to divide by")
    assert [step.name for step in failed.steps.all()] == ["rows", "facts"]
    assert Business.load().as_of == date(2026, 1, 10)


@pytest.mark.django_db
def test_whoever_listens_and_breaks_off_leaves_a_night_that_has_failed():
    one_order()

    def tell(done, total, doing):
        if done == 2:
            raise RuntimeError("given to another worker")

    with pytest.raises(nightly.NightFailed) as failed:
        nightly.run(date(2026, 1, 11), today=TODAY, tell=tell)

    assert isinstance(failed.value.__cause__, RuntimeError)
    assert NightlyRun.objects.values_list("state", "reason").get() == ("failed", "The step business_gap failed: given to another worker")
    assert Business.load().as_of is None


NOON = datetime(2026, 1, 12, 11, tzinfo=UTC)


@pytest.mark.django_db
class TestOneThatWasCutOff:
    @pytest.fixture(autouse=True)
    def today(self):
        """Cut off in the middle of a day that is not due; the figures stand at the day before."""
        one_order()
        nightly.run(date(2026, 1, 11), today=TODAY)
        return NightlyRun.objects.create(as_of=date(2026, 1, 12), state="running", started_at=NOON)

    def state(self):
        return NightlyRun.objects.values_list("state", flat=True).get(as_of=date(2026, 1, 12))

    def test_it_has_failed(self, today):
        nightly.close_cut_off(NOON)

        today.refresh_from_db()
        assert (today.state, today.failed_at) == ("failed", NOON)
        assert "cut off before its last step" in today.reason

    @pytest.mark.parametrize("lock", ["night", "nightly"])
    def test_it_may_be_running_while_a_lock_is_held(self, lock):
        with locks.held(lock):
            nightly.close_cut_off(NOON)

        assert self.state() == "running"

    def test_one_that_is_due_is_taken_over_without_a_pause(self):
        morning = NOON + timedelta(days=1)
        nightly.close_cut_off(morning)
        assert self.state() == "running"

        assert nightly.run_due(lambda: morning) == [date(2026, 1, 12)]


@pytest.mark.django_db
class TestBesideOthers:
    @pytest.fixture
    def command(self, capsys):
        """What the command prints."""
        one_order()

        def run():
            call_command("nightly", "--as-of", "2026-01-11", "--json")
            return json.loads(capsys.readouterr().out)

        return run

    def test_it_does_not_start_beside_another_night_and_says_so_at_once(self, command, monkeypatch):
        monkeypatch.setattr(nightly, "sleep", None)
        with locks.held("night"), locks.held("nightly"):
            printed = command()

        reason = "Another night is running; this one did not start."
        assert printed == {"as_of": "2026-01-11", "ran": False, "reason": reason, "steps": []}
        assert not NightlyRun.objects.exists()

    def test_it_waits_for_a_refresh_to_end_its_turn(self, command, monkeypatch):
        turn, looks = ExitStack(), []

        def sleep(seconds):
            looks.append(seconds)
            if len(looks) == 3:
                turn.close()

        monkeypatch.setattr(nightly, "sleep", sleep)
        turn.enter_context(locks.held("nightly"))

        assert command()["ran"] is True
        assert len(looks) == 3

    def test_it_does_not_wait_for_ever(self, command, monkeypatch):
        monkeypatch.setattr(nightly, "PATIENCE_SECONDS", 0.1)
        with locks.held("nightly"):
            printed = command()

        assert (printed["ran"], printed["steps"]) == (False, [])
        assert printed["reason"].startswith("Other figures are being written; this night did not start.")

    def test_the_night_that_is_due_waits_for_a_refresh_too(self, command, monkeypatch):
        turn = ExitStack()
        monkeypatch.setattr(nightly, "sleep", lambda seconds: turn.close())
        turn.enter_context(locks.held("nightly"))

        assert nightly.run_due(lambda: NOON) == [date(2026, 1, 11)]


@pytest.mark.django_db
def test_a_change_noted_before_the_night_is_forgotten_and_one_noted_meanwhile_is_kept(monkeypatch):
    one_order()
    Changed.objects.create(customer_id=1, why="order")
    later = []

    def meanwhile(as_of):
        later.append(Changed.objects.create(customer_id=1, why="interaction").pk)
        return 0

    compute = nightly.STEPS[1][1]
    kept_reader = nightly.compute_facts.__globals__["reader"]
    original = kept_reader.people

    def people():
        meanwhile(None)
        yield from original()

    monkeypatch.setattr(kept_reader, "people", people)
    compute(date(2026, 1, 11))

    assert list(Changed.objects.values_list("pk", flat=True)) == later


@pytest.mark.django_db
def test_a_customer_without_a_facts_row_gets_one():
    one_order()
    Facts.objects.all().delete()

    outcome = nightly.run(date(2026, 1, 11), today=TODAY)

    assert outcome.steps[0][:2] == ("rows", 1)
    assert Facts.objects.get().orders == 1


@pytest.mark.django_db
def test_a_channel_renamed_or_gone_is_put_right_by_the_next_night():
    record(World(people=(Person(1),), sales=(Sale(1, date(2026, 1, 10), 1000, channel="shop"),)))
    nightly.run(date(2026, 1, 11), today=TODAY)
    Facts.objects.update(favourite_channel="closed")

    nightly.run(date(2026, 1, 11), today=TODAY)

    assert Facts.objects.get().favourite_channel == "shop"


@pytest.mark.django_db
def test_writes_are_short_transactions_however_many_customers_there_are(monkeypatch):
    monkeypatch.setattr("crm.steps.WRITTEN_AT_ONCE", 3)
    monkeypatch.setattr("crm.reader.RANGE", 5)
    people = tuple(Person(key) for key in range(1, 13))
    record(World(people=people, sales=tuple(Sale(p.id, date(2026, 1, p.id), 100) for p in people)))
    sizes, update = [], nightly.compute_facts.__globals__["bulk"].update
    monkeypatch.setattr("crm.bulk.update", lambda model, names, rows: (sizes.append(len(rows)), update(model, names, rows)))
    monkeypatch.setattr("lifecycle.stages.MOVED_AT_ONCE", 3)

    nightly.run(date(2026, 1, 20), today=TODAY)

    assert set(Facts.objects.values_list("orders", flat=True)) == {1}
    assert sizes.count(12) == 1  # the Pareto classes: segments/frame.py has its own measure
    assert max(size for size in sizes if size != 12) <= 3


@pytest.mark.django_db
@pytest.mark.parametrize("gap", [20, 50, 200])
def test_a_business_gap_that_has_moved_moves_the_dates_of_those_without_a_rhythm(gap):
    # From 92 days on, lost_on goes by four gaps, not by the 365 days; inactive_on goes by three from 31 on.
    as_of = date(2026, 1, 11)
    regulars = [Sale(key, as_of - timedelta(days=gap * turn), 100) for key in range(1, 12) for turn in range(3)]
    world = World(people=tuple(Person(key) for key in range(1, 14)), sales=(*regulars, Sale(12, as_of - timedelta(days=5), 100)))
    record(world)

    outcome = nightly.run(as_of, today=TODAY)

    assert {name: rows for name, rows, _seconds in outcome.steps}["business_gap"] == 1
    assert Business.load().gap_days == gap
    assert stored() == {key: {name: facts[name] for name in COMPUTED} for key, facts in world_facts(world, as_of).items()}
    assert (Facts.objects.get(pk=12).lost_on - (as_of - timedelta(days=5))).days == max(365, 4 * gap)


@pytest.mark.django_db
def test_it_refuses_a_day_before_there_can_be_orders():
    with pytest.raises(nightly.NightRefused, match="no orders before 1970"):
        nightly.run(date(1, 1, 1), today=TODAY)


@pytest.mark.parametrize("text", ["20260111", "2026-W02-7", "2026-02-29", "tomorrow", "٢٠٢٦-٠١-١١"])
def test_the_command_takes_a_date_written_one_way_and_says_which(text):
    with pytest.raises(CommandError, match="write it like 2026-03-04"):
        call_command("nightly", f"--as-of={text}")


@pytest.mark.django_db
def test_the_command_prints_exactly_one_json_object(capsys):
    one_order()

    call_command("nightly", "--as-of", "2026-01-11", "--json")

    printed = json.loads(capsys.readouterr().out)
    assert printed["as_of"] == "2026-01-11"
    assert printed["ran"] is True
    assert [step["name"] for step in printed["steps"]] == [name for name, _step in nightly.STEPS]
    assert all(set(step) == {"name", "rows", "seconds"} for step in printed["steps"])


@pytest.mark.django_db
def test_the_command_takes_yesterday_of_the_business_by_default(capsys):
    one_order()

    call_command("nightly", "--json")

    assert json.loads(capsys.readouterr().out)["as_of"] == (Business.load().today() - timedelta(days=1)).isoformat()


@pytest.mark.django_db
def test_the_command_says_a_refusal_in_one_sentence(capsys):
    one_order()
    nightly.run(date(2026, 1, 11), today=TODAY)

    with pytest.raises(CommandError, match="is too early") as refused:
        call_command("nightly", "--as-of", "2025-01-11", "--json")

    printed = json.loads(capsys.readouterr().out)
    assert refused.value.returncode == 1
    assert (printed["ran"], printed["steps"], printed["reason"]) == (False, [], str(refused.value))


@pytest.mark.django_db
def test_an_empty_record_has_its_night_too(capsys):
    call_command("nightly", "--as-of", "2026-01-11")

    assert "0 rows changed" in capsys.readouterr().out


def test_the_steps_name_every_writer_of_the_catalogue():
    assert {fact.writer for fact in FACTS.values()} <= {name for name, _step in nightly.STEPS}
