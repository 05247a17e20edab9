from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from crm import bulk
from crm.models import Channel, Customer, Facts, Order
from crm.tests.factories import make_customer, make_order

AWKWARD = [
    "",
    " ",
    "  both  ends  ",
    "tab\there",
    "line\nfeed",
    "carriage\rreturn",
    "both\r\n",
    "back\\slash",
    "\\",
    "\\\\",
    "\\N",
    "N",
    "\\.",
    "\\t",
    "\\x41",
    "\\101",
    "NULL",
    "None",
    "'quoted'",
    '"quoted"',
    "a,b;c",
    "%s %(name)s %%",
    "{braces}",
    "-- comment; DROP TABLE crm_order",
    "Příliš žluťoučký kůň",
    "東京",
    "😀",
    "e\u0301",
    "\u2028\u2029\u0085",
    "\x01\x0b\x0c\x1f\x7f",
    "\ufeff",
]
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200)
CUSTOMER = [
    "entity",
    "market",
    "kind",
    "name",
    "email",
    "phone",
    "city",
    "country",
    "language",
    "source",
    "external_id",
    "search_key",
    "created",
]
REST = ["person", "b2c", "external"], ["", "", "", "", "", "", "", "", "2025-01-15 12:30:45"]


def insert_named(names):
    (before, after) = REST
    bulk.insert(Customer, CUSTOMER, [(*before, name, *after) for name in names])


def names():
    return list(Customer.objects.order_by("pk").values_list("name", flat=True))


@pytest.mark.django_db
class TestInsert:
    def test_every_text_arrives_as_it_is(self):
        insert_named(AWKWARD)

        assert names() == AWKWARD

    def test_each_type_arrives_as_it_is(self):
        customer, channel = make_customer(), Channel.objects.create(key="shop", name="Shop")
        fields = ["customer", "number", "status", "ordered_on", "ordered_at", "amount", "refunded", "cost", "channel", "source", "key"]

        bulk.insert(
            Order,
            fields,
            [
                (customer.pk, "1", 0, "1969-12-31", "2025-01-15 23:59:59", 1250, 0, None, channel.pk, "file", "a"),
                (None, "", 3, "2024-02-29", None, -(10**12) + 1, 0, 0, None, "file", "b"),
            ],
        )

        first, second = Order.objects.order_by("pk")
        assert (first.customer, first.ordered_on, first.ordered_at) == (
            customer,
            date(1969, 12, 31),
            datetime(2025, 1, 15, 23, 59, 59, tzinfo=UTC),
        )
        assert (first.amount, first.cost, first.channel) == (Decimal("12.50"), None, channel)
        assert (second.customer, second.ordered_on, second.ordered_at) == (None, date(2024, 2, 29), None)
        assert (second.amount, second.cost, second.channel) == (Decimal("-9999999999.99"), Decimal(0), None)

    def test_columns_that_are_left_out_are_empty(self):
        insert_named(["A"])

        assert Customer.objects.values_list("birthday", "owner", "referred_by").get() == (None, None, None)

    def test_no_rows_are_no_statement(self, django_assert_num_queries):
        with django_assert_num_queries(0) as seen:
            bulk.insert(Customer, CUSTOMER, [])
            bulk.update(Customer, ["name"], [])

        assert seen.captured_queries == []

    def test_one_column_alone_may_be_empty(self):
        first, second = make_customer(), make_customer()
        Facts.objects.all().delete()
        ours = [field.name for field in Facts._meta.concrete_fields if not field.primary_key]
        blank = [field.get_db_prep_save(getattr(Facts(), field.attname), connection) for field in Facts._meta.concrete_fields[1:]]

        bulk.insert(Facts, ["customer", *ours], [(first.pk, *blank), (second.pk, *blank)])

        assert list(Facts.objects.order_by("pk").values_list("pk", "favourite_channel", "average_order")) == [
            (first.pk, "", None),
            (second.pk, "", None),
        ]


