"""The people that tests know: Petr at the counter, Jana, the owner, and the browser of each; two customers; and the clock they go by."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.utils import timezone, translation

from crm.models import Customer, User
from crm.tests.factories import make_customer

PASSWORD = "correct-horse-battery"


def owner(**fields) -> User:
    return User.objects.create_user("jana@example.com", PASSWORD, **({"name": "Jana Horáková", "role": User.Role.OWNER} | fields))


def staff(**fields) -> User:
    return User.objects.create_user("petr@example.com", PASSWORD, **({"name": "Petr Malý"} | fields))


def reader(**fields) -> User:
    return User.objects.create_user("ivo@example.com", PASSWORD, **({"name": "Ivo Tichý", "role": User.Role.READER} | fields))


def signed_in(user: User | None) -> Client:
    """A browser in which this person is signed in, or nobody."""
    client = Client(raise_request_exception=False)
    if user:
        client.force_login(user)
    return client


@pytest.fixture(name="petr")
def at_the_counter(db) -> User:
    return staff()


@pytest.fixture(name="staff")
def petrs_browser(petr: User) -> Client:
    return signed_in(petr)


@pytest.fixture
def jana(db) -> User:
    return owner()


@pytest.fixture(name="owner")
def janas_browser(jana: User) -> Client:
    return signed_in(jana)


@pytest.fixture
def eva(db) -> Customer:
    return make_customer(name="Eva Nováková")


@pytest.fixture
def martin(db) -> Customer:
    return make_customer(name="Martin Krejčí")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """It stands still until the test moves it."""
    with time_machine.travel(timezone.now(), tick=False) as moved:
        yield moved


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """Each test begins so, whatever language a request of the one before has chosen."""
    with translation.override("en"):
        yield
