"""Dates and times, and the vote on their order."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.importing.dates import DMY, EITHER, MDY, YMD, date_reader, evidence, stored
from crm.importing.errors import BadCell
from crm.tests.imports import TODAY

PRAGUE = ZoneInfo("Europe/Prague")


def read(cell: str, order: str = DMY, **options):
    return date_reader(order, PRAGUE, TODAY, **options)(cell)


def complaint(cell: str, order: str = DMY) -> str:
    with pytest.raises(BadCell) as bad:
        read(cell, order)
    return str(bad.value)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        *(("2026-03-04", YMD), ("2026/03/04", YMD), ("2026.3.4", YMD), ("19970101", YMD), ("2026-03-04 10:14", YMD), ("'2026-03-04", YMD)),
        *(("4.3.2026", DMY), ("4. 3. 2026", DMY), ("04.03.26", DMY), ("31/12/2026", DMY), ("13-01-2026", DMY)),
        *(("12/31/2026", MDY), ("1/13/26", MDY), ("8/21/2026 2:30 PM", MDY)),
        *(("03/04/2026", EITHER), ("3-4-26", EITHER), ("03/03/2026", ""), ("", ""), ("yesterday", "")),
    ],
)
def test_a_cell_says_what_it_shows_of_its_columns_order(cell, says):
    assert evidence(cell) == says


@pytest.mark.parametrize(
    ("order", "cell", "day"),
    [
        *(
            (order, cell, "2026-03-04")
            for order in (YMD, DMY, MDY)
            for cell in ("2026-03-04", "2026/3/4", "2026.03.04", "20260304", " 2026-03-04\xa0")
        ),
        *((DMY, cell, "2026-03-04") for cell in ("4.3.2026", "4. 3. 2026", "4.\xa03.\xa02026", "04.03.26", "04/03/2026", "4-3-2026")),
        *((MDY, cell, "2026-03-04") for cell in ("03/04/2026", "3/4/26", "03-04-2026")),
        *((DMY, "1.1.70", "1970-01-01"), (DMY, "31.12.99", "1999-12-31"), (DMY, "1.1.00", "2000-01-01"), (YMD, "2024-02-29", "2024-02-29")),
    ],
)
def test_dates_are_read(order, cell, day):
    assert read(cell, order) == day


@pytest.mark.parametrize(
    ("cell", "day", "instant"),
    [
        ("2026-03-02 10:14:58", "2026-03-02", "2026-03-02 09:14:58"),
        ("2026-03-02T10:14", "2026-03-02", "2026-03-02 09:14:00"),
        ("2026-03-02 2:30 PM", "2026-03-02", "2026-03-02 13:30:00"),
        ("2026-03-02 12:05 a.m.", "2026-03-02", "2026-03-01 23:05:00"),
        ("2026-03-02 10:14:58 +0100", "2026-03-02", "2026-03-02 09:14:58"),
        ("2026-03-02T10:14:58+02:00", "2026-03-02", "2026-03-02 08:14:58"),
        ("2025-12-31T23:30:00.250Z", "2026-01-01", "2025-12-31 23:30:00.25"),
        ("2026-03-02 10:14 -08", "2026-03-02", "2026-03-02 18:14:00"),
        ("2026-07-01 00:30", "2026-07-01", "2026-06-30 22:30:00"),
    ],
)
def test_a_time_gives_the_instant_and_the_business_date(cell, day, instant):
    assert read(cell).split("|")[:2] == [day, instant]


def test_the_time_as_it_was_read_is_kept():
    assert read("2026-03-02T10:14").endswith("|2026-03-02T10:14:00")
    assert read("2026-03-02 10:14 +0200").endswith("|2026-03-02T10:14:00+02:00")


def test_times_of_a_column_in_utc_are_in_utc():
    assert read("2026-03-29 22:30", written_in=UTC).startswith("2026-03-30|2026-03-29 22:30:00|")


def test_the_hours_around_the_clock_change_are_read():
    assert read("2026-03-29 02:30").startswith("2026-03-29|2026-03-29 0")
    assert read("2025-10-26 02:30").startswith("2025-10-26|2025-10-26 00:30")


@pytest.mark.parametrize(
    "cell",
    ["31.2.2026", "29.2.2025", "0.1.2026", "2026-13-01", "20261301", "2026-00-10", "0000-01-01", "2026-03-02 25:00", "2026-03-02 13:00 PM"],
)
def test_what_the_calendar_does_not_have_is_an_error(cell):
    assert "does not exist" in complaint(cell)


@pytest.mark.parametrize(
    "cell", ["yesterday", "12", "45000", "2026-03", "4.3.", "2026-3/4", "4.3/2026", "2026-03-04 noon", "1 Jan 2026", "٤.٣.٢٠٢٦"]
)
def test_what_is_no_date_is_an_error_that_shows_how_one_looks(cell):
    assert "dates are written like 2026-03-04" in complaint(cell)


@pytest.mark.parametrize("cell", ["1969-12-31", "0001-01-01", "1970-01-01 00:30 +0200"])
def test_a_date_before_1970_is_an_error(cell):
    assert "before 1970" in complaint(cell)


@pytest.mark.parametrize("cell", ["2999-01-01", "9999-12-31 23:59 -1200", "2027-09-03"])
def test_a_date_far_ahead_is_an_error(cell):
    assert "more than 366 days ahead" in complaint(cell)


def test_366_days_ahead_are_taken():
    assert read("2027-09-02") == "2027-09-02"


@pytest.mark.parametrize(
    ("cell", "order"), [("13/01/2026", MDY), ("01/13/2026", DMY), ("4.3.2026", MDY), ("4.3.2026", YMD), ("03/04/2026", YMD)]
)
def test_a_value_that_contradicts_its_column_is_an_error(cell, order):
    assert "another order" in complaint(cell, order)


def test_blank_is_no_date():
    assert read(" ") is None


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2026, 9, 1)),
    st.sampled_from([(YMD, "%Y-%m-%d"), (DMY, "%d.%m.%Y"), (DMY, "%d/%m/%Y"), (MDY, "%m/%d/%Y")]),
)
def test_every_date_comes_back(when, written):
    order, form = written

    assert read(when.strftime(form), order) == when.date().isoformat()
    assert read(when.strftime(f"{form} %H:%M:%S"), order).endswith(when.replace(microsecond=0).isoformat())


@given(st.text(max_size=30))
def test_any_text_is_a_date_or_a_complaint(text):
    for order in (YMD, DMY, MDY):
        try:
            assert read(text, order) is None or date.fromisoformat(read(text, order)[:10])
        except BadCell as bad:
            assert str(bad)
    assert evidence(text) in ("", YMD, DMY, MDY, EITHER)


def test_an_instant_is_stored_in_utc_without_idle_zeros():
    assert stored(datetime(2026, 3, 2, 10, 14, 58, 250_000, tzinfo=PRAGUE)) == "2026-03-02 09:14:58.25"
    assert stored(datetime(2026, 3, 2, 10, 14, tzinfo=PRAGUE)) == "2026-03-02 09:14:00"
