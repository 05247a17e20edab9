"""Random tables of orders, written in random dialects, come back equal."""

import csv
import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import Customer, Order
from crm.tests.imports import take

PRAGUE = ZoneInfo("Europe/Prague")
HEADERS = (
    {"order": "Order ID", "customer": "Customer ID", "name": "Name", "date": "Order date", "amount": "Total", "status": "Status"},
    {"order": "Číslo objednávky", "customer": "ID zákazníka", "name": "Zákazník", "date": "Datum", "amount": "Částka", "status": "Stav"},
    {"order": "Numer zamówienia", "customer": "ID klienta", "name": "Nabywca", "date": "Data", "amount": "Kwota", "status": "Status"},
)
STATUSES = (
    {0: "paid", 1: "unpaid", 2: "refunded", 3: "cancelled"},
    {0: "zaplaceno", 1: "nezaplaceno", 2: "vráceno", 3: "storno"},
    {0: "opłacone", 1: "nieopłacone", 2: "zwrócone", 3: "anulowane"},
)
NAMES = (
    ["Jane Doe", "O'Neil; Sons", 'The "Mug"'],
    ["Jana Nováková", "Šťastný, Žofie", "Ďábel\nspol. s r.o."],
    ["Łukasz Żak", "Zażółć Gęślą", "Kraków\tSp."],
)
DATES = {"dmy": ("%d.%m.%Y", "%d/%m/%Y", "%d. %m. %Y"), "mdy": ("%m/%d/%Y", "%m-%d-%Y"), "ymd": ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d")}
ENCODINGS = ("utf-8", "utf-8-sig", "cp1250", "iso8859-2")


@st.composite
def tables(draw):
    language = draw(st.integers(0, 2))
    rows = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "customer": st.sampled_from(["", "1", "0002", "c-3"]),
                    "name": st.sampled_from(NAMES[language]),
                    "day": st.dates(date(1971, 1, 1), date(2026, 9, 1)),
                    "minute": st.integers(4 * 60, 24 * 60 - 1),  # past the hours that a change of clocks skips or repeats
                    "cents": st.integers(-(10**11), 10**11),
                    "status": st.integers(0, 3),
                }
            ),
            min_size=1,
            max_size=12,
        )
    )
    order = draw(st.sampled_from(list(DATES)))
    return {
        "language": language,
        "rows": rows,
        "numbered": draw(st.booleans()),
        "timed": draw(st.booleans()),
        "order": order,
        "form": draw(st.sampled_from(DATES[order])),
        "comma": draw(st.booleans()),
        "grouped": draw(st.booleans()),
        "delimiter": draw(st.sampled_from(",;\t")),
        "end": draw(st.sampled_from(["\n", "\r\n"])),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        "encoding": draw(st.sampled_from(ENCODINGS if language else ENCODINGS[:2])),
    }


def amount_in(table, cents: int) -> str:
    whole = f"{abs(cents) // 100:,}" if table["grouped"] else str(abs(cents) // 100)
    text = f"{'-' if cents < 0 else ''}{whole}.{abs(cents) % 100:02}"
    return text.translate(str.maketrans(",.", ".,")) if table["comma"] else text


def written(table) -> bytes:
    header = HEADERS[table["language"]]
    columns = [header[name] for name in header if name != "order" or table["numbered"]]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=table["delimiter"], lineterminator=table["end"], quoting=table["quoting"])
    writer.writerow(columns)
    for number, row in enumerate(table["rows"]):
        day = row["day"].strftime(table["form"])
        time = f" {row['minute'] // 60:02}:{row['minute'] % 60:02}" if table["timed"] else ""
        cells = [row["customer"], row["name"], day + time, amount_in(table, row["cents"]), STATUSES[table["language"]][row["status"]]]
        writer.writerow([f"N{number}", *cells] if table["numbered"] else cells)
    return text.getvalue().encode(table["encoding"])


def expected(table) -> Counter:
    def instant(row):
        if not table["timed"]:
            return None
        start = datetime(row["day"].year, row["day"].month, row["day"].day, tzinfo=PRAGUE)
        return (start + timedelta(minutes=row["minute"])).astimezone(UTC)

    return Counter(
        (
            f"N{number}" if table["numbered"] else "",
            row["customer"] or None,
            row["day"],
            instant(row),
            Decimal(row["cents"]) / 100,
            row["status"],
        )
        for number, row in enumerate(table["rows"])
    )


@pytest.mark.django_db
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(tables())
def test_a_table_comes_back_whatever_dialect_it_is_written_in(table):
    Order.objects.all().delete()
    Customer.objects.all().delete()
    content = written(table)
    options = {"dates": table["order"], "decimal": "comma" if table["comma"] else "point"}

    first, second = take(content, **options), take(content, **options)

    fields = ("number", "customer__external_id", "ordered_on", "ordered_at", "amount", "status")
    assert Counter(Order.objects.values_list(*fields)) == expected(table)
    last = {row["customer"]: row["name"] for row in table["rows"] if row["customer"]}
    assert dict(Customer.objects.values_list("external_id", "name")) == last
    size = len(table["rows"])
    assert first.counts == (size, 0, 0, len(last), 0, 0)
    assert second.counts == (0, 0, size, 0, 0, 0)
