"""Whoever may only read sees what staff see, and is offered nothing that would be refused."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import resolve
from django.utils import timezone

from config.tests import cast
from config.tests.test_access import record
from crm.access import may_write, refuse_readers
from crm.complaints.page import DEEDS
from crm.complaints.seen import Seen
from crm.evidence import record_evidence
from crm.models import Business, Complaint, Interaction, User
from crm.tests.factories import make_complaint, make_customer, make_enquiry, make_interaction, make_order, make_task, make_user
from lifecycle import nightly

PAGES = ["/", "/customers/", "/customers/{}/", "/ladder/", "/ladder/moves/", "/segments/"]
# Far beyond what PostgreSQL's sequences give the other rows of a test: they count on from where earlier tests left them.
NUMBER, SOLVED = 2_000_000_000, 2_000_000_001
# With something in each that staff would do something about: all have the number of the customer.
PAGES += ["/tasks/", "/tasks/?who=all", "/tasks/?who=left", "/tasks/?who=all&show=closed", "/tasks/{}/"]
PAGES += ["/complaints/", "/complaints/?state=solved", "/complaints/{}/", f"/complaints/{SOLVED}/", "/desk/"]


@pytest.fixture
def customer(db):
    customer, today = make_customer(pk=NUMBER), Business.load().today()
    for weeks in (15, 22, 29, 36):
        make_order(customer, ordered_on=today - timedelta(weeks=weeks))
    record_evidence(customer=customer, kind="only_us", holds=True, happened_on=today, by=cast.staff(), text="", today=today)
    make_interaction(customer)
    make_task(User.objects.get(), pk=customer.pk, customer=customer)
    make_task(make_user(is_active=False), why="Of one who has left")
    make_task(state="done", closed_on=today, closed_at=timezone.now())
    make_complaint(customer, pk=customer.pk)
    make_complaint(customer, pk=SOLVED, state="solved", solution="x", ended_on=today)
    make_enquiry(customer, pk=customer.pk)
    nightly.run(today - timedelta(days=1), today=today)
    return customer


def writes(page: str) -> set[str]:
    """Where its forms and controls would post to."""
    forms = re.findall(r'<form[^>]*method="post"[^>]*action="([^"?]*)', page) + re.findall(r'hx-(?:post|put|delete|patch)="([^"?]*)', page)
    return {*forms, *re.findall(r'formaction="([^"?]*)', page)}


def leads(page: str) -> set[str]:
    """Where its links and what it fetches lead."""
    return {unescape(to) for to in re.findall(r'(?:href|hx-get)="(/[^"#]*)', page) if not to.startswith("/static/")}


def refused(page: str) -> set[str]:
    views = {address: resolve(address).func for address in writes(page)}
    return {address for address, view in views.items() if getattr(view, "login_required", True) and not getattr(view, "readers_too", False)}


@pytest.mark.parametrize("address", PAGES)
def test_a_page_offers_a_reader_nothing_that_is_refused(customer, address):
    client = cast.signed_in(cast.reader())

    page = client.get(address.format(customer.pk))

    assert page.status_code == 200
    assert refused(page.text) == set() and 'data-go="l!"' not in page.text
    assert 'method="post">' not in page.text, "a form without an address is sent to the page itself"
    assert {to for to in leads(page.text) if client.get(to).status_code == 403} == set()


@pytest.mark.parametrize("address", ["/", "/customers/{}/", "/tasks/", "/tasks/{}/", "/tasks/?who=left", "/complaints/{}/", "/desk/"])
def test_the_same_page_offers_it_to_staff(customer, address):
    assert refused(cast.signed_in(User.objects.get(email="petr@example.com")).get(address.format(customer.pk)).text)


def test_a_reader_sees_people_as_staff_do(customer):
    page = cast.signed_in(cast.reader()).get(f"/customers/{customer.pk}/").text

    assert customer.name in page and "What we know" in page


def test_a_reader_who_can_have_no_tasks_is_shown_everyone_s(customer):
    make_task(make_user(name="Petr"), why="Call them back", due_on=Business.load().today())
    reader = cast.signed_in(cast.reader())
    for page in "/", "/tasks/", "/tasks/?who=nobody":
        told = reader.get(page).content.decode()
        assert "Call them back" in told and "Your tasks" not in told and "Only yours" not in told
    assert ">Mine<" not in reader.get("/tasks/").content.decode()


def test_a_reader_is_told_why_and_whom_to_ask(customer):
    answer = cast.signed_in(cast.reader()).post(f"/customers/{customer.pk}/log/", {"kind": "call", "text": "Not mine to write"})

    assert answer.status_code == 403
    assert "Your account may look at everything here, and change nothing. If you need more, ask an owner." in answer.text
    assert not Interaction.objects.filter(text="Not mine to write").exists()


@pytest.mark.parametrize("who", [lambda: cast.staff(), lambda: cast.owner()])
def test_staff_and_owners_may_write(db, who):
    assert may_write(who())
    refuse_readers(User.objects.get())


@pytest.mark.parametrize("who", [lambda: cast.reader(), lambda: cast.staff(is_active=False), AnonymousUser])
def test_nobody_else_may(db, who):
    with pytest.raises(PermissionDenied, match="change nothing"):
        refuse_readers(who())


def sent(pk: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Of tasks, complaints and what waits for an answer: all that may be sent, as staff would, where it would do something."""
    for of in (Complaint.objects.get(pk=pk), Complaint.objects.get(pk=SOLVED)):
        for name, deed in DEEDS.items():
            said = dict.fromkeys(("text", "what", "solution", "reason", "promised"), "By a reader") | {"nature": "grievance"}
            form = said | {
                "key": str(uuid4()),
                "seen": Seen.of(of, deed.form.kind).signed(),
                "owner": str(User.objects.get(email="petr@example.com").pk),
            }
            yield f"/complaints/{of.pk}/{name}/", form
    staff = str(User.objects.filter(role="staff", is_active=True).latest("pk").pk)
    yield f"/customers/{pk}/complaint/", {"nature": "claim", "what": "By a reader", "owner": staff, "key": str(uuid4())}
    task = {"why": "By a reader", "due_on": "2035-01-01", "assignee": staff, "key": str(uuid4()), "seen": "0"}
    yield "/tasks/new/", task
    yield f"/tasks/{pk}/", task
    for way in ("done", "cancel", "reopen", "snooze/undo"):
        yield f"/tasks/{pk}/{way}/", {}
    yield f"/tasks/{pk}/snooze/", {"until": "week", "reason": "By a reader"}
    yield f"/tasks/{pk}/hand-over/", {"to": staff}
    yield "/tasks/hand-over/", {"of": str(User.objects.get(is_active=False).pk), "to": staff}
    for way in ("take", "give-up", "undo"):
        yield f"/desk/{pk}/{way}/", {}
    yield f"/desk/{pk}/answer/", {"kind": "call", "minutes": "5", "text": "By a reader", "key": str(uuid4())}
    yield f"/desk/{pk}/done/", {"reason": "By a reader"}


def test_whatever_a_reader_sends_of_work_is_refused_and_changes_nothing(customer):
    client, before = cast.signed_in(cast.reader()), record()

    for address, form in sent(customer.pk):
        answer = client.post(address, form)

        assert answer.status_code == 403, address
        assert "Your account may look at everything here, and change nothing." in answer.text
        assert record() == before, address


def test_the_same_sent_by_staff_does_something(customer):
    """Or the test above would say nothing: idle is only what cannot be done to these rows."""
    client, pk, idle = cast.signed_in(User.objects.get(email="petr@example.com")), customer.pk, set()

    for address, form in sent(pk):
        with transaction.atomic():
            before = record()
            client.post(address, form)
            if record() == before:
                idle.add(address)
            transaction.set_rollback(True)

    not_now = {f"/complaints/{pk}/{name}/" for name in ("go-on", "back")}
    not_then = {f"/complaints/{SOLVED}/{name}/" for name in ("wait", "go-on", "promise", "hand", "correct", "close")}
    assert idle == not_now | not_then | {f"/tasks/{pk}/reopen/", f"/tasks/{pk}/snooze/undo/", f"/desk/{pk}/give-up/", f"/desk/{pk}/undo/"}
