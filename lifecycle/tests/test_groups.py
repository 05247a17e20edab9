"""The groups behind Today, as the list of customers shows them: the same people as Today counts, also those beyond its twenty."""

from datetime import timedelta

import pytest

from crm.figures import Figures
from crm.listing import listing
from crm.models import Business, Facts, PastFacts
from crm.tests.factories import make_customer, make_interaction, make_order
from lifecycle.groups import ON_RHYTHM, TO_CONTACT
from lifecycle.numbers import Numbers
from lifecycle.tests.test_today import AS_OF, due, vital
from lifecycle.today import MOST, ToContact

pytestmark = pytest.mark.django_db

TODAY = AS_OF + timedelta(days=1)


def members(key, facts=Facts, today=TODAY):
    figures = Figures(Business.load(), AS_OF, facts, is_past=facts is PastFacts)
    return {row.customer.pk for row in listing({"group": key}, figures, today).rows}


def test_to_contact_are_all_whom_today_names_and_who_can_wait():
    everyone = {vital(71).pk for _ in range(MOST + 2)} | {due(AS_OF).pk}
    contact = ToContact.at(Figures(Business.load(), AS_OF, Facts), AS_OF, TODAY)

    assert members(TO_CONTACT) == everyone
    assert len(contact.people) + contact.waiting == len(everyone)


def test_who_was_seen_to_is_in_no_list_to_contact():
    for seen_to in (lambda who: make_interaction(who, happened_on=TODAY), lambda who: make_order(who, ordered_on=TODAY)):
        customer = vital(71)
        assert members(TO_CONTACT) == {customer.pk}
        seen_to(customer)
        assert members(TO_CONTACT) == set()


def test_on_rhythm_are_as_many_as_the_headline_says():
    early, late = vital(63, gap=32.0), vital(64, gap=32.0)
    for customer in (early, late):
        make_order(customer, ordered_on=customer.facts.last_order_on)
    make_customer()

    # Twice the usual pause is 64 days.
    assert members(ON_RHYTHM) == {early.pk}
    assert Numbers.count(Facts, AS_OF).on_rhythm[0] == 1


def test_looking_back_they_are_those_of_that_day():
    customer = vital(71)
    PastFacts.objects.create(**Facts.objects.values().get(pk=customer.pk))
    make_interaction(customer, happened_on=TODAY)

    # What came after the day looked at keeps nobody off its list.
    assert (members(TO_CONTACT), members(TO_CONTACT, PastFacts)) == (set(), {customer.pk})
