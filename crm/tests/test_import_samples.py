"""Real exports and real data, from ../shared/data."""

import csv
import io
from decimal import Decimal

import pytest
from django.db.models import Sum

from crm.importing.errors import Refused
from crm.models import Business, Changed, Customer, Order, OrderLine
from crm.tests.imports import orders, take

pytestmark = pytest.mark.django_db


@pytest.fixture
def sample(shared):
    return lambda name: (shared / "import_samples" / name).read_bytes()


def owner_and_amount() -> list[tuple[str | None, Decimal]]:
    return orders("customer__email", "amount")


def test_shopify_orders_are_grouped_by_name_and_count_their_total_once(sample):
    take(sample("shopify_orders.csv"))

    assert orders("number", "amount", "customer__email", "status") == [
        ("#1001", 45, "jana@example.com", 0),
        ("#1002", 45, "jana@example.com", 0),
        ("#1003", 45, None, 3),
    ]
    assert list(OrderLine.objects.filter(order__number="#1001").values_list("product", "amount")) == [("Mug, blue", 45), ("Poster", 0)]
    assert Business.load().currency == "EUR"
    assert Customer.objects.get().name == "Jana Nováková"


def test_shoptet_orders_add_up_the_rows_own_totals(sample):
    take(sample("shoptet_orders_full_cp1250.csv"))

    assert owner_and_amount() == [("petr@example.com", 1290)]
    assert [line.product for line in OrderLine.objects.order_by("position")] == ["Hrnek", "Zásilkovna", "Dobírka"]
    assert orders("number", "status", "channel__name") == [("26080058", 0, "Eshop")]


def test_stripe_payments_are_in_utc_and_failed_ones_cancelled(sample):
    take(sample("stripe_payments.csv"))

    assert orders("number", "customer__external_id", "amount", "status") == [
        ("ch_1", "cus_1", 45, 0),
        ("ch_2", "cus_1", 15, 2),
        ("ch_3", None, 99, 3),
    ]
    assert orders("ordered_at")[0][0].isoformat() == "2026-03-02T09:15:00+00:00"


def test_square_transactions_mostly_have_no_customer(sample):
    taken = take(sample("square_transactions.csv"))

    assert orders("customer__external_id", "amount") == [("CUST1", Decimal("1231.16")), ("CUST1", -12), (None, 12)]
    assert taken.record.orders_anonymous == 1
    assert take(sample("square_transactions_2018_example.csv"), source="2018").record.orders_anonymous == 4


def test_fakturoid_invoices_mix_decimal_marks(sample):
    take(sample("fakturoid_invoices.csv"))

    assert owner_and_amount() == [("billing@example.com", 121)]


def test_idoklad_invoices_are_month_first_and_know_a_company_by_its_number(sample):
    take(sample("idoklad_invoices.csv"))

    assert orders("customer__external_id", "customer__name", "number", "amount") == [("00000019", "Ukázka s.r.o.", "20260001", 1210)]
    assert str(orders("ordered_on")[0][0]) == "2026-06-16"


def test_fakturownia_invoices_hold_corrections(sample):
    take(sample("fakturownia_invoices.csv"))

    assert orders("customer__external_id", "amount") == [("0000000000", 1230), ("0000000000", -123)]


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("prestashop_orders.csv", "a customer"),
        ("woocommerce_analytics_orders.csv", "a customer"),
        ("allegro_orders_sample.csv", "a customer"),
        ("shoptet_orders_cp1250.csv", "a date"),
        ("shoptet_orders_utf8.csv", "a date"),
        ("google_contacts.csv", "a customer"),
        ("hubspot_contacts.csv", "an amount"),
        ("mailchimp_subscribed.csv", "a date"),
        ("subiekt_gt.epp", "a customer"),
        ("pohoda_invoice.xml", "a customer"),
    ],
)
def test_exports_that_lack_what_an_order_needs_are_refused_saying_what(sample, name, needed):
    with pytest.raises(Refused, match=f"Each order needs {needed}"):
        take(sample(name))


@pytest.mark.slow
def test_cdnow_comes_in_whole_and_a_second_time_changes_nothing(shared):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["customer_id", "date", "number_of_cds", "dollar_value"])
    writer.writerows(line.split() for line in (shared / "cdnow" / "CDNOW_master.txt").read_text().splitlines()[1:])

    first = take(text.getvalue())
    Changed.objects.all().delete()
    second = take(text.getvalue())

    assert first.counts == (69_659, 0, 0, 23_570, 0, 0)
    assert second.counts == (0, 0, 69_659, 0, 0, 0)
    assert Order.objects.aggregate(Sum("amount")) == {"amount__sum": Decimal("2500315.63")}
    assert Order.objects.filter(amount=0).count() == 80
    assert Customer.objects.filter(external_id="00001").exists()
    assert not Changed.objects.exists()
