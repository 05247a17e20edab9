"""Keyset pages, over both engines: every row once, in one order, whichever way the pages are turned."""

from datetime import date
from decimal import Decimal

import pytest
from django.core import signing
from django.db.models import F

from crm.models import Facts
from crm.models.customer import key_start
from crm.paging import Cursor, Sort, page
from crm.tests.factories import make_customer

pytestmark = pytest.mark.django_db

DUE = Sort("due", F("due_on"), nullable=True)
REVENUE = Sort("-revenue", F("revenue_12m"), descending=True)
DAYS = [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 2), date(2026, 3, 2), date(2026, 3, 3)]


def dated(due):
    return {"first_order_on": due, "last_order_on": due, "due_on": due, "inactive_on": due, "lost_on": due} if due else {}


def turn(sort, text, size=2):
    return page(Facts.objects.all(), sort, Cursor.read(text, sort) if text else None, size)


def forward(sort, size=2):
    shown = [turn(sort, "", size)]
    while shown[-1].next:
        shown.append(turn(sort, shown[-1].next, size))
    return shown


def keys(pages):
    return [[row.pk for row in page.rows] for page in pages]


@pytest.fixture
def people():
    """Five with a day, three of them the same, and three without: in the order in which they are made."""
    return [make_customer(facts=dated(due)).pk for due in [*DAYS, None, None, None]]


class TestForward:
    def test_ties_and_empty_values_come_once_each_and_the_empty_ones_last(self, people):
        assert keys(forward(DUE)) == [people[0:2], people[2:4], people[4:6], people[6:8]]

    def test_descending_the_empty_ones_are_last_as_well(self, people):
        falling = Sort("-due", F("due_on"), descending=True, nullable=True)

        assert keys(forward(falling, 3)) == [[people[4], people[3], people[2]], [people[1], people[0], people[7]], [people[6], people[5]]]

    @pytest.mark.parametrize("falling", [False, True])
    @pytest.mark.parametrize("size", [1, 2, 3])
    def test_without_an_index_the_order_is_the_same_both_ways(self, people, falling, size):
        sort = Sort("due", F("due_on"), descending=falling, nullable=True)
        there = forward(sort.without_index, size)

        assert keys(there) == keys(forward(sort, size))
        back = turn(sort.without_index, there[-1].previous, size)
        assert [row.pk for row in back.rows] == keys(there)[-2]

    def test_without_an_index_a_page_is_one_statement(self, people, django_assert_num_queries):
        pages = forward(DUE.without_index, 3)
        with django_assert_num_queries(1):
            assert len(turn(DUE.without_index, pages[0].next, 3).rows) == 3

    def test_a_page_that_ends_with_the_last_row_has_no_next(self, people):
        assert [bool(page.next) for page in forward(DUE, 8)] == [False]
        assert [bool(page.next) for page in forward(DUE, 4)] == [True, False]

    def test_each_page_knows_the_numbers_of_its_rows(self, people):
        assert [(page.first, page.last) for page in forward(DUE, 3)] == [(1, 3), (4, 6), (7, 8)]

    def test_amounts_go_on_to_the_heller(self):
        amounts = [Decimal("10.02"), Decimal("10.01"), Decimal("10.00"), Decimal("-5")]
        made = [make_customer(facts={"revenue_12m": amount}).pk for amount in amounts]

        assert keys(forward(REVENUE, 1)) == [[pk] for pk in made]

    def test_names_go_on_by_what_they_are_sorted_by(self):
        made = [make_customer(name=name).pk for name in ("Adam", "Žofie", "Bára", "", "\u202eعلي")]
        by_name = Sort("name", key_start("customer__search_key"))

        pages = forward(by_name, 1)

        assert sorted(pk for page in keys(pages) for pk in page) == sorted(made)
        assert keys(pages).index([made[0]]) < keys(pages).index([made[2]]) < keys(pages).index([made[1]])

    def test_nobody_is_an_empty_page(self):
        (only,) = forward(REVENUE)

        assert (only.rows, only.next, only.previous) == ([], "", "")


class TestBack:
    @pytest.mark.parametrize("sort", [DUE, Sort("-due", F("due_on"), descending=True, nullable=True), REVENUE])
    @pytest.mark.parametrize("size", [1, 2, 3, 7])
    def test_the_pages_before_are_those_that_were_turned(self, people, sort, size):
        there = forward(sort, size)
        back = [there[-1]]
        while back[-1].previous:
            back.append(turn(sort, back[-1].previous, size))

        assert keys(back[::-1]) == keys(there)
        assert [(page.first, page.last) for page in back[::-1]] == [(page.first, page.last) for page in there]

    def test_the_first_page_has_none_before_it(self, people):
        assert turn(DUE, "").previous == ""

    def test_from_before_the_way_on_is_open(self, people):
        first, second, *_ = forward(DUE)

        assert turn(DUE, turn(DUE, second.previous).next).rows == second.rows


class TestWhatChangesMeanwhile:
    def test_a_new_row_above_neither_doubles_nor_hides_another(self, people):
        first = turn(DUE, "")
        make_customer(facts=dated(date(2026, 2, 1)))

        assert [row.pk for row in turn(DUE, first.next).rows] == people[2:4]

    def test_a_row_that_is_gone_still_says_where_to_go_on(self, people):
        first = turn(DUE, "")
        Facts.objects.filter(pk=people[1]).delete()

        assert [row.pk for row in turn(DUE, first.next).rows] == people[2:4]


class TestCursors:
    def test_one_of_another_order_is_none(self, people):
        assert Cursor.read(turn(DUE, "").next, REVENUE) is None

    @pytest.mark.parametrize("text", ["x", "a:b:c", "é" * 50, "\0", "W10:1:2", "x" * 5000])
    def test_a_forged_one_is_none(self, text):
        assert Cursor.read(text, DUE) is None

    def test_one_signed_for_something_else_is_none(self):
        assert Cursor.read(signing.dumps(["due", True, None, 1, 1], salt="else"), DUE) is None


def test_each_page_is_a_few_statements_however_many_rows(people, django_assert_max_num_queries):
    for number in range(30):
        make_customer(facts=dated(date(2026, 5, 1 + number % 3)))

    with django_assert_max_num_queries(3):
        shown = turn(DUE, turn(DUE, "", 10).next, 10)

    assert len(shown.rows) == 10


def test_without_its_index_the_order_is_the_same(people):
    assert keys([turn(DUE.without_index, "", 8)]) == keys([turn(DUE, "", 8)])
