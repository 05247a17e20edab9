"""Placing: Kotler's ladder against a plain chain of ifs, positions and transitions over random histories, and single cases by hand."""

from datetime import UTC, date, datetime, time, timedelta
from unittest import mock

import pytest
from django.core.exceptions import ValidationError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from crm.models import Customer, Facts, Interaction, Order, User
from crm.record import save_customer, save_interaction, save_order
from lifecycle import nightly
from lifecycle.kotler import STAGES, install
from lifecycle.models import Ladder, NightlyRun, Position, Stage, Transition
from lifecycle.moves import move
from lifecycle.stages import place
from lifecycle.tests.oracle_kotler import stage_of
from lifecycle.tests.oracle_loop import Person, Sale, World, world_facts
from lifecycle.tests.test_nightly import record

# Beyond what any history of twenty nights reaches.
TODAY = date(2060, 1, 1)
START = date(2024, 1, 10)


class Histories(RuleBasedStateMachine):
    """Orders, refunds, marks and nights in any order; the world of the oracle beside the record."""

    nights = 0

    def __init__(self):
        super().__init__()
        self.as_of = START
        self.customers = []

    @initialize()
    def open_shop(self):
        # Hypothesis runs all histories inside one test: each begins with an empty record.
        for model in (Transition, Position, Order, NightlyRun):
            model.objects.all().delete()
        Customer.objects.update(referred_by=None, referred_on=None)
        Customer.objects.all().delete()
        record(World())

    @rule(known=st.booleans(), referrer=st.booleans())
    def arrive(self, known, referrer):
        """Those not known yet came long after all these nights: by an import, say, and from their first order on they were there."""
        if len(self.customers) < 6:
            created = datetime.combine(self.as_of, time(12), tzinfo=UTC) if known else datetime.now(UTC)
            customer = Customer(created=created)
            if referrer and self.customers:
                customer.referred_by, customer.referred_on = self.customers[0], START
            save_customer(customer=customer, by=None)
            self.customers.append(customer)

    @precondition(lambda self: self.customers)
    @rule(
        who=st.integers(0, 5),
        ago=st.sampled_from([0, 0, 1, 20, 40, 200]),
        amount=st.sampled_from([100, 100, 100, -50]),
        status=st.sampled_from([0, 0, 0, 1, 3]),
    )
    def order(self, who, ago, amount, status):
        customer = self.customers[who % len(self.customers)]
        save_order(order=Order(customer=customer, ordered_on=self.as_of - timedelta(days=ago), amount=amount, status=status), by=None)

    @precondition(lambda self: self.customers)
    @rule(
        who=st.integers(0, 5),
        mark=st.sampled_from(["disqualified_on", "lost_marked_on", "partner_on", "only_us_on"]),
        ahead=st.sampled_from([0, 5, None]),
    )
    def mark(self, who, mark, ahead):
        customer = self.customers[who % len(self.customers)]
        setattr(customer, mark, None if ahead is None else self.as_of + timedelta(days=ahead))
        save_customer(customer=customer, by=None)

    @rule(days=st.sampled_from([0, 1, 7, 91, 370]))
    def night(self, days):
        self.as_of += timedelta(days=days)
        nightly.run(self.as_of, today=TODAY)
        Histories.nights += 1
        people = tuple(
            Person(c.pk, c.disqualified_on, c.lost_marked_on, c.partner_on, c.only_us_on, c.referred_by_id) for c in self.customers
        )
        statuses = {status.value: status.name.lower() for status in Order.Status}
        sales = tuple(Sale(o.customer_id, o.ordered_on, int(o.amount * 100), statuses[o.status]) for o in Order.objects.order_by("pk"))
        facts = world_facts(World(people, sales), self.as_of)
        expected = {pk: stage_of(row, self.as_of) for pk, row in facts.items()}
        assert dict(Facts.objects.values_list("pk", "stage")) == expected
        assert dict(Position.objects.filter(ladder__key="kotler").values_list("customer_id", "stage__key")) == expected

    @invariant()
    def transitions_join_end_to_end_and_have_their_causes(self):
        at, since = {}, {}
        for made in Transition.objects.filter(superseded_at=None).order_by("pk"):
            where = made.customer_id, made.ladder_id
            assert made.from_stage_id == at.get(where)
            assert made.rule_version == 1
            assert made.effective_on >= since.get(where, START)
            # The first rule asks about marks and payments, so a cause always names facts.
            assert made.values
            at[where], since[where] = made.to_stage_id, made.effective_on
        held = list(Position.objects.values_list("customer_id", "ladder_id", "stage_id", "since"))
        assert len(held) == len(at)
        assert {(customer, ladder): (stage, day) for customer, ladder, stage, day in held} == {key: (at[key], since[key]) for key in at}


