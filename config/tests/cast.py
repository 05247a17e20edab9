"""The people that tests sign in. A fixture gives the one who is at the counter in most of them, and another their browser."""

import pytest
from django.test import Client

from crm.models import User

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
def at_the_counter() -> User:
    return staff()


@pytest.fixture(name="staff")
def their_browser(petr: User) -> Client:
    return signed_in(petr)
