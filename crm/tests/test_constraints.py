"""Every named constraint of the record and of the nights, each with a write that it has to refuse. A constraint without one fails."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from crm.models import (
    Business,
    Changed,
    Channel,
    Customer,
    Evidence,
    Facts,
    Import,
    Interaction,
    Job,
    Order,
    OrderLine,
    PastFacts,
    Pulse,
    ReplayFacts,
    User,
)
from crm.tests.factories import make_customer, make_interaction, make_order, make_owner
from lifecycle.kotler import install as ladder
from lifecycle.models import (
    Ladder,
    LadderNumbers,
    LadderVersion,
    NightlyRun,
    NightlyStep,
    NotNow,
    PinChange,
    Position,
    Replay,
    Stage,
    Transition,
)
from lifecycle.stages import place

pytestmark = pytest.mark.django_db
NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)
DAY = date(2025, 1, 15)
RUNNING = {"state": "running", "heartbeat": NOON, "started_at": NOON, "attempts": 1}


def customer(**values):
    make_customer(), Customer.objects.update(**values)


def order(**values):
    make_order(), Order.objects.update(**values)


def interaction(**values):
    make_interaction(), Interaction.objects.update(**values)


def evidence(**values):
    Evidence.objects.create(**({"customer": make_customer(), "kind": "only_us", "happened_on": DAY} | values))


def pin_change(**values):
    on = ladder()
    told = {"customer": make_customer(), "ladder": on, "stage": on.stages.first(), "kind": "pinned", "effective_on": DAY, "reason": "Met"}
    PinChange.objects.create(**(told | values))


def business(**values):
    Business.keep(**values)


def facts(**values):
    make_customer(), Facts.objects.update(**values)


def past_facts(**values):
    PastFacts.objects.create(customer=make_customer(), **values)


def replay_facts(**values):
    ReplayFacts.objects.create(customer=make_customer(), **values)


def replay(**values):
    Replay.objects.create(**({"first_on": DAY, "daily_from": DAY, "until": DAY, "moves": 0, "finished_at": NOON} | values))


def user(**values):
    make_owner(), User.objects.update(**values)


def stage(**values):
    Stage.objects.create(**({"ladder": ladder(), "key": "new", "name": "New", "rank": 55, "rule": {"all": []}} | values))


def placed():
    make_customer(), place(ladder(), DAY)


def two_positions_on_one_ladder():
    placed()
    Position.objects.create(customer=Customer.objects.get(), ladder=ladder(), stage=Stage.objects.first(), since=DAY)


def job(**values):
    Job.objects.create(**({"kind": "night"} | values))


def night(**values):
    NightlyRun.objects.create(**({"as_of": DAY, "started_at": NOON, "state": "running"} | values))


def taking_in(**values):
    Import.objects.create(**({"source": "file", "file_name": "a.csv", "digest": "0" * 64, "started_at": NOON} | values))


def line(**values):
    OrderLine.objects.create(**({"order": make_order(), "position": 0, "amount": 1} | values))


def two_customers(**values):
    make_customer(**values), make_customer(**values)


def referred_by_self():
    pk = make_customer().pk
    Customer.objects.filter(pk=pk).update(referred_by=pk, referred_on=DAY)


def referred_without_a_date():
    pk = make_customer().pk
    Customer.objects.filter(pk=make_customer().pk).update(referred_by=pk)


def two_orders_with_one_identity():
    make_order(source="file", key="7"), make_order(source="file", key="7")


def two_imports_of_one_file():
    taking_in(), taking_in(file_name="b.csv")


def two_lines_in_one_place():
    place = {"order": make_order(), "position": 1}
    line(**place), line(**place)


def two_steps_in_one_place():
    run = NightlyRun.objects.create(as_of=DAY, started_at=NOON, state="running")
    for name in ("facts", "pareto"):
        NightlyStep.objects.create(run=run, position=1, name=name, rows=0, seconds=0)


# Several writes for one constraint are as many ways around it.
REFUSED = {
    "business_is_one": [lambda: Business.objects.create(pk=2)],
    "business_pareto_share_is_a_share": [lambda: business(pareto_share=0), lambda: business(pareto_share=Decimal("1.01"))],
    "business_gap_is_positive": [lambda: business(gap_days=0)],
    "channel_key_not_empty": [lambda: Channel.objects.create(key="", name="Shop")],
    "customer_external_id_unique": [lambda: two_customers(external_id="7")],
    "customer_email_unique": [lambda: two_customers(email="a@example.com")],
    "customer_email_is_lower": [lambda: customer(email="A@example.com"), lambda: make_customer(email="a@EXAMPLE.com")],
    "customer_country_is_upper": [lambda: customer(country="cz")],
    "customer_language_is_lower": [lambda: customer(language="CS")],
    "customer_not_referred_by_self": [referred_by_self],
    "customer_referral_has_its_date": [referred_without_a_date, lambda: customer(referred_on=DAY)],
    "customer_entity_is_known": [lambda: customer(entity=""), lambda: customer(entity="Person")],
    "customer_market_is_known": [lambda: customer(market="b2g")],
    "customer_kind_is_known": [lambda: customer(kind="friend")],
    "evidence_kind_is_known": [lambda: evidence(kind="friend"), lambda: evidence(kind="")],
    "evidence_reason_is_of_one_who_left": [
        lambda: evidence(lost_reason="price"),
        lambda: evidence(kind="lost", holds=False, lost_reason="price"),
    ],
    "pin_change_has_its_reason": [lambda: pin_change(reason=""), lambda: pin_change(kind="moved")],
    "facts_pareto_class_is_known": [lambda: facts(pareto_class="few")],
    "facts_order_dates_stand_together": [
        lambda: facts(first_order_on=DAY),
        lambda: facts(first_order_on=DAY, last_order_on=DAY, due_on=DAY, inactive_on=DAY),
    ],
    "pastfacts_pareto_class_is_known": [lambda: past_facts(pareto_class="few")],
    "pastfacts_order_dates_stand_together": [lambda: past_facts(first_order_on=DAY)],
    "replayfacts_pareto_class_is_known": [lambda: replay_facts(pareto_class="few")],
    "replayfacts_order_dates_stand_together": [lambda: replay_facts(first_order_on=DAY)],
    "replay_dates_stand_in_order": [
        lambda: replay(first_on=date(2025, 1, 16)),
        lambda: replay(first_on=date(2025, 1, 1), until=date(2025, 1, 14)),
    ],
    "changed_why_is_known": [lambda: Changed.objects.create(customer=make_customer(), why="whim")],
    "import_one_running_per_file": [two_imports_of_one_file],
    "import_finished_has_its_time": [
        lambda: taking_in(state="finished"),
        lambda: taking_in(state="running", finished_at=NOON),
        lambda: taking_in(state="paused"),
    ],
    "interaction_kind_is_known": [lambda: interaction(kind="fax")],
    "interaction_direction_is_known": [lambda: interaction(direction="up")],
    "interaction_minutes_fit_a_day": [lambda: interaction(minutes=1441)],
    "job_one_open_per_key": [lambda: (job(key="a"), job(key="a")), lambda: (job(key="a", **RUNNING), job(key="a"))],
    "job_kind_not_empty": [lambda: job(kind="")],
    "job_running_shows_life": [
        lambda: job(**RUNNING | {"heartbeat": None}),
        lambda: job(**RUNNING | {"started_at": None}),
        lambda: job(**RUNNING | {"attempts": 0}),
    ],
    "job_ended_has_its_time": [
        lambda: job(state="finished"),
        lambda: job(finished_at=NOON),
        lambda: job(state="paused"),
        lambda: job(state="paused", finished_at=NOON),
    ],
    "job_failed_has_a_reason": [lambda: job(state="failed", finished_at=NOON), lambda: job(reason="x")],
    "job_done_is_a_part": [lambda: job(done=3, total=2)],
    "not_now_once_a_day": [
        lambda: [NotNow.objects.create(customer=make_customer(pk=1), said_on=DAY), NotNow.objects.create(customer_id=1, said_on=DAY)]
    ],
    "pulse_name_not_empty": [lambda: Pulse.objects.create(name="", at=NOON)],
    "order_identity_unique": [two_orders_with_one_identity],
    "order_key_not_empty": [lambda: make_order(key="")],
    "order_status_is_known": [lambda: order(status=-1), lambda: order(status=4)],
    "order_amount_in_range": [lambda: order(amount=10**10), lambda: order(amount=-(10**10)), lambda: order(amount=10**15)],
    "order_refunded_is_a_part": [
        lambda: order(refunded=-1),
        lambda: order(amount=100, refunded=100),
        lambda: order(amount=100, refunded=101),
        lambda: order(amount=-5, refunded=-1),
        lambda: order(amount=-5, refunded=1),
    ],
    "order_cost_in_range": [lambda: order(cost=10**10), lambda: order(cost=-(10**10))],
    "order_line_position_unique": [two_lines_in_one_place],
    "order_line_amount_in_range": [lambda: line(amount=10**10), lambda: line(amount=-(10**10))],
    "user_role_is_known": [lambda: user(role="admin"), lambda: user(role="")],
    "user_email_is_lower": [lambda: user(email="Owner@example.com")],
    "night_finished_has_its_time": [
        lambda: night(state="finished"),
        lambda: night(state="failed", finished_at=NOON, failed_at=NOON, reason="x"),
        lambda: night(state="skipped"),
    ],
    "night_failed_has_a_reason": [lambda: night(state="running", reason="x"), lambda: night(state="failed", failed_at=NOON)],
    "night_failed_has_its_time": [lambda: night(state="failed", reason="x")],
    "night_step_position_unique": [two_steps_in_one_place],
    "ladder_one_is_primary": [lambda: (ladder(), Ladder.objects.create(key="second", name="Second", is_primary=True))],
    "stage_rank_unique": [lambda: stage(rank=10)],
    "stage_key_unique": [lambda: stage(key="client")],
    "stage_rung_unique": [lambda: stage(rung=1)],
    "ladder_numbers_one_a_day": [lambda: [LadderNumbers.objects.create(ladder=ladder(), as_of=DAY, numbers={}) for _ in range(2)]],
    "position_one_per_ladder": [two_positions_on_one_ladder],
    "ladder_version_number_unique": [lambda: [LadderVersion.objects.create(ladder=ladder(), number=1, stages=[]) for _ in range(2)]],
    "position_pin_end_needs_a_pin": [lambda: (placed(), Position.objects.update(pinned=False, pinned_until=DAY))],
    "transition_goes_somewhere": [lambda: (placed(), Transition.objects.update(from_stage=F("to_stage")))],
    "transition_has_a_cause": [
        lambda: (placed(), Transition.objects.update(source="person", rule_version=None, reason="")),
        lambda: (placed(), Transition.objects.update(rule_version=None)),
        lambda: (placed(), Transition.objects.update(source="whim")),
    ],
}
NAMED = {
    constraint.name: model
    for app in ("crm", "lifecycle")
    for model in apps.get_app_config(app).get_models()
    for constraint in model._meta.constraints
}
CASES = [pytest.param(name, write, id=f"{name}-{place}") for name, writes in REFUSED.items() for place, write in enumerate(writes)]


def test_every_constraint_has_a_write_that_breaks_it():
    assert set(NAMED) == set(REFUSED)


def broken(error, name):
    """Whether the database names this constraint as the broken one; SQLite names the columns instead for a unique one."""
    said = str(error)
    if connection.vendor == "postgresql" or "UNIQUE" not in said:
        return name in said
    (constraint,) = (found for found in NAMED[name]._meta.constraints if found.name == name)
    columns = [NAMED[name]._meta.get_field(field).column for field in constraint.fields]
    table = NAMED[name]._meta.db_table
    return said.endswith(", ".join(f"{table}.{column}" for column in columns)) or name in said


@pytest.mark.parametrize(("name", "write"), CASES)
def test_the_database_refuses_a_write_that_breaks_it(name, write):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        write()

    assert broken(caught.value, name)


def test_what_only_looks_like_a_breach_is_accepted():
    two_customers(external_id="", email="")
    make_order(source="a", key="7"), make_order(source="b", key="7")
    make_order(amount=Decimal("9999999999.99"), refunded=Decimal("9999999999.98"))
    make_order(amount=Decimal("-9999999999.99"), cost=Decimal("-9999999999.99"))
    make_order(amount=0)
    make_interaction(minutes=0), make_interaction(minutes=1440), make_interaction(minutes=None)
    taking_in(state="finished", finished_at=NOON), taking_in(state="finished", finished_at=NOON), taking_in()

    assert Customer.objects.filter(email="").count() == 10