@pytest.mark.django_db
class TestUpdate:
    def test_every_text_arrives_as_it_is(self):
        people = [make_customer(name=f"{place}") for place in range(len(AWKWARD))]

        bulk.update(Customer, ["name"], [(person.pk, text) for person, text in zip(people, AWKWARD, strict=True)])

        assert names() == AWKWARD

    def test_each_type_arrives_as_it_is(self):
        first, second = make_customer(), make_customer(facts={"is_partner": True, "average_order": 1, "last_contact_on": date(2020, 1, 1)})
        fields = ["is_partner", "average_order", "typical_gap_days", "last_contact_on", "pareto_class"]

        bulk.update(Facts, fields, [(first.pk, True, 1250, 30.5, "1970-01-01", "vital_few"), (second.pk, False, None, None, None, "")])

        found = list(Facts.objects.order_by("pk").values_list(*fields))
        assert found == [(True, Decimal("12.50"), 30.5, date(1970, 1, 1), "vital_few"), (False, None, None, None, "")]

    def test_whole_numbers_stand_for_yes_and_no(self):
        """As the kernel gives them."""
        first, second = make_customer(), make_customer(facts={"is_partner": True})

        bulk.update(Facts, ["is_partner"], [(first.pk, 1), (second.pk, 0)])

        assert list(Facts.objects.order_by("pk").values_list("is_partner", flat=True)) == [True, False]

    def test_other_rows_and_columns_stay(self):
        first, second = make_customer(name="A", city="Brno"), make_customer(name="B", city="Brno")

        bulk.update(Customer, ["name"], [(first.pk, "New")])

        assert list(Customer.objects.order_by("pk").values_list("name", "city")) == [("New", "Brno"), (second.name, "Brno")]

    def test_a_row_that_is_gone_is_left_out(self):
        customer = make_customer()

        bulk.update(Customer, ["name"], [(customer.pk + 1000, "Nobody"), (customer.pk, "New")])

        assert names() == ["New"]

    def test_it_can_be_done_twice_in_one_transaction(self):
        customer = make_customer()

        with transaction.atomic():
            bulk.update(Customer, ["name"], [(customer.pk, "First")])
            bulk.update(Customer, ["city", "name"], [(customer.pk, "Brno", "Second")])

        assert Customer.objects.values_list("name", "city").get() == ("Second", "Brno")

    def test_a_rollback_takes_all_of_it_back(self):
        customer = make_customer(name="Before")

        with transaction.atomic():
            bulk.update(Customer, ["name"], [(customer.pk, "After")])
            insert_named(["New"])
            transaction.set_rollback(True)

        assert names() == ["Before"]

    def test_money_is_in_minor_units(self):
        made = make_order()

        bulk.update(Order, ["amount"], [(made.pk, 1)])

        assert Order.objects.get().amount == Decimal("0.01")


class TestAnyText(TestCase):
    @given(st.lists(TEXTS, min_size=1, max_size=10))
    def test_it_is_inserted_and_updated_as_it_is(self, texts):
        insert_named(texts)
        assert names() == texts

        ids = Customer.objects.order_by("-pk").values_list("pk", flat=True)
        bulk.update(Customer, ["name"], list(zip(ids, texts, strict=True)))
        assert names() == texts[::-1]


@pytest.mark.django_db
class TestAmong:
    def test_it_finds_the_rows_with_one_of_many_values(self):
        insert_named([*AWKWARD, "one", "two"])

        assert sorted(Customer.objects.filter(name__in=bulk.among(["one", "three", *AWKWARD])).values_list("name", flat=True)) == sorted(
            [*AWKWARD, "one"]
        )
        assert list(Customer.objects.filter(name__in=bulk.among([]))) == []

    def test_its_statement_on_sqlite_does_not_grow_with_the_values(self, django_assert_num_queries):
        if connection.vendor == "postgresql":
            return
        with django_assert_num_queries(2) as asked:
            for values in (["one"], ["one"] * 5000):
                list(Customer.objects.filter(name__in=bulk.among(values)))

        assert [query["sql"].count("json_each") for query in asked.captured_queries] == [1, 1]


@pytest.mark.django_db
class TestAnalyze:
    def test_postgresql_knows_how_many_rows_there_are_now(self):
        for _ in range(300):
            make_customer()
        bulk.analyze(Customer, Facts)

        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SELECT reltuples FROM pg_class WHERE relname IN ('crm_customer', 'crm_facts')")
                assert cursor.fetchall() == [(300,), (300,)]
        assert Customer.objects.count() == 300
