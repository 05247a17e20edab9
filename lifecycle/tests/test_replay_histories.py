"""Orders, imports of the past, people's moves, edits of rules, nights, refreshes and replays in any order: the moves join end to end."""

from datetime import UTC, date, datetime, time, timedelta
from unittest import mock

import pytest
from django.core.exceptions import ValidationError
from django.db.models import F
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from crm.models import Business, Customer, Interaction, Order
from crm.record import save_customer, save_order
from crm.tests.factories import make_owner
from lifecycle import nightly, replay
from lifecycle.models import Ladder, NightlyRun, Position, Replay, Stage, Transition
from lifecycle.moves import move
from lifecycle.refresh import refresh
from lifecycle.replayed import Span
from lifecycle.tests.oracle_loop import World
from lifecycle.tests.test_nightly import record
from lifecycle.tests.test_replay import assert_joined, second_ladder

TODAY, START = date(2060, 1, 1), date(2024, 1, 10)
RULES = [
    {"fact": "order_days", "op": ">=", "value": 2},
    {"fact": "order_days", "op": ">=", "value": 3},
    {"fact": "revenue_12m", "op": ">", "value": 150},
    {"fact": "last_order_on", "op": "last", "value": 30},
]


class Histories(RuleBasedStateMachine):
    tried = replays = 0

    def __init__(self):
        super().__init__()
        self.as_of, self.customers = START, []

    @initialize()
    def open_shop(self):
        for model in (Transition, Position, Replay, Order, Interaction, NightlyRun, Ladder):
            model.objects.all().delete()
        Customer.objects.update(referred_by=None, referred_on=None)
        Customer.objects.all().delete()
        record(World())
        second_ladder()
        self.by = make_owner()
        self.arrive(known=False, referrer=False)
        self.order(who=0, ago=40, status=0)
        self.night(days=0, scheduled=False)

    @rule(known=st.booleans(), referrer=st.booleans())
    def arrive(self, known, referrer):
        if len(self.customers) < 5:
            created = datetime.combine(self.as_of, time(12), tzinfo=UTC) if known else datetime.now(UTC)
            customer = Customer(created=created)
            if referrer and self.customers:
                customer.referred_by, customer.referred_on = self.customers[0], START
            save_customer(customer=customer, by=None)
            self.customers.append(customer)

    @precondition(lambda self: self.customers)
    @rule(who=st.integers(0, 4), ago=st.sampled_from([0, 0, 1, 3, 20, 40, 95, 200, 500]), status=st.sampled_from([0, 0, 0, 1, 3]))
    def order(self, who, ago, status):
        """Of today, or of long ago by an import."""
        customer = self.customers[who % len(self.customers)]
        save_order(order=Order(customer=customer, ordered_on=self.as_of - timedelta(days=ago), amount=100, status=status), by=None)

    @precondition(lambda self: self.customers)
    @rule(who=st.integers(0, 4), mark=st.sampled_from(["disqualified_on", "partner_on"]), ahead=st.sampled_from([0, -30, 5, None]))
    def mark(self, who, mark, ahead):
        customer = self.customers[who % len(self.customers)]
        setattr(customer, mark, None if ahead is None else self.as_of + timedelta(days=ahead))
        save_customer(customer=customer, by=None)

    @precondition(lambda self: self.customers and Ladder.objects.count() == 2)
    @rule(who=st.integers(0, 4), stage=st.integers(0, 20), ago=st.sampled_from([0, 0, 2]), until=st.sampled_from([None, None, 3]))
    def move_by_hand(self, who, stage, ago, until):
        stages, day = list(Stage.objects.order_by("pk")), self.as_of - timedelta(days=ago)
        ends = None if until is None else day + timedelta(days=until)
        try:
            customer, to = self.customers[who % len(self.customers)], stages[stage % len(stages)]
            move(customer=customer, to=to, by=self.by, reason="They said so.", as_of=day, today=self.as_of, until=ends)
        except ValidationError:
            """They stand there already, or came there later."""

    @precondition(lambda self: Ladder.objects.count() == 2)
    @rule(new=st.sampled_from(RULES), key=st.sampled_from(["few", "fresh", "repeat", "lost"]))
    def edit_a_rule(self, new, key):
        Stage.objects.filter(key=key).update(rule=new, version=F("version") + 1)

    @rule(days=st.sampled_from([0, 1, 1, 7, 40, 120]), scheduled=st.booleans())
    def night(self, days, scheduled):
        self.as_of += timedelta(days=days)
        nightly.run(self.as_of, today=TODAY)
        if scheduled and days:
            NightlyRun.objects.filter(as_of=self.as_of).update(is_scheduled=True)

    @precondition(lambda self: Business.load().as_of)
    @rule()
    def refresh(self):
        """As of the date of the figures, which a clock that was set back leaves."""
        with mock.patch("lifecycle.schedule.due_now", return_value=[]):
            refresh(lambda: datetime.combine(self.as_of, time(12), tzinfo=UTC))

    @rule()
    def replay_the_past(self):
        Histories.tried += 1
        if isinstance(Span.due(), Span):
            Histories.replays += 1
            replay.replay()
            moves = list(Transition.objects.order_by("pk").values())
            replay.replay()
            assert list(Transition.objects.order_by("pk").values()) == moves

    @invariant()
    def the_moves_join(self):
        if Ladder.objects.filter(is_primary=True).exists():
            assert_joined()


@pytest.mark.django_db
@mock.patch.object(nightly, "STEPS", nightly.PASSING)
def test_over_any_history_there_is_one_position_the_moves_join_end_to_end_and_none_is_without_a_cause(monkeypatch):
    monkeypatch.setattr("lifecycle.replayed.DAILY", 8)
    monkeypatch.setattr("lifecycle.joining.PAUSE_SECONDS", 0)

    run_state_machine_as_test(Histories, settings=settings(max_examples=12, stateful_step_count=12, phases=[Phase.generate]))

    assert Histories.replays
