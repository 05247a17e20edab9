"""Which figures a page shows: the live ones, or those of the past that this session has chosen."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection

from crm.figures import CHOICE, chosen, figures_for, newest_order_on, old_data
from crm.models import Business, Facts, Order, PastFacts
from crm.tests.factories import make_order

pytestmark = pytest.mark.django_db

DAY, LIVE = date(1998, 6, 30), date(2026, 11, 23)
TODAY = LIVE + timedelta(days=1)


def asking(choice=None):
    return SimpleNamespace(GET={}, session={} if choice is None else {CHOICE: choice})


class TestFigures:
    @pytest.mark.parametrize(("choice", "past"), [(None, DAY), ("1998-06-30", None), ("1998-06-29", DAY), ("yesterday", DAY), ("", None)])
    def test_they_are_the_live_ones_unless_the_chosen_day_is_computed(self, choice, past):
        Business.keep(as_of=LIVE, past_as_of=past)

        found = figures_for(asking(choice))

        assert (found.as_of, found.facts, found.is_past) == (LIVE, Facts, False)

    def test_they_are_those_of_the_chosen_day_where_it_is_computed(self):
        Business.keep(as_of=LIVE, past_as_of=DAY)

        found = figures_for(asking("1998-06-30"))

        assert (found.as_of, found.facts, found.is_past, found.business.as_of) == (DAY, PastFacts, True, LIVE)

    def test_before_the_first_night_there_are_none(self):
        assert figures_for(asking()).as_of is None

    def test_they_cost_one_statement(self, django_assert_num_queries):
        Business.keep(as_of=LIVE, past_as_of=DAY)

        with django_assert_num_queries(1):
            assert figures_for(asking("1998-06-30")).is_past

    def test_no_day_is_chosen_where_none_was(self):
        assert (chosen(asking()), chosen(asking("1998-06-30"))) == (None, DAY)


class TestNewestOrder:
    def test_it_is_the_latest_that_is_not_dated_ahead_with_or_without_a_customer(self):
        make_order(ordered_on=DAY)
        make_order(ordered_on=TODAY + timedelta(days=1))
        assert newest_order_on(TODAY) == DAY

        make_order(customer_id=None, ordered_on=TODAY)
        assert newest_order_on(TODAY) == TODAY

    def test_without_orders_there_is_none(self):
        assert newest_order_on(TODAY) is None

    def test_it_is_found_by_the_index_in_one_statement(self, django_assert_num_queries):
        make_order(ordered_on=DAY)
        newest = Order.objects.filter(ordered_on__lte=TODAY).order_by("-ordered_on").values_list("ordered_on")[:1]
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL enable_seqscan = off")  # for a handful of rows it would not bother

        assert "order_day_idx" in newest.explain()
        with django_assert_num_queries(1):
            assert newest_order_on(TODAY) == DAY


class TestOldData:
    # 60 days before 24 November 2026 is 25 September: November 24, October 31, September 5.
    @pytest.mark.parametrize(("newest", "old"), [("2026-09-25", False), ("2026-09-24", True), ("2026-11-24", False)])
    def test_the_data_is_old_after_more_than_sixty_days(self, newest, old):
        newest = date.fromisoformat(newest)
        make_order(ordered_on=newest)

        assert old_data(Business(as_of=LIVE), TODAY) == (newest if old else None)

    def test_without_orders_and_before_the_first_night_nothing_is_old(self):
        assert old_data(Business(as_of=LIVE), TODAY) is None
        make_order(ordered_on=DAY)
        assert old_data(Business(), TODAY) is None
