"""Amounts and quantities, and the vote on their decimal mark."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.importing.errors import BadCell
from crm.importing.numbers import COMMA, EITHER, POINT, currency_named, evidence, number_reader

point, comma = number_reader(POINT, 2), number_reader(COMMA, 2)


def complaint(read, cell: str) -> str:
    with pytest.raises(BadCell) as bad:
        read(cell)
    return str(bad.value)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        *(("12", ""), ("1 234", ""), ("", ""), ("abc", ""), ("-5", ""), ("150,-", "")),
        *(
            ("12.5", POINT),
            ("12.50", POINT),
            (".5", POINT),
            ("1,234.50", POINT),
            ("1,234,567", POINT),
            ("0.500", POINT),
            ("1234.567", POINT),
        ),
        *(("12,5", COMMA), ("12,50", COMMA), (",5", COMMA), ("1.234,50", COMMA), ("1.234.567", COMMA), ("0,500", COMMA), ("1,2345", COMMA)),
        *(("1,234", EITHER), ("1.234", EITHER), ("-12.345", EITHER), ("€1,234", EITHER), ("999.999 Kč", EITHER)),
    ],
)
def test_a_cell_says_what_it_shows_of_its_columns_decimal_mark(cell, says):
    assert evidence(cell) == says


@pytest.mark.parametrize(
    ("cell", "cents"),
    [
        *(("12", 1200), ("12.5", 1250), ("12.50", 1250), ("0", 0), ("0.00", 0), (".5", 50), ("5.", 500), ("007", 700)),
        *(("1,234", 123400), ("1,234.50", 123450), ("1,234,567.89", 123456789), ("1 234.50", 123450), ("1'234.50", 123450)),
        *(("1\xa0234.50", 123450), ("1\u202f234.50", 123450), (" 12 ", 1200)),
        *(("-5", -500), ("−5", -500), ("(5)", -500), ("5-", -500), ("+5", 500), ("'-15", -1500), ("'+5", 500)),
        *(("$1,240.00", 124000), ("-$0.95", -95), ("($33.62)", -3362), ("$(5)", -500), ("$1,149.00 ", 114900), ("€ 45", 4500)),
        *(("12.50 Kč", 1250), ("12.50 zł", 1250), ("CZK 12.50", 1250), ("12.50 EUR", 1250), ("150,-", 15000), ("150.- Kč", 15000)),
        *(("12.345", 1235), ("12.344", 1234), ("-12.345", -1235), ("0.005", 1), ("0.0049999", 0), ("9999999999.99", 999999999999)),
    ],
)
def test_amounts_are_read_with_a_decimal_point(cell, cents):
    assert point(cell) == cents


@pytest.mark.parametrize(
    ("cell", "cents"),
    [
        ("12,5", 1250),
        ("1.234", 123400),
        ("1.234,50", 123450),
        ("1 234,50 Kč", 123450),
        ("43560,0", 4356000),
        ("1.234.567,8", 123456780),
        ("-0,5", -50),
    ],
)
def test_amounts_are_read_with_a_decimal_comma(cell, cents):
    assert comma(cell) == cents


@pytest.mark.parametrize(
    "cell", ["NaN", "Infinity", "-inf", "1e5", "1E+5", "abc", "12 kusy", "--5", "(5", "5)", "1/2", "0x10", "١٢", "=1+1", "12:30"]
)
def test_what_is_no_number_is_said_to_be_none(cell):
    assert "is not a" in complaint(point, cell)


@pytest.mark.parametrize("cell", ["12,50", "1,23", "1.234,50", "12,345,6"])
def test_a_value_that_contradicts_its_column_is_an_error(cell):
    assert "writes decimals with a point" in complaint(point, cell)


@pytest.mark.parametrize("cell", ["12.50", "1,234.50", "12.3456"])
def test_the_same_holds_for_a_comma(cell):
    assert "writes decimals with a comma" in complaint(comma, cell)


@pytest.mark.parametrize("cell", ["10000000000", "-10000000000.00", "9999999999.995", "1" + "0" * 20, "9" * 50])
def test_ten_thousand_millions_are_too_much(cell):
    assert "too large" in complaint(point, cell)


def test_a_number_of_a_thousand_digits_is_refused_unread():
    assert "is not a number" in complaint(point, "9" * 1000)


def test_blank_is_no_amount():
    assert [point(cell) for cell in ("", " ", "\xa0")] == [None, None, None]


def test_quantities_have_thousandths():
    assert [number_reader(COMMA, 3)(cell) for cell in ("14,5", "2", "0,0005")] == [14500, 2000, 1]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("€5", "EUR"),
        ("5 Kč", "CZK"),
        ("$5", "USD"),
        ("5 PLN", "PLN"),
        ("5 zł", "PLN"),
        ("£5", "GBP"),
        ("5", ""),
        ("5.00", ""),
        ("5 ks", ""),
        ("3 pcs", ""),
        ("bad0", ""),
        ("5 tis", ""),
    ],
)
def test_an_amount_may_name_its_currency(cell, code):
    assert currency_named(cell) == code


@pytest.mark.parametrize("cell", ["3 pcs", "bad0", "5 tis", "5 ks"])
def test_letters_that_are_no_currency_make_a_cell_no_number(cell):
    assert "is not a number" in complaint(point, cell)
    assert "is not a number" in complaint(number_reader(POINT, 2, "CZK"), cell)


def test_an_amount_in_another_currency_is_an_error():
    assert number_reader(POINT, 2, "CZK")("5 Kč") == 500
    assert "EUR" in complaint(number_reader(POINT, 2, "CZK"), "€5")


@given(st.integers(-(10**12) + 1, 10**12 - 1), st.sampled_from([POINT, COMMA]), st.booleans())
def test_every_amount_comes_back(cents, mark, grouped):
    text = f"{abs(cents) // 100:,}" if grouped else str(abs(cents) // 100)
    text = f"{'-' if cents < 0 else ''}{text}.{abs(cents) % 100:02}"
    if mark == COMMA:
        text = text.translate(str.maketrans(",.", ".,"))

    assert number_reader(mark, 2)(text) == cents
    assert evidence(text) == mark


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_a_complaint(text):
    for read in (point, comma):
        try:
            assert read(text) is None or abs(read(text)) < 10**12
        except BadCell as bad:
            assert str(bad)
    assert evidence(text) in ("", POINT, COMMA, EITHER)
