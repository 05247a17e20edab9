"""What is kept of the four numbers: by whom, until when, and what a page does without it. What they are: test_headline.py."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from crm import record
from crm.bin import put_in_bin
from crm.models import Business, Facts, Headline, Order, PastFacts
from crm.tests.factories import make_customer, make_order
from crm.tests.imports import take
from lifecycle import nightly
from lifecycle.groups import ON_RHYTHM
from lifecycle.lookback import look_back
from lifecycle.numbers import Numbers, keep_numbers
from lifecycle.refresh import refresh
from lifecycle.tests.test_groups import members
from lifecycle.tests.test_refresh import noon
from lifecycle.tests.test_today import vital

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 11, 23)
TODAY = AS_OF + timedelta(days=1)


@pytest.fixture
def shop():
    """A night after one order of 300."""
    make_order(ordered_on=AS_OF, amount=Decimal(300))
    nightly.run(AS_OF, today=TODAY)


def kept(as_of=AS_OF):
    return Numbers.read(Headline.objects.get(as_of=as_of).numbers)


def test_a_night_keeps_them(shop):
    assert kept() == Numbers.count(Facts, AS_OF)
    assert (kept().revenue[0], kept().bought[0]) == (Decimal(300), 1)


def test_a_page_reads_what_is_kept_in_one_statement(shop, django_assert_num_queries):
    expected = kept()

    with django_assert_num_queries(1):
        assert Numbers.kept(Facts, AS_OF) == expected


def test_where_nothing_is_kept_they_are_counted(shop):
    Headline.objects.all().delete()

    assert Numbers.kept(Facts, AS_OF).revenue[0] == Decimal(300)
    assert not Headline.objects.exists()


def test_kept_again_they_are_one_row_and_change_only_where_they_differ(shop):
    assert keep_numbers(AS_OF) == 0
    make_order(ordered_on=AS_OF, amount=Decimal(7))

    assert keep_numbers(AS_OF) == 1
    assert (Headline.objects.count(), kept().revenue[0]) == (1, Decimal(307))


def test_an_order_is_in_them_after_the_refresh(shop):
    record.save_order(order=make_order(ordered_on=AS_OF, amount=Decimal(50)), by=None)

    assert refresh(lambda: noon(TODAY)) == 1
    assert kept().revenue[0] == Decimal(350)


def test_a_refresh_without_an_order_leaves_them_alone(shop):
    Headline.objects.update(numbers=Numbers.count(Facts, AS_OF).written() | {"few": 99})
    record.save_customer(customer=make_customer(), by=None)

    assert refresh(lambda: noon(TODAY)) == 1
    assert kept().few == 99


def test_a_look_back_keeps_those_of_its_day_beside_the_live_ones(shop):
    past = date(1998, 6, 30)
    make_order(ordered_on=past, amount=Decimal(20))

    assert look_back(past)
    assert kept(past).revenue[0] == Decimal(20) == Numbers.count(PastFacts, past).revenue[0]
    assert (kept().revenue[0], Business.load().past_as_of) == (Decimal(300), past)


def anonymous(amount=50):
    order = Order(ordered_on=AS_OF, amount=Decimal(amount), source="till", key=f"anonymous-{amount}")
    record.save_order(order=order, by=None)
    return order


def test_an_order_of_nobody_is_in_them_at_once(shop):
    order = anonymous()
    assert Numbers.kept(Facts, AS_OF).revenue[0] == Decimal(350)

    keep_numbers(AS_OF)
    record.delete_order(order=order, by=None)
    assert Numbers.kept(Facts, AS_OF).revenue[0] == Decimal(300)


def test_an_import_of_orders_of_nobody_is_in_them_at_once(shop):
    assert take(f"date,amount,order id,customer id\n{AS_OF},40,1,\n").record.orders_anonymous == 1

    assert Numbers.kept(Facts, AS_OF).revenue[0] == Decimal(340)


def test_a_customer_in_the_bin_is_in_them_no_more(shop, jana):
    customer = vital(1)
    keep_numbers(AS_OF)
    few = kept().few

    put_in_bin(customer=customer, by=jana, now=noon(TODAY))

    assert Numbers.kept(Facts, AS_OF).few == few - 1


def test_who_orders_today_is_on_rhythm_in_the_number_as_in_its_list(shop):
    customer = vital(60)
    before = Numbers.count(Facts, AS_OF).on_rhythm[0]

    Facts.objects.filter(pk=customer.pk).update(last_order_on=TODAY)

    assert Numbers.count(Facts, AS_OF).on_rhythm[0] == before + 1
    assert customer.pk in members(ON_RHYTHM)


def test_a_night_that_fails_on_the_way_leaves_them_to_be_counted(shop, monkeypatch):
    def broken(as_of):
        raise ZeroDivisionError

    monkeypatch.setattr(nightly, "STEPS", (*nightly.STEPS[:4], ("pareto", broken)))
    with pytest.raises(nightly.NightFailed):
        nightly.run(AS_OF, today=TODAY)

    assert not Headline.objects.exists()


def test_what_another_version_kept_under_other_names_is_not_read(shop):
    Headline.objects.update(numbers={"revenue": ["1.00"], "of_old": 1})

    assert Numbers.kept(Facts, AS_OF) == Numbers.count(Facts, AS_OF)


def test_a_look_back_at_the_day_of_the_live_figures_leaves_theirs_alone(shop):
    Headline.objects.update(numbers=Numbers.count(Facts, AS_OF).written() | {"few": 99})

    assert look_back(AS_OF)
    assert kept().few == 99
