"""Replaying the past: what a night of each of its days would have left, joined to the moves that are there."""

from datetime import UTC, date, datetime
from unittest import mock

import pytest
from hypothesis import Phase, given, settings
from hypothesis.extra.django import TestCase

from crm import jobs, locks
from crm.models import Customer, Facts, Order, PastFacts, ReplayFacts
from crm.record import save_order
from crm.tests.factories import make_customer, make_order, make_owner
from lifecycle import history, joining, nightly, replay
from lifecycle.demo.empty import clear
from lifecycle.lookback import look_back
from lifecycle.models import Ladder, NightlyRun, Position, Replay, Stage, Transition
from lifecycle.moves import move
from lifecycle.replayed import Span
from lifecycle.tests.test_nightly import record as write
from lifecycle.tests.worlds import worlds

TODAY, LIVE = date(2032, 1, 1), date(2025, 3, 1)
LONG_AGO, LATER = datetime(1990, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)


def rows(model):
    """{customer: values}, but what is placed by others."""
    found = model.objects.order_by("pk").values()
    return {row["customer_id"]: {name: value for name, value in row.items() if name not in {"stage", "stage_since"}} for row in found}


def stages_of(model, day):
    """{customer: key} on the ladder of Kotler, from scratch or from the record."""
    if model is PastFacts:
        return dict(PastFacts.objects.values_list("pk", "stage"))
    return dict(history.standing(Ladder.objects.get(key="kotler"), day).values_list("customer", "to_stage__key"))


def assert_joined():
    """One open position for each customer and ladder, moves that join end to end, and a cause for each."""
    for ladder in Ladder.objects.all():
        held = {position.customer_id: position for position in Position.objects.filter(ladder=ladder)}
        ends = {}
        for made in Transition.objects.filter(ladder=ladder, superseded_at=None).order_by("effective_on", "pk"):
            stage, day = ends.get(made.customer_id, (None, None))
            assert made.from_stage_id == stage, made
            assert day is None or day <= made.effective_on
            assert made.values or made.reason
            ends[made.customer_id] = made.to_stage_id, made.effective_on
        assert ends == {pk: (position.stage_id, position.since) for pk, position in held.items()}
    primary = Ladder.objects.get(is_primary=True)
    told = {pk: (key, since) for pk, key, since in Facts.objects.exclude(stage="").values_list("pk", "stage", "stage_since")}
    assert told == {p.customer_id: (p.stage.key, p.since) for p in Position.objects.filter(ladder=primary).select_related("stage")}


def second_ladder():
    """Asks what is made of everybody, and a date in days."""
    ladder = Ladder.objects.create(key="worth", name="Worth")
    rules = {
        "few": {"fact": "pareto_class", "op": "=", "value": "vital_few"},
        "fresh": {"fact": "last_order_on", "op": "last", "value": 45},
        "rest": {"all": []},
    }
    for rank, (key, rule) in enumerate(rules.items()):
        Stage.objects.create(ladder=ladder, key=key, name=key, rank=rank, rung=3 - rank, rule=rule)
    return ladder


