"""The identity of orders, their values, and what a second import changes."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crm.models import Business, Changed, Channel, Customer, Order, OrderLine
from crm.tests.imports import orders, take

pytestmark = pytest.mark.django_db

PLAIN = "customer_id,date,amount\n"
NUMBERED = "order_id,customer_id,date,amount\n"


def changed() -> list[str]:
    """The ids of the customers noted as changed since the last call."""
    noted = sorted(Changed.objects.values_list("customer__external_id", flat=True))
    Changed.objects.all().delete()
    return noted


def test_a_plain_row_is_a_paid_order():
    take(PLAIN + "7,2026-01-02,12.50\n")

    order = Order.objects.get()
    assert (order.customer.external_id, order.ordered_on, order.ordered_at, order.amount) == ("7", date(2026, 1, 2), None, Decimal("12.50"))
    assert (order.status, order.refunded, order.cost, order.channel, order.number, order.source) == (
        Order.Status.PAID,
        0,
        None,
        None,
        "",
        "file",
    )
    assert order.key == f"{order.customer_id}@2026-01-02#1"
    order.full_clean()


def test_equal_rows_are_orders_of_their_own():
    taken = take(PLAIN + "7,2026-01-02,5\n8,2026-01-02,5\n7,2026-01-02,5\n7,2026-01-03,5\n")

    assert taken.counts == (4, 0, 0, 2, 0, 0)
    assert [key.split("@")[1] for (key,) in orders("key")] == ["2026-01-02#1", "2026-01-02#1", "2026-01-02#2", "2026-01-03#1"]


def test_the_same_file_again_changes_nothing():
    content = "order_id,customer_id,email,name,date,amount,status,channel,cost,product,quantity\n" + "".join(
        f"{'' if number % 3 else f'A{number}'},{number % 4 or ''},u{number % 4}@x.cz,N,2026-01-02 10:{number:02},{number}.5"
        ",unpaid,E-shop,1.234,Mug,1.5\n"
        for number in range(30)
    )
    first = take(content)
    before = (orders(), list(OrderLine.objects.order_by("pk").values_list()), list(Customer.objects.order_by("pk").values_list()))
    assert first.counts[0] == 30
    changed()

    second = take(content)

    assert second.counts == (0, 0, 30, 0, 0, 0)
    assert before == (orders(), list(OrderLine.objects.order_by("pk").values_list()), list(Customer.objects.order_by("pk").values_list()))
    assert changed() == []


def test_a_corrected_amount_updates_with_a_number_and_without():
    take(NUMBERED + "A,7,2026-01-02,5\n,8,2026-01-02,5\n")
    changed()

    taken = take(NUMBERED + "A,7,2026-01-02,6\n,8,2026-01-02,7\n,8,2026-01-02,8\n")

    assert taken.counts == (1, 2, 0, 0, 0, 0)
    assert [amount for (amount,) in orders("amount")] == [6, 7, 8]
    assert changed() == ["7", "8"]


def test_sources_are_kept_apart():
    take(NUMBERED + "A,7,2026-01-02,5\n")

    assert take(NUMBERED + "A,8,2026-01-02,6\n", source="other").counts[0] == 1


def test_only_columns_of_the_file_change():
    take("order_id,email,date,amount,status,channel,cost\nA,a@x.cz,2026-01-02 10:00,5,unpaid,Web,2\n")

    taken = take("order_id,email,date,amount\nA,a@x.cz,2026-01-02,5\n")

    assert taken.counts == (0, 0, 1, 0, 0, 0)
    assert orders("status", "channel__name", "cost", "ordered_at") == [(1, "Web", 2, datetime(2026, 1, 2, 9, tzinfo=UTC))]


@pytest.mark.parametrize(("status", "kept"), [("unpaid", 1), ("refunded", 2), ("cancelled", 3)])
def test_blank_cells_delete_nothing(status, kept):
    take(f"order_id,email,date,amount,status,channel,cost\nA,a@x.cz,2026-01-02,5,{status},Web,2\n")

    taken = take("order_id,email,date,amount,status,channel,cost\nA,,2026-01-02,5,,,\n")

    assert taken.counts == (0, 0, 1, 0, 0, 0)
    assert orders("customer__email", "status", "channel__name", "cost") == [("a@x.cz", kept, "Web", 2)]


def test_a_new_order_with_a_blank_status_is_paid():
    take("order_id,email,date,amount,status\nA,a@x.cz,2026-01-02,5,\n")

    assert orders("status") == [(0,)]


def test_an_order_that_was_nobodys_gets_its_customer():
    take(NUMBERED + "A,,2026-01-02,5\n")
    assert changed() == []

    assert take(NUMBERED + "A,7,2026-01-02,5\n").counts == (0, 1, 0, 1, 0, 0)
    assert changed() == ["7"]


def test_a_moved_date_updates_a_numbered_order():
    take(NUMBERED + "A,7,2026-01-02,5\n")

    assert take(NUMBERED + "A,7,2026-01-03,5\n").counts == (0, 1, 0, 0, 0, 0)


def test_an_order_of_another_customer_in_the_record_is_an_error():
    take(NUMBERED + "A,7,2026-01-02,5\n")

    taken = take(NUMBERED + "A,8,2026-01-02,5\nB,8,2026-01-02,5\n")

    assert [(row, column) for row, column, _reason in taken.errors] == [(2, "order_id")]
    assert "--source" in taken.errors[0][2]


def test_an_adopted_customer_is_no_other_customer():
    take("order_id,email,date,amount\nA,a@x.cz,2026-01-02,5\n")

    assert take("order_id,customer_id,email,date,amount\nA,7,a@x.cz,2026-01-02,5\n").counts == (0, 0, 1, 0, 1, 0)


def test_an_order_moved_by_hand_stays_where_it_is():
    take(PLAIN + "7,2026-01-02,5\n8,2026-01-02,6\n")
    other = Customer.objects.get(external_id="8")
    Order.objects.filter(amount=5).update(customer=other)

    assert take(PLAIN + "7,2026-01-02,5\n8,2026-01-02,6\n").counts == (0, 0, 2, 0, 0, 0)
    assert set(orders("customer")) == {(other.pk,)}


def test_a_part_refunded_by_hand_stays_unless_the_amount_falls_below_it():
    take(NUMBERED + "A,7,2026-01-02,50\n")
    Order.objects.update(refunded=20)

    take(NUMBERED + "A,7,2026-01-02,40\n")
    assert orders("amount", "refunded") == [(40, 20)]
    take(NUMBERED + "A,7,2026-01-02,15\n")
    assert orders("amount", "refunded") == [(15, 0)]


def test_lines_of_one_order_add_up():
    taken = take(NUMBERED[:-1] + ",cost,product,quantity\nA,7,2026-01-02,5,1,Mug,2\nB,7,2026-01-02,1,1,Pen,1\nA,7,2026-01-02,2.5,1,Pen,\n")

    assert taken.counts == (2, 0, 0, 1, 0, 0)
    assert orders("number", "amount", "cost") == [("A", Decimal("7.50"), 2), ("B", 1, 1)]
    lines = OrderLine.objects.order_by("order", "position").values_list("order__number", "position", "product", "quantity", "amount")
    assert list(lines) == [("A", 1, "Mug", 2, 5), ("A", 2, "Pen", None, Decimal("2.50")), ("B", 1, "Pen", 1, 1)]


def test_the_amount_is_never_multiplied_by_the_quantity():
    take("customer_id,date,amount,quantity\n7,2026-01-02,10,3\n")

    assert orders("amount") == [(10,)]


def test_a_file_without_products_makes_no_lines():
    take(NUMBERED + "A,7,2026-01-02,5\nA,7,2026-01-02,5\n")

    assert not OrderLine.objects.exists()


def test_changed_lines_are_written_anew():
    header = NUMBERED[:-1] + ",product,quantity\n"
    take(header + "A,7,2026-01-02,5,Mug,2\nA,7,2026-01-02,5,Pen,1\n")

    assert take(header + "A,7,2026-01-02,5,Mug,2\nA,7,2026-01-02,5,Cup,\n").counts == (0, 1, 0, 0, 0, 0)
    assert list(OrderLine.objects.order_by("position").values_list("product", "quantity")) == [("Mug", 2), ("Cup", 1)]
    assert take(header + "A,7,2026-01-02,10,Mug,2\n").counts == (0, 1, 0, 0, 0, 0)
    assert OrderLine.objects.get().amount == 10


def test_lines_that_no_longer_add_up_to_a_new_amount_are_dropped():
    header = NUMBERED[:-1] + ",product,quantity\n"
    take(header + "A,7,2026-01-02,5,Mug,2\nA,7,2026-01-02,6,Pen,1\nB,7,2026-01-02,5,Mug,2\nC,7,2026-01-02,5,Mug,2\n")
    Order.objects.filter(number="B").update(amount=4)

    take(NUMBERED + "A,7,2026-01-02,30\nB,7,2026-01-02,5\nC,7,2026-01-03,5\n")

    assert list(OrderLine.objects.values_list("order__number", flat=True).order_by("order")) == ["B", "C"]


def test_cost_is_unknown_where_one_line_lacks_it():
    take(NUMBERED[:-1] + ",cost\nA,7,2026-01-02,5,1\nA,7,2026-01-02,5,\n")

    assert orders("cost") == [(None,)]


def test_a_further_line_may_leave_the_amount_out():
    taken = take(NUMBERED + "A,7,2026-01-02,5\nA,,2026-01-02,\nB,7,2026-01-02,\n,7,2026-01-02,\n")

    assert orders("number", "amount") == [("A", 5)]
    assert [(row, column) for row, column, _reason in taken.errors] == [(4, "amount"), (5, "amount")]


def test_the_last_channel_of_an_order_counts():
    take(NUMBERED[:-1] + ",channel\nA,7,2026-01-02,5,Web\nA,7,2026-01-02,5,Shop\nA,7,2026-01-02,5,\n")

    assert orders("channel__name") == [("Shop",)]


def test_lines_without_a_status_follow_the_one_that_names_it():
    take(NUMBERED[:-1] + ",status\nA,7,2026-01-02,5,\nA,7,2026-01-02,5,refunded\nA,7,2026-01-02,5,vráceno\n")

    assert orders("status", "amount") == [(2, 15)]


def test_a_line_with_another_status_takes_the_order_out():
    taken = take(NUMBERED[:-1] + ",status\nA,7,2026-01-02,5,\nA,7,2026-01-02,5,paid\nA,7,2026-01-02,5,cancelled\nB,7,2026-01-02,5,\n")

    assert (4, "status", "The order has another status in row 3.") in taken.errors
    assert orders("number") == [("B",)]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("A,8,2026-01-02,5", "customer_id", "The order has another customer in row 2."),
        ("A,7,2026-01-03,5", "date", "The order has another date in row 2."),
    ],
)
def test_a_row_that_differs_from_its_order_takes_the_order_out(row, column, reason):
    taken = take(NUMBERED + f"A,7,2026-01-02,5\n{row}\nA,7,2026-01-02,5\nB,7,2026-01-02,5\n")

    left_out = "The order has an error in row 3."
    assert taken.errors == [(2, "order_id", left_out), (3, column, reason), (4, "order_id", left_out)]
    assert orders("number") == [("B",)]


def test_times_of_one_day_may_differ_within_an_order():
    take("order_id,date,amount,email\nA,2026-01-02 10:00,5,a@x.cz\nA,2026-01-02 10:05,5,a@x.cz\n")

    assert orders("ordered_at", "amount") == [(datetime(2026, 1, 2, 9, tzinfo=UTC), 10)]


def test_one_bad_row_takes_its_whole_order_out():
    taken = take(NUMBERED + "A,7,2026-01-02,5\nA,7,2026-01-02,NaN\nB,7,2026-01-02,5\n")

    assert [(row, column) for row, column, _reason in taken.errors] == [(2, "order_id"), (3, "amount")]
    assert orders("number") == [("B",)]


def test_an_order_of_too_many_lines_or_too_much_money_is_an_error(monkeypatch):
    monkeypatch.setattr("crm.importing.grouping.LINES", 2)
    taken = take(NUMBERED + "A,7,2026-01-02,5\n" * 3 + "B,7,2026-01-02,9999999999\n" * 2 + "C,7,2026-01-02,5\n" * 2)

    assert [(row, column) for row, column, _reason in taken.errors] == [
        (2, "order_id"),
        (3, "order_id"),
        (4, "order_id"),
        (5, "amount"),
        (6, "amount"),
    ]
    assert orders("number", "amount") == [("C", 10)]


def test_totals_that_every_line_repeats_are_mentioned():
    repeated = "Every order of several rows has one amount in all of them; they were added up. Is “amount” the order's total?"

    assert repeated in take(NUMBERED + "A,7,2026-01-02,5\n" * 2).said
    assert repeated not in take(NUMBERED + "B,7,2026-01-02,5\nB,7,2026-01-02,6\nC,7,2026-01-02,5\n" + "D,7,2026-01-02,1\n" * 2).said


def test_negative_and_zero_amounts_are_stored_as_they_are():
    take(PLAIN + "7,2026-01-02,-5.50\n7,2026-01-02,0\n")

    assert [amount for (amount,) in orders("amount")] == [Decimal("-5.50"), 0]


def test_times_are_in_the_zone_of_the_business():
    Business.objects.create(pk=1, zone="America/New_York")

    take(PLAIN + "7,2026-01-02 23:30,5\n7,2026-01-02T23:30:00Z,6\n")

    assert orders("ordered_on", "ordered_at") == [
        (date(2026, 1, 2), datetime(2026, 1, 3, 4, 30, tzinfo=UTC)),
        (date(2026, 1, 2), datetime(2026, 1, 2, 23, 30, tzinfo=UTC)),
    ]


def test_channels_are_one_by_their_folded_name():
    Channel.objects.create(key="prodejna", name="Prodejna")

    take(
        "email,date,amount,channel\na@x.cz,2026-01-02,1,E-SHOP\na@x.cz,2026-01-03,1,e-shop\na@x.cz,2026-01-04,1,PRODEJNÁ\na@x.cz,2026-01-05,1,\n"
    )

    assert list(Channel.objects.order_by("pk").values_list("key", "name")) == [("prodejna", "Prodejna"), ("e-shop", "E-SHOP")]
    assert [key for (key,) in orders("channel__key")] == ["e-shop", "e-shop", "prodejna", None]


def test_each_customer_of_a_batch_is_noted_once():
    take(PLAIN + "7,2026-01-02,5\n7,2026-01-03,5\n8,2026-01-03,5\n,2026-01-04,5\n")

    assert changed() == ["7", "8"]


def test_the_first_file_sets_the_currency_of_a_business_without_orders():
    taken = take("email,date,amount,currency\na@x.cz,2026-01-02,5,EUR\na@x.cz,2026-01-03,5,eur\na@x.cz,2026-01-04,5,CZK\n")

    assert Business.load().currency == "EUR"
    assert "its currency becomes that of the file: EUR" in taken.said
    assert taken.errors == [(4, "currency", "The currency is CZK; this business keeps its record in EUR.")]


def test_two_currencies_that_are_as_common_set_none():
    taken = take("email,date,amount,currency\na@x.cz,2026-01-02,5,EUR\na@x.cz,2026-01-03,5,CZK\n")

    assert taken.errors == [(2, "currency", "The currency is EUR; this business keeps its record in CZK.")]


@pytest.mark.parametrize("amounts", [("3 pcs", "5"), ("bad0", "bad1", "5"), ("5 tis", "5"), ("100", "200", "5 €"), ("5 €", "x €", "7")])
def test_neither_junk_nor_a_minority_sets_the_currency(amounts):
    taken = take(PLAIN + "".join(f"7,2026-01-02,{amount}\n" for amount in amounts))

    assert (Business.load().currency, orders("amount") != []) == ("CZK", True)
    assert taken.errors


@pytest.mark.parametrize("currencies", [("nil", ""), ("", "", "USD"), ("USD", "")])
def test_neither_junk_nor_a_minority_in_a_column_sets_the_currency(currencies):
    taken = take("customer_id,date,amount,currency\n" + "".join(f"7,2026-01-02,5,{currency}\n" for currency in currencies))

    assert Business.load().currency == "CZK"
    assert [column for _row, column, _reason in taken.errors] == ["currency"]


def test_rows_that_cannot_be_read_have_no_say_in_the_currency():
    take("customer_id,date,amount,currency\n7,2026-01-02,5,EUR\n7,soon,5,CZK\n7,2026-01-02,x,CZK\n7\n")

    assert Business.load().currency == "EUR"


@pytest.mark.parametrize("amount", ["5 €", "$5"])
def test_a_sign_beside_the_amount_is_read_whatever_the_column_says(amount):
    taken = take(f"customer_id,date,amount,currency\n7,2026-01-02,{amount},CZK\n7,2026-01-02,5 Kč,CZK\n7,2026-01-02,5,CZK\n")

    assert [(row, column) for row, column, _reason in taken.errors] == [(2, "amount")]


def test_a_cost_in_another_currency_is_an_error():
    assert take("customer_id,date,amount,cost\n7,2026-01-02,5,3 €\n7,2026-01-03,5,3\n").errors == [
        (2, "cost", "The currency is EUR; this business keeps its record in CZK.")
    ]


def test_a_currency_that_only_the_owner_knows_is_known():
    Business.objects.create(pk=1, currency="HRK")

    assert take("customer_id,date,amount,currency\n7,2026-01-02,5 hrk,HRK\n").errors == []


def test_a_sign_in_the_amount_speaks_of_currency_where_no_column_does():
    take("email,date,amount\na@x.cz,2026-01-02,$5.00\n")
    assert Business.load().currency == "USD"

    assert "EUR" in take("email,date,amount\na@x.cz,2026-01-02,€5.00\na@x.cz,2026-01-02,5.00\n").errors[0][2]


def test_orders_in_the_record_fix_the_currency():
    take(PLAIN + "7,2026-01-02,5\n")

    assert take("email,date,amount,currency\na@x.cz,2026-01-02,5,EUR\n").counts == (0, 0, 0, 0, 0, 1)
    assert Business.load().currency == "CZK"


def test_batches_hold_whole_orders_and_no_more_rows_than_they_may(monkeypatch):
    monkeypatch.setattr("crm.importing.batches.ROWS", 3)
    sizes = []
    from_there = "crm.importing.batches._write_beside_others"
    monkeypatch.setattr(from_there, lambda batch, plan: sizes.append(batch.rows))

    take(NUMBERED + "A,7,2026-01-02,1\nB,7,2026-01-02,1\nA,7,2026-01-02,2\nC,7,2026-01-02,1\nC,7,2026-01-02,3\nD,7,2026-01-02,1\n")

    assert sizes == [3, 3]
