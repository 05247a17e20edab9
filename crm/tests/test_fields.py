from datetime import date
from decimal import Decimal

import pytest
from django.core import serializers
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F, Max, Sum, Value
from django.forms import modelform_factory
from django.utils import translation

from crm.fields import MoneyField, from_minor, to_minor
from crm.models import Order
from crm.tests.factories import make_order

FORM = modelform_factory(Order, fields=["amount", "refunded", "cost"])
NOT_AMOUNTS = [
    "abc",
    "NaN",
    "sNaN",
    "Infinity",
    "-Infinity",
    Decimal("NaN"),
    Decimal("Infinity"),
    float("nan"),
    float("inf"),
    "1,2,3",
    "12.5.0",
    [],
]


def order(**fields):
    return Order(**({"ordered_on": date(2025, 1, 15), "amount": 1} | fields))


def amounts():
    return list(Order.objects.order_by("pk").values_list("amount", flat=True))


@pytest.mark.parametrize(
    ("amount", "minor"),
    [
        ("0", 0),
        ("12.5", 1250),
        ("-0.01", -1),
        ("0.005", 1),
        ("0.004999", 0),
        ("2.675", 268),
        ("-2.675", -268),
        ("1e3", 100_000),
        ("0.125", 13),
    ],
)
def test_it_rounds_to_cents_half_up_away_from_zero(amount, minor):
    assert to_minor(Decimal(amount)) == minor


@pytest.mark.parametrize("minor", [0, 1, -1, 1250, 10**12 - 1, -(10**12) + 1, 2**63 - 1])
def test_minor_units_survive_the_way_there_and_back(minor):
    assert to_minor(from_minor(minor)) == minor


@pytest.mark.django_db
class TestStored:
    @pytest.mark.parametrize(
        ("given", "stored"),
        [
            (Decimal("12.50"), "12.50"),
            ("12.5", "12.50"),
            (12, "12.00"),
            (12.1, "12.10"),
            (0.1 + 0.2, "0.30"),
            ("-0.005", "-0.01"),
            ("9999999999.99", "9999999999.99"),
            (0, "0.00"),
        ],
    )
    def test_it_comes_back_as_a_decimal_with_two_places(self, given, stored):
        make_order(amount=given)

        (amount,) = amounts()

        assert isinstance(amount, Decimal)
        assert str(amount) == stored

    def test_it_stands_in_minor_units_in_the_table(self):
        make_order(amount=Decimal("12.50"), cost=None)

        with connection.cursor() as cursor:
            cursor.execute("SELECT amount, cost FROM crm_order")
            assert cursor.fetchall() == [(1250, None)]

    def test_no_value_stays_no_value(self):
        make_order(cost=None)

        assert Order.objects.get().cost is None
        assert Order.objects.filter(cost=None).count() == 1

    def test_sums_are_exact(self):
        for _ in range(30):
            make_order(amount=Decimal("0.10"))

        sums = Order.objects.aggregate(total=Sum("amount"), most=Max("amount"), none=Sum("cost"))

        assert sums == {"total": Decimal("3.00"), "most": Decimal("0.10"), "none": None}

    def test_amounts_are_compared_and_added_to_each_other_in_the_database(self):
        make_order(amount=Decimal("12.50"), refunded=Decimal("2.25"))

        net = Sum(F("amount") - F("refunded"), output_field=MoneyField())

        assert Order.objects.aggregate(net=net) == {"net": Decimal("10.25")}
        assert Order.objects.filter(refunded__lt=F("amount")).count() == 1

    def test_a_value_of_its_own_field_is_added_in_whole_units(self):
        make_order(amount=Decimal("12.50"))

        Order.objects.update(amount=F("amount") + Value(Decimal("5"), output_field=MoneyField()))

        assert amounts() == [Decimal("17.50")]

    @pytest.mark.parametrize(
        ("lookup", "value", "found"),
        [
            ("exact", 12, ["12.00"]),
            ("exact", "12.5", ["12.50"]),
            ("gte", 12, ["12.00", "12.50", "13.00"]),
            ("gt", 12, ["12.50", "13.00"]),
            ("gte", 12.5, ["12.50", "13.00"]),
            ("gt", 12.5, ["13.00"]),
            ("lt", 12.5, ["12.00"]),
            ("lte", 12.5, ["12.00", "12.50"]),
            ("in", [12, Decimal("13")], ["12.00", "13.00"]),
            ("range", (12, 12.99), ["12.00", "12.50"]),
            ("gte", 10**20, []),
            ("lt", 10**20, ["12.00", "12.50", "13.00"]),
            ("gt", -(10**20), ["12.00", "12.50", "13.00"]),
            ("exact", 10**20, []),
        ],
    )
    def test_lookups_are_in_whole_units_whatever_the_type(self, lookup, value, found):
        for amount in ("12.00", "12.50", "13.00"):
            make_order(amount=amount)

        assert [str(row.amount) for row in Order.objects.filter(**{f"amount__{lookup}": value}).order_by("amount")] == found

    @pytest.mark.parametrize("value", NOT_AMOUNTS)
    def test_what_is_no_amount_is_neither_written_nor_looked_up(self, value):
        with pytest.raises(ValidationError):
            Order.objects.filter(amount=value).exists()
        with pytest.raises(ValidationError), transaction.atomic():
            order(amount=value).save()

        assert amounts() == []

    @pytest.mark.parametrize("format", ["json", "xml", "jsonl"])
    def test_it_survives_dumpdata_and_loaddata(self, format):
        first, second = make_order(amount=Decimal("12.50"), cost=None), make_order(amount=Decimal("-3"), cost=Decimal("0.01"))
        dumped = serializers.serialize(format, [first, second])
        Order.objects.all().delete()

        for loaded in serializers.deserialize(format, dumped):
            loaded.save()

        stored = Order.objects.order_by("pk").values_list("amount", "cost", "refunded")
        assert list(stored) == [(Decimal("12.50"), None, 0), (Decimal("-3"), Decimal("0.01"), 0)]
        assert "1250" not in dumped


