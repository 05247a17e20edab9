"""The four numbers: worked by hand at the edges of their spans."""

import json
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import parse_qs

import pytest

from crm.figures import Figures
from crm.listing import listing
from crm.models import Business, Facts, Order
from crm.tests.factories import make_customer, make_order
from lifecycle.headline import headline
from lifecycle.numbers import Numbers

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 11, 23)


def ago(days):
    return AS_OF - timedelta(days=days)


def stats(as_of=AS_OF, with_money=True):
    """As counted, kept and read again: what the page does with a night's numbers."""
    counted = Numbers.count(Facts, as_of)
    assert Numbers.read(json.loads(json.dumps(counted.written()))) == counted
    return headline(counted, as_of, with_money=with_money)


def revenue(as_of=AS_OF):
    return stats(as_of)[0]


def bought():
    return stats()[1]


def came_back():
    return stats()[2]


def on_rhythm():
    return stats()[3]


def said(stat):
    return stat.value, stat.unit, stat.change, stat.is_up


def behind(stat):
    """Who the list of the link names."""
    query = {name: values[0] for name, values in parse_qs(stat.query).items()}
    return {row.customer.pk for row in listing(query, Figures(Business.load(), AS_OF, Facts), AS_OF).rows}


def buyer(*days, second=None, **facts):
    """Ordered so many days ago, first to last."""
    days = sorted({ago(each) for each in days})
    dates = {"first_order_on": days[0], "last_order_on": days[-1], "due_on": AS_OF, "inactive_on": AS_OF, "lost_on": AS_OF}
    customer = make_customer({"order_days": len(days)} | dates | facts)
    for day in days:
        make_order(customer, ordered_on=day)
    return customer


def test_without_orders_the_numbers_are_nought_and_nothing_is_compared():
    assert [said(stat) for stat in stats()] == [
        ("0", "Kč", "", None),
        ("0", "people", "0", None),
        ("none yet", "of 0", "", None),
        ("0", "of 0", "0", None),
    ]
    assert [stat.spark is None for stat in stats()] == [False, False, True, False]


def test_staff_are_told_no_total_of_money():
    assert [stat.label for stat in stats(with_money=False)] == [stat.label for stat in stats()][1:]


def test_revenue_is_that_of_thirty_days_beside_the_same_days_a_year_before():
    for day in (ago(0), ago(29), ago(30), AS_OF + timedelta(days=1)):
        make_order(customer_id=None, ordered_on=day, amount=Decimal(300))
    for day in (date(2025, 11, 24), date(2025, 11, 23), date(2025, 10, 25), date(2025, 10, 24)):
        make_order(customer_id=None, ordered_on=day, amount=Decimal(200))

    # Two orders of 300 within (24 October, 23 November], two of 200 within the same days of 2025.
    assert said(revenue()) == ("600", "Kč", "50.0%", True)
    assert revenue().compared == "vs the same days in 2025"


def test_revenue_counts_what_the_facts_count():
    make_order(ordered_on=AS_OF, amount=Decimal(1000), refunded=Decimal(250))
    for amount, status in ((500, "UNPAID"), (700, "REFUNDED"), (900, "CANCELLED"), (-50, "REFUNDED"), (-60, "CANCELLED")):
        make_order(ordered_on=AS_OF, amount=Decimal(amount), status=Order.Status[status])

    # 1000 − 250 + 500 − 50: a refund counts unless it was cancelled.
    assert revenue().value == "1,200"


def test_less_revenue_than_a_year_before_is_down():
    make_order(ordered_on=AS_OF, amount=Decimal(90))
    make_order(ordered_on=date(2025, 11, 23), amount=Decimal(120))

    assert said(revenue()) == ("90", "Kč", "25.0%", False)


