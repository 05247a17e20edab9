"""Whether there is anything of a kind around a customer, asked when they are read for their page."""

from datetime import date

import pytest

from config.tests import cast
from crm.happened import latest_contacts
from crm.models import Customer
from crm.ordered import latest_orders
from crm.presence import asked, is_there
from crm.profile import find, find_for_page
from crm.tests.factories import make_complaint, make_customer, make_interaction, make_order, make_task

pytestmark = pytest.mark.django_db

KINDS = [
    "brought",
    "complaints",
    "consents",
    "contacts",
    "evidence",
    "fields",
    "kept",
    "merges",
    "pins",
    "profiles",
    "tags",
    "tasks",
    "values",
]


def test_of_whoever_was_not_asked_about_everything_may_be_there():
    martin = find(make_customer().pk)

    assert all(is_there(martin, kind) for kind in KINDS)


def test_what_is_there_is_that_of_this_customer():
    martin, eva = make_customer(), make_customer()
    (
        make_complaint(martin),
        make_task(customer=martin),
        make_customer(referred_by=martin, referred_on=date(2025, 1, 15)),
        make_interaction(martin),
    )

    assert [kind for kind in KINDS if is_there(find_for_page(martin.pk), kind)] == ["brought", "complaints", "contacts", "tasks"]
    assert [kind for kind in KINDS if is_there(find_for_page(eva.pk), kind)] == []


def test_it_is_one_statement_for_all_kinds(django_assert_num_queries):
    make_customer(), make_customer()

    with django_assert_num_queries(1):
        assert len(asked(Customer.objects.all())) == 2


def test_what_one_part_of_the_page_has_read_is_not_read_again_and_what_is_not_there_never(django_assert_num_queries):
    martin = find_for_page(make_order().customer_id)

    with django_assert_num_queries(1):
        assert latest_orders(martin) is latest_orders(martin)
        assert latest_contacts(martin) == []


def test_a_task_is_on_the_page_as_soon_as_there_is_one():
    martin, staff = make_customer(), cast.signed_in(cast.staff())
    before = staff.get(f"/customers/{martin.pk}/").content.decode()
    make_task(customer=martin, why="Send the price list")

    assert "Send the price list" not in before
    assert "Send the price list" in staff.get(f"/customers/{martin.pk}/").content.decode()
