"""How a file is read: the votes of its columns, and rows that cannot be read."""

from datetime import date
from decimal import Decimal

import pytest

from crm.importing.errors import Refused
from crm.models import Business, Customer, Import, Order
from crm.tests.imports import orders, take

pytestmark = pytest.mark.django_db

PLAIN = "customer_id,date,amount\n"
NUMBERED = "order_id,customer_id,date,amount\n"


@pytest.mark.parametrize("date_order", ["dmy", "mdy"])
def test_dates_that_read_two_ways_throughout_are_asked_about(date_order):
    content = PLAIN + "7,03/04/2026,5\n7,05/06/2026,5\n7,03/03/2026,5\n"
    with pytest.raises(Refused, match="--dates dmy or --dates mdy") as refused:
        take(content)
    assert (refused.value.error.row, refused.value.error.column) == (None, "date")
    assert not Order.objects.exists() and not Import.objects.exists()

    take(content, dates=date_order)

    assert orders("ordered_on")[0] == (date(2026, 4, 3) if date_order == "dmy" else date(2026, 3, 4),)


def test_one_date_that_reads_one_way_settles_the_column():
    take(PLAIN + "7,03/04/2026,5\n7,13/04/2026,5\n")

    assert orders("ordered_on") == [(date(2026, 4, 3),), (date(2026, 4, 13),)]


def test_dates_are_voted_on_and_the_minority_are_errors():
    taken = take(PLAIN + "7,04/13/2026,5\n7,04/14/2026,5\n7,15/04/2026,5\n7,2026-04-16,5\n")

    assert [(row, column) for row, column, _reason in taken.errors] == [(4, "date")]


def test_a_tie_of_dates_is_asked_about():
    with pytest.raises(Refused, match="--dates"):
        take(PLAIN + "7,04/13/2026,5\n7,15/04/2026,5\n")


@pytest.mark.parametrize(("mark", "amount"), [("comma", Decimal("1.23")), ("point", 1234)])
def test_amounts_that_read_two_ways_throughout_are_asked_about(mark, amount):
    content = 'customer_id,date,amount\n7,2026-01-02,"1,234"\n7,2026-01-03,"5,678"\n7,2026-01-04,12\n'
    with pytest.raises(Refused, match="--decimal comma or --decimal point") as refused:
        take(content)
    assert refused.value.error.column == "amount"

    take(content, decimal=mark)

    assert orders("amount")[0] == (amount,)


def test_one_amount_that_reads_one_way_settles_its_column_and_those_that_say_nothing():
    take('customer_id,date,amount,cost\n7,2026-01-02,"1,234","1,000"\n7,2026-01-03,"5,5","2,000"\n')

    assert orders("amount", "cost") == [(Decimal("1.23"), 1), (Decimal("5.50"), 2)]


def test_columns_may_differ_in_their_decimal_mark():
    take('customer_id,date,amount,cost\n7,2026-01-02,"24,85",20.5\n')

    assert orders("amount", "cost") == [(Decimal("24.85"), Decimal("20.50"))]


def test_a_cost_that_reads_two_ways_beside_whole_amounts_is_asked_about():
    with pytest.raises(Refused, match="--decimal") as refused:
        take('customer_id,date,amount,cost\n7,2026-01-02,5,"1,000"\n')
    assert refused.value.error.column == "cost"