def test_the_like_of_the_29th_of_february_is_the_28th():
    leap = date(2024, 2, 29)
    make_order(ordered_on=leap, amount=Decimal(100))
    for day, amount in ((date(2023, 2, 28), 50), (date(2023, 3, 1), 7), (date(2023, 1, 30), 30), (date(2023, 1, 29), 9)):
        make_order(ordered_on=day, amount=Decimal(amount))

    # The year before: (29 January, 28 February] 2023, which is 50 + 30.
    assert said(revenue(leap)) == ("100", "Kč", "25.0%", True)


def test_people_are_counted_once_in_each_span_and_without_what_does_not_count():
    first = buyer(0, 29, 40)
    buyer(30, 59)
    buyer(60)
    make_order(first, ordered_on=ago(5), amount=Decimal(0))
    make_order(ordered_on=AS_OF, status=Order.Status.CANCELLED)
    make_order(ordered_on=AS_OF, amount=Decimal(-5))
    make_order(customer_id=None, ordered_on=AS_OF)

    # Within 30 days one person; in the 30 days before two.
    assert said(bought()) == ("1", "person", "1", False)
    assert behind(bought()) == {first.pk}


def test_the_share_that_came_back_is_of_those_first_seen_90_to_179_days_ago():
    once = buyer(90)
    twice, late = buyer(179, 100), buyer(120, 0)
    buyer(89, 10)
    buyer(180, 175)

    # Two of three came back; of those first seen 180 to 269 days ago the one had come back by 90 days ago.
    assert said(came_back()) == ("66.7%", "of 3", "33.3 points", False)
    assert came_back().compared == "vs 90 days before"
    assert behind(came_back()) == {twice.pk, late.pk} and once.pk not in behind(came_back())


def test_who_came_back_later_had_not_come_back_at_the_time_compared_with():
    buyer(100, 95)
    buyer(200, 89)
    buyer(200, 90)

    # 90 days ago two had been first seen 110 days before; the order of 89 days ago was yet to come, that of 90 days ago was there.
    assert said(came_back()) == ("100.0%", "of 1", "50.0 points", True)


def test_nobody_to_compare_with_is_said():
    buyer(100)

    assert said(came_back()) == ("0.0%", "of 1", "", None)
    assert came_back().compared == "nobody to compare with"


def test_a_second_order_of_the_same_day_is_no_coming_back():
    customer = buyer(100)
    make_order(customer, ordered_on=ago(100))
    make_order(customer, ordered_on=ago(50), status=Order.Status.CANCELLED)

    assert came_back().value == "0.0%"


def test_on_rhythm_are_the_vital_few_before_twice_their_expected_gap():
    few = [buyer(19, pareto_class="vital_few", expected_gap_days=10), buyer(20, pareto_class="vital_few", expected_gap_days=10)]
    few.append(buyer(14, pareto_class="vital_few", expected_gap_days=7.5))
    buyer(1, pareto_class="useful_many", expected_gap_days=10)

    # 19 < 20 and 14 < 15 are on rhythm, 20 is not; nobody had ordered 30 days before.
    assert said(on_rhythm()) == ("2", "of 3", "2", True)
    assert behind(on_rhythm()) == {few[0].pk, few[2].pk}


def test_the_same_people_are_looked_at_thirty_days_before():
    buyer(40, pareto_class="vital_few", expected_gap_days=10)
    buyer(60, 10, pareto_class="vital_few", expected_gap_days=10)
    buyer(49, pareto_class="vital_few", expected_gap_days=10)

    # Now the second alone; 30 days ago the first (10 days) and the third (19 days), the second being silent for 30 by then.
    assert said(on_rhythm()) == ("1", "of 3", "1", False)


def test_the_trends_hold_twelve_months_the_oldest_first():
    make_order(ordered_on=ago(359), amount=Decimal(500))
    make_order(ordered_on=ago(360), amount=Decimal(900))
    make_order(ordered_on=AS_OF, amount=Decimal(100))

    heights = [point.y for point in revenue().spark.line.points]
    # The oldest is the highest, that is the smallest y; this month is a fifth of it, and the others are nought.
    assert len(heights) == 12
    assert heights[0] == min(heights) < heights[11] < heights[10] == heights[1] == max(heights)
