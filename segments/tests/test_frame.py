from datetime import date
from decimal import Decimal

import pandas as pd
import pytest
from django.db import connection

from crm.models import Business, Facts
from crm.tests.factories import make_customer
from segments import frame
from segments.steps import classify_pareto

pytestmark = pytest.mark.django_db


def stored(name):
    return list(Facts.objects.order_by("pk").values_list(name, flat=True))


@pytest.fixture
def updates():
    """The statements that change facts, as they come."""
    made = []

    def watch(execute, sql, params, many, context):
        if sql.startswith("UPDATE"):
            made.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield made


class TestRead:
    def test_money_is_in_minor_units_by_primary_key(self):
        first = make_customer(facts={"revenue_12m": Decimal("12.50"), "orders": 3})
        second = make_customer(facts={"revenue_12m": Decimal("-0.01")})

        facts = frame.read(["revenue_12m", "orders"])

        assert facts.index.tolist() == [first.pk, second.pk] and facts.index.name == "customer"
        assert facts["revenue_12m"].tolist() == [1250, -1] and facts["orders"].tolist() == [3, 0]
        assert str(facts["revenue_12m"].dtype) == "int64"

    def test_texts_dates_and_answers_are_what_they_are(self):
        make_customer(facts={"pareto_class": "vital_few", "is_partner": True, "last_contact_on": date(2025, 1, 15)})

        facts = frame.read(["pareto_class", "is_partner", "last_contact_on"])

        assert facts.iloc[0].tolist() == ["vital_few", True, date(2025, 1, 15)]

    def test_an_empty_value_is_missing(self):
        make_customer(), make_customer(facts={"average_order": Decimal("1"), "typical_gap_days": 30.5})

        facts = frame.read(["average_order", "typical_gap_days"])

        assert facts.isna().values.tolist() == [[True, True], [False, False]]
        assert facts.iloc[1].tolist() == [100, 30.5]

    def test_no_customers_are_no_rows(self):
        facts = frame.read(["revenue_12m", "pareto_class"])

        assert (len(facts), list(facts.columns), str(facts.index.dtype)) == (0, ["revenue_12m", "pareto_class"], "int64")

    def test_more_rows_than_one_fetch_arrive_in_order(self, monkeypatch):
        monkeypatch.setattr(frame, "READ_AT_ONCE", 2)
        people = [make_customer(facts={"orders": place}) for place in range(5)]

        facts = frame.read(["orders"])

        assert facts.index.tolist() == [person.pk for person in people]
        assert facts["orders"].tolist() == [0, 1, 2, 3, 4]


class TestWrite:
    def test_it_writes_only_what_differs(self, updates):
        people = [make_customer(facts={"pareto_class": before}) for before in ("vital_few", "useful_many", "")]
        before = frame.read(["pareto_class"])["pareto_class"]
        after = pd.Series(["vital_few", "vital_few", "useful_many"], index=before.index, dtype=object)
        # Another value than the one that was read: a row that does not differ is not touched.
        Facts.objects.filter(pk=people[0].pk).update(pareto_class="useful_many")

        assert frame.write("pareto_class", before, after) == 2

        assert stored("pareto_class") == ["useful_many", "vital_few", "useful_many"]

    def test_it_says_nothing_to_the_database_where_nothing_differs(self, django_assert_num_queries):
        make_customer(facts={"orders": 3}), make_customer()
        before = frame.read(["orders"])["orders"]

        with django_assert_num_queries(0):
            assert frame.write("orders", before, before.copy()) == 0

    def test_empty_values_do_not_differ_from_each_other(self, updates):
        make_customer(), make_customer(facts={"typical_gap_days": 1.5}), make_customer(facts={"typical_gap_days": 1.5}), make_customer()
        before = frame.read(["typical_gap_days"])["typical_gap_days"]
        after = pd.Series([None, None, 1.5, 2.5], index=before.index, dtype="float64")

        assert frame.write("typical_gap_days", before, after) == 2

        assert stored("typical_gap_days") == [None, None, 1.5, 2.5]

    def test_it_writes_in_short_transactions(self, monkeypatch, updates):
        monkeypatch.setattr(frame, "WRITTEN_AT_ONCE", 2)
        for _ in range(5):
            make_customer()
        before = frame.read(["orders"])["orders"]

        assert frame.write("orders", before, before + 7) == 5

        assert stored("orders") == [7] * 5
        assert len(updates) == 3

    def test_a_customer_who_is_gone_is_left_out(self):
        gone, _kept = make_customer(), make_customer()
        before = frame.read(["orders"])["orders"]
        gone.delete()

        frame.write("orders", before, before + 1)

        assert stored("orders") == [1]

    def test_no_rows_are_nothing_to_write(self, django_assert_num_queries):
        empty = frame.read(["orders"])["orders"]

        with django_assert_num_queries(0):
            assert frame.write("orders", empty, empty) == 0


class TestPareto:
    def test_it_stores_the_classes_and_a_second_run_changes_nothing(self):
        for revenue in (Decimal("8.00"), Decimal("1.50"), Decimal("0.50"), 0):
            make_customer(facts={"revenue_12m": revenue})

        assert classify_pareto(date(2025, 1, 15)) == 3
        assert classify_pareto(date(2025, 1, 15)) == 0

        assert stored("pareto_class") == ["vital_few", "useful_many", "useful_many", ""]

    def test_it_follows_the_share_that_the_owner_sets(self):
        Business.keep(pareto_share=Decimal("0.95"))
        for revenue in (Decimal("8.00"), Decimal("1.50"), Decimal("0.50")):
            make_customer(facts={"revenue_12m": revenue})

        classify_pareto(date(2025, 1, 15))

        assert stored("pareto_class") == ["vital_few", "vital_few", "useful_many"]

    def test_a_class_that_is_lost_is_taken_back(self):
        make_customer(facts={"revenue_12m": -1, "pareto_class": "vital_few"})

        assert classify_pareto(date(2025, 1, 15)) == 1

        assert stored("pareto_class") == [""]

    def test_a_business_without_customers_has_no_classes(self):
        assert classify_pareto(date(2025, 1, 15)) == 0
