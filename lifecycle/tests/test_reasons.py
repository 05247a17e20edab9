"""Why someone moved, in sentences made of the facts that decided."""

from datetime import date

import pytest

from crm.models import Business, User
from crm.money import day
from crm.tests.factories import make_customer, make_user
from lifecycle.heights import Heights
from lifecycle.kotler import install
from lifecycle.models import Stage, Transition
from lifecycle.reasons import Told, reasons

pytestmark = pytest.mark.django_db

ON = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def ladder(db):
    return install()


def stage(key):
    return Stage.objects.get(key=key)


def moved(before, after, values=(), **fields):
    cause = {"source": Transition.Source.NIGHT, "rule_version": 1} if "by" not in fields else {"source": Transition.Source.PERSON}
    customer = make_customer()
    to, come = stage(after), stage(before)
    fields = cause | fields
    made = Transition.objects.create(
        customer=customer, ladder=to.ladder, from_stage=come, to_stage=to, effective_on=ON, values=dict(values), **fields
    )
    return Transition.objects.select_related("customer", "from_stage", "to_stage", "by").get(pk=made.pk)


def told(*move, **fields):
    return reasons(moved(*move, **fields))


def test_a_climb_is_told_by_the_rule_of_the_stage_above():
    assert told("first-time", "repeat", {"order_days": 2, "orders_12m": 2, "only_us": False}) == ["Ordered on 2 days."]
    assert told("repeat", "client", {"orders_12m": 4, "only_us": True}) == ["4 orders in 12 months.", "Buys only from us."]
    assert told("client", "advocate", {"referrals_ordered": 2}) == ["2 referred people have ordered."]
    assert told("client", "partner", {"is_partner": True}) == ["Takes part in the business."]


def test_a_fall_to_a_lower_rung_is_told_by_the_rule_of_the_rung_above():
    values = {"orders_12m": 3, "only_us": True, "order_days": 9}

    assert told("client", "repeat", values) == ["3 orders in 12 months.", "Buys only from us."]
    assert told("client", "repeat", values | {"orders_12m": 5, "only_us": False}) == [
        "5 orders in 12 months.",
        "Not known to buy only from us any more.",
    ]
    assert told("partner", "client", {"is_partner": False}) == ["Takes no part in the business any more."]


def test_silence_is_told_with_its_day():
    assert told("repeat", "inactive", {"inactive_on": "2026-11-22"}) == [
        f"By {day(date(2026, 11, 22))} no order for much longer than usual."
    ]
    assert told("inactive", "lost", {"is_marked_lost": False, "lost_on": "2026-11-23"}) == [
        f"By {day(ON)} no order for so long that they count as lost."
    ]


def test_a_day_that_had_not_come_decided_nothing():
    assert told("inactive", "lost", {"is_marked_lost": True, "lost_on": "2026-11-24"}) == ["Marked as lost."]


def test_unpaid_orders_are_told_with_their_number():
    values = {"is_disqualified": False, "paid_orders": 0, "unpaid_orders": 2}

    assert told("first-time", "disqualified", values) == ["0 paid orders.", "2 orders unpaid for more than 30 days."]


def test_whoever_no_rule_asks_about_stands_where_no_other_stage_fits():
    assert told("first-time", "prospect", {"order_days": 0}) == ["Ordered on 0 days."]
    assert told("disqualified", "prospect", {"order_days": 0}) == ["No other stage fits."]


def test_a_fact_without_a_sentence_of_its_own_is_told_by_its_name():
    rule = [
        {"fact": "days_since_last_order", "op": "<=", "value": 30},
        {"fact": "revenue_12m", "op": ">", "value": 1000},
        {"fact": "first_order_on", "op": "before", "value": "2026-01-01"},
    ]
    Stage.objects.filter(key="client").update(rule={"all": rule})

    values = {"days_since_last_order": 12, "revenue_12m": "1234.50", "first_order_on": "2025-03-04"}
    assert told("repeat", "client", values) == [
        "Days since the last order: 12.",
        "Revenue in 12 months: 1,235\N{NO-BREAK SPACE}Kč.",
        f"First order: {day(date(2025, 3, 4))}.",
    ]


def test_a_rule_that_cannot_be_read_any_more_breaks_nothing():
    Stage.objects.filter(key="repeat").update(rule={"fact": "gone", "op": "=", "value": 1})

    assert told("first-time", "repeat", {"order_days": 2}) == ["No other stage fits."]


def test_a_person_says_why_in_their_own_words():
    jana = make_user(name="Jana")
    move = Told.of(moved("client", "partner", by=jana, reason="Sells <b>our</b> coffee."))

    assert (move.reasons, move.by, move.is_up) == (["Sells <b>our</b> coffee."], "Jana", True)
    User.objects.all().delete()
    move = Told.of(Transition.objects.select_related("customer", "from_stage", "to_stage", "by").get())
    assert move.by == "someone who has left"


def test_nobody_stands_behind_what_a_rule_did():
    move = Told.of(moved("repeat", "inactive"))

    assert move.by == "" and not move.is_up


@pytest.mark.parametrize(
    ("before", "after", "is_up"),
    [
        ("prospect", "first-time", True),
        ("client", "repeat", False),
        ("partner", "inactive", False),
        ("lost", "prospect", True),
        ("inactive", "lost", False),
        ("lost", "disqualified", False),
        ("disqualified", "inactive", True),
    ],
)
def test_beside_the_ladder_is_below_it_and_what_is_tried_first_is_lowest(before, after, is_up):
    move = moved(before, after)

    assert Told.of(move).is_up is is_up
    heights = Heights.of(Business())
    assert Transition.objects.filter(heights.moves(up=True)).exists() is is_up
    assert Transition.objects.filter(heights.moves(up=False)).exists() is not is_up


def test_the_rungs_go_up_and_those_beside_go_down():
    heights = Heights.of(Business())

    assert [each.key for each in heights.rungs] == ["prospect", "first-time", "repeat", "client", "advocate", "partner"]
    assert [each.key for each in heights.beside] == ["inactive", "lost", "disqualified"]
    assert heights.find("lost") == stage("lost") and heights.find("nothing") is None
