"""The keys of telephone numbers follow the country of the business."""

import pytest
from django.urls import reverse

from config import worker
from config.tests import cast
from crm import rekeying
from crm.importing.telling import silent
from crm.models import Business, Customer, Job
from crm.searching import catch_up, matching
from crm.tests.factories import make_customer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_broker(monkeypatch):
    monkeypatch.setattr("crm.jobs.ring", lambda *arguments: None)


def keys():
    return dict(Customer.objects.values_list("name", "phone_key"))


@pytest.fixture
def people():
    make_customer(name="Eva", phone="601 234 567")
    make_customer(name="Hana", phone="601234567", country="CZ")
    make_customer(name="Petr", phone="+420 602 118 337")
    make_customer(name="Jana", phone="at the door")
    make_customer(name="Jan")


def owner_sets(country):
    client = cast.signed_in(cast.owner())
    Business.keep()
    address = reverse("admin:crm_business_change", args=[Business.ONLY])
    form = client.get(address).context["adminform"].form
    filled = {name: value for name in form.fields if (value := form[name].value()) not in (None, False)}
    answer = client.post(address, filled | {"country": country})
    assert answer.status_code == 302, answer.context["errors"]


def test_another_country_of_the_business_is_a_job_that_brings_the_keys_up_to_date(people):
    owner_sets("PL")
    assert keys()["Eva"] == "420601234567"

    worker.run_job(Job.objects.get(kind=rekeying.KIND).pk)

    assert keys() == {"Eva": "48601234567", "Hana": "420601234567", "Petr": "420602118337", "Jana": "", "Jan": ""}
    job = Job.objects.get(kind=rekeying.KIND)
    assert (job.state, job.done, job.total) == ("finished", 4, 4)


def test_the_same_country_is_no_job(people):
    owner_sets("CZ")

    assert not Job.objects.filter(kind=rekeying.KIND).exists()


def test_a_caller_is_found_by_the_new_country_and_by_the_number_as_it_was_written(people):
    Business.keep(country="PL")
    rekeying.bring_up_to_date(silent)

    for _turn in range(2):
        for asked in ("+48 601 234 567", "601234567", "601 234"):
            assert "Eva" in Customer.objects.filter(matching(asked, home="PL")).values_list("name", flat=True), asked
        assert not Customer.objects.filter(matching("420601234567", home="PL"), name="Eva").exists()
        catch_up()


def test_it_goes_in_stretches_and_a_second_time_changes_nobody(people, monkeypatch):
    monkeypatch.setattr(rekeying, "AT_ONCE", 1)
    Business.keep(country="PL")
    told = []

    assert rekeying.bring_up_to_date(lambda *now: told.append(now)) == 1
    assert told == [(done, 4, rekeying.DOING) for done in (1, 2, 3, 4)]
    before = list(Customer.objects.order_by("pk").values())
    assert rekeying.bring_up_to_date(silent) == 0
    assert list(Customer.objects.order_by("pk").values()) == before


def test_a_country_that_changes_while_it_works_is_that_of_the_next_stretch_and_another_job(people, monkeypatch):
    monkeypatch.setattr(rekeying, "AT_ONCE", 1)
    make_customer(name="Zora", phone="601 234 999")
    Business.keep(country="PL")
    first = rekeying.ask()

    rekeying.bring_up_to_date(lambda done, total, doing: Business.keep(country="SK"))
    assert {keys()["Eva"], keys()["Zora"]} == {"48601234567", "421601234999"}
    assert rekeying.ask() != first
    rekeying.bring_up_to_date(silent)

    assert {keys()["Eva"], keys()["Zora"]} == {"421601234567", "421601234999"}


def test_the_statements_do_not_grow_with_the_customers(people, django_assert_max_num_queries):
    for number in range(40):
        make_customer(phone=f"601 234 {number:03}")
    Business.keep(country="PL")
    with django_assert_max_num_queries(16):
        assert rekeying.bring_up_to_date(silent) == 41
