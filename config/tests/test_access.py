"""Who gets what, for every route: a new one fails here until it has its line."""

import re

import pytest
from django.apps import apps
from django.core.management.color import no_style
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from config.tests import cast
from config.tests.tower import FLOORS
from crm import jobs
from crm.models import Customer, User
from segments.models import Segment

IN, BAD, NO_SUCH_WAY, REFUSED, MISSING, GONE = 200, 400, 405, 403, 404, 410
TO_LOGIN, TO_HOME, TO_ADMIN, TO_IMPORT, TO_LADDER = "/login/", "/", "/admin/", "/import/", "/ladder/"
TO_EVA, TO_SEGMENT = "/customers/1/", "/segments/1/"

# Route: GET and POST (HEAD is as GET) for nobody, for staff, for an owner; a text is where it leads.
ROUTES = {
    "": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "customers/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "customers/<int:pk>/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "customers/<int:pk>/log/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, IN), (NO_SUCH_WAY, IN)],
    "customers/by-rule/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, IN), (NO_SUCH_WAY, IN)],
    "rules/builder/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, BAD), (NO_SUCH_WAY, BAD)],
    "rules/count/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, BAD), (NO_SUCH_WAY, BAD)],
    "log/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "interactions/<int:pk>/undo/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_HOME), (NO_SUCH_WAY, TO_HOME)],
    "login/": [(IN, IN), (TO_HOME, TO_HOME), (TO_HOME, TO_HOME)],
    "login/<slug:token>/": [(GONE, NO_SUCH_WAY), (GONE, NO_SUCH_WAY), (GONE, NO_SUCH_WAY)],
    "logout/": [(NO_SUCH_WAY, TO_LOGIN), (NO_SUCH_WAY, TO_LOGIN), (NO_SUCH_WAY, TO_LOGIN)],
    "language/": [(TO_HOME, TO_HOME), (TO_HOME, TO_HOME), (TO_HOME, TO_HOME)],
    "theme/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_HOME), (NO_SUCH_WAY, TO_HOME)],
    "pareto/": [(TO_LOGIN, TO_LOGIN), (REFUSED, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "segments/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "segments/new/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (IN, IN)],
    "segments/<int:pk>/": [(TO_LOGIN, TO_LOGIN), (IN, REFUSED), (IN, IN)],
    "segments/<int:pk>/moves/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "segments/<int:pk>/put/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, TO_SEGMENT)],
    "segments/<int:pk>/put-back/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, TO_SEGMENT)],
    "segments/<int:pk>/duplicate/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, "/segments/NEW/")],
    "segments/<int:pk>/delete/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, "/segments/")],
    "segments/<int:pk>/restore/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, MISSING)],
    "segments/<int:pk>/members.csv": [(TO_LOGIN, TO_LOGIN), (REFUSED, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "ladder/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "ladder/moves/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "customers/<int:pk>/not-now/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_HOME), (NO_SUCH_WAY, TO_HOME)],
    "customers/<int:pk>/not-now/undo/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_HOME), (NO_SUCH_WAY, TO_HOME)],
    "settings/ladders/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (IN, IN)],
    "settings/ladders/<slug:key>/": [(TO_LOGIN, TO_LOGIN), (REFUSED, NO_SUCH_WAY), (MISSING, NO_SUCH_WAY)],
    "settings/ladders/<slug:key>/ladder/primary/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, MISSING)],
    "settings/ladders/<slug:key>/ladder/back/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, MISSING)],
    "settings/ladders/<slug:key>/ladder/order/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, MISSING)],
    "settings/ladders/<slug:key>/ladder/add/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (MISSING, MISSING)],
    "settings/ladders/<slug:key>/<slug:stage>/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (MISSING, MISSING)],
    "settings/ladders/<slug:key>/<slug:stage>/leave/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (MISSING, MISSING)],
    "customers/<int:pk>/evidence/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "customers/<int:pk>/evidence/again/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_EVA), (NO_SUCH_WAY, TO_EVA)],
    "customers/<int:pk>/evidence/<slug:kind>/back/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_EVA), (NO_SUCH_WAY, TO_EVA)],
    "customers/<int:pk>/stage/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "customers/<int:pk>/stage/<slug:ladder>/release/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, MISSING), (NO_SUCH_WAY, MISSING)],
    "customers/<int:pk>/stage/<slug:ladder>/release/undo/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, MISSING), (NO_SUCH_WAY, MISSING)],
    "ladder/replay/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, TO_LADDER)],
    "look-back/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_HOME), (NO_SUCH_WAY, TO_HOME)],
    "look-back/end/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_HOME), (NO_SUCH_WAY, TO_HOME)],
    "look-back/progress/": [(TO_LOGIN, TO_LOGIN), (TO_HOME, NO_SUCH_WAY), (TO_HOME, NO_SUCH_WAY)],
    "import/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (IN, IN)],
    "import/<int:pk>/": [(TO_LOGIN, TO_LOGIN), (REFUSED, NO_SUCH_WAY), (MISSING, NO_SUCH_WAY)],
    "import/<int:pk>/progress/": [(TO_LOGIN, TO_LOGIN), (REFUSED, NO_SUCH_WAY), (MISSING, NO_SUCH_WAY)],
    "import/<int:pk>/again/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, MISSING)],
    "import/<int:pk>/errors.csv": [(TO_LOGIN, TO_LOGIN), (REFUSED, NO_SUCH_WAY), (MISSING, NO_SUCH_WAY)],
    "demo/fill/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, TO_HOME)],
    "demo/remove/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (TO_IMPORT, TO_IMPORT)],
    "demo/progress/": [(TO_LOGIN, TO_LOGIN), (TO_HOME, NO_SUCH_WAY), (TO_HOME, NO_SUCH_WAY)],
    "healthz": [(IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "admin/login/": [(TO_LOGIN, NO_SUCH_WAY), (REFUSED, NO_SUCH_WAY), (TO_ADMIN, NO_SUCH_WAY)],
}
# Who, and whose column they get: what has happened to someone holds from their next request on.
WHO = {"nobody": 0, "deactivated": 0, "staff": 1, "demoted": 1, "owner": 2}
DENIED = {TO_LOGIN, BAD, REFUSED, MISSING, NO_SUCH_WAY, GONE}
# Only looking at a login link neither uses it up nor tells whether it is good.
HEAD = {"login/<slug:token>/": IN}


def walk(patterns, prefix=""):
    for pattern in patterns:
        route = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from walk(pattern.url_patterns, route)


ALL = list(walk(get_resolver().url_patterns))
# The panel's own login page stands behind ours and is never reached.
ADMIN = sorted({route for route in ALL if route.startswith("admin/")} - {"admin/login/"})


def address(route: str) -> str:
    """An address that the route matches."""
    return "/" + re.sub(r"<[^>]+>|\(\?P<url>.*", "1", re.sub(r"\(\?P<app_label>.*", "crm/", route))


def outcome(answer) -> int | str:
    if answer.status_code != 302:
        return answer.status_code
    # What is not the number 1 was just made: which number it got is the database's choice.
    return re.sub(r"/(?!1/)\d+/", "/NEW/", answer.url.partition("?")[0])


def browsers(who: str, count: int) -> list[Client]:
    """So many in which this person is signed in, each with a session from before what happened to them."""
    owner = who in {"owner", "demoted", "deactivated"}
    user = None if who == "nobody" else cast.owner() if owner else cast.staff()
    clients = [cast.signed_in(user) for _ in range(count)]
    if who == "demoted":
        User.objects.update(role=User.Role.STAFF)
    if who == "deactivated":
        User.objects.update(is_active=False)
    return clients


def record() -> dict[str, list[tuple]]:
    """Every row of every table of ours."""
    models = [model for floor in FLOORS for model in apps.get_app_config(floor).get_models()]
    return {model._meta.label: list(model._base_manager.order_by("pk").values_list()) for model in models}


@pytest.fixture
def some_rows(db):
    """What the example addresses lead to: all that has a number has the number 1."""
    jobs.show_life("tick", timezone.now())  # or /healthz would miss the worker
    Customer.objects.create(pk=1, name="Eva Nováková")
    Segment.objects.create(pk=1, key="all", name="All", rule={"all": []})
    with connection.cursor() as cursor:
        # PostgreSQL counts on from where it was, and would give the number 1 again.
        for statement in connection.ops.sequence_reset_sql(no_style(), [Customer, Segment]):
            cursor.execute(statement)


def test_every_route_has_its_line():
    assert {route for route in ALL if not route.startswith("admin/")} | {"admin/login/"} == set(ROUTES)


def test_every_example_address_leads_to_its_route():
    assert {route: found for route in ADMIN if (found := get_resolver().resolve(address(route)).route) != route} == {}
    assert len(ADMIN) > 40


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("route", ROUTES)
def test_a_page_answers_each_as_its_line_says(some_rows, who, route):
    get, head, post = browsers(who, 3)
    by_get, by_post = ROUTES[route][WHO[who]]
    before = record()

    assert (outcome(get.get(address(route))), outcome(head.head(address(route)))) == (by_get, HEAD.get(route, by_get))
    assert record() == before, "looking has changed something"

    assert outcome(post.post(address(route))) == by_post
    assert by_post not in DENIED or record() == before, "what was denied has changed something"


@pytest.mark.parametrize("method", ["get", "head", "post"])
@pytest.mark.parametrize("who", ["nobody", "deactivated"])
def test_nobody_gets_into_the_admin_panel(some_rows, who, method):
    (client,) = browsers(who, 1)
    before = record()
    outcomes = {route: outcome(getattr(client, method)(address(route))) for route in ADMIN}
    # Followed to our login page, which is not drawn sixty times: the panel's own leads on to it.
    ends = {route: outcome(client.get(what)) if what == "/admin/login/" else what for route, what in outcomes.items()}

    assert ends == dict.fromkeys(ADMIN, TO_LOGIN)
    assert getattr(client, method)("/admin/", follow=True).redirect_chain[-1] == ("/login/?next=/admin/", 302)
    assert record() == before


@pytest.mark.parametrize("method", ["get", "head", "post"])
@pytest.mark.parametrize("who", ["staff", "demoted"])
def test_staff_do_not_get_into_the_admin_panel(some_rows, who, method):
    (client,) = browsers(who, 1)
    before = record()
    outcomes = {route: outcome(getattr(client, method)(address(route))) for route in ADMIN if route != "admin/logout/"}

    assert {route: what for route, what in outcomes.items() if what != "/admin/login/"} == {}
    assert record() == before


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_owner_gets_into_the_admin_panel(some_rows, method):
    routes = [route for route in ADMIN if route != "admin/logout/"]
    clients = zip(routes, browsers("owner", len(routes)), strict=True)
    outcomes = {route: outcome(getattr(client, method)(address(route))) for route, client in clients}

    assert {route: what for route, what in outcomes.items() if what in {TO_LOGIN, "/admin/login/"} or what in range(500, 600)} == {}
    assert outcomes["admin/"] == 200
