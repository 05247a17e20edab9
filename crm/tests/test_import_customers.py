"""Whose an order is: ids, e-mails, and who has which."""

import pytest

from crm.fold import fold
from crm.models import Customer, Facts, Order
from crm.tests.imports import orders, take

pytestmark = pytest.mark.django_db

HEADER = "customer_id,email,name,date,amount\n"
THEIRS = "belongs to another customer."


def customers() -> list[tuple[str, str, str]]:
    return list(Customer.objects.order_by("pk").values_list("external_id", "email", "name"))


def owners() -> list[str]:
    return [external_id or email for external_id, email in orders("customer__external_id", "customer__email")]


def test_an_id_makes_a_customer_with_a_facts_row_and_a_search_key():
    take(HEADER + "7,Jana@Example.com,Jana Nováková,2026-01-02,5\n")

    customer = Customer.objects.get()
    assert (customer.external_id, customer.email, customer.name) == ("7", "jana@example.com", "Jana Nováková")
    assert customer.search_key == fold("Jana Nováková jana@example.com 7")
    assert Facts.objects.get().customer == customer
    assert Facts.objects.get().orders == 0


def test_a_created_customer_is_as_the_form_would_make_one():
    take(HEADER + "7,jana@example.com,Jana,2026-01-02,5\n")

    made, plain = Customer.objects.get(), Customer(external_id="7", email="jana@example.com", name="Jana")
    for field in Customer._meta.concrete_fields:
        if field.name not in ("id", "created", "search_key"):
            assert getattr(made, field.attname) == getattr(plain, field.attname), field.name
    made.full_clean()


def test_ids_are_text_and_keep_their_zeros():
    take(HEADER + "00001,,,2026-01-02,5\n1,,,2026-01-02,5\n")

    assert [row[0] for row in customers()] == ["00001", "1"]


def test_an_id_in_a_column_called_customer_beside_one_of_names_is_the_customers():
    taken = take("customer,name,email,date,amount\nC-7,Jana,jana@example.com,2026-01-02,5\nC-8,Jan,,2026-01-02,5\n")

    assert customers() == [("C-7", "jana@example.com", "Jana"), ("C-8", "", "Jan")]
    assert "“customer” is read as the customer's id" in taken.said


def test_rows_without_id_and_email_are_orders_of_nobody():
    taken = take(HEADER + ",,,2026-01-02,5\n,,Jana,2026-01-02,6\n")

    assert taken.counts == (2, 0, 0, 0, 0, 0)
    assert taken.record.orders_anonymous == 2
    assert orders("customer", "key") == [(None, "@2026-01-02#1"), (None, "@2026-01-02#2")]


def test_one_email_in_any_case_is_one_customer():
    take("email,date,amount\nJANA@example.com,2026-01-02,5\n jana@Example.com ,2026-01-03,6\n")

    assert customers() == [("", "jana@example.com", "")]


def test_the_last_name_and_email_in_the_file_win_and_blanks_delete_nothing():
    take(HEADER + "7,old@x.cz,Old,2026-01-02,5\n7,new@x.cz,New,2026-01-03,5\n7,,,2026-01-04,5\n")
    assert customers() == [("7", "new@x.cz", "New")]

    taken = take(HEADER + "7,,,2026-02-02,5\n", source="b")
    assert customers() == [("7", "new@x.cz", "New")]
    assert taken.counts[3:5] == (0, 0)


def test_a_customer_of_many_batches_is_updated_once(monkeypatch):
    monkeypatch.setattr("crm.importing.batches.ROWS", 2)
    take(HEADER + "7,a@x.cz,A,2026-01-02,5\n")

    taken = take(HEADER + "".join(f"7,b@x.cz,B,2026-02-{day:02},5\n" for day in range(1, 10)))

    assert taken.counts == (9, 0, 0, 0, 1, 0)
    assert customers() == [("7", "b@x.cz", "B")]
    assert Customer.objects.get().search_key == "b b@x.cz 7"


def test_an_updated_customer_stays_findable_by_phone():
    Customer.objects.create(external_id="7", phone="601 234 567")

    take(HEADER + "7,,Jana,2026-01-02,5\n")

    assert Customer.objects.get().search_key == "jana 601 234 567 420601234567 7"


def test_an_email_claimed_by_another_id_of_the_file_is_an_error_of_the_later_row():
    taken = take(HEADER + "7,a@x.cz,,2026-01-02,5\n8,a@x.cz,,2026-01-03,5\n7,a@x.cz,,2026-01-04,5\n")

    assert taken.errors == [(3, "email", f"The e-mail a@x.cz {THEIRS}")]
    assert owners() == ["7", "7"]


def test_an_email_of_another_id_in_the_record_is_an_error():
    Customer.objects.create(external_id="1", email="a@x.cz")

    taken = take(HEADER + "7,a@x.cz,,2026-01-02,5\n7,,,2026-01-03,6\n")

    assert taken.errors == [(2, "email", f"The e-mail a@x.cz {THEIRS}")]
    assert customers() == [("1", "a@x.cz", ""), ("7", "", "")]


