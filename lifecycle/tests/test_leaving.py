"""Why people leave: one reason for each move, the first that fits."""

from collections import Counter
from datetime import timedelta

import pytest

from crm.models import Business, Evidence, Facts
from crm.tests.factories import make_customer, make_interaction
from lifecycle.heights import Heights
from lifecycle.kotler import install
from lifecycle.leaving import leaving, reasons, with_reason
from lifecycle.models import Ladder, Transition
from lifecycle.overnight import made
from lifecycle.tests.test_today import AS_OF
from lifecycle.tests.test_today_page import move

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def business(db):
    Business.keep(as_of=AS_OF)
    install()


def heights():
    return Heights.on(Ladder.objects.get(key="kotler"))


def leave(before="repeat", after="inactive", facts=None, **fields):
    customer = make_customer({"order_days": 5} | (facts or {}))
    move(customer, before, after, **fields)
    return customer


def said(customer, reason, ago=0, **fields):
    on = AS_OF - timedelta(days=ago)
    return Evidence.objects.create(customer=customer, kind="lost", lost_reason=reason, happened_on=on, **fields)


def complain(customer, ago, kind="complaint"):
    make_interaction(customer, kind=kind, happened_on=AS_OF - timedelta(days=ago))


def why():
    """Of the only move."""
    return with_reason(made(heights()), heights(), Facts).values_list("why", flat=True).get()


def test_people_leave_to_the_stages_beside_the_ladder_but_those_we_turned_away():
    assert [stage.key for stage in leaving(heights())] == ["inactive", "lost"]


@pytest.mark.parametrize(
    ("before", "after"), [("first-time", "repeat"), ("repeat", "first-time"), ("inactive", "repeat"), ("repeat", "disqualified")]
)
def test_a_move_that_is_no_leaving_has_no_reason(before, after):
    leave(before, after)

    assert why() == ""


def test_who_goes_quiet_with_nothing_known_went_quiet():
    leave()

    assert why() == "quiet"


@pytest.mark.parametrize(("order_days", "expected"), [(0, "quiet"), (1, "one-order"), (2, "quiet")])
def test_who_ordered_once_made_no_second_order(order_days, expected):
    leave("first-time", facts={"order_days": order_days})

    assert why() == expected


@pytest.mark.parametrize(("ago", "expected"), [(0, "complaint"), (60, "complaint"), (61, "quiet"), (-1, "quiet")])
def test_a_complaint_counts_for_sixty_days(ago, expected):
    complain(leave(), ago)

    assert why() == expected


def test_another_contact_is_no_complaint():
    complain(leave(), 5, kind="call")

    assert why() == "quiet"


def test_an_unpaid_order_comes_before_a_missing_second_one():
    leave("first-time", facts={"order_days": 1, "unpaid_orders": 1})

    assert why() == "unpaid"


def test_a_complaint_comes_before_an_unpaid_order():
    complain(leave(facts={"unpaid_orders": 1}), 5)

    assert why() == "complaint"


def test_what_staff_recorded_comes_before_all():
    customer = leave(facts={"unpaid_orders": 1})
    complain(customer, 5)
    said(customer, "elsewhere")

    assert why() == "said-elsewhere"


def test_who_was_moved_by_hand_left_for_what_the_person_wrote():
    complain(leave("client", "lost", source=Transition.Source.PERSON, rule_version=None, reason="Closed the café."), 5)

    assert why() == "by-hand"


@pytest.mark.parametrize(("ago", "expected"), [(365, "said-price"), (366, "quiet"), (-1, "quiet")])
def test_what_was_recorded_later_or_long_before_says_nothing(ago, expected):
    said(leave(), "price", ago)

    assert why() == expected


def test_the_latest_record_counts_and_one_taken_back_says_nothing():
    customer = leave()
    said(customer, "price", 9), said(customer, "moved", 8)
    assert why() == "said-moved"

    said(customer, "", 7, holds=False)
    assert why() == "quiet"


def test_reasons_add_up_and_say_where_most_came_from():
    moves = Counter(
        {
            ("first-time", "inactive", "one-order"): 3,
            ("inactive", "lost", "one-order"): 1,
            ("repeat", "inactive", "quiet"): 2,
            ("client", "lost", "said-price"): 1,
            ("repeat", "lost", "said-price"): 1,
            ("first-time", "repeat", ""): 99,
            ("gone", "lost", "quiet"): 5,
        }
    )
    found = reasons(heights(), moves)

    assert [(reason.code, reason.people, reason.share, reason.mostly.key) for reason in found] == [
        ("one-order", 4, 1.0, "first-time"),
        # Of equal ones, that which is tried first; of equal stages one and the same each time.
        ("said-price", 2, 0.5, "repeat"),
        ("quiet", 2, 0.5, "repeat"),
    ]
    assert [(reason.words, reason.is_recorded) for reason in found][:2] == [("No second order", False), ("Too expensive", True)]
