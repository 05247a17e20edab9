"""Whose an order is that a file brings by an identity which a merge has exchanged."""

from datetime import date

import pytest

from crm.merging import merge, unmerge
from crm.merging.identities import origins
from crm.models import Order
from crm.tests.factories import make_customer, make_owner
from crm.tests.imports import take
from crm.tests.merged_world import NOW

pytestmark = pytest.mark.django_db
FILE = "customer_id,email,date,amount\n1,a@example.com,2026-08-30,10\n2,b@example.com,2026-08-31,20\n"


@pytest.fixture
def pair():
    return make_customer(external_id="1", email="a@example.com"), make_customer(external_id="2", email="b@example.com")


def exchanged(into, source, *columns):
    return merge(into=into, from_=source, fields=dict.fromkeys(columns, "from"), by=make_owner(), now=NOW)


def whose():
    return dict(Order.objects.values_list("ordered_on", "customer_id"))


@pytest.mark.parametrize("columns", [["external_id"], ["email"], ["external_id", "email"]])
@pytest.mark.parametrize("with_number", [False, True])
def test_an_order_goes_with_the_one_whose_identity_it_was(pair, columns, with_number):
    stays, goes = pair
    done = exchanged(stays, goes, *columns)
    rows = FILE.splitlines()
    content = "\n".join(f"{number},{row}" for number, row in zip(["order", 71, 72], rows, strict=True)) + "\n" if with_number else FILE
    taken = take(content)
    assert taken.counts == (2, 0, 0, 0, 0, 0) and set(whose().values()) == {stays.pk}

    unmerge(merge=done, by=make_owner(), now=NOW)
    assert whose() == {date(2026, 8, 30): stays.pk, date(2026, 8, 31): goes.pk}
    assert take(content).counts == (0, 0, 2, 0, 0, 0)


def test_the_same_file_brings_nothing_twice_once_the_identities_are_exchanged(pair):
    take(FILE)
    exchanged(*pair, "external_id", "email")

    assert take(FILE).counts == (0, 0, 2, 0, 0, 0)


def test_an_identity_is_followed_through_every_exchange(pair, django_assert_max_num_queries):
    one, two = pair
    third = make_customer(external_id="3")
    first = exchanged(two, one, "external_id")
    exchanged(third, two, "external_id")
    # The third holds what the second held, who had got it from the first.
    with django_assert_max_num_queries(8):
        assert origins("external_id", [third.pk, two.pk, one.pk]) == {third.pk: one.pk, two.pk: third.pk, one.pk: two.pk}
    assert origins("email", [third.pk, two.pk, one.pk]) == {}

    unmerge(merge=first, by=make_owner(), now=NOW)
    assert origins("external_id", [third.pk, two.pk, one.pk]) == {third.pk: two.pk, two.pk: third.pk}