@pytest.mark.django_db
class TestChecked:
    @pytest.mark.parametrize("value", [*NOT_AMOUNTS, 10**20, "1e20", "1e999999", "1e-999999", 10**10, -(10**10), "9999999999.995", "0.001"])
    def test_a_full_check_refuses_it_with_a_sentence(self, value):
        with pytest.raises(ValidationError) as caught:
            order(amount=value).full_clean()

        (sentence, *_more) = caught.value.message_dict["amount"]
        assert sentence.endswith(".")

    @pytest.mark.parametrize("value", [0, "9999999999.99", "-9999999999.99", "1e3", 12.5])
    def test_a_full_check_lets_amounts_through(self, value):
        checked = order(amount=value)

        checked.full_clean()

        assert isinstance(checked.amount, Decimal)

    def test_a_full_check_compares_amounts_in_one_unit(self):
        order(amount=Decimal("12.50"), refunded=Decimal("12.49")).full_clean()

        with pytest.raises(ValidationError, match="The refunded part is less than the amount"):
            order(amount=Decimal("12.50"), refunded=Decimal("12.50")).full_clean()

    @pytest.mark.parametrize("text", ["abc", "NaN", "Infinity", "1e20", "100000000000000000000", "12.505", "10000000000", "", "12;5"])
    def test_a_form_refuses_it_with_a_sentence(self, text):
        form = FORM({"amount": text, "refunded": "0"})

        assert form.errors["amount"][0].endswith(".")

    @pytest.mark.parametrize(
        ("language", "text"), [("en", "12.50"), ("en", "12.5"), ("cs", "12,50"), ("cs", "12.50"), ("pl", "12,50"), ("cs", " 12,5 ")]
    )
    def test_a_form_takes_the_decimal_sign_of_the_language_and_the_point(self, language, text):
        with translation.override(language):
            form = FORM({"amount": text, "refunded": "0"})

            assert form.errors == {}
            assert form.cleaned_data == {"amount": Decimal("12.5"), "refunded": Decimal(0), "cost": None}

    def test_a_form_shows_the_decimal_sign_that_it_takes(self):
        shown = make_order(amount=Decimal("1234.50"))

        with translation.override("cs"):
            field = str(FORM(instance=shown)["amount"])

        assert 'value="1234,50"' in field
        assert 'type="text"' in field