class Replayed(TestCase):
    @mock.patch.object(nightly, "STEPS", nightly.PASSING)
    @given(worlds())
    @settings(max_examples=8, phases=[Phase.generate])
    def test_on_each_day_the_facts_in_scratch_and_the_stages_are_those_of_looking_back(self, drawn):
        world, as_of = drawn
        # Some of these few are read as some of many are: by the range that they lie in.
        for name, value in {"lifecycle.replayed.DAILY": 20, "lifecycle.replay.MANY": 1.0, "crm.reader.LISTED": 1}.items():
            self.enterContext(mock.patch(name, value))
        write(world)
        Customer.objects.filter(pk__in=[1, 2, 3, 4]).update(created=LONG_AGO)
        Customer.objects.filter(pk__gt=4).update(created=LATER)
        second_ladder()
        nightly.run(as_of, today=TODAY)
        span = Span.due()
        if isinstance(span, str):
            return
        walk, some = replay.Walk.begin(), {*span.days[:2], *span.days[-40::11], as_of}
        for day in span.days:
            walk.to(day)
            if day in some:
                look_back(day)
                assert rows(ReplayFacts) == rows(PastFacts), day
                kotler = [rungs.ladder.key for rungs in walk.ladders].index("kotler")
                at = dict(zip(walk.keys.tolist(), walk.placed[kotler].tolist(), strict=True))
                keys = dict(Stage.objects.values_list("pk", "key"))
                assert {pk: keys[at[pk]] for pk in rows(PastFacts)} == stages_of(PastFacts, day)

        # That walk read the record day by day; this one has it in memory.
        assert walk.shelf is None
        replay.replay()

        assert_joined()
        for day in some:
            look_back(day)
            # A night places everybody, also who was entered after it.
            early = set(Customer.objects.values_list("pk", flat=True)) - set(rows(PastFacts)) if day == as_of else set()
            assert history.covered(day)
            assert {pk: key for pk, key in stages_of(Transition, day).items() if pk not in early} == stages_of(PastFacts, day)


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(joining, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(jobs, "ring", lambda *arguments: None)


@pytest.fixture
def shop():
    """One who ordered on 10 January and 20 February 2025 and was never seen again; the figures stand at 1 March."""
    customer = make_customer(created=LATER)
    for day in (date(2025, 1, 10), date(2025, 2, 20)):
        make_order(customer, ordered_on=day)
    nightly.run(LIVE, today=TODAY)
    return customer


def told(customer, ladder="kotler"):
    """The moves that stand: stage, day, source."""
    made = Transition.objects.filter(customer=customer, ladder__key=ladder, superseded_at=None).order_by("effective_on", "pk")
    return [(stage, str(day), source) for stage, day, source in made.values_list("to_stage__key", "effective_on", "source")]


class TestDays:
    def test_they_are_the_month_ends_since_the_first_order_and_each_of_the_last_ninety_days(self):
        days = Span(date(2023, 11, 15), LIVE).days

        assert [str(day) for day in days[:13]] == [
            "2023-11-30", "2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31",
            "2024-06-30", "2024-07-31", "2024-08-31", "2024-09-30", "2024-10-31", "2024-11-30",
        ]  # fmt: skip
        assert (len(days), days[13], days[-1]) == (103, date(2024, 12, 2), LIVE)
        assert days == sorted(set(days))

    def test_a_short_past_is_replayed_day_by_day_from_the_first_order_on(self):
        assert Span(LIVE, LIVE).days == [LIVE]
        assert Span(date(2025, 2, 27), LIVE).days == [date(2025, 2, 27), date(2025, 2, 28), LIVE]

    def test_they_end_before_the_first_night_that_the_clock_began_and_that_came_to_its_end(self, shop):
        for as_of, finished, scheduled in ((27, True, True), (26, False, True), (25, True, False)):
            state = {"state": "finished", "finished_at": LATER} if finished else {"state": "running"}
            NightlyRun.objects.create(as_of=date(2025, 2, as_of), started_at=LATER, is_scheduled=scheduled, **state)

        assert Span.due() == Span(date(2025, 1, 10), date(2025, 2, 26))

    def test_they_begin_with_the_first_order_that_counts(self, shop):
        make_order(shop, ordered_on=date(2024, 1, 1), status=Order.Status.CANCELLED)
        make_order(shop, ordered_on=date(2024, 1, 2), amount=-5)
        make_order(customer_id=None, ordered_on=date(2024, 1, 3))

        assert Span.due() == Span(date(2025, 1, 10), LIVE)


class TestRefused:
    def test_before_the_first_night(self):
        make_order()

        with pytest.raises(replay.ReplayRefused, match="before the first night"):
            replay.replay()

    def test_without_orders(self):
        nightly.run(LIVE, today=TODAY)

        with pytest.raises(replay.ReplayRefused, match="There are no orders"):
            replay.replay()

    def test_where_all_orders_came_after_the_first_scheduled_night(self, shop):
        NightlyRun.objects.create(as_of=date(2025, 1, 10), started_at=LATER, is_scheduled=True, state="finished", finished_at=LATER)

        with pytest.raises(replay.ReplayRefused, match="no orders up to Jan. 9, 2025"):
            replay.replay()

    def test_beside_another_replay(self, shop):
        with locks.held("replay") as got:
            assert got
            with pytest.raises(replay.ReplayRefused, match="Another replay"):
                replay.replay()

        assert not Replay.objects.exists()

    def test_where_the_record_is_emptied_meanwhile_nothing_is_written(self, shop):
        def empty(done, total, doing):
            if done == 5:
                clear()
                make_order(make_customer(), ordered_on=date(2025, 1, 1))

        with pytest.raises(replay.ReplayCut, match="emptied while"):
            replay.replay(tell=empty)

        assert (Transition.objects.count(), Replay.objects.count()) == (0, 0)


class TestHistory:
    def test_the_moves_of_the_past_have_their_days_and_causes(self, shop):
        outcome = replay.replay(clock=lambda: LATER)

        assert told(shop) == [("first-time", "2025-01-10", "replay"), ("repeat", "2025-02-20", "replay")]
        assert (outcome.first, outcome.until) == (date(2025, 1, 10), LIVE)
        move = Transition.objects.get(ladder__key="kotler", superseded_at=None, from_stage__key="first-time")
        assert (move.rule_version, move.values["order_days"], move.reason) == (1, 2, "")
        assert Replay.objects.values_list("first_on", "daily_from", "until", "moves", "finished_at").get() == (
            date(2025, 1, 10), date(2025, 1, 10), LIVE, outcome.moves, LATER,
        )  # fmt: skip
        assert Position.objects.get(ladder__key="kotler").since == Facts.objects.get().stage_since == date(2025, 2, 20)
        assert_joined()

    def test_done_again_it_changes_nothing_and_counts_the_same(self, shop):
        first = replay.replay()
        before = list(Transition.objects.order_by("pk").values())

        assert replay.replay().moves == first.moves
        assert list(Transition.objects.order_by("pk").values()) == before
        assert Replay.objects.count() == 1

    def test_all_ladders_are_replayed_and_the_one_without_positions_is_left_to_its_first_night(self, shop):
        second_ladder()
        replay.replay()
        assert told(shop, "worth") == []

        nightly.run(LIVE, today=TODAY)
        replay.replay()

        assert told(shop, "worth") == [("few", "2025-01-10", "replay")]
        assert_joined()

    def test_what_nights_found_after_those_days_is_joined_to_it(self, shop):
        nightly.run(date(2025, 3, 2), today=TODAY)
        NightlyRun.objects.filter(as_of=date(2025, 3, 2)).update(is_scheduled=True)
        # Of who has no rhythm of their own 270 days of silence say it.
        nightly.run(date(2025, 12, 1), today=TODAY)

        replay.replay()

        assert told(shop)[1:] == [("repeat", "2025-02-20", "replay"), ("inactive", "2025-12-01", "night")]
        assert_joined()

    def test_a_person_s_move_stands_and_so_does_the_position(self, shop):
        partner = Stage.objects.get(key="partner")
        move(customer=shop, to=partner, by=make_owner(), reason="Runs our stall.", as_of=date(2025, 3, 1), today=TODAY)

        replay.replay()

        # The night's move of that day leads into it.
        assert [stage for stage, *_rest in told(shop)] == ["first-time", "repeat", "partner"]
        assert Position.objects.values_list("stage__key", "since", "pinned").get(ladder__key="kotler") == (
            "partner",
            date(2025, 3, 1),
            True,
        )
        assert_joined()

    def test_a_rule_changed_since_the_night_judges_the_past_and_moves_nobody_now(self, shop):
        Stage.objects.filter(key="repeat").update(rule={"fact": "order_days", "op": ">=", "value": 3}, version=2)

        replay.replay()

        assert told(shop)[-1][0] == "repeat"
        assert Position.objects.get(ladder__key="kotler").stage.key == "repeat"
        assert_joined()

    def test_nights_and_refreshes_go_on_meanwhile(self, shop):
        outcomes = []

        def meanwhile(done, total, doing):
            if done == 3:
                outcomes.append(nightly.run(date(2025, 3, 2), today=TODAY).ran)
                save_order(order=Order(customer=shop, ordered_on=date(2025, 3, 2), amount=1), by=None)

        replay.replay(tell=meanwhile)

        assert outcomes == [True]
        assert Replay.objects.get().until == LIVE
        assert_joined()

    def test_the_record_is_read_day_by_day_where_it_is_too_large_for_memory(self, monkeypatch, shop):
        replay.replay()
        moves = list(Transition.objects.order_by("pk").values())
        monkeypatch.setattr("crm.reader.MOST_SHELVED", 1)

        replay.replay()

        assert list(Transition.objects.order_by("pk").values()) == moves

    def test_it_goes_in_ranges(self, monkeypatch, shop):
        for name, value in (("crm.reader.RANGE", 3), ("lifecycle.replay.LOOKED_AT_ONCE", 3), ("lifecycle.replay.MOVED_AT_ONCE", 2)):
            monkeypatch.setattr(name, value)
        monkeypatch.setattr(joining, "JOINED_AT_ONCE", 2)
        for place in range(7):
            make_order(make_customer(created=LATER), ordered_on=date(2025, 2, 1 + place))
        nightly.run(LIVE, today=TODAY)

        replay.replay()

        days = Position.objects.filter(stage__key="first-time").order_by("since").values_list("since", flat=True)
        assert [str(day) for day in days] == [f"2025-02-0{number}" for number in range(1, 8)]
        assert_joined()

    def test_progress_is_told_with_each_day(self, shop):
        said = []

        replay.replay(tell=lambda *what: said.append(what))

        assert said[0] == (0, 52, "01/2025")
        assert said[-1] == (51, 52, "03/2025")