@pytest.mark.django_db
@mock.patch.object(nightly, "STEPS", nightly.PASSING)
def test_over_any_history_positions_are_unique_and_transitions_join_end_to_end():
    run_state_machine_as_test(Histories, settings=settings(max_examples=40, stateful_step_count=20))

    assert Histories.nights > 40


def a_customer(**facts):
    customer = Customer()
    save_customer(customer=customer, by=None)
    if facts:
        Facts.objects.filter(pk=customer.pk).update(**facts)
    return customer


@pytest.fixture
def ladder(db):
    return install()


@pytest.fixture
def owner(db):
    return User.objects.create_user("jana@dvezrna.cz", role=User.Role.OWNER)


def test_a_first_placement_has_no_from_and_names_the_facts_that_decided(ladder):
    customer = a_customer(order_days=1, orders=1, paid_orders=1)

    assert place(ladder, START) == 1

    made = Transition.objects.get()
    assert (made.from_stage, made.to_stage.key, made.effective_on, made.source) == (None, "first-time", START, "night")
    assert made.values["order_days"] == 1
    assert Facts.objects.get(pk=customer.pk).stage == "first-time"


def test_placing_again_changes_nothing(ladder):
    a_customer()
    place(ladder, START)

    assert place(ladder, START + timedelta(days=1)) == 0
    assert Transition.objects.count() == 1


def test_who_was_placed_before_their_first_order_is_placed_for_the_first_time_by_it(ladder):
    """Imported today, with a first order of today; a missed night comes first."""
    customer = a_customer()
    place(ladder, START)
    order = Order(customer=customer, ordered_on=START + timedelta(days=2), amount=5)
    save_order(order=order, by=None)
    Facts.objects.filter(pk=customer.pk).update(order_days=1, orders=1, paid_orders=1)

    assert place(ladder, START + timedelta(days=2)) == 1

    early, first = Transition.objects.order_by("pk")
    assert early.superseded_at is not None
    assert (first.from_stage, first.to_stage.key, first.effective_on) == (None, "first-time", START + timedelta(days=2))


@pytest.mark.parametrize("known_by", ["created", "order", "interaction"])
def test_a_known_prospect_who_orders_climbs(ladder, known_by):
    customer = a_customer()
    if known_by == "created":
        Customer.objects.update(created=datetime.combine(START, time(12), tzinfo=UTC))
    elif known_by == "order":
        save_order(order=Order(customer=customer, ordered_on=START, amount=5, status=Order.Status.CANCELLED), by=None)
    else:
        save_interaction(interaction=Interaction(customer=customer, kind="call", happened_on=START), by=None)
    place(ladder, START)
    Facts.objects.filter(pk=customer.pk).update(order_days=1, orders=1, paid_orders=1)

    place(ladder, START + timedelta(days=2))

    assert [made.from_stage and made.from_stage.key for made in Transition.objects.order_by("pk")] == [None, "prospect"]
    assert not Transition.objects.exclude(superseded_at=None).exists()


