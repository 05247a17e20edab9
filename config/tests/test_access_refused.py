"""What is refused is refused however it is asked for: of rows that are there, with a body that would do something, by each method, from
htmx; and no table holds anything else afterwards, those of Django and allauth included.
"""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.core.management.color import no_style
from django.db import connection, transaction
from django.utils import timezone

from config.tests import cast
from config.tests.test_access import (
    ADMIN,
    NO_SUCH_WAY,
    REFUSED,
    ROUTES,
    TO_LOGIN,
    address,
    browsers,
    expected,
    outcome,
    some_rows,  # noqa: F401  (a fixture)
)
from crm.models import (
    BulkAction,
    Candidate,
    Customer,
    CustomerTag,
    CustomField,
    Household,
    Import,
    Interaction,
    Invitation,
    Merge,
    SocialProfile,
    Tag,
    User,
    UserSession,
)
from crm.tests.factories import make_owner

WHO = ["nobody", "deactivated", "reader", "owner made a reader", "staff", "demoted"]
METHODS = ["get", "head", "post", "put", "patch", "delete", "options"]
# What some form or other asks for, so that whatever got through would write.
BODY = {
    **{"name": "Forged", "email": "forged@example.com", "role": "owner", "owners": "on", "kind": "call", "text": "Forged", "minutes": "5"},
    **{"customer": "1", "who": "Eva", "all": "1", "to": "1", "of": "1", "until": "day", "day": "2030-01-01", "reason": "Forged"},
    **{"why": "Forged", "due_on": "2030-01-01", "what": "Forged", "purpose": "marketing", "channel": "email", "given": "yes"},
    **{"how": "phone", "on": "2025-01-01", "network": "x", "side": "include", "rule": '{"all": []}', "confirm": "yes", "confirmed": "yes"},
    **{"key": "9f4de2f1-3d5c-4d0f-8a37-3b1f0a4d8f11", "next": "/", "_method": "DELETE", "is_owner": "1", "up": "1"},
}
# Where a form asks for it otherwise.
OF_ROUTE = {
    "customers/new/": {"kind": "external", "entity": "person", "market": "b2c"},
    "tasks/new/": {"assignee": "1"},
    "tasks/<int:pk>/": {"assignee": "1", "seen": "0"},
    "customers/<int:pk>/complaint/": {"nature": "claim", "owner": "1"},
    "customers/<int:pk>/evidence/": {"kind": "only_us", "happened_on": "2025-01-01"},
    "customers/<int:pk>/household/": {"who": "Jan", "customer": "4"},
    "households/<int:pk>/add/": {"who": "Jan", "customer": "4"},
    "customers/<int:pk>/company/": {"who": "Bistro", "customer": "5"},
    "customers/<int:pk>/reach/": {"prefers": "call"},
    "customers/<int:pk>/more/": {"f1": "Dark", "s1": ""},
    "settings/fields/": {"kind": "text"},
    "segments/<int:pk>/": {"version": "1"},
}
# Django's session of whoever asks; and SQLite's index of words, which cannot be read as a table and follows that of the customers.
BESIDE = ("django_session", "crm_customer_search")


@pytest.fixture
def everything(some_rows):  # noqa: F811
    """All that an address of the matrix can name is there, has the number 1, and is somebody else's."""
    other, now = make_owner(pk=1, email="other@example.com"), timezone.now()
    eva = Customer.objects.get(pk=1)
    rows = [
        Household(pk=1, name="Novák"),
        Interaction(pk=1, customer=eva, kind="call", happened_on=now.date(), by=other),
        Tag(pk=1, key="vip", name="VIP", name_key="vip"),
        CustomerTag(pk=1, customer=eva, tag_id=1, by=other),
        CustomField(pk=1, key="roast", name="Roast", name_key="roast", kind="text"),
        SocialProfile(pk=1, customer=eva, network="x", handle="eva", url="https://x.com/eva"),
        Import(pk=1, source="shop", file_name="a.csv", digest="0" * 64, by=other, started_at=now),
        BulkAction(pk=1, kind="owner", state="done", ended_at=now, by=other, form_key=uuid4()),
        Invitation(pk=1, email="guest@example.com", role="staff", digest="0" * 64, by=other, expires_at=now + timedelta(days=7)),
    ]
    for row in rows:
        row.save(force_insert=True)
    Customer.objects.update(household=1)
    Customer.objects.create(pk=4, name="Jan"), Customer.objects.create(pk=5, name="Bistro", entity="company")
    second, third = Customer.objects.create(pk=2, name="Ewa"), Customer.objects.create(pk=3, name="Eve", merged_into=eva)
    Merge.objects.create(pk=1, into=eva, from_customer=third, at=now, by=other, changes={"into": {}, "from": {}})
    Candidate.objects.create(pk=1, first=eva, second=second, why="name", score=90, found_at=now)
    session = Session.objects.create(session_key="x" * 32, session_data="", expire_date=now + timedelta(hours=3))
    UserSession.objects.create(pk=1, session=session, user=other, began_at=now, seen_at=now)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [User, UserSession, Customer, *map(type, rows)]):
            cursor.execute(statement)


