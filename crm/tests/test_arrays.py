from datetime import date, timedelta

import numpy as np
import pytest
from django.db import connection

from crm import arrays
from crm.facts import EMPTY
from crm.models import Facts
from crm.tests.factories import make_customer, make_interaction, make_order

pytestmark = pytest.mark.django_db
EPOCH = date(1970, 1, 1)
DAYS = [
    date(1, 1, 1),
    date(1900, 2, 28),
    date(1969, 12, 31),
    EPOCH,
    date(2000, 2, 29),
    date(2024, 2, 29),
    date(2025, 3, 1),
    date(9999, 12, 31),
]
COUNTED = "FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s) SELECT i FROM n) AS counted ORDER BY i"


def lists(columns, rest, parameters=()):
    return [found.tolist() for found in arrays.fetch(columns, rest, parameters)]


def test_no_value_is_empty():
    make_order(cost=None), make_order(cost=0)

    assert lists(["cost"], "FROM crm_order ORDER BY id") == [[EMPTY, 0]]


def test_negative_and_large_numbers_arrive():
    largest = 10**12 - 1
    make_order(amount="-9999999999.99"), make_order(amount="-0.01"), make_order(amount="9999999999.99")

    assert lists(["amount", "2 * amount"], "FROM crm_order ORDER BY id") == [
        [-largest, -1, largest],
        [-2 * largest, -2, 2 * largest],
    ]


def test_each_is_an_array_of_whole_numbers_in_one_piece():
    make_order(), make_order()

    for found in arrays.fetch(["id", "status"], "FROM crm_order"):
        assert found.dtype == np.dtype("int64")
        assert found.flags.c_contiguous and found.flags.writeable


def test_halves_and_yes_or_no_arrive_as_whole_numbers():
    make_customer(facts={"typical_gap_days": 30.5, "is_partner": True}), make_customer()

    found = lists(["2 * typical_gap_days", "CASE WHEN is_partner THEN 1 ELSE 0 END"], "FROM crm_facts ORDER BY customer_id")

    assert found == [[61, EMPTY], [1, 0]]


@pytest.mark.parametrize("width", [1, 3])
def test_no_rows_are_empty_arrays(width):
    found = arrays.fetch(["id"] * width, "FROM crm_order")

    assert [(len(array), array.dtype) for array in found] == [(0, np.dtype("int64"))] * width


def test_dates_are_days_since_1970():
    for day in DAYS:
        make_order(ordered_on=day)

    assert lists([arrays.day("ordered_on")], "FROM crm_order ORDER BY id") == [[(day - EPOCH).days for day in DAYS]]


def test_a_date_that_is_missing_is_empty():
    make_customer()

    assert lists([arrays.day("disqualified_on")], "FROM crm_customer") == [[EMPTY]]


def test_dates_survive_the_way_there_and_back():
    for day in DAYS:
        make_order(ordered_on=day)

    (days,) = arrays.fetch([arrays.day("ordered_on")], "FROM crm_order ORDER BY id")

    assert arrays.stored_dates(days) == [day.isoformat() for day in DAYS]


def test_stored_values_have_none_for_empty():
    values = np.array([EMPTY, 0, -1, 19782])

    assert arrays.stored_dates(values) == [None, "1970-01-01", "1969-12-31", "2024-02-29"]
    assert arrays.stored_numbers(values) == [None, 0, -1, 19782]
    assert arrays.stored_dates(values[:0]) == arrays.stored_numbers(values[:0]) == []


@pytest.mark.parametrize("size", [1, arrays._FETCH - 1, arrays._FETCH, 2 * arrays._FETCH + 1])
def test_more_rows_than_one_fetch_arrive_in_order(size):
    (numbers,) = arrays.fetch(["i"], COUNTED, [size])

    assert len(numbers) == size
    assert (numbers == np.arange(1, size + 1)).all()


def test_parameters_are_values_and_nothing_else():
    customer = make_customer(name="'; DROP TABLE crm_order --")
    make_customer(name="Another")

    assert lists(["id"], "FROM crm_customer WHERE name = %s", ["'; DROP TABLE crm_order --"]) == [[customer.pk]]
    assert lists(["id"], "FROM crm_customer WHERE name = %s", ["%s"]) == [[]]


def test_dates_are_compared_with_a_text():
    customer = make_customer()
    for day in (date(2025, 1, 14), date(2025, 1, 15), date(2025, 1, 16)):
        make_interaction(customer, happened_on=day, minutes=day.day)

    assert lists(["minutes"], "FROM crm_interaction WHERE happened_on <= %s ORDER BY id", ["2025-01-15"]) == [[14, 15]]


@pytest.mark.parametrize("wait", [0, 1, 365, 1460])
@pytest.mark.parametrize("last", [date(1969, 12, 31), date(2024, 2, 29), date(2025, 12, 31)])
def test_a_later_date_is_a_date(wait, last):
    make_customer(facts=dict.fromkeys(["first_order_on", "last_order_on", "due_on", "inactive_on", "lost_on"], last))

    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE crm_facts SET due_on = {arrays.later('last_order_on', wait)}")

    assert Facts.objects.get().due_on == last + timedelta(wait)
    assert Facts.objects.filter(due_on=last + timedelta(wait)).exists()
