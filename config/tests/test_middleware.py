"""What holds for every request. Who is let in where is asked of each route in test_access.py."""

from uuid import uuid4

import pytest
from django.db import OperationalError
from django.utils import timezone
from psycopg2.errors import DeadlockDetected, SerializationFailure

from config.tests import cast
from crm import contact
from crm.merging.merge import merge
from crm.models import Interaction
from crm.tests.factories import make_customer, make_owner

pytestmark = pytest.mark.django_db


class Deadlock(DeadlockDetected):
    """As the driver raises it: made by hand it would not know its own number."""

    pgcode = "40P01"


class Refused(SerializationFailure):
    pgcode = "40001"


class TestAskedOnceMore:
    """Of two who wait for each other PostgreSQL sends one away."""

    @pytest.fixture
    def eva(self):
        return make_customer(name="Eva")

    @pytest.fixture
    def send(self, eva):
        client = cast.signed_in(make_owner())
        client.raise_request_exception = False
        return lambda: client.post(f"/customers/{eva.pk}/log/", {"kind": "call", "minutes": "5", "text": "Typed", "key": str(uuid4())})

    @pytest.fixture
    def fails(self, monkeypatch):
        """Makes the next so many writes fail as the database would have them; `meanwhile` is what the other one did."""

        def prepare(*causes, meanwhile=lambda: None):
            left, write = list(causes), contact.log

            def log(**said):
                if not left:
                    return write(**said)
                meanwhile()
                raise OperationalError("deadlock detected") from left.pop(0)

            monkeypatch.setattr(contact, "log", log)

        return prepare

    def test_who_was_sent_away_has_it_written_all_the_same(self, send, fails):
        fails(Deadlock())

        assert send().status_code == 302
        assert Interaction.objects.count() == 1

    def test_whoever_is_gone_by_then_is_said_to_be_and_what_was_typed_is_kept(self, send, fails, eva):
        by, other = make_owner(), make_customer()
        fails(Deadlock(), meanwhile=lambda: merge(into=other, from_=eva, fields={}, by=by, now=timezone.now()))

        answer = send()

        assert answer.status_code == 410 and "Typed" in answer.text
        assert not Interaction.objects.exists()

    @pytest.mark.parametrize("causes", [[Deadlock(), Deadlock()], [Refused()], [None]])
    def test_it_is_asked_once_more_only_and_only_for_that(self, send, fails, causes):
        fails(*causes)

        assert send().status_code == 500
        assert not Interaction.objects.exists()
