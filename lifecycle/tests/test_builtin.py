"""The ladders that come along, each stage by hand; and the fact on which stage of them somebody stands."""

from datetime import timedelta

import pytest

from crm.catalogue import askable
from crm.models import Facts
from crm.rules import InvalidRule, compiled, described, parse
from crm.tests.factories import make_customer
from lifecycle import builtin
from lifecycle.models import AFTER_STAGES, Ladder, Position
from lifecycle.nightly import run
from lifecycle.stages import place
from lifecycle.tests.drafts import DAY

pytestmark = pytest.mark.django_db


def stage_of(key, **facts):
    builtin.install()
    customer = make_customer(facts)
    place(Ladder.objects.get(key=key), DAY)
    return Position.objects.get(customer=customer, ladder__key=key).stage.key


def ordered(inactive=300, lost=400):
    """The dates of somebody who ordered, who counts as inactive and as lost in so many days."""
    day = DAY - timedelta(days=10)
    later = {"inactive_on": DAY + timedelta(days=inactive), "lost_on": DAY + timedelta(days=lost)}
    return {"first_order_on": day, "last_order_on": day, "due_on": DAY} | later


@pytest.mark.parametrize(
    ("stage", "facts"),
    [
        ("suspect", {}),
        ("prospect", {"interactions_12m": 1}),
        ("prospect", {"orders": 3, "order_days": 3}),
        ("occasional", {"orders": 1, "orders_12m": 1, "order_days": 1}),
        ("occasional", {"orders": 9, "orders_12m": 3, "order_days": 9}),
        ("occasional", {"orders": 4, "orders_12m": 4, "order_days": 3}),
        ("client", {"orders": 4, "orders_12m": 4, "order_days": 4}),
        ("client", {"orders": 5, "orders_12m": 5, "order_days": 5, "only_us": True}),
        ("member", {"orders": 6, "orders_12m": 6, "order_days": 6, "only_us": True}),
        ("member", {"orders": 6, "orders_12m": 6, "order_days": 6, "is_partner": True}),
        ("advocate", {"orders": 1, "orders_12m": 1, "order_days": 1, "referrals_ordered": 1}),
        ("prospect", {"orders": 1, "order_days": 1, "referrals_ordered": 1}),
        ("advocate", {"orders": 6, "orders_12m": 6, "order_days": 6, "referrals_ordered": 1}),
        ("unconditional", {"orders": 6, "orders_12m": 6, "order_days": 6, "only_us": True, "referrals_ordered": 1}),
        ("unconditional", {"orders": 6, "orders_12m": 6, "order_days": 6, "only_us": True, "is_partner": True}),
    ],
)
def test_engagement_goes_by_what_somebody_did_in_the_year(stage, facts):
    assert stage_of("engagement", **facts) == stage


@pytest.mark.parametrize(
    ("stage", "facts"),
    [
        ("average", {}),
        ("average", {"orders_12m": 3, "order_days": 3}),
        ("loyal", {"orders_12m": 4, "order_days": 4}),
        ("loyal", {"orders_12m": 4, "order_days": 4} | ordered()),
        ("average", {"orders_12m": 4, "order_days": 4} | ordered(inactive=0)),
        ("dead", {"orders_12m": 4, "order_days": 4} | ordered(inactive=-1, lost=0)),
        ("dead", {"is_marked_lost": True}),
        ("dead", {"is_disqualified": True, "unpaid_orders": 5}),
        ("demanding", {"unpaid_orders": 2, "orders_12m": 9, "order_days": 9}),
        ("average", {"unpaid_orders": 1}),
        ("demanding", {"margin_12m": -1}),
        ("average", {"margin_12m": 0}),
        ("demanding", {"minutes_12m": 60, "orders_12m": 3}),
        ("average", {"minutes_12m": 59, "orders_12m": 3}),
        ("loyal", {"minutes_12m": 600, "orders_12m": 4, "order_days": 4}),
        ("demanding", {"interactions_12m": 6, "orders_12m": 0}),
        ("average", {"interactions_12m": 5, "orders_12m": 0}),
    ],
)
def test_categories_go_by_what_somebody_brings_for_what_they_take(stage, facts):
    assert stage_of("categories", **facts) == stage


def test_a_night_brings_all_three_and_places_everyone_on_each():
    make_customer({"order_days": 1})

    run(DAY, today=DAY + timedelta(days=1))

    assert list(Ladder.objects.order_by("pk").values_list("key", "is_primary")) == [
        ("kotler", True),
        ("engagement", False),
        ("categories", False),
    ]
    assert Position.objects.count() == 3


def test_an_older_installation_gets_those_it_lacks_and_keeps_what_was_changed():
    Ladder.objects.create(key="kotler", name="Ours", is_primary=True)

    assert builtin.install().name == "Ours"

    assert list(Ladder.objects.get(key="kotler").stages.all()) == []
    assert Ladder.objects.get(key="categories").stages.count() == 4


def test_the_stage_on_a_ladder_can_be_asked_but_not_by_a_stage():
    member = make_customer({"orders": 6, "orders_12m": 6, "order_days": 6, "only_us": True})
    make_customer()
    builtin.install()
    place(Ladder.objects.get(key="engagement"), DAY)
    rule = {"fact": "stage_on_engagement", "op": "in", "value": ["member", "advocate"]}

    node = parse(rule)

    assert list(Facts.objects.filter(compiled(node, DAY)).values_list("pk", flat=True)) == [member.pk]
    assert Facts.objects.filter(compiled(parse({"not": rule}), DAY)).count() == 1
    assert described(node) == "“Stage on Engagement” is one of: Member, Advocate"
    assert {"stage_on_kotler", "stage_on_engagement", "stage_on_categories"} <= askable().keys()
    with pytest.raises(InvalidRule, match="is decided after this rule"):
        parse(rule, forbidden=AFTER_STAGES)
