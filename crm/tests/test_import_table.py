"""Records, their numbers, and files that are no tables."""

import pytest

from crm.importing.columns import recognised
from crm.importing.errors import Refused
from crm.importing.table import RECORD_LIMIT, read_table

HEADER = "date,amount,email\n"


def table_of(tmp_path, content: str):
    path = tmp_path / "file.csv"
    path.write_bytes(content.encode())
    return read_table(path, "utf-8-sig", recognised)


def refusal_of(table) -> Refused:
    with pytest.raises(Refused) as refused:
        list(table.records())
    return refused.value


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_the_one_that_makes_sense_of_the_header(tmp_path, delimiter):
    table = table_of(tmp_path, delimiter.join(["date", "amount", '"a, b; c\td"']) + "\n")

    assert (table.delimiter, table.header) == (delimiter, ["date", "amount", "a, b; c d"])


@pytest.mark.parametrize("blank", ["\n\n", "\ufeff\r\n\r\n", ",,\n \n", '"",\n\t\n'])
def test_blank_rows_above_the_header_are_passed_over_and_counted(tmp_path, blank):
    table = table_of(tmp_path, blank + "date,amount\n1,2\n")

    assert (list(table.header), table.start) == (["date", "amount"], 3)
    assert list(table.records()) == [(4, ["1", "2"])]


@pytest.mark.parametrize("named", ["sep=|", "SEP=|", '"sep=|"', "\ufeffsep=|", "\nsep=|"])
def test_a_first_line_may_name_the_delimiter(tmp_path, named):
    table = table_of(tmp_path, named + "\ndate|amount, with; all\n1|2\n")

    assert (table.delimiter, list(table.header)) == ("|", ["date", "amount, with; all"])
    assert [record for _number, record in table.records()] == [["1", "2"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_usual_delimiters_may_be_named_too(tmp_path, delimiter):
    table = table_of(tmp_path, f"sep={delimiter}\ndate{delimiter}amount\n1{delimiter}2\n")

    assert (table.delimiter, list(table.header), list(table.records())) == (delimiter, ["date", "amount"], [(3, ["1", "2"])])


@pytest.mark.parametrize("content", ["\ufeff", "\n\n\n", "\ufeff\n", ",,,\n;;\n", "sep=;\n", "\n" * 2_000_000])
def test_a_file_without_a_header_is_said_to_have_none(tmp_path, content):
    with pytest.raises(Refused, match="has no header"):
        table_of(tmp_path, content)


def test_known_names_weigh_more_than_many_columns(tmp_path):
    assert table_of(tmp_path, "date;amount, with, some, remarks;email\n").delimiter == ";"


def test_empty_columns_at_the_end_of_the_header_are_dropped(tmp_path):
    table = table_of(tmp_path, '"code";"date";;\n"1";"2026-01-01";;\n')

    assert table.header == ["code", "date"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_records_are_numbered_as_a_spreadsheet_does(tmp_path, end):
    lines = ["date,remark", "1,", "", '2,"two', 'lines"', ",", "3,"]
    table = table_of(tmp_path, end.join(lines))

    assert [(number, record[0]) for number, record in table.records()] == [(2, "1"), (4, "2"), (6, "3")]


def test_mixed_line_ends_and_a_mark_are_no_trouble(tmp_path):
    table = table_of(tmp_path, "\ufeffdate,amount\r\n1,2\n3,4\r5,6")

    assert list(table.header) == ["date", "amount"]
    assert [record for _number, record in table.records()] == [["1", "2"], ["3", "4"], ["5", "6"]]


def test_a_quote_that_is_never_closed_is_found_where_it_opens(tmp_path):
    refusal = refusal_of(table_of(tmp_path, HEADER + '1,2,3\n1,"2,3\n1,2,3\n'))

    assert (refusal.error.row, refusal.error.column) == (3, "amount")
    assert "never closed" in str(refusal) or "not closed" in str(refusal)


@pytest.mark.parametrize("line", ["1,2,3\n", '"",,\n', "x" * 1000 + "\n"])
def test_a_quote_that_swallows_a_large_file_is_found_early(tmp_path, line):
    refusal = refusal_of(table_of(tmp_path, HEADER + '1,2,"3\n' + line * 400_000))

    assert (refusal.error.row, refusal.error.column) == (2, "email")


def test_a_record_that_goes_on_in_ever_new_quotes_is_stopped(tmp_path):
    refusal = refusal_of(table_of(tmp_path, HEADER + '1,2,"a\n' + 'b","c\n' * RECORD_LIMIT))

    assert refusal.error.row == 2


def test_a_row_beyond_all_measure_is_refused(tmp_path):
    refusal = refusal_of(table_of(tmp_path, HEADER + "1,2,3\n" + "1," * RECORD_LIMIT))

    assert refusal.error.row == 3
    assert "longer than a row" in str(refusal)


def test_a_file_of_one_endless_line_is_refused_with_its_header(tmp_path):
    with pytest.raises(Refused, match="Row 1 is longer"):
        table_of(tmp_path, "x" * (RECORD_LIMIT + 10))


def test_ten_thousand_columns_are_a_table(tmp_path):
    table = table_of(tmp_path, ",".join(f"c{number}" for number in range(10_000)) + ",date\n" + "," * 10_000 + "1\n")

    assert len(next(table.records())[1]) == 10_001


def test_a_broken_header_is_shown_with_stand_ins(tmp_path):
    path = tmp_path / "file.csv"
    path.write_bytes('"Order\nID",Částka'.encode() + b"\xff,d\n")

    assert read_table(path, "utf-8-sig", recognised).header == ["Order ID", "Částka�", "d"]


def test_a_cell_of_nothing_but_spaces_is_short(tmp_path):
    table = table_of(tmp_path, HEADER + "1," + " \xa0\u200b" * 3000 + ",x\n")

    assert list(table.records()) == [(2, ["1", "", "x"])]
