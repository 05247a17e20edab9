import csv
import io
import os
import stat
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from crm import export
from crm.models import Facts
from crm.tests.factories import make_customer

# DEFINITIONS.md, "Interfaces": the id, the e-mail, the name, the facts by name in its order, the two shares, the stage.
HEADER = (
    "external_id,email,name,orders,order_days,orders_12m,revenue,revenue_12m,revenue_prev_12m,paid_orders,unpaid_orders,margin_12m,average_order,"
    "first_order_on,last_order_on,typical_gap_days,long_gap_days,expected_gap_days,due_on,inactive_on,lost_on,favourite_channel,"
    "interactions_12m,minutes_12m,last_contact_on,is_disqualified,is_marked_lost,is_partner,only_us,referrals_ordered,pareto_class,"
    "stage_since,revenue_share,revenue_rank,stage"
)
FORMULAS = [
    "=1+1",
    "+420 601 234 567",
    "-5",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\0x",
    "'x",
    "'=x",
    "=",
    "-",
    "'",
    '=HYPERLINK("http://a.example","b")',
]
HARMLESS = ["", "Jan", " =1", "1+1", "a=b", "jan@example.com", "5", "1-2"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "facts.csv"


def rows(path):
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))


def exported(path):
    export.write(path)
    return rows(path)


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_that_starts_like_a_formula_gets_an_apostrophe(text):
    assert export.as_text(text) == "'" + text


@pytest.mark.parametrize("text", HARMLESS)
def test_any_other_cell_is_as_it_is(text):
    assert export.as_text(text) == text


@given(st.text())
def test_an_apostrophe_in_front_is_always_ours_so_that_the_text_can_be_had_back(text):
    cell = export.as_text(text)

    assert cell.removeprefix("'") == text
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\0"))


@pytest.mark.django_db
class TestWrite:
    def test_the_header_is_the_one_of_the_definitions(self, path):
        assert export.write(path) == 0

        assert path.read_bytes() == f"{HEADER}\n".encode()

    def test_lines_end_with_a_line_feed_and_there_is_no_byte_order_mark(self, path):
        make_customer(name="Žižka"), make_customer(name="two\nlines"), make_customer(name="two\r\nlines")

        assert export.write(path) == 3

        content = path.read_bytes()
        assert not content.startswith(b"\xef\xbb\xbf") and content.endswith(b"\n")
        assert content.replace(b"two\r\nlines", b"").count(b"\r") == 0
        assert [row["name"] for row in rows(path)] == ["Žižka", "two\nlines", "two\r\nlines"]

    def test_one_who_has_bought_nothing_has_zeros_and_empty_cells(self, path):
        make_customer(name="New")

        (row,) = exported(path)

        zeros = {
            "orders",
            "order_days",
            "orders_12m",
            "paid_orders",
            "unpaid_orders",
            "interactions_12m",
            "minutes_12m",
            "referrals_ordered",
        }
        money = {"revenue", "revenue_12m", "revenue_prev_12m", "margin_12m"}
        no = {"is_disqualified", "is_marked_lost", "is_partner", "only_us"}
        assert row == dict.fromkeys(HEADER.split(","), "") | dict.fromkeys(zeros, "0") | dict.fromkeys(money, "0.00") | dict.fromkeys(
            no, "false"
        ) | {"name": "New"}

    def test_each_kind_of_value_has_its_form(self, path):
        day = date(2025, 1, 15)
        dates = dict.fromkeys(["first_order_on", "last_order_on", "due_on", "inactive_on", "lost_on"], day)
        facts = {
            "orders": 1234,
            "revenue": Decimal("1234567.5"),
            "revenue_12m": Decimal("-0.05"),
            "average_order": Decimal("0.01"),
            "is_partner": True,
        }
        gaps = {"typical_gap_days": 30.5, "long_gap_days": 61, "expected_gap_days": 30.0}
        texts = {"favourite_channel": "e-shop", "pareto_class": "useful_many", "stage": "repeat", "stage_since": date(1999, 2, 3)}
        make_customer(facts=facts | gaps | texts | dates, external_id="007", email="a@example.com", name='Say "a, b"')

        (row,) = exported(path)

        assert row.items() >= {"external_id": "007", "email": "a@example.com", "name": 'Say "a, b"', "orders": "1234"}.items()
        assert [row[name] for name in ("revenue", "revenue_12m", "average_order")] == ["1234567.50", "-0.05", "0.01"]
        assert [row[name] for name in gaps] == ["30.5", "61", "30"]
        assert {row[name] for name in dates} == {"2025-01-15"}
        assert (row["is_partner"], row["only_us"]) == ("true", "false")
        assert [row[name] for name in texts] == ["e-shop", "useful_many", "repeat", "1999-02-03"]

    def test_texts_are_neutralised_and_numbers_are_not(self, path):
        for text in FORMULAS:
            if "\0" not in text:
                make_customer(name=text, external_id=text, facts={"favourite_channel": text, "stage": text, "revenue_12m": -5})

        found = exported(path)

        texts = [text for text in FORMULAS if "\0" not in text]
        for column in ("name", "external_id", "favourite_channel", "stage"):
            assert [row[column] for row in found] == ["'" + text for text in texts]
        assert {row["revenue_12m"] for row in found} == {"-5.00"}

    def test_a_line_end_of_any_kind_inside_a_cell_starts_no_row(self, path):
        texts = ["a\r=1+1", "a\n=1+1", "a\r\n=1+1", "a\u2028=1+1", "\n=1+1", 'a"\r"=1+1', "a,\r=1"]
        for text in texts:
            make_customer(name=text)

        assert [row["name"] for row in exported(path)] == texts
        assert path.read_bytes().count(b'"') == 2 * 6 + 2 * 2

    def test_shares_and_ranks_are_among_those_with_revenue_and_a_tie_goes_by_key(self, path):
        for name, revenue in (("a", 10), ("b", 0), ("c", 20), ("d", -7), ("e", 10)):
            make_customer(name=name, facts={"revenue_12m": revenue})

        found = {row["name"]: (row["revenue_rank"], row["revenue_share"]) for row in exported(path)}

        # The total is 10 + 20 + 10; the refund of d is no part of it.
        quarter, half = "0.250000000000", "0.500000000000"
        assert found == {"a": ("2", quarter), "b": ("", ""), "c": ("1", half), "d": ("", ""), "e": ("3", quarter)}

    def test_shares_have_twelve_decimals(self, path):
        for revenue in (1, 2):
            make_customer(facts={"revenue_12m": revenue})

        assert [row["revenue_share"] for row in exported(path)] == ["0.333333333333", "0.666666666667"]

    def test_there_are_no_shares_where_nobody_has_revenue(self, path):
        make_customer(), make_customer(facts={"revenue_12m": -1})

        assert {(row["revenue_share"], row["revenue_rank"]) for row in exported(path)} == {("", "")}

    def test_customers_stand_in_the_order_of_their_keys(self, path):
        for name in ("b", "c", "a"):
            make_customer(name=name, facts={"revenue_12m": ord(name)})

        assert [row["name"] for row in exported(path)] == ["b", "c", "a"]

    def test_the_queries_do_not_grow_with_the_rows(self, path, django_assert_num_queries):
        for _ in range(12):
            make_customer(facts={"revenue_12m": 1})

        with django_assert_num_queries(1):
            assert export.write(path) == 12


