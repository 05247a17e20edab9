"""The people that tests sign in."""

from django.test import Client

from crm.models import User

PASSWORD = "correct-horse-battery"


def owner(**fields) -> User:
    return User.objects.create_user("jana@example.com", PASSWORD, **({"name": "Jana Horáková", "role": User.Role.OWNER} | fields))


def staff(**fields) -> User:
    return User.objects.create_user("petr@example.com", PASSWORD, **({"name": "Petr Malý"} | fields))


def signed_in(user: User | None) -> Client:
    """A browser in which this person is signed in, or nobody."""
    client = Client(raise_request_exception=False)
    if user:
        client.force_login(user)
    return client
