"""The strip of twelve months, with places worked out by hand: 334 wide from 5 to 339, stems from 45 up to 14."""

from datetime import date
from decimal import Decimal

import pytest

from crm import ordered
from crm.models import Customer, Facts, Order
from crm.ordered import latest_orders
from crm.strip import Band, Day, a_year_before, days_with_orders, drawn
from crm.tests.factories import make_customer, make_order

AS_OF = date(2026, 11, 23)


def facts(**fields):
    """Of somebody who usually buys every 20 days and bought last on 1 November."""
    usual = {
        "last_order_on": date(2026, 11, 1),
        "typical_gap_days": 20.0,
        "long_gap_days": 30,
        "due_on": date(2026, 11, 21),
        "inactive_on": date(2027, 1, 30),
        "lost_on": date(2027, 11, 1),
    }
    return Facts(**(usual | fields))


def day(on, amount="100", orders=1):
    return Day(on, orders, Decimal(amount))


@pytest.mark.parametrize(
    ("on", "before"),
    [(date(2026, 11, 23), date(2025, 11, 23)), (date(2028, 2, 29), date(2027, 2, 28)), (date(2029, 2, 28), date(2028, 2, 28))],
)
def test_a_year_before_lowers_the_year(on, before):
    assert a_year_before(on) == before


class TestOrders:
    pytestmark = pytest.mark.django_db

    def test_only_those_that_count_within_the_twelve_months_are_drawn(self):
        customer = make_customer()
        for on in (date(2025, 11, 23), date(2025, 11, 24), AS_OF, date(2026, 11, 24)):
            make_order(customer, ordered_on=on)
        make_order(customer, ordered_on=AS_OF, amount=Decimal("-40"))
        make_order(customer, ordered_on=AS_OF, status=Order.Status.CANCELLED)
        make_order(customer, ordered_on=AS_OF, status=Order.Status.UNPAID, amount=Decimal("50"), refunded=Decimal("20.50"))
        make_order(ordered_on=AS_OF)

        assert days_with_orders(customer, AS_OF) == [day(date(2025, 11, 24)), day(AS_OF, "129.50", 2)]

    def test_ten_thousand_orders_are_as_many_stems_as_the_year_has_days(self, django_assert_num_queries):
        customer = make_customer()
        Order.objects.bulk_create(
            [
                Order(customer=customer, ordered_on=date.fromordinal(AS_OF.toordinal() - number % 400), amount=Decimal(1))
                for number in range(10_000)
            ]
        )

        with django_assert_num_queries(1):
            days = days_with_orders(customer, AS_OF)

        assert (len(days), sum(day.orders for day in days)) == (365, 365 * 25)

    @pytest.mark.parametrize("most", [31, 4])
    def test_they_are_the_same_from_the_orders_that_the_page_has_read(self, monkeypatch, most, django_assert_num_queries):
        """All of them, or only the latest: then they are asked for."""
        monkeypatch.setattr(ordered, "MOST_READ", most)
        customer = make_customer()
        for on in (date(2025, 11, 23), date(2025, 11, 24), date(2026, 2, 1), date(2026, 2, 1), AS_OF, date(2026, 11, 25)):
            make_order(customer, ordered_on=on, amount=Decimal("12.50"))
        make_order(customer, ordered_on=AS_OF, amount=Decimal("-40"))
        make_order(customer, ordered_on=AS_OF, status=Order.Status.REFUNDED)
        make_order(customer, ordered_on=AS_OF, status=Order.Status.UNPAID, amount=Decimal("50"), refunded=Decimal("20.50"))
        asked = days_with_orders(customer, AS_OF)
        read = Customer.objects.get(pk=customer.pk)
        latest_orders(read)

        with django_assert_num_queries(0 if most == 31 else 1):
            assert days_with_orders(read, AS_OF) == asked
        assert asked == [day(date(2025, 11, 24), "12.50"), day(date(2026, 2, 1), "25.00", 2), day(AS_OF, "42.00", 2)]