def test_two_customers_cannot_swap_their_emails():
    Customer.objects.create(external_id="1", email="a@x.cz")
    Customer.objects.create(external_id="2", email="b@x.cz")

    assert take(HEADER + "1,b@x.cz,,2026-01-02,5\n2,a@x.cz,,2026-01-02,5\n").counts == (0, 0, 0, 0, 0, 2)


def test_a_new_id_adopts_the_customer_who_has_the_email_and_no_id():
    known = Customer.objects.create(email="a@x.cz", name="Jana")

    taken = take(HEADER + "7,a@x.cz,,2026-01-02,5\n")

    assert taken.counts == (1, 0, 0, 0, 1, 0)
    assert Order.objects.get().customer == known
    assert customers() == [("7", "a@x.cz", "Jana")]


def test_only_the_first_of_two_new_ids_adopts():
    Customer.objects.create(email="a@x.cz")

    taken = take(HEADER + "8,a@x.cz,,2026-01-02,5\n7,a@x.cz,,2026-01-03,5\n")

    assert taken.errors == [(3, "email", f"The e-mail a@x.cz {THEIRS}")]
    assert customers() == [("8", "a@x.cz", "")]


def test_one_new_id_adopts_one_customer_only():
    Customer.objects.create(email="a@x.cz")
    Customer.objects.create(email="b@x.cz")

    taken = take(HEADER + "7,a@x.cz,,2026-01-02,5\n7,b@x.cz,,2026-01-03,5\n")

    assert taken.errors == [(3, "email", f"The e-mail b@x.cz {THEIRS}")]


def test_an_id_of_the_record_adopts_nobody():
    Customer.objects.create(external_id="7")
    Customer.objects.create(email="a@x.cz")

    assert take(HEADER + "7,a@x.cz,,2026-01-02,5\n").errors == [(2, "email", f"The e-mail a@x.cz {THEIRS}")]


@pytest.mark.parametrize(
    "rows", [["7,a@x.cz,,2026-01-02,5\n", ",a@x.cz,,2026-01-03,5\n"], [",a@x.cz,,2026-01-03,5\n", "7,a@x.cz,,2026-01-02,5\n"]]
)
def test_a_row_with_an_email_only_belongs_to_the_id_that_has_it_whichever_comes_first(rows):
    take(HEADER + "".join(rows))

    assert owners() == ["7", "7"]
    assert customers() == [("7", "a@x.cz", "")]


def test_a_row_with_an_email_only_belongs_to_who_has_it_in_the_record():
    Customer.objects.create(external_id="1", email="a@x.cz")
    Customer.objects.create(email="b@x.cz")

    taken = take("email,date,amount\na@x.cz,2026-01-02,5\nb@x.cz,2026-01-02,5\nc@x.cz,2026-01-02,5\n")

    assert owners() == ["1", "b@x.cz", "c@x.cz"]
    assert taken.counts[3:5] == (1, 0)


def test_a_row_with_an_error_claims_nothing():
    taken = take(HEADER + "7,a@x.cz,,2026-01-02,bad\n8,a@x.cz,,2026-01-03,5\n")

    assert [error[0] for error in taken.errors] == [2]
    assert customers() == [("8", "a@x.cz", "")]


def test_a_second_email_of_one_customer_leads_to_them_in_the_same_file():
    content = HEADER + "7,a@x.cz,,2026-01-02,5\n7,b@x.cz,,2026-01-03,5\n,a@x.cz,,2026-01-04,5\n8,a@x.cz,,2026-01-05,5\n"

    first, second = take(content), take(content)

    assert owners() == ["7", "7", "7"]
    assert first.counts == (3, 0, 0, 1, 0, 1)
    assert second.counts == (0, 0, 3, 0, 0, 1)


def test_a_long_name_and_a_bad_email_are_errors_with_row_and_column():
    taken = take(HEADER + f"7,a@x.cz,{'x' * 300},2026-01-02,5\n8,nobody,,2026-01-02,5\n{'9' * 101},,,2026-01-02,5\n1,,,2026-01-02,5\n")

    assert taken.errors == [
        (2, "name", "The text is 300 characters long; the limit is 200."),
        (3, "email", "“nobody” is not an e-mail address."),
        (4, "customer_id", "The text is 101 characters long; the limit is 100."),
    ]


def test_text_is_data():
    take(
        HEADER
        + '7,,"<script>alert(1)</script>",2026-01-02,5\n8,,\'=1+1,2026-01-02,5\n9,,"Robert\'); DROP TABLE x;--\\\t\\n",2026-01-02,5\n'
    )

    assert [row[2] for row in customers()] == ["<script>alert(1)</script>", "=1+1", "Robert'); DROP TABLE x;--\\\t\\n"]
