"""What columns mean by their headers."""

import re
from collections import Counter

import pytest
from django.conf import settings

from crm.importing.columns import plain, read_columns, recognised
from crm.importing.errors import Refused
from crm.importing.headers import ALIASES


def fields_of(*header: str) -> dict[str, str]:
    columns = read_columns(header)
    return {name: columns.header[place] for name, place in columns.places.items()}


def refusal_of(*header: str) -> Refused:
    with pytest.raises(Refused) as refused:
        read_columns(header)
    return refused.value


@pytest.mark.parametrize(
    "header",
    [
        ("customer_id", "date", "amount"),
        ("Customer ID", "Ordered at", "Total"),
        ("CUSTOMER-ID", "Created at", "dollar_value"),
        ("id zákazníka", "Datum objednávky", "Částka"),
        ("ID klienta", "Vystaveno", "Celkem s DPH"),
        ("ID klienta", "Data zamówienia", "Wartość"),
        ("ID nabywcy", "Data wystawienia", "Kwota brutto"),
        ("ID zákazníka", "Datum", "Cena celkem s DPH"),
        ("ID zákazníka", "Datum", "Cena celkem bez DPH"),
        ("ID zákazníka", "Datum", "Celková cena"),
        ("ID zákazníka", "Datum", "Celkem k úhradě"),
        ("ID klienta", "Data", "Wartość zamówienia"),
    ],
)
def test_names_are_known_in_three_languages_however_they_are_written(header):
    assert fields_of(*header) == dict(zip(("customer", "date", "amount"), header, strict=True))


def test_no_name_stands_for_two_fields():
    assert [name for name, times in Counter(alias for aliases in ALIASES.values() for alias in aliases).items() if times > 1] == []


def test_every_name_is_written_as_a_header_is_compared():
    assert [alias for aliases in ALIASES.values() for alias in aliases if plain(alias) != alias] == []


@pytest.mark.parametrize(
    ("without", "with_tax"), [("Cena celkem bez DPH", "Cena celkem s DPH"), ("Celkem bez DPH", "Celkem"), ("Kwota netto", "Kwota brutto")]
)
def test_the_amount_with_tax_is_read_where_there_are_both(without, with_tax):
    assert fields_of("email", "datum", without, with_tax)["amount"] == with_tax


def test_a_header_of_more_than_200_characters_is_refused():
    assert fields_of("email", "date", "amount", "x" * 200)
    refusal = refusal_of("email", "date", "amount", "x" * 201)

    assert str(refusal) == "The name of column 4 is 201 characters long; the limit is 200."
    assert (refusal.error.row, refusal.error.column) == (1, None)


def test_part_of_a_name_is_not_the_name():
    assert recognised(["due date", "amount refunded", "shipping email", "paid amount note"]) == 0


def test_the_more_telling_of_two_columns_is_read_and_the_other_mentioned():
    columns = read_columns(["Paid at", "Created at", "Email", "Total", "Amount"])

    assert (columns.name("date"), columns.name("amount")) == ("Created at", "Amount")
    assert "Column “Paid at” is not read; “Created at” is read in its place." in columns.notices


def test_unknown_columns_are_mentioned_and_ignored():
    columns = read_columns(["email", "date", "amount", "shoe size"])

    assert columns.notices == ["1 column is not known and is ignored: “shoe size”."]


def test_a_long_list_of_unknown_columns_is_cut():
    columns = read_columns(["email", "date", "amount", *(f"c{number}" for number in range(50))])

    assert columns.notices[0].startswith("50 columns are not known and are ignored: “c0”, ")
    assert columns.notices[0].endswith("and 30 more.")


def test_the_same_name_twice_is_refused_naming_both():
    refusal = refusal_of("email", "Date", "amount", "date")

    assert str(refusal).startswith("Two columns mean the same: “Date” (column 2) and “date” (column 4).")
    assert (refusal.error.row, refusal.error.column) == (1, "date")


def test_an_unknown_name_twice_is_no_matter():
    assert fields_of("email", "date", "amount", "note", "note") == {"email": "email", "date": "date", "amount": "amount"}


@pytest.mark.parametrize(
    ("header", "needed", "example"),
    [
        (("date", "amount", "note"), "a customer", "id zákazníka"),
        (("email", "amount", "note"), "a date", "datum"),
        (("email", "date", "note"), "an amount", "kwota"),
    ],
)
def test_a_missing_column_is_named_with_what_is_there_and_what_is_accepted(header, needed, example):
    refusal = str(refusal_of(*header))

    assert needed in refusal
    assert example in refusal
    assert "“note”" in refusal


def test_shopify_writes_its_order_number_into_name():
    found = fields_of("Name", "Email", "Financial Status", "Total", "Created at", "Lineitem name", "Billing Name", "Id")

    assert (found["order"], found["name"], found["status"], found["product"]) == (
        "Name",
        "Billing Name",
        "Financial Status",
        "Lineitem name",
    )


def test_elsewhere_name_is_the_customers():
    assert fields_of("Name", "Email", "Total", "Date")["name"] == "Name"


def ids_and_names(*header, cells):
    """What a file says of whose its orders are, whose customers are such in the cells of its first column."""
    columns = read_columns(
        [*header, "date", "amount"], records=enumerate([[cell, "Jan Novák", "2026-01-02", "5"] for cell in cells], start=2)
    )
    return columns.name("customer"), columns.name("name"), columns.notices


@pytest.mark.parametrize("header", [("customer", "name"), ("Client", "Full name"), ("Zákazník", "Jméno"), ("Klient", "Imię i nazwisko")])
def test_a_column_called_customer_beside_one_of_names_holds_the_id(header):
    sentence = f"Column “{header[0]}” is read as the customer's id, for its cells look like ids and another column holds the name."

    assert ids_and_names(*header, cells=["C-17", "18", " ", "19b"]) == (*header, [sentence])


@pytest.mark.parametrize("cells", [["Jan Novák", "17"], ["Lidl", "18"], ["jan7@example.com"], ["Unit 4"], [""], []])
def test_a_column_called_customer_that_holds_anything_else_is_none_of_ids(cells):
    with pytest.raises(Refused, match="Each order needs a customer"):
        ids_and_names("customer", "name", cells=cells)


def test_an_id_that_is_called_so_is_read_whatever_customer_holds():
    columns = read_columns(["customer", "name", "customer id", "date", "amount"], records=[(2, ["17", "Jan", "A1", "2026-01-02", "5"])])

    assert (columns.name("customer"), columns.name("name")) == ("customer id", "name")


def test_a_column_called_customer_alone_holds_the_name_as_ever():
    columns = read_columns(["customer", "email", "date", "amount"], records=[(2, ["17", "jan@example.com", "2026-01-02", "5"])])

    assert (columns.name("customer"), columns.name("name"), columns.notices) == (None, "customer", [])


def documented_headers():
    """The names in the table of docs/importing.md, by the field that its first column speaks of."""
    rows = re.findall(r"^\| ([a-z' -]+) \| (.+) \|$", (settings.BASE_DIR / "docs" / "importing.md").read_text(), re.MULTILINE)
    return {field: re.split(r", | \| ", names) for field, names in rows if field not in ("column", "exit code")}


def test_every_header_in_the_documentation_is_known_as_what_it_says():
    fields = {"customer's id": "customer", "e-mail": "email", "customer's name": "name", "order's id": "order"}
    documented = documented_headers()

    assert {fields.get(field, field) for field in documented} == set(ALIASES)
    for field, names in documented.items():
        assert [name for name in names if plain(name) not in ALIASES[fields.get(field, field)]] == [], field