def test_whom_a_person_moved_before_they_were_known_moves_on_from_there(ladder, owner):
    customer = a_customer()
    place(ladder, START)
    move(customer=customer, to=Stage.objects.get(key="client"), by=owner, reason="Met", as_of=START, today=START, until=START)
    Facts.objects.filter(pk=customer.pk).update(order_days=1, orders=1, paid_orders=1)

    place(ladder, START + timedelta(days=2))

    assert [made.from_stage and made.from_stage.key for made in Transition.objects.order_by("pk")] == [None, "prospect", "client"]
    assert not Transition.objects.exclude(superseded_at=None).exists()


def test_only_the_customers_asked_for_are_placed(ladder):
    first, second = a_customer(), a_customer()

    place(ladder, START, customers=[second.pk])

    assert list(Position.objects.values_list("customer", flat=True)) == [second.pk]
    assert first.facts.stage == ""


def test_a_move_by_hand_is_pinned_and_left_alone_by_the_rules(ladder, owner):
    customer = a_customer(order_days=3)
    place(ladder, START)

    move(customer=customer, to=Stage.objects.get(key="partner"), by=owner, reason="Roasts with us", as_of=START, today=START)

    assert place(ladder, START + timedelta(days=400)) == 0
    made = Transition.objects.latest("pk")
    assert (made.from_stage.key, made.to_stage.key, made.by, made.reason, made.source) == (
        "repeat",
        "partner",
        owner,
        "Roasts with us",
        "person",
    )
    assert Facts.objects.get().stage == "partner"


def test_a_pin_holds_to_the_end_of_its_last_day(ladder, owner):
    customer = a_customer(order_days=3)
    place(ladder, START)
    move(
        customer=customer,
        to=Stage.objects.get(key="client"),
        by=owner,
        reason="Told us",
        as_of=START,
        today=START,
        until=START + timedelta(days=7),
    )

    assert place(ladder, START + timedelta(days=7)) == 0
    assert place(ladder, START + timedelta(days=8)) == 1
    assert Position.objects.get().stage.key == "repeat"
    assert not Position.objects.get().pinned


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_move_by_hand_without_a_reason_is_refused(ladder, owner, reason):
    with pytest.raises(ValidationError, match="needs a reason"):
        move(customer=a_customer(), to=Stage.objects.get(key="client"), by=owner, reason=reason, as_of=START, today=START)

    assert not Transition.objects.exists()


def test_a_move_to_where_one_stands_is_refused(ladder, owner):
    customer = a_customer()
    place(ladder, START)

    with pytest.raises(ValidationError, match="stands there already"):
        move(customer=customer, to=Stage.objects.get(key="prospect"), by=owner, reason="So", as_of=START, today=START)


def test_a_second_ladder_is_placed_beside_and_leaves_the_primary_alone(ladder):
    other = Ladder.objects.create(key="size", name="Size")
    Stage.objects.create(ladder=other, key="big", name="Big", rank=1, rung=2, rule={"fact": "orders", "op": ">=", "value": 5})
    Stage.objects.create(ladder=other, key="small", name="Small", rank=2, rung=1, rule={"all": []})
    a_customer(orders=7)

    assert [place(each, START) for each in (ladder, other)] == [1, 1]
    assert set(Position.objects.values_list("stage__key", flat=True)) == {"prospect", "big"}
    assert Facts.objects.get().stage == "prospect"


def test_a_stage_rule_may_not_ask_a_stage(ladder):
    stage = Stage(ladder=ladder, key="odd", name="Odd", rank=99, rule={"not": {"fact": "stage", "op": "=", "value": "client"}})

    with pytest.raises(ValidationError, match="decided after this rule"):
        stage.full_clean()


def test_installing_twice_keeps_what_an_owner_changed(ladder):
    Stage.objects.filter(key="client").update(name="Regular")

    install()

    assert Stage.objects.count() == len(STAGES)
    assert Stage.objects.get(key="client").name == "Regular"
