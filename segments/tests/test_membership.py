"""Who is in a segment, and why they came and went."""

from datetime import date

import pytest

from crm.models import Business, Facts
from crm.tests.factories import make_customer, make_owner
from segments import membership
from segments.choices import choose, take_back
from segments.membership import count_all, count_saved
from segments.models import Choice, Member, Segment, SegmentMove, SegmentSize
from segments.saved import make_segment, save_segment

pytestmark = pytest.mark.django_db
DAY, NEXT = date(2026, 6, 30), date(2026, 7, 1)
MANY = {"fact": "orders", "op": ">=", "value": 3}


@pytest.fixture
def owner():
    Business.keep(as_of=DAY)
    return make_owner(name="Jana")


@pytest.fixture
def people(owner):
    """Ordered 0, 1, 2, 3, 4 and 5 times."""
    return [make_customer(facts={"orders": orders}) for orders in range(6)]


@pytest.fixture
def regulars(owner, people):
    return make_segment(by=owner, name="Regulars", rule=MANY)


def inside(segment):
    return set(Member.objects.filter(segment=segment).values_list("customer", flat=True))


def moves(segment):
    found = SegmentMove.objects.filter(segment=segment).order_by("on", "customer", "pk")
    return [(move.customer_id, move.on, move.entered, move.source) for move in found]


def test_a_night_puts_in_whom_the_rule_takes(regulars, people):
    assert count_all(DAY) == 3

    regulars.refresh_from_db()
    assert inside(regulars) == {customer.pk for customer in people[3:]}
    assert (regulars.size, regulars.is_counted) == (3, True)
    assert [(size.as_of, size.size) for size in SegmentSize.objects.all()] == [(DAY, 3)]


def test_a_night_run_twice_moves_nobody_again(regulars):
    count_all(DAY)
    before = moves(regulars)

    assert count_all(DAY) == 0
    assert moves(regulars) == before
    assert SegmentSize.objects.count() == 1


def test_who_comes_and_goes_in_a_night_is_kept_with_the_facts_that_decided(regulars, people):
    count_all(DAY)
    Facts.objects.filter(pk=people[2].pk).update(orders=3)
    Facts.objects.filter(pk=people[3].pk).update(orders=1)

    assert count_all(NEXT) == 2

    came, left = SegmentMove.objects.filter(on=NEXT).order_by("customer")
    assert (came.customer_id, came.entered, came.source, came.rule_version, came.values) == (people[2].pk, True, "night", 1, {"orders": 3})
    assert (left.customer_id, left.entered, left.values) == (people[3].pk, False, {"orders": 1})
    assert Member.objects.get(customer=people[2]).since == NEXT


def test_whom_another_rule_brings_is_told_from_whom_a_night_brings(regulars, owner, people):
    count_all(DAY)
    save_segment(segment=regulars, version=1, by=owner, name="Regulars", purpose="", rule={"fact": "orders", "op": ">=", "value": 5})

    assert count_saved(regulars.pk, DAY) == 2
    assert [move[2:] for move in moves(regulars) if move[0] == people[3].pk] == [(True, "rule"), (False, "rule")]


def test_whoever_is_chosen_by_hand_is_in_or_out_against_the_rule(regulars, owner, people):
    count_all(DAY)
    choose(segment=regulars, customer=people[0], side="include", reason="Our first guest", by=owner, as_of=DAY)
    choose(segment=regulars, customer=people[5], side="exclude", reason="Moved away", by=owner, as_of=DAY)

    assert inside(regulars) == {people[place].pk for place in (0, 3, 4)}
    assert count_all(NEXT) == 0
    said = SegmentMove.objects.filter(source="person").order_by("customer").values_list("customer", "entered", "reason", "by")
    assert list(said) == [(people[0].pk, True, "Our first guest", owner.pk), (people[5].pk, False, "Moved away", owner.pk)]


def test_a_choice_taken_back_lets_the_rule_decide_again(regulars, owner, people):
    count_all(DAY)
    choose(segment=regulars, customer=people[0], side="include", reason="Our first guest", by=owner, as_of=DAY)

    assert take_back(segment=regulars, customer=people[0], by=owner, as_of=NEXT)

    assert people[0].pk not in inside(regulars)
    assert moves(regulars)[-1] == (people[0].pk, NEXT, False, "released")
    assert not Choice.objects.exists()
    assert not take_back(segment=regulars, customer=people[0], by=owner, as_of=NEXT)


def test_a_segment_that_asks_another_is_counted_after_it(regulars, owner, people):
    """By its name and by its age it would come first."""
    asking = make_segment(by=owner, name="A few", rule={"all": [{"fact": "segment", "op": "=", "value": "regulars"}]})
    others = make_segment(by=owner, name="Others", rule={"fact": "segment", "op": "!=", "value": "regulars"})

    count_all(DAY)

    assert inside(asking) == inside(regulars) == {customer.pk for customer in people[3:]}
    assert inside(others) == {customer.pk for customer in people[:3]}


def test_saving_a_rule_counts_those_too_that_ask_it(regulars, owner, people):
    asking = make_segment(by=owner, name="Asking", rule={"fact": "segment", "op": "in", "value": ["regulars"]})
    count_all(DAY)
    save_segment(segment=regulars, version=1, by=owner, name="Regulars", purpose="", rule={"fact": "orders", "op": "=", "value": 0})

    count_saved(regulars.pk, DAY)

    assert inside(asking) == {people[0].pk}


def test_a_rule_that_cannot_be_read_any_more_leaves_its_members(regulars):
    count_all(DAY)
    type(regulars).objects.update(rule={"fact": "gone", "op": "=", "value": 1})

    assert count_all(NEXT) == 0
    assert len(inside(regulars)) == 3


def test_a_segment_saved_while_it_is_counted_is_left_to_its_next_count(regulars, owner, monkeypatch):
    def saved_meanwhile(name):
        if name == "segments.moved" and not Segment.objects.filter(version=2).exists():
            save_segment(segment=regulars, version=1, by=owner, name="Regulars", purpose="", rule={"any": []})

    monkeypatch.setattr(membership, "failpoint", saved_meanwhile)
    monkeypatch.setattr(membership, "MOVED_AT_ONCE", 2)

    count_all(DAY)

    regulars.refresh_from_db()
    assert (regulars.version, regulars.is_counted) == (2, False)
    assert len(inside(regulars)) == 2, "the second transaction has read another rule than is saved"


def test_ranges_part_everyone_and_lose_nobody(regulars, people, monkeypatch):
    monkeypatch.setattr(membership, "LOOKED_AT_ONCE", 2)

    assert count_all(DAY) == 3