@pytest.mark.django_db
class TestFile:
    def test_it_is_for_its_owner_alone(self, path):
        before = os.umask(0)
        try:
            export.write(path)
        finally:
            os.umask(before)

        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_it_replaces_one_that_others_could_read(self, path):
        path.write_text("old")
        path.chmod(0o644)

        export.write(path)

        assert path.read_text() == HEADER + "\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_an_export_that_fails_halfway_leaves_the_old_file_and_nothing_else(self, path, monkeypatch):
        path.write_text("old")

        def broken():
            yield ["a"]
            raise RuntimeError("halfway")

        monkeypatch.setattr(export, "_rows", broken)
        with pytest.raises(RuntimeError):
            export.write(path)

        assert (path.read_text(), os.listdir(path.parent)) == ("old", ["facts.csv"])

    def test_nothing_of_that_name_is_there_before_all_rows_are(self, path, monkeypatch):
        seen = []

        def watched():
            seen.append(path.exists())
            yield ["a"]
            seen.append(path.exists())

        monkeypatch.setattr(export, "_rows", watched)
        export.write(path)

        assert (seen, path.exists()) == ([False, False], True)

    def test_drafts_that_a_killed_export_left_behind_are_no_hindrance(self, path):
        for name in (f".{path.name}.{os.getpid()}", ".export-old"):
            (path.parent / name).write_text("half")

        export.write(path)

        assert path.read_text() == HEADER + "\n"

    def test_the_longest_name_that_a_file_may_have_is_written(self, tmp_path):
        path = tmp_path / ("f" * 251 + ".csv")

        export.write(path)

        assert path.exists()

    def test_a_relative_name_is_written_where_one_stands(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

        export.write(Path("facts.csv"))

        assert os.listdir(tmp_path) == ["facts.csv"]


@pytest.mark.django_db
class TestCommand:
    def test_it_says_on_stderr_how_many_were_written(self, path, capsys):
        make_customer(), make_customer()

        call_command("export_facts", str(path))

        out, err = capsys.readouterr()
        assert (out, "2 customers written." in err, len(rows(path))) == ("", True, 2)

    @pytest.mark.parametrize("where", ["missing/facts.csv", ".", "plain.txt/facts.csv", "n" * 300, "pipe"])
    def test_what_cannot_be_written_is_one_sentence(self, tmp_path, where):
        (tmp_path / "plain.txt").write_text("")
        os.mkfifo(tmp_path / "pipe")

        with pytest.raises(CommandError) as caught:
            call_command("export_facts", str(tmp_path / where))

        assert str(caught.value).startswith("The file ") and str(caught.value).endswith(".")
        assert "\n" not in str(caught.value) and caught.value.returncode == 1
        assert sorted(os.listdir(tmp_path)) == ["pipe", "plain.txt"]

    def test_what_is_there_and_is_not_a_file_stays_what_it_is(self, tmp_path):
        # A pipe in a folder of its own, never a real device: run by root, a mistake here would replace it for the whole machine.
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)

        with pytest.raises(CommandError, match="it is there and is not a file"):
            call_command("export_facts", str(pipe))

        assert stat.S_ISFIFO(pipe.stat().st_mode)

    def test_a_database_without_customers_writes_the_header(self, path):
        call_command("export_facts", str(path))

        assert (Facts.objects.count(), path.read_text()) == (0, HEADER + "\n")
