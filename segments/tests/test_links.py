"""A list of customers saved as a segment, and a segment opened as a list."""

import json
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from config.tests import cast
from crm.figures import Figures
from crm.list_actions import actions_for
from crm.listing import listing
from crm.models import Business, Facts
from lifecycle.kotler import install
from segments.links import in_customers
from segments.models import Segment

pytestmark = pytest.mark.django_db
DAY = date(2026, 6, 30)
MANY = {"fact": "orders", "op": ">=", "value": 3}
OLD = {"fact": "orders", "op": "<", "value": 9}
REPEAT, FEW = {"fact": "stage", "op": "=", "value": "repeat"}, {"fact": "pareto_class", "op": "=", "value": "vital_few"}


def rule_of(address):
    return json.loads(parse_qs(urlsplit(address).query)["rule"][0])


@pytest.fixture
def offered():
    """What an owner is offered for a list: the address, or None."""
    Business.keep(as_of=DAY)
    install()
    owner = cast.owner()

    def ask(user=owner, **asked):
        request = RequestFactory().get("/customers/", asked)
        request.user = user
        found = listing(request.GET, Figures(Business.load(), DAY, Facts), DAY)
        return next((action.url for action in actions_for(request, found) if action.icon == "save"), None)

    return ask


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        ({"stage": "repeat"}, REPEAT),
        ({"pareto": "vital_few"}, FEW),
        ({"rule": json.dumps(MANY)}, MANY),
        ({"stage": "repeat", "pareto": "vital_few"}, {"all": [REPEAT, FEW]}),
        ({"stage": "repeat", "rule": json.dumps({"all": [MANY, OLD]})}, {"all": [REPEAT, MANY, OLD]}),
        ({"stage": "repeat", "rule": json.dumps({"any": [MANY, OLD]})}, {"all": [REPEAT, {"any": [MANY, OLD]}]}),
        ({"rule": json.dumps({"all": [MANY, OLD]}), "sort": "name"}, {"all": [MANY, OLD]}),
    ],
)
def test_what_a_list_asks_for_becomes_one_rule(offered, asked, rule):
    address = offered(**asked)

    assert urlsplit(address).path == "/segments/new/"
    assert rule_of(address) == rule


def too_deep():
    """As deep as a rule may be: beside a stage it would be one level deeper."""
    rule = {"any": [MANY, OLD]}
    for _level in range(4):
        rule = {"any": [rule, MANY]}
    return json.dumps(rule)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"sort": "name"},
        {"q": "anna", "stage": "repeat"},
        {"group": "due"},
        {"stage": "nowhere"},
        {"rule": "{"},
        {"rule": json.dumps({"fact": "email", "op": "in", "value": [f"{place}{'x' * 100}@example.com" for place in range(50)]})},
        {"rule": too_deep(), "stage": "repeat"},
    ],
)
def test_a_list_that_no_rule_can_say_is_not_offered(offered, asked):
    assert offered(**asked) is None


def test_staff_and_strangers_are_not_offered_it(offered):
    assert offered(user=cast.staff(), stage="repeat") is None
    assert offered(user=AnonymousUser(), stage="repeat") is None


def test_a_segment_is_opened_by_its_rule_and_by_its_key_where_that_says_more():
    segment = Segment(key="many", rule=MANY)
    long = Segment(key="long", rule={"fact": "email", "op": "in", "value": ["ž" * 100] * 50})

    assert rule_of(in_customers(segment, by_hand=False)) == MANY
    assert rule_of(in_customers(segment, by_hand=True)) == {"fact": "segment", "op": "=", "value": "many"}
    assert rule_of(in_customers(long, by_hand=False)) == {"fact": "segment", "op": "=", "value": "long"}
