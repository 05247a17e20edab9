"""What staff have recorded beside the orders, for the pages and their plans: contacts, tasks, complaints, questions, duplicates, an audit.

Drawn by a fixed seed, a stretch of rows in a transaction. `python -m bench.recorded`, on an installation of the environment.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from django.db import models, transaction

import config.standalone  # noqa: F401  (makes Django ready for the models below)
from crm import bulk
from crm.models import Audit, Candidate, Complaint, Customer, Enquiry, Interaction, Task, User

SEED = 20250101
AT_ONCE = 20_000
# One customer has so many contacts.
BUSY = 10_000
ENTRIES = 1_000_000
WHO = "bench@example.com"


def owner() -> User:
    return User.objects.filter(email=WHO).first() or User.objects.create_user(WHO, role=User.Role.OWNER)


def busiest() -> int | None:
    """The key of the customer with BUSY contacts; None where nothing was recorded."""
    found: int | None = Interaction.objects.filter(text=f"Contact {BUSY}").values_list("customer", flat=True).first()
    return found


def fill(*, today: date, entries: int = ENTRIES) -> None:
    """Once: where there is an audit of that size, nothing is written."""
    if Audit.objects.count() >= entries:
        return
    people, by, random = list(Customer.objects.order_by("pk").values_list("pk", flat=True)), owner(), Random(SEED)
    at = datetime.combine(today, datetime.min.time(), UTC)
    _contacts(people, by, at, random)
    _tasks(people, by, today, at, random)
    _complaints(people, by, today, at, random)
    _questions(at)
    pairs = ((people[place], people[place + 1], "name", 88 + place % 12, _stamp(at)) for place in range(min(len(people) - 1, 10_000)))
    _write(Candidate, ["first", "second", "why", "score", "found_at"], pairs)
    audit(people, by, at, entries)
    bulk.analyze(Interaction, Task, Complaint, Enquiry, Candidate, Audit)


def _contacts(people: list[int], by: User, at: datetime, random: Random) -> None:
    """As many as customers, and BUSY of the one in the middle."""
    names = ["customer", "kind", "direction", "happened_on", "happened_at", "minutes", "text", "by", "created"]
    whose = [*random.choices(people, k=len(people)), *[people[len(people) // 2]] * BUSY]

    def rows() -> Iterator[list[Any]]:
        for place, customer in enumerate(whose):
            then = at - timedelta(minutes=random.randrange(3 * 365 * 24 * 60))
            text = f"Contact {place - len(people) + 1}" if place >= len(people) else "Asked about the order."
            yield [customer, "call", "in", then.date().isoformat(), _stamp(then), 5, text, by.pk, _stamp(then)]

    _write(Interaction, names, rows())


def _tasks(people: list[int], by: User, today: date, at: datetime, random: Random) -> None:
    """One of ten customers; nine of ten are closed."""
    names = ["customer", "assignee", "due_on", "why", "repeats", "state", "snoozed_because", "planned_on", "closed_on", "closed_at"]
    names += ["created", "series_on", "turn", "revision"]

    def rows() -> Iterator[list[Any]]:
        for place, customer in enumerate(random.sample(people, len(people) // 10)):
            due, is_open = today + timedelta(days=random.randrange(-400, 30)), not place % 10
            state, closed = ("open", None) if is_open else ("done", min(due, today).isoformat())
            ended = None if is_open else _stamp(at)
            yield [
                customer,
                by.pk,
                due.isoformat(),
                "Call back",
                "",
                state,
                "",
                due.isoformat(),
                closed,
                ended,
                _stamp(at),
                due.isoformat(),
                0,
                0,
            ]

    _write(Task, names, rows())


def _complaints(people: list[int], by: User, today: date, at: datetime, random: Random) -> None:
    """One of fifty customers; one of ten is open."""
    names = [
        "customer",
        "nature",
        "what",
        "opened_on",
        "deadline_on",
        "due_on",
        "promised",
        "owner",
        "solution",
        "reason",
        "state",
        "ended_on",
    ]

    def rows() -> Iterator[list[Any]]:
        for place, customer in enumerate(random.sample(people, len(people) // 50)):
            opened = today - timedelta(days=random.randrange(20 if not place % 10 else 700))
            due, is_open = (opened + timedelta(days=30)).isoformat(), not place % 10
            ends = ["", "", "open", None] if is_open else ["Sent a new one.", "", "solved", today.isoformat()]
            yield [customer, "claim", "The grinder broke.", opened.isoformat(), due, due, "", by.pk, *ends, _stamp(at)]

    _write(Complaint, [*names, "opened_at"], rows())


def _questions(at: datetime) -> None:
    """Of the first contacts; one of twenty waits."""
    asked = Interaction.objects.order_by("pk").values_list("pk", "happened_at")[: AT_ONCE * 5]

    def rows() -> Iterator[list[Any]]:
        for place, (contact, then) in enumerate(asked):
            waits = not place % 20
            yield [contact, _stamp(then or at), None if waits else _stamp(at), "" if waits else "It was answered by hand."]

    _write(Enquiry, ["interaction", "asked_at", "answered_at", "no_answer"], rows())


def audit(people: list[int], by: User, at: datetime, entries: int) -> None:
    names = ["at", "by_pk", "by_name", "what", "model", "row", "name", "customer_pk", "changes", "note"]
    changes = '{"city": ["Praha", "Brno"]}'

    def rows() -> Iterator[list[Any]]:
        for place in range(entries):
            customer, then = people[place % len(people)], _stamp(at - timedelta(seconds=20 * (entries - place)))
            what = "customer.added" if not place % 100 else "customer.changed"
            yield [then, None if place % 20 else by.pk, str(by), what, "crm.customer", customer, "Somebody", customer, changes, ""]

    _write(Audit, names, rows())


def _write(model: type[models.Model], names: list[str], rows: Iterator[Any]) -> None:
    while some := list(islice(rows, AT_ONCE)):
        with transaction.atomic():
            bulk.insert(model, names, some)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


if __name__ == "__main__":
    fill(today=date.today())
