"""Who gets what, for every route: a new one fails here until it has its line."""

import re

import pytest
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from config.tests import cast
from crm import jobs

IN, NO_SUCH_WAY, REFUSED = 200, 405, 403
TO_LOGIN, TO_HOME, TO_ADMIN = "/login/", "/", "/admin/"

# Route: GET and POST for nobody, for staff, for an owner; a text is where it leads.
ROUTES = {
    "": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "login/": [(IN, IN), (TO_HOME, TO_HOME), (TO_HOME, TO_HOME)],
    "logout/": [(NO_SUCH_WAY, TO_LOGIN), (NO_SUCH_WAY, TO_LOGIN), (NO_SUCH_WAY, TO_LOGIN)],
    "language/": [(TO_HOME, TO_HOME), (TO_HOME, TO_HOME), (TO_HOME, TO_HOME)],
    "healthz": [(IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "admin/login/": [(TO_LOGIN, NO_SUCH_WAY), (REFUSED, NO_SUCH_WAY), (TO_ADMIN, NO_SUCH_WAY)],
}
WHO = ["nobody", "staff", "owner"]


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
    return answer.url.partition("?")[0] if answer.status_code == 302 else answer.status_code


@pytest.fixture
def people(db):
    jobs.show_life("tick", timezone.now())  # or /healthz would miss the worker
    return {"nobody": None, "staff": cast.staff(), "owner": cast.owner()}


def test_every_route_has_its_line():
    assert {route for route in ALL if not route.startswith("admin/")} | {"admin/login/"} == set(ROUTES)


def test_every_example_address_leads_to_its_route():
    assert {route: found for route in ADMIN if (found := get_resolver().resolve(address(route)).route) != route} == {}
    assert len(ADMIN) > 40


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("route", ROUTES)
def test_a_page_answers_each_as_its_line_says(people, who, route):
    answers = [getattr(cast.signed_in(people[who]), method)(address(route)) for method in ("get", "post")]

    assert tuple(map(outcome, answers)) == ROUTES[route][WHO.index(who)]


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_gets_into_the_admin_panel(people, method):
    client = cast.signed_in(None)
    answers = {route: getattr(client, method)(address(route), follow=True) for route in ADMIN}

    assert {route: answer.redirect_chain[-1][0].partition("?")[0] for route, answer in answers.items()} == dict.fromkeys(ADMIN, TO_LOGIN)
    assert answers["admin/"].redirect_chain[-1] == ("/login/?next=/admin/", 302)


@pytest.mark.parametrize("method", ["get", "post"])
def test_staff_do_not_get_into_the_admin_panel(people, method):
    client = cast.signed_in(people["staff"])
    outcomes = {route: outcome(getattr(client, method)(address(route))) for route in ADMIN if route != "admin/logout/"}

    assert {route: what for route, what in outcomes.items() if what != "/admin/login/"} == {}


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_owner_gets_into_the_admin_panel(people, method):
    outcomes = {}
    for route in ADMIN:
        if route != "admin/logout/":
            outcomes[route] = outcome(getattr(cast.signed_in(people["owner"]), method)(address(route)))

    assert {route: what for route, what in outcomes.items() if what in {TO_LOGIN, "/admin/login/"} or what in range(500, 600)} == {}
    assert outcomes["admin/"] == 200
