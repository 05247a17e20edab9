"""Whom Today names, and at which edges they come and go (DEFINITIONS.md, "Today")."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from crm.figures import Figures
from crm.models import Business, Facts, Order, PastFacts
from crm.tests.factories import make_customer, make_interaction, make_order, make_user
from lifecycle.models import NotNow
from lifecycle.today import MOST, Person, ToContact

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 11, 23)
TODAY = AS_OF + timedelta(days=1)


def ago(days):
    return AS_OF - timedelta(days=days)


def someone(last=None, gap=10.0, due=None, model=Facts, **facts):
    """Last ordered so many days ago, usually every `gap` days, and due as follows from both unless `due` is given."""
    last_on = ago(last if last is not None else 20)
    usual = {
        "typical_gap_days": gap,
        "expected_gap_days": gap,
        "long_gap_days": int(gap),
        "revenue_12m": Decimal(1000),
        "first_order_on": ago(400),
        "last_order_on": last_on,
        "due_on": due or last_on + timedelta(days=int(gap + 0.5)),
        "inactive_on": last_on + timedelta(days=90),
        "lost_on": last_on + timedelta(days=365),
        "stage": "repeat",
    } | facts
    customer = make_customer(usual if model is Facts else {"stage": "repeat"})
    if model is not Facts:
        model.objects.create(customer=customer, **usual)
    return customer


def vital(last, **facts):
    return someone(last, **({"pareto_class": "vital_few"} | facts))


def due(on, **facts):
    """Not one of the vital few, with the next order due on that day."""
    return someone(due=on, pareto_class="useful_many", **facts)


def to_contact(today=TODAY):
    return ToContact.at(Figures(Business.load(), AS_OF, Facts), AS_OF, today)


def named(today=TODAY):
    return [person.facts.customer_id for person in to_contact(today).people]


def test_one_of_the_vital_few_is_quiet_from_exactly_twice_the_expected_gap_on():
    early, exact, late = vital(19), vital(20), vital(21)

    assert early.pk not in named() and set(named()) == {exact.pk, late.pk}


def test_a_gap_that_ends_in_a_half_is_doubled_before_it_is_compared():
    early, exact = vital(14, gap=7.5), vital(15, gap=7.5)

    assert named() == [exact.pk] and early.pk not in named()


@pytest.mark.parametrize("stage", ["lost", "disqualified"])
def test_the_lost_and_the_disqualified_are_not_called_quiet(stage):
    vital(50, stage=stage)

    assert named() == []


def test_the_inactive_are_called_quiet():
    assert [vital(100, stage="inactive").pk] == named()


def test_nobody_without_a_rhythm_of_their_own_is_named():
    vital(50, typical_gap_days=None, long_gap_days=None)
    someone(due=AS_OF, typical_gap_days=None, long_gap_days=None)

    assert named() == []


def test_an_order_is_due_from_three_days_before_to_thirteen_days_after():
    soon, too_soon = due(AS_OF + timedelta(days=3)), due(AS_OF + timedelta(days=4))
    still, no_more = due(ago(13)), due(ago(14))

    assert set(named()) == {soon.pk, still.pk}
    assert {too_soon.pk, no_more.pk}.isdisjoint(named())


def test_one_of_the_vital_few_is_not_named_for_being_due():
    vital(10, due=AS_OF)

    assert named() == []


def test_the_quiet_come_first_and_each_kind_goes_by_what_they_bring():
    small, large = due(AS_OF, revenue_12m=Decimal(100)), due(AS_OF, revenue_12m=Decimal(900))
    least, most = vital(30, revenue_12m=Decimal(2000)), vital(30, revenue_12m=Decimal(5000))

    assert named() == [most.pk, least.pk, large.pk, small.pk]


def test_those_who_bring_the_same_go_by_their_number():
    people = [vital(30) for _ in range(3)]

    assert named() == [person.pk for person in people]


def test_at_most_twenty_are_named_and_the_others_counted():
    for _ in range(MOST + 2):
        due(AS_OF)
    richest = vital(30, revenue_12m=Decimal(1))

    found = to_contact()
    assert len(found.people) == 20 and found.waiting == 3
    assert found.people[0].facts.customer_id == richest.pk


def test_nobody_waits_where_all_are_named():
    assert to_contact() == ToContact([], 0)
    vital(30)
    assert to_contact().waiting == 0


@pytest.mark.parametrize("kind", ["call", "email", "visit", "chat", "social", "letter", "complaint"])
def test_a_contact_of_any_kind_takes_a_person_off_at_once(kind):
    customer = vital(30)
    make_interaction(customer, kind=kind, happened_on=TODAY)

    assert named() == []


@pytest.mark.parametrize(("days", "is_away"), [(0, True), (13, True), (14, False)])
def test_a_contact_keeps_a_person_off_for_fourteen_days(days, is_away):
    customer = vital(30)
    make_interaction(customer, happened_on=ago(days))

    assert (named() == []) is is_away


@pytest.mark.parametrize(("days", "is_away"), [(-1, True), (0, True), (13, True), (14, False)])
def test_a_not_now_keeps_a_person_off_for_fourteen_days(days, is_away):
    customer = vital(30)
    NotNow.objects.create(customer=customer, said_on=ago(days), by=make_user())

    assert (named() == []) is is_away


def test_a_contact_dated_ahead_has_not_happened():
    customer = vital(30)
    make_interaction(customer, happened_on=TODAY + timedelta(days=1))

    assert named() == [customer.pk]


def test_anothers_contact_takes_nobody_off():
    customer = vital(30)
    make_interaction(make_customer(), happened_on=TODAY)

    assert named() == [customer.pk]


def test_an_order_takes_a_person_off_before_the_facts_know_of_it():
    customer = vital(30)
    make_order(customer, ordered_on=ago(30))
    assert named() == [customer.pk]

    make_order(customer, ordered_on=TODAY)
    assert named() == []


@pytest.mark.parametrize(
    "order",
    [
        {"status": Order.Status.CANCELLED},
        {"status": Order.Status.REFUNDED},
        {"amount": Decimal("-5")},
        {"ordered_on": TODAY + timedelta(days=1)},
    ],
    ids=["cancelled", "refunded", "a refund", "ahead"],
)
def test_what_does_not_count_as_an_order_takes_nobody_off(order):
    customer = vital(30)
    make_order(customer, **({"ordered_on": TODAY} | order))

    assert named() == [customer.pk]


def test_looking_back_what_came_later_takes_nobody_off():
    customer = someone(30, model=PastFacts, pareto_class="vital_few")
    make_interaction(customer, happened_on=TODAY)
    make_order(customer, ordered_on=TODAY)

    past = Figures(Business.load(), AS_OF, PastFacts, is_past=True)
    assert [person.facts.customer_id for person in ToContact.at(past, AS_OF, TODAY).people] == [customer.pk]
    make_interaction(customer, happened_on=AS_OF)
    assert ToContact.at(past, AS_OF, TODAY).people == []


def test_the_list_is_one_query_and_one_for_what_they_refuse(django_assert_num_queries):
    for _ in range(5):
        vital(30)

    with django_assert_num_queries(2):
        found = ToContact.at(Figures(Business(), AS_OF, Facts), AS_OF, TODAY)
        assert [person.facts.customer.name != "" for person in found.people] == [True] * 5


@pytest.mark.parametrize(
    ("usual", "longest", "is_irregular"),
    [(10.0, 30, False), (10.0, 31, True), (10.5, 31, False), (10.5, 32, True)],
)
def test_a_pause_longer_than_three_usual_ones_is_irregular(usual, longest, is_irregular):
    person = Person(Facts(typical_gap_days=usual, long_gap_days=longest), AS_OF, is_quiet=True)

    assert person.is_irregular is is_irregular


def test_a_usual_pause_of_a_half_is_said_rounded_up():
    assert Person(Facts(typical_gap_days=7.5), AS_OF, is_quiet=True).usual == 8


def test_an_order_is_due_since_its_day():
    assert Person(Facts(due_on=AS_OF), AS_OF, is_quiet=False).is_due_since
    assert not Person(Facts(due_on=TODAY), AS_OF, is_quiet=False).is_due_since


def test_a_customer_is_put_off_once_a_day():
    customer = make_customer()
    NotNow.objects.create(customer=customer, said_on=TODAY)

    with pytest.raises(IntegrityError, match="not_now_once_a_day|said_on"), transaction.atomic():
        NotNow.objects.create(customer=customer, said_on=TODAY)
