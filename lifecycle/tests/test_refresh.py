"""A changed customer between two nights: the same facts and stages as a full computation would give, and nothing lost to a night."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis.extra.django import TestCase

from crm import jobs, locks, record, steps
from crm.models import Business, Changed, Customer, Facts, Interaction, Order
from crm.tests.factories import make_customer, make_interaction, make_order
from lifecycle import nightly, refresh
from lifecycle.models import NightlyRun, Position, Transition
from lifecycle.stages import place_everyone
from lifecycle.tests.test_nightly import record as write
from lifecycle.tests.worlds import worlds

TODAY = date(2026, 1, 15)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
PRAGUE = ZoneInfo("Europe/Prague")
FAR = date(2031, 1, 1)


def noon(day):
    return datetime.combine(day, time(12), tzinfo=PRAGUE).astimezone(UTC)


def refreshed(day=TODAY):
    """How many, by a refresh at noon of that day."""
    return refresh.refresh(lambda: noon(day))


def stored(customers):
    rows = Facts.objects.filter(pk__in=customers).order_by("pk").values()
    held = Position.objects.filter(customer__in=customers).order_by("customer", "ladder").values_list("customer", "stage__key")
    return list(rows), list(held)


class Refreshed(TestCase):
    @mock.patch.object(nightly, "STEPS", nightly.PASSING)
    @given(worlds())
    @settings(max_examples=40)
    def test_it_leaves_for_the_changed_what_a_full_computation_would(self, drawn):
        world, as_of = drawn
        write(world)
        nightly.run(as_of - timedelta(days=1), today=FAR)
        everyone = list(Customer.objects.order_by("pk").values_list("pk", flat=True))
        changed = everyone[::2]
        Changed.objects.all().delete()
        record.note_changed(Changed.Why.ORDER, *changed)

        refreshed(as_of)

        touched = stored(changed)
        assert not Changed.objects.exists()
        steps.compute_facts(as_of)
        assert stored(changed) == touched

    @mock.patch.object(nightly, "STEPS", nightly.PASSING)
    @given(worlds())
    @settings(max_examples=40)
    def test_after_a_change_of_everyone_a_full_computation_finds_nothing_to_do(self, drawn):
        world, as_of = drawn
        write(world)
        nightly.run(as_of - timedelta(days=1), today=FAR)
        record.note_changed(Changed.Why.ORDER, *Customer.objects.values_list("pk", flat=True))

        refreshed(as_of)

        assert (steps.compute_facts(as_of), steps.count_referrals(as_of), place_everyone(as_of)) == (0, 0, 0)


pytestmark = pytest.mark.django_db


@pytest.fixture
def customer():
    """One with an order of the day before yesterday, after last night."""
    found = make_customer()
    make_order(found, ordered_on=YESTERDAY - timedelta(days=1))
    nightly.run(YESTERDAY, today=TODAY)
    return found


def ordered(customer, day=TODAY, **fields):
    record.save_order(order=Order(customer=customer, ordered_on=day, amount=Decimal("100"), **fields), by=None)


def standing(customer):
    facts = Facts.objects.get(pk=customer.pk)
    return facts.orders, facts.stage


def test_an_order_of_today_counts_and_moves_its_customer(customer):
    ordered(customer)

    assert refreshed() == 1

    assert standing(customer) == (2, "repeat")
    moved = Transition.objects.latest("pk")
    assert (moved.from_stage.key, moved.to_stage.key, moved.effective_on) == ("first-time", "repeat", TODAY)
    assert not Changed.objects.exists()


def test_a_second_refresh_does_nothing(customer):
    ordered(customer)
    refreshed()
    moves = Transition.objects.count()
    ordered(customer)

    refreshed()

    assert (refreshed(), Transition.objects.count(), standing(customer)) == (0, moves, (3, "repeat"))


def test_nobody_else_is_computed(customer):
    other = make_customer()
    Facts.objects.filter(pk=other.pk).update(orders=77)
    ordered(customer)

    refreshed()

    assert Facts.objects.get(pk=other.pk).orders == 77


def test_the_referrer_of_a_changed_customer_is_counted_and_placed(customer):
    for _ in range(2):
        referred = make_customer(referred_by=customer, referred_on=YESTERDAY)
        ordered(referred)

    refreshed()

    assert (Facts.objects.get(pk=customer.pk).referrals_ordered, standing(customer)) == (2, (1, "advocate"))


def test_a_referral_that_moves_to_another_counts_for_the_new_one_and_no_more_for_the_old(customer):
    new = make_customer()
    referred = make_customer(referred_by=customer, referred_on=YESTERDAY)
    ordered(referred)
    refreshed()
    assert Facts.objects.get(pk=customer.pk).referrals_ordered == 1

    referred.referred_by = new
    record.save_customer(customer=referred, by=None)
    refreshed()

    assert dict(Facts.objects.values_list("pk", "referrals_ordered")) == {customer.pk: 0, new.pk: 1, referred.pk: 0}


def test_a_customer_saved_without_a_change_of_referrer_notes_no_referrer(customer):
    referred = make_customer(referred_by=customer, referred_on=YESTERDAY)
    record.save_customer(customer=referred, by=None)

    assert list(Changed.objects.values_list("customer", flat=True)) == [referred.pk]


def test_it_waits_while_a_night_is_running(customer):
    ordered(customer)

    with locks.held("nightly"):
        assert refreshed() == 0

    assert (standing(customer), Changed.objects.count()) == ((1, "first-time"), 1)


@pytest.mark.parametrize("live", [None, YESTERDAY - timedelta(days=1)])
def test_it_waits_for_missed_nights(customer, live):
    ordered(customer)
    NightlyRun.objects.all().delete()
    Business.keep(as_of=live)

    assert refreshed() == 0
    assert (standing(customer)[0], Changed.objects.count()) == (1, 1)


def test_a_clock_set_back_takes_no_facts_back(customer):
    ordered(customer)
    refreshed()
    nightly.run(TODAY, today=TODAY)
    record.note_changed(Changed.Why.ORDER, customer.pk)

    assert refreshed(TODAY - timedelta(days=5)) == 1
    assert standing(customer) == (2, "repeat")


def test_a_note_made_meanwhile_is_kept_for_another_turn(customer, monkeypatch):
    ordered(customer)
    later = []

    def meanwhile(name):
        if name == "refresh.placed" and not later:
            later.append(Changed.objects.create(customer=customer, why="order").pk)

    monkeypatch.setattr(refresh, "failpoint", meanwhile)
    turns = []
    original = refresh._refresh_some
    monkeypatch.setattr(refresh, "_refresh_some", lambda as_of: turns.append(list(Changed.objects.values_list("pk"))) or original(as_of))

    refreshed()

    assert [len(turn) for turn in turns] == [1, 1]
    assert turns[1] == [(later[0],)]


def test_a_note_of_a_smaller_number_that_is_committed_meanwhile_is_kept_too(customer, monkeypatch):
    ordered(customer)

    def meanwhile(name):
        if name == "refresh.facts":
            Changed.objects.create(pk=-1, customer=customer, why="order")

    monkeypatch.setattr(refresh, "failpoint", meanwhile)
    refresh._refresh_some(TODAY)

    assert list(Changed.objects.values_list("pk", flat=True)) == [-1]


def test_a_customer_with_many_notes_is_computed_once(customer, monkeypatch):
    monkeypatch.setattr(refresh, "REFRESHED_AT_ONCE", 2)
    monkeypatch.setattr(refresh, "PAUSE_SECONDS", 0)
    customers = [customer.pk, make_customer().pk, make_customer().pk]
    for _ in range(5):
        record.note_changed(Changed.Why.ORDER, *customers)
    turns = []
    monkeypatch.setattr(refresh, "compute_facts_of", lambda changed, as_of: turns.append(changed))

    assert refreshed() == 3
    assert (turns, Changed.objects.count()) == ([customers[:2], customers[2:]], 0)


@pytest.mark.parametrize(("then", "dates"), [(time(3, 14), [TODAY, TOMORROW]), (time(3, 15), [TODAY])])
def test_the_clock_is_asked_each_turn_so_that_the_date_moves_on_and_the_night_is_not_held_up(customer, monkeypatch, then, dates):
    monkeypatch.setattr(refresh, "REFRESHED_AT_ONCE", 1)
    monkeypatch.setattr(refresh, "PAUSE_SECONDS", 0)
    record.note_changed(Changed.Why.ORDER, customer.pk, make_customer().pk)
    turns = []
    monkeypatch.setattr(refresh, "compute_facts_of", lambda changed, as_of: turns.append(as_of))
    clock = iter([noon(TODAY), datetime.combine(TOMORROW, then, tzinfo=PRAGUE).astimezone(UTC)])

    assert refresh.refresh(lambda: next(clock)) == len(dates)
    assert (turns, Changed.objects.count()) == (dates, 2 - len(dates))


def test_many_are_taken_in_turns_between_which_a_night_may_begin(customer, monkeypatch):
    monkeypatch.setattr(refresh, "REFRESHED_AT_ONCE", 2)
    customers = [make_customer() for _ in range(5)]
    for each in customers:
        ordered(each)
    held, kept = [], locks.held
    monkeypatch.setattr(refresh.locks, "held", lambda name: held.append(name) or kept(name))

    def is_free():
        with kept("nightly") as got:
            return got

    paused = []
    monkeypatch.setattr(refresh, "sleep", lambda seconds: paused.append(is_free()))

    assert refreshed() == 5
    assert (held, paused) == (["nightly"] * 3, [True] * 2)
    assert set(Facts.objects.filter(pk__in=[each.pk for each in customers]).values_list("orders", flat=True)) == {1}


def test_notes_of_a_deleted_customer_are_cleared(customer):
    gone = make_customer()
    record.note_changed(Changed.Why.CUSTOMER, gone.pk)
    Customer.objects.filter(pk=gone.pk)._raw_delete("default")

    refreshed()

    assert not Changed.objects.exists()


class TestWhatANightWouldUndo:
    """A night computes as of its date; what is dated later needs a refresh after it, noted before the night or not."""

    def test_a_note_of_an_order_after_midnight_outlives_the_night(self, customer):
        ordered(customer, day=TOMORROW)

        nightly.run(TODAY, today=TOMORROW)

        assert (standing(customer), Changed.objects.count()) == ((1, "first-time"), 1)
        refreshed(TOMORROW)
        assert (standing(customer), Changed.objects.count()) == ((2, "repeat"), 0)

    def test_between_midnight_and_the_night_nothing_is_missing_and_the_refresh_does_not_wait(self, customer):
        ordered(customer, day=TOMORROW)
        nightly.run(YESTERDAY, today=TODAY)
        early = datetime.combine(TOMORROW, time(1), tzinfo=PRAGUE).astimezone(UTC)

        assert refresh.refresh(lambda: early) == 1
        moves = Transition.objects.count()
        nightly.run(TODAY, today=TOMORROW)

        assert Facts.objects.get(pk=customer.pk).orders == 1
        assert refreshed(TOMORROW) == 1
        assert standing(customer) == (2, "repeat")
        assert Transition.objects.count() == moves

    def test_a_customer_refreshed_already_is_noted_again_by_a_night_of_an_earlier_date(self, customer):
        ordered(customer)
        refreshed()

        nightly.run(YESTERDAY, today=TODAY)

        assert Facts.objects.get(pk=customer.pk).orders == 1
        refreshed()
        assert standing(customer) == (2, "repeat")

    @pytest.mark.parametrize("mark", ["disqualified_on", "lost_marked_on", "partner_on", "only_us_on"])
    def test_a_mark_of_today_is_noted_again_too(self, customer, mark):
        Customer.objects.filter(pk=customer.pk).update(**{mark: TODAY})

        nightly.run(YESTERDAY, today=TODAY)

        assert list(Changed.objects.values_list("customer", flat=True)) == [customer.pk]

    def test_a_contact_of_today_is_noted_again_too(self, customer):
        make_interaction(customer, happened_on=TODAY)

        nightly.run(YESTERDAY, today=TODAY)

        assert list(Changed.objects.values_list("customer", flat=True)) == [customer.pk]

    def test_what_is_not_later_than_the_night_is_forgotten_by_it(self, customer):
        ordered(customer, day=TODAY)
        record.save_interaction(interaction=Interaction(customer=customer, kind="call", happened_on=TODAY), by=None)

        nightly.run(TODAY, today=TOMORROW)

        assert not Changed.objects.exists()


def test_writes_ring_for_a_refresh_once_they_are_committed(customer, monkeypatch, django_capture_on_commit_callbacks):
    rung = []
    monkeypatch.setattr(jobs, "ring", lambda *arguments: rung.append(arguments))

    with django_capture_on_commit_callbacks(execute=True):
        ordered(customer)
        assert rung == []

    assert rung == [("refresh",)]