class TestDrawing:
    def test_the_table_says_the_months_where_there_are_too_many_days(self):
        days = [day(date.fromordinal(date(2026, 1, 1).toordinal() + number), "10.50", 2) for number in range(41)]
        few, many = drawn(days[:40], facts(), AS_OF), drawn(days, facts(), AS_OF)

        assert few.days == days[:40] and many.days == []
        assert many.by_month == [day(date(2026, 1, 1), "325.50", 62), day(date(2026, 2, 1), "105.00", 20)]
        assert few.orders == 80 and many.orders == 82

    def test_the_stems_are_two_shapes_however_many(self):
        strip = drawn([day(date(2026, 1, 1), "500"), day(date(2026, 7, 1), "1000")], facts(), AS_OF)
        first, second = strip.stems

        assert strip.stalks == f"M{first.x} 54V29.5M{second.x} 54V14"
        assert strip.dots.count("a3.5 3.5 0 1 0 7 0") == 2 and strip.dots.startswith(f"M{first.x - 3.5:g} 29.5a")

    def test_the_largest_order_reaches_the_top_and_none_is_too_short_to_see(self):
        strip = drawn([day(date(2026, 1, 1), "0"), day(date(2026, 6, 1), "500"), day(date(2026, 7, 1), "1000")], facts(), AS_OF)

        assert [stem.y for stem in strip.stems] == [45, 29.5, 14]
        assert strip.orders == 3

    def test_where_all_orders_were_free_they_stand_at_their_shortest(self):
        assert [stem.y for stem in drawn([day(AS_OF, "0")], facts(), AS_OF).stems] == [45]

    def test_the_picture_goes_from_the_year_ago_to_the_day_of_inactive(self):
        strip = drawn([day(date(2025, 11, 24))], facts(), AS_OF)

        # 364 days to the 23rd of November, and 68 more to the 30th of January.
        assert (strip.stems[0].x, strip.now, strip.inactive) == (5, 286.43, 339)

    def test_far_ahead_it_ends_with_the_figures(self):
        strip = drawn([], facts(inactive_on=date(2027, 6, 1), long_gap_days=20), AS_OF)

        assert (strip.now, strip.inactive) == (339, None)

    def test_the_word_of_the_day_stays_in_the_picture(self):
        assert drawn([], facts(inactive_on=date(2027, 6, 1), long_gap_days=20), AS_OF).now_anchor == "end"
        assert drawn([], facts(), AS_OF).now_anchor == "middle"

    def test_the_expected_time_is_from_due_to_the_end_of_nine_pauses_of_ten(self):
        strip = drawn([], facts(), AS_OF)

        # 362 and 372 days after the first one, of 432.
        assert strip.expected == Band(284.88, 7.73)

    def test_where_all_pauses_were_alike_it_is_still_to_be_seen(self):
        assert drawn([], facts(long_gap_days=20), AS_OF).expected.width == 4

    @pytest.mark.parametrize("unsteady", [{"long_gap_days": 61}, {"typical_gap_days": None, "long_gap_days": None}])
    def test_who_has_no_steady_rhythm_has_no_expected_time(self, unsteady):
        assert drawn([], facts(**unsteady), AS_OF).expected is None

    def test_an_expected_time_before_the_picture_is_left_out(self):
        past = facts(last_order_on=date(2024, 1, 1), due_on=date(2024, 1, 21), inactive_on=date(2024, 4, 1), lost_on=date(2025, 1, 1))

        strip = drawn([], past, AS_OF)

        assert (strip.expected, strip.inactive, strip.gap) == (None, None, Band(5, 334))

    def test_the_gap_is_red_once_the_order_is_overdue_and_not_before(self):
        assert drawn([], facts(), AS_OF).gap == Band(269.42, 17.01)
        assert drawn([], facts(), date(2026, 11, 21)).gap is None

    def test_who_has_no_rhythm_of_their_own_is_not_called_late(self):
        assert drawn([], facts(typical_gap_days=None, long_gap_days=None), AS_OF).gap is None

    def test_each_quarter_is_named_but_not_over_the_edge(self):
        assert [month.first.month for month in drawn([], facts(), AS_OF).months] == [1, 4, 7, 10, 1]
        assert [month.first for month in drawn([], facts(inactive_on=date(2027, 1, 1)), AS_OF).months][-1] == date(2026, 10, 1)