def tables() -> dict[str, list[str]]:
    """Every row of every table of the database, whoever's it is."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith(BESIDE):
                continue
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = sorted(map(repr, cursor.fetchall()))
    return found


def changed(before):
    after = tables()
    return {table for table in before.keys() | after.keys() if before.get(table) != after.get(table)}


def is_shut(answer, to: int | str) -> bool:
    """Refused as the line says; what htmx asks for is no place for the login, so the page is read again."""
    sent_away = to == TO_LOGIN and answer.status_code == 200 and answer.headers.get("HX-Refresh") == "true" and not answer.content
    return outcome(answer) == to or sent_away


def shut(who):
    """The routes and methods that a person of this kind is refused, each with what they hear. By another method than GET and POST they
    are refused as by POST, or there is no such way."""
    for route in ROUTES:
        by_get, by_post = expected(route, who)
        for method in METHODS:
            to = by_get if method in {"get", "head"} else by_post
            if to in {REFUSED, TO_LOGIN} and route not in {"login/", "login/code/", "logout/"}:
                yield route, method, to


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true", "HX-Target": "main"}], ids=["page", "htmx"])
def test_what_is_refused_is_refused_of_what_there_is_and_changes_no_table(everything, who, headers):
    (client,) = browsers(who, 1)
    before, open_, asked = tables(), {}, 0
    for route, method, to in shut(who):
        body = {"data": BODY | OF_ROUTE.get(route, {})} if method == "post" else {}
        answer = getattr(client, method)(address(route), headers=headers, **body)
        asked += 1
        if not (is_shut(answer, to) or (method not in {"get", "head", "post"} and answer.status_code == 405)):
            open_[route, method] = answer.status_code

    assert open_ == {} and changed(before) == set()
    # Else nothing was asked, and all of this says nothing.
    assert asked > {"nobody": 500, "deactivated": 500}.get(who, 150)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_the_admin_panel_refuses_each_method_and_changes_no_table(everything, who, method):
    (client,) = browsers(who, 1)
    before = tables()
    body = {"data": BODY} if method == "post" else {}
    outcomes = {route: outcome(getattr(client, method)(address(route), **body)) for route in ADMIN if route != "admin/logout/"}

    assert {route: what for route, what in outcomes.items() if what not in {TO_LOGIN, "/admin/login/", REFUSED}} == {}
    assert changed(before) == set()


@pytest.mark.parametrize(
    ("path", "status"),
    [("/interactions/1/", REFUSED), ("/interactions/1/undo/", REFUSED), ("/account/sessions/1/end/", 404)],
)
@pytest.mark.parametrize("who", ["staff", "demoted", "reader"])
def test_what_is_another_persons_own_stays_theirs(everything, who, path, status):
    (client,) = browsers(who, 1)
    before = tables()

    assert client.post(path, BODY).status_code == status
    assert changed(before) == set()


def test_what_a_reader_is_refused_does_write_where_an_owner_sends_it(everything):
    """Of a body that writes nothing its refusal would say nothing."""
    client, idle = cast.signed_in(User.objects.get(pk=1)), set()
    refused = [route for route in ROUTES if expected(route, "reader")[1] == REFUSED and expected(route, "owner")[1] != NO_SUCH_WAY]
    for route in refused:
        with transaction.atomic():
            before = tables()
            client.post(address(route), BODY | OF_ROUTE.get(route, {}))
            if not changed(before):
                idle.add(route)
            transaction.set_rollback(True)

    assert idle & OF_ROUTE.keys() == set() and len(refused) - len(idle) > 50


def test_the_owners_own_way_changes_something(everything):
    """What the tests above forbid does write where it is allowed: their bodies are no empty ones."""
    before = tables()
    client = cast.signed_in(User.objects.get(pk=1))

    assert outcome(client.post("/merges/1/undo/")) == "/merges/1/"
    assert outcome(client.post("/team/invite/", BODY)) == 200
    assert {"crm_merge", "crm_invitation", "crm_audit", "crm_customer"} <= changed(before)
