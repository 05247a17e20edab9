"""What is written once: the database refuses to change or delete it, whoever asks, and has one door."""

from datetime import date

import pytest
from django.db import DatabaseError, connection, transaction

from config.tests import cast
from crm import written_once
from crm.consents import record_consent
from crm.models import Audit, Consent, ConsentText
from crm.tests.factories import make_customer

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 3)
WRITES = [
    lambda: ConsentText.objects.update(text="We may do anything."),
    lambda: ConsentText.objects.filter(text="May we?").update(version=9),
    lambda: ConsentText.objects.first().save(),
    lambda: ConsentText.objects.filter(consent=None).delete(),
    lambda: execute("UPDATE crm_consenttext SET purpose = 'opinion'"),
    lambda: execute("DELETE FROM crm_consenttext"),
]


def execute(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def agrees(text="May we?"):
    said = {"purpose": "marketing", "channel": "email", "given": True, "how": "paper", "on": DAY, "today": DAY}
    return record_consent(customer=make_customer(), by=cast.staff(), text=text, **said)


@pytest.mark.parametrize("write", WRITES)
def test_the_words_that_somebody_agreed_to_stay_as_they_were(write):
    agrees()
    ConsentText.objects.create(purpose="opinion", version=1, text="Nobody agreed to this yet.")
    before = list(ConsentText.objects.order_by("pk").values_list())

    with pytest.raises(DatabaseError, match="the text of a consent is never changed and never deleted"), transaction.atomic():
        write()

    assert list(ConsentText.objects.order_by("pk").values_list()) == before


def test_they_stay_where_the_customer_is_deleted_for_good():
    customer = agrees().customer

    customer.delete()

    assert not Consent.objects.exists() and ConsentText.objects.get().text == "May we?"


def test_the_one_door_opens_all_of_them_and_closes_behind():
    agrees()

    with written_once.unlocked():
        Consent.objects.all().delete(), ConsentText.objects.all().delete(), Audit.objects.all().delete()

    ConsentText.objects.create(purpose="opinion", version=1, text="May we ask?")
    Audit(what="consent.text", model="crm.ConsentText", name="x").save(force_insert=True)
    for table in written_once.TABLES:
        with pytest.raises(DatabaseError, match=table.words), transaction.atomic():
            execute(f"DELETE FROM {table.name}")


def test_where_the_block_fails_it_is_closed_too():
    agrees()

    with pytest.raises(ZeroDivisionError), written_once.unlocked():
        ConsentText.objects.none().delete(), 1 / 0

    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        ConsentText.objects.update(text="x")
