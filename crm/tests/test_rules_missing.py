"""What is missing for a comparison to hold: how much more, what to record, from when it holds by itself."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils.translation import override

from crm.rules import explained, parse
from crm.tests.factories import make_customer

pytestmark = pytest.mark.django_db

# Of a year that is never the present one: the days are said with it.
AS_OF = date(2019, 11, 23)


@pytest.fixture
def jana():
    bought = dict.fromkeys(("first_order_on", "last_order_on"), AS_OF - timedelta(days=12)) | {"due_on": AS_OF + timedelta(days=10)}
    dates = bought | {"inactive_on": AS_OF + timedelta(days=78), "lost_on": AS_OF + timedelta(days=353)}
    facts = {"orders": 3, "order_days": 1, "orders_12m": 2, "revenue_12m": Decimal("1234.50"), "typical_gap_days": 30.5}
    return make_customer(facts | dates, city="Brno")


def missing(customer, rule):
    ((shape,), _beside) = explained([parse(rule)], customer, AS_OF)
    return [leaf.missing for leaf in shape.leaves]


def leaf(fact, op, value=None):
    return {"fact": fact, "op": op} | ({} if value is None else {"value": value})


MISSING = [
    (leaf("orders_12m", ">=", 4), "2 more orders in 12 months."),
    (leaf("orders_12m", ">", 2), "1 more order in 12 months."),
    (leaf("orders_12m", "=", 4), "2 more orders in 12 months."),
    (leaf("orders_12m", "between", [3, 9]), "1 more order in 12 months."),
    (leaf("order_days", ">=", 2), "An order on 1 more day."),
    (leaf("referrals_ordered", ">=", 2), "2 more referrals that order."),
    (leaf("orders", "<", 2), "2 less."),
    (leaf("orders", "<=", 2), "1 less."),
    (leaf("orders", "=", 1), "2 less."),
    (leaf("orders", "between", [0, 1]), "2 less."),
    (leaf("revenue_12m", ">=", 2000), "766\xa0Kč more."),
    (leaf("revenue_12m", "<=", 1000), "235\xa0Kč less."),
    (leaf("typical_gap_days", ">=", 40), "9.5 more."),
    (leaf("long_gap_days", ">=", 40), "That is not known yet."),
    (leaf("orders", "!=", 3), ""),
    (leaf("orders", "in", [5, 7]), ""),
    (leaf("orders", "empty"), ""),
    (leaf("only_us", "=", True), "Once you know that they buy only from us, record it on this page."),
    (leaf("only_us", "!=", False), "Once you know that they buy only from us, record it on this page."),
    (leaf("is_partner", "=", True), "Once they take part in the business, record it on this page."),
    (leaf("inactive_on", "passed"), "By itself from 9 February 2020."),
    (leaf("days_since_last_order", ">=", 30), "By itself from 11 December 2019."),
    (leaf("due_on", "after", "2027-01-01"), ""),
    (leaf("due_on", "before", "2018-01-01"), ""),
    (leaf("city", "=", "Praha"), ""),
    ({"not": leaf("days_since_last_order", "<", 30)}, "By itself until 11 December 2019."),
    ({"not": leaf("only_us", "=", False)}, "Once you know that they buy only from us, record it on this page."),
    ({"not": {"not": leaf("orders_12m", ">=", 3)}}, "1 more order in 12 months."),
    ({"not": leaf("orders", ">=", 2)}, ""),
]


@pytest.mark.parametrize(("rule", "sentence"), MISSING, ids=[str(rule)[:70] for rule, _sentence in MISSING])
def test_it_is_said_in_the_facts_own_measure(jana, rule, sentence):
    assert missing(jana, rule) == [sentence]


def test_a_mark_that_has_to_go_is_to_be_taken_back():
    partner = make_customer({"is_partner": True})

    assert missing(partner, leaf("is_partner", "=", False)) == ["If it does not hold any more, take it back on this page."]
    assert missing(partner, {"not": leaf("is_partner", "=", True)}) == ["If it does not hold any more, take it back on this page."]


def test_nothing_is_missing_of_what_stands_right(jana):
    rule = {"all": [leaf("orders", ">=", 3), {"not": leaf("orders", ">=", 4)}, leaf("orders_12m", ">=", 3)]}

    assert missing(jana, rule) == ["", "", "1 more order in 12 months."]


def test_numbers_are_those_of_the_reader(jana):
    with override("cs"):
        ((shape,), _beside) = explained([parse(leaf("typical_gap_days", ">=", 40))], jana, AS_OF)

    assert "9,5" in shape.missing