def test_amounts_that_contradict_the_vote_are_errors():
    taken = take(PLAIN + '7,2026-01-02,5.50\n7,2026-01-03,6.50\n7,2026-01-04,"7,50"\n')

    assert [(row, column) for row, column, _reason in taken.errors] == [(4, "amount")]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("7,2026-01-02,1" + "0" * 20, "amount", "too large"),
        ("7,2026-01-02,NaN", "amount", "is not a number"),
        ("7,2026-01-02,", "amount", "The cell is empty."),
        ("7,0000-01-02,5", "date", "does not exist"),
        ("7,2999-01-02,5", "date", "more than 366 days ahead"),
        ("7,1969-01-02,5", "date", "before 1970"),
        ("7,,5", "date", "The cell is empty."),
        ("7,2026-01-02", None, "The row has 2 cells, the header has 3."),
        ("7,2026-01-02,5,6", None, "The row has 4 cells, the header has 3."),
        ("a\0b,2026-01-02,5", "customer_id", "not text"),
    ],
)
def test_a_bad_row_is_named_with_its_column_and_the_others_are_taken(row, column, reason):
    taken = take(PLAIN + f"1,2026-01-01,1\n{row}\n2,2026-01-01,2\n")

    assert [(at, of) for at, of, _reason in taken.errors] == [(3, column)]
    assert reason in taken.errors[0][2]
    assert taken.counts == (2, 0, 0, 2, 0, 1)
    assert taken.record.rows == 3


def test_a_row_with_several_bad_cells_is_one_error_that_tells_of_all():
    taken = take("name,customer_id,date,amount,cost\n" + f"{'x' * 201},7,,1x,5\n" + "y,7,2026-01-02,1,\n")

    told = "“1x” is not a number. Also in “name”: The text is 201 characters long; the limit is 200. Also in “date”: The cell is empty."
    assert taken.errors == [(2, "amount", told)]
    assert taken.counts == (1, 0, 0, 1, 0, 1)


def test_an_amount_left_out_in_a_row_with_a_number_is_no_fault_of_it():
    taken = take(NUMBERED + "A,7,x,\n,7,x,\n")
    no_date = "“x” is not a date; dates are written like 2026-03-04, 4.3.2026 or 03/04/2026."

    assert [reason for _row, _column, reason in taken.errors] == [
        no_date,
        f"{no_date} Also in “amount”: The cell is empty.",
    ]


def test_an_unclosed_quote_refuses_the_file():
    with pytest.raises(Refused, match="Row 3 opens a quotation mark that is not closed"):
        take(PLAIN + '1,2026-01-01,1\n"2,2026-01-01,1\n3,2026-01-01,2\n')
    assert not Import.objects.exists()


def test_empty_cells_beyond_the_header_do_no_harm():
    assert take(PLAIN + "7,2026-01-02,5,,\n").counts[0] == 1


def test_broken_bytes_are_errors_of_their_row():
    taken = take("customer_id,name,date,amount\n1,Žluťoučký,2026-01-02,5\n2,".encode() + b"\xff\xfe,2026-01-02,5\n")

    assert [(row, column) for row, column, _reason in taken.errors] == [(3, "name")]


def test_a_file_of_bad_rows_leaves_no_trace():
    taken = take(PLAIN + "7,2026-01-02,x\n")

    assert (taken.record.pk, taken.record.error_count) == (None, 1)
    assert not any(model.objects.exists() for model in (Import, Order, Customer, Business))


def test_a_header_alone_is_refused():
    with pytest.raises(Refused, match="a header and no rows"):
        take(PLAIN + "\n,,\n")


def test_below_blank_rows_rows_are_named_as_the_file_counts_them():
    taken = take("\n\n" + PLAIN + "7,2026-01-02,x\n7,2026-01-02,5\n")
    assert [row for row, _column, _reason in taken.errors] == [4]

    with pytest.raises(Refused) as refused:
        take("\n\ncustomer_id,date\n")
    assert refused.value.error.row == 3


def test_a_thousand_errors_are_listed_and_all_are_counted():
    taken = take(PLAIN + "7,2026-01-02,x\n" * 1500 + "7,2026-01-02,5\n")

    assert [row for row, _column, _reason in taken.errors] == list(range(2, 1002))
    assert taken.record.error_count == 1500


def test_errors_found_late_stand_among_the_first_by_their_row():
    taken = take(NUMBERED + "A,7,2026-01-02,5\nA,8,2026-01-02,5\n" + "B,7,2026-01-02,x\n" * 1500 + "C,7,2026-01-02,5\n")

    assert [row for row, _column, _reason in taken.errors] == list(range(2, 1002))
    assert taken.record.error_count == 1502
