"""Who gets what, for every route: a new one fails here until it has its line."""

import re
from datetime import date

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
from crm.models import Complaint, Customer, Enquiry, Interaction, Task, User
from crm.tests.factories import make_complaint, make_enquiry
from segments.models import Segment

IN, BAD, NO_SUCH_WAY, REFUSED, MISSING, GONE = 200, 400, 405, 403, 404, 410
TO_LOGIN, TO_HOME, TO_ADMIN, TO_IMPORT, TO_LADDER = "/login/", "/", "/admin/", "/import/", "/ladder/"
TO_CUSTOMERS, TO_BULK = "/customers/", "/customers/bulk-actions/1/"
TO_TEAM, TO_ACCOUNT = "/team/", "/account/"
TO_EVA, TO_SEGMENT = "/customers/1/", "/segments/1/"
TO_EVA, TO_SEGMENT, TO_TASKS = "/customers/1/", "/segments/1/", "/tasks/"
DAY = date(2025, 1, 15)
TO_DESK, TO_ANSWER = "/desk/", "/desk/1/answer/"

# Route: GET and POST (HEAD is as GET) for nobody, for staff, for an owner; a text is where it leads.
ROUTES = {
    "": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "customers/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "customers/<int:pk>/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "customers/new/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "customers/<int:pk>/edit/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "customers/<int:pk>/history/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "customers/<int:pk>/consents/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "customers/<int:pk>/consents/objection/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_EVA), (NO_SUCH_WAY, TO_EVA)],
    "customers/<int:pk>/consents/undo/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_EVA), (NO_SUCH_WAY, TO_EVA)],
    "audit/": [(TO_LOGIN, TO_LOGIN), (REFUSED, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "customers/duplicates/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (IN, "/customers/duplicates/")],
    "customers/duplicates/<int:pk>/dismiss/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, MISSING)],
    "customers/duplicates/<int:pk>/again/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, MISSING)],
    "customers/<int:pk>/merge/": [(TO_LOGIN, TO_LOGIN), (REFUSED, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "customers/<int:pk>/merge/<int:other>/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (IN, IN)],
    "merges/<int:pk>/": [(TO_LOGIN, TO_LOGIN), (REFUSED, NO_SUCH_WAY), (MISSING, NO_SUCH_WAY)],
    "merges/<int:pk>/undo/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, MISSING)],
    "customers/bin/": [(TO_LOGIN, TO_LOGIN), (REFUSED, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "customers/<int:pk>/bin/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, "/customers/")],
    "customers/<int:pk>/restore/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, TO_EVA)],
    "customers/<int:pk>/log/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, IN), (NO_SUCH_WAY, IN)],
    "customers/by-rule/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, IN), (NO_SUCH_WAY, IN)],
    "customers/bulk-actions/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (TO_CUSTOMERS, TO_CUSTOMERS)],
    "customers/export.csv": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, TO_CUSTOMERS)],
    "customers/bulk-actions/<int:pk>/": [(TO_LOGIN, TO_LOGIN), (REFUSED, NO_SUCH_WAY), (MISSING, NO_SUCH_WAY)],
    "customers/bulk-actions/<int:pk>/progress/": [(TO_LOGIN, TO_LOGIN), (REFUSED, NO_SUCH_WAY), (TO_BULK, NO_SUCH_WAY)],
    "customers/bulk-actions/<int:pk>/undo/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, MISSING)],
    "customers/bulk-actions/<int:pk>/again/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, MISSING)],
    "find/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "rules/builder/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, BAD), (NO_SUCH_WAY, BAD)],
    "rules/count/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, BAD), (NO_SUCH_WAY, BAD)],
    "log/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "interactions/<int:pk>/": [(TO_LOGIN, TO_LOGIN), (MISSING, MISSING), (MISSING, MISSING)],
    "interactions/<int:pk>/undo/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_HOME), (NO_SUCH_WAY, TO_HOME)],
    "login/": [(IN, IN), (TO_HOME, TO_HOME), (TO_HOME, TO_HOME)],
    "login/<slug:token>/": [(GONE, NO_SUCH_WAY), (GONE, NO_SUCH_WAY), (GONE, NO_SUCH_WAY)],
    "login/code/": [(TO_LOGIN, TO_LOGIN), (TO_LOGIN, TO_LOGIN), (TO_LOGIN, TO_LOGIN)],
    "join/<slug:token>/": [(GONE, GONE), (GONE, GONE), (GONE, GONE)],
    "team/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (IN, NO_SUCH_WAY)],
    "team/invite/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (NO_SUCH_WAY, IN)],
    "team/invitations/<int:pk>/renew/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (NO_SUCH_WAY, MISSING)],
    "team/invitations/<int:pk>/withdraw/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (NO_SUCH_WAY, MISSING)],
    "team/two-factor/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (NO_SUCH_WAY, TO_TEAM)],
    "team/<int:pk>/role/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (NO_SUCH_WAY, TO_TEAM)],
    "team/<int:pk>/deactivate/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (NO_SUCH_WAY, TO_TEAM)],
    "team/<int:pk>/reactivate/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (NO_SUCH_WAY, TO_TEAM)],
    "team/<int:pk>/sign-out/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (NO_SUCH_WAY, TO_TEAM)],
    "account/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "account/password/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, IN), (NO_SUCH_WAY, IN)],
    "account/two-factor/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "account/two-factor/picture.svg": [(TO_LOGIN, TO_LOGIN), (MISSING, NO_SUCH_WAY), (MISSING, NO_SUCH_WAY)],
    "account/two-factor/codes/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, IN), (NO_SUCH_WAY, IN)],
    "account/two-factor/off/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, IN), (NO_SUCH_WAY, IN)],
    "account/sessions/others/end/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_ACCOUNT), (NO_SUCH_WAY, TO_ACCOUNT)],
    "account/sessions/<int:pk>/end/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, MISSING), (NO_SUCH_WAY, MISSING)],
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
    "segments/<int:pk>/members.csv": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, IN)],
    "ladder/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "ladder/moves/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "tasks/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "tasks/new/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "tasks/hand-over/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_TASKS), (NO_SUCH_WAY, TO_TASKS)],
    "tasks/<int:pk>/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "tasks/<int:pk>/done/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_TASKS), (NO_SUCH_WAY, TO_TASKS)],
    "tasks/<int:pk>/reopen/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_TASKS), (NO_SUCH_WAY, TO_TASKS)],
    "tasks/<int:pk>/snooze/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, IN), (NO_SUCH_WAY, IN)],
    "tasks/<int:pk>/snooze/undo/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_TASKS), (NO_SUCH_WAY, TO_TASKS)],
    "tasks/<int:pk>/cancel/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_TASKS), (NO_SUCH_WAY, TO_TASKS)],
    "tasks/<int:pk>/hand-over/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_TASKS), (NO_SUCH_WAY, TO_TASKS)],
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
    "customers/<int:pk>/complaint/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "complaints/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "complaints/<int:pk>/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "complaints/<int:pk>/<slug:name>/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, MISSING), (NO_SUCH_WAY, MISSING)],
    "desk/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "desk/<int:pk>/take/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_ANSWER), (NO_SUCH_WAY, TO_ANSWER)],
    "desk/<int:pk>/give-up/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_DESK), (NO_SUCH_WAY, TO_DESK)],
    "desk/<int:pk>/answer/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "desk/<int:pk>/done/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "desk/<int:pk>/undo/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_DESK), (NO_SUCH_WAY, TO_DESK)],
    "customers/<int:pk>/stage/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "customers/<int:pk>/stage/<slug:ladder>/release/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, MISSING), (NO_SUCH_WAY, MISSING)],
    "customers/<int:pk>/stage/<slug:ladder>/release/undo/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, MISSING), (NO_SUCH_WAY, MISSING)],
    "customers/<int:pk>/more/": [(TO_LOGIN, TO_LOGIN), (IN, TO_EVA), (IN, TO_EVA)],
    "settings/fields/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (IN, IN)],
    "settings/fields/<int:pk>/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (MISSING, MISSING)],
    "settings/fields/<int:pk>/move/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, MISSING)],
    "settings/fields/<int:pk>/archive/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, MISSING)],
    "settings/fields/<int:pk>/back/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, MISSING)],
    "settings/fields/<int:pk>/delete/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, MISSING)],
    "customers/<int:pk>/tags/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "customers/<int:pk>/tags/<int:tag>/off/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_EVA), (NO_SUCH_WAY, TO_EVA)],
    "settings/tags/": [(TO_LOGIN, TO_LOGIN), (REFUSED, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "settings/tags/<int:pk>/": [(TO_LOGIN, TO_LOGIN), (REFUSED, REFUSED), (MISSING, MISSING)],
    "settings/tags/<int:pk>/remove/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, MISSING)],
    "settings/tags/<int:pk>/back/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, REFUSED), (NO_SUCH_WAY, MISSING)],
    "customers/<int:pk>/household/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "households/<int:pk>/": [(TO_LOGIN, TO_LOGIN), (MISSING, NO_SUCH_WAY), (MISSING, NO_SUCH_WAY)],
    "households/<int:pk>/rename/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, MISSING), (NO_SUCH_WAY, MISSING)],
    "households/<int:pk>/add/": [(TO_LOGIN, TO_LOGIN), (MISSING, MISSING), (MISSING, MISSING)],
    "households/<int:pk>/out/<int:customer>/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, MISSING), (NO_SUCH_WAY, MISSING)],
    "households/<int:pk>/back/<int:customer>/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, MISSING), (NO_SUCH_WAY, MISSING)],
    "households/<int:pk>/dissolve/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, MISSING), (NO_SUCH_WAY, MISSING)],
    "households/<int:pk>/dissolve/undo/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, MISSING), (NO_SUCH_WAY, MISSING)],
    "customers/<int:pk>/company/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "customers/<int:pk>/company/leave/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_EVA), (NO_SUCH_WAY, TO_EVA)],
    "customers/<int:pk>/company/back/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, TO_EVA), (NO_SUCH_WAY, TO_EVA)],
    "customers/<int:pk>/people/": [(TO_LOGIN, TO_LOGIN), (IN, IN), (IN, IN)],
    "customers/<int:pk>/brought/": [(TO_LOGIN, TO_LOGIN), (IN, NO_SUCH_WAY), (IN, NO_SUCH_WAY)],
    "customers/<int:pk>/reach/": [(TO_LOGIN, TO_LOGIN), (IN, TO_EVA), (IN, TO_EVA)],
    "customers/<int:pk>/profiles/add/": [(TO_LOGIN, TO_LOGIN), (NO_SUCH_WAY, IN), (NO_SUCH_WAY, IN)],
    "customers/<int:pk>/profiles/<int:profile>/remove/": [
        (TO_LOGIN, TO_LOGIN),
        (NO_SUCH_WAY, "/customers/1/reach/"),
        (NO_SUCH_WAY, "/customers/1/reach/"),
    ],
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
# A reader gets what staff get by GET and is refused each POST, unless it is said here that both are otherwise.
READERS = {
    **dict.fromkeys(
        (
            "customers/<int:pk>/more/",
            "customers/<int:pk>/tags/",
            "customers/<int:pk>/household/",
            "households/<int:pk>/add/",
            "customers/<int:pk>/company/",
            "customers/<int:pk>/reach/",
            "customers/<int:pk>/complaint/",
            "desk/<int:pk>/answer/",
            "desk/<int:pk>/done/",
            "tasks/new/",
            "interactions/<int:pk>/",
        ),
        (REFUSED, REFUSED),
    ),
    "customers/by-rule/": (NO_SUCH_WAY, IN),
    "rules/builder/": (NO_SUCH_WAY, BAD),
    "rules/count/": (NO_SUCH_WAY, BAD),
    "log/": (REFUSED, REFUSED),
    "customers/new/": (REFUSED, REFUSED),
    "customers/<int:pk>/edit/": (REFUSED, REFUSED),
    "customers/<int:pk>/consents/": (REFUSED, REFUSED),
    "customers/<int:pk>/evidence/": (REFUSED, REFUSED),
    "customers/<int:pk>/stage/": (REFUSED, REFUSED),
    "look-back/": (NO_SUCH_WAY, TO_HOME),
    "look-back/end/": (NO_SUCH_WAY, TO_HOME),
    "theme/": (NO_SUCH_WAY, TO_HOME),
    "account/password/": (NO_SUCH_WAY, IN),
    "account/two-factor/": (IN, IN),
    "account/two-factor/codes/": (NO_SUCH_WAY, IN),
    "account/two-factor/off/": (NO_SUCH_WAY, IN),
    "account/sessions/others/end/": (NO_SUCH_WAY, TO_ACCOUNT),
    "account/sessions/<int:pk>/end/": (NO_SUCH_WAY, MISSING),
    "login/code/": (TO_LOGIN, TO_LOGIN),
    "join/<slug:token>/": (GONE, GONE),
    # Open to strangers, and so to them.
    "login/": (TO_HOME, TO_HOME),
    "login/<slug:token>/": (GONE, NO_SUCH_WAY),
    "logout/": (NO_SUCH_WAY, TO_LOGIN),
    "language/": (TO_HOME, TO_HOME),
    "healthz": (IN, NO_SUCH_WAY),
    "admin/login/": (REFUSED, NO_SUCH_WAY),
}
COLUMNS = {"nobody": 0, "staff": 1, "owner": 2}
# Who, and as what they are answered: what has happened to someone holds from their next request on.
WHO = {
    "nobody": "nobody",
    "deactivated": "nobody",
    "reader": "reader",
    "owner made a reader": "reader",
    "staff": "staff",
    "demoted": "staff",
    "owner": "owner",
}
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


BEFORE = {"nobody": lambda: None, "reader": cast.reader, "staff": cast.staff}
HAPPENED = {
    "deactivated": {"is_active": False},
    "demoted": {"role": User.Role.STAFF},
    "owner made a reader": {"role": User.Role.READER},
}


def browsers(who: str, count: int) -> list[Client]:
    """So many in which this person is signed in, each with a session from before what happened to them."""
    user = BEFORE.get(who, cast.owner)()
    clients = [cast.signed_in(user) for _ in range(count)]
    if who in HAPPENED:
        User.objects.update(**HAPPENED[who])
    return clients


def expected(route: str, who: str) -> tuple[int | str, int | str]:
    """Of GET and POST."""
    role = WHO[who]
    if role == "reader":
        return READERS.get(route, (ROUTES[route][COLUMNS["staff"]][0], REFUSED))
    return ROUTES[route][COLUMNS[role]]


def record() -> dict[str, list[tuple]]:
    """Every row of every table of ours, as the database has it: read thousands of times, so in one statement where that can be."""
    metas = [model._meta for floor in FLOORS for model in apps.get_app_config(floor).get_models()]
    rows = {meta.label: [] for meta in metas}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            every = (f"SELECT '{meta.label}', {meta.db_table}::text FROM {meta.db_table}" for meta in metas)
            cursor.execute(" UNION ALL ".join(every))
            for label, row in sorted(cursor.fetchall()):
                rows[label].append(row)
            return rows
        for meta in metas:
            cursor.execute(f'SELECT * FROM "{meta.db_table}" ORDER BY "{meta.pk.column}"')
            rows[meta.label] = cursor.fetchall()
    return rows


@pytest.fixture
def some_rows(db):
    """What the example addresses lead to: all that has a number has the number 1."""
    jobs.show_life("tick", timezone.now())  # or /healthz would miss the worker
    Customer.objects.create(pk=1, name="Eva Nováková")
    Segment.objects.create(pk=1, key="all", name="All", rule={"all": []})
    Task.objects.create(pk=1, why="Call back", due_on=DAY, planned_on=DAY, series_on=DAY)
    make_complaint(Customer.objects.get(), pk=1)
    # The contact has no number 1, so that its undo finds nothing.
    make_enquiry(Customer.objects.get(), interaction={"pk": 1001}, pk=1)
    with connection.cursor() as cursor:
        # PostgreSQL counts on from where it was, and would give the number 1 again.
        for statement in connection.ops.sequence_reset_sql(no_style(), [Customer, Segment, Task, Complaint, Enquiry, Interaction, User]):
            cursor.execute(statement)


def test_every_route_has_its_line():
    assert {route for route in ALL if not route.startswith("admin/")} | {"admin/login/"} == set(ROUTES)


def test_what_readers_get_is_said_of_routes_that_there_are():
    assert set(READERS) <= set(ROUTES)


def test_every_example_address_leads_to_its_route():
    assert {route: found for route in ADMIN if (found := get_resolver().resolve(address(route)).route) != route} == {}
    assert len(ADMIN) > 40


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("route", ROUTES)
def test_a_page_answers_each_as_its_line_says(some_rows, who, route):
    looking, post = browsers(who, 2)
    by_get, by_post = expected(route, who)
    before = record()

    assert (outcome(looking.get(address(route))), outcome(looking.head(address(route)))) == (by_get, HEAD.get(route, by_get))
    assert record() == before, "looking has changed something"

    assert outcome(post.post(address(route))) == by_post
    assert by_post not in DENIED or record() == before, "what was denied has changed something"


@pytest.mark.parametrize("who", ["nobody", "reader", "staff", "owner"])
def test_no_other_method_gets_anyone_further(some_rows, who):
    """Whoever may not come in is turned away, the others hear that there is no such way; nothing happens."""
    (client,) = browsers(who, 1)
    before, outcomes = record(), {}
    for route in set(ROUTES) - {"logout/"}:
        outcomes |= {(route, way): outcome(getattr(client, way)(address(route))) for way in ("put", "patch", "delete", "options")}

    turned_away = {TO_LOGIN} if who == "nobody" else {REFUSED}
    assert {asked: what for asked, what in outcomes.items() if what not in turned_away | {NO_SUCH_WAY} and asked[0] != "language/"} == {}
    assert {what for (route, _way), what in outcomes.items() if route == "language/"} == {TO_HOME}
    assert record() == before


@pytest.mark.parametrize("who", ["nobody", "reader", "staff"])
def test_a_header_does_not_make_another_method_of_it(some_rows, who):
    (client,) = browsers(who, 1)
    before = record()
    refused = [route for route in ROUTES if expected(route, who)[1] in {REFUSED, TO_LOGIN} and route != "logout/"]

    outcomes = {route: outcome(client.post(address(route), headers={"x-http-method-override": "GET"})) for route in refused}

    assert outcomes == {route: expected(route, who)[1] for route in refused} and record() == before


@pytest.mark.parametrize("who", ["nobody", "reader", "staff", "owner"])
@pytest.mark.parametrize("bend", ["/{}", "{}/", "{}?format=json", "{}.json"])
def test_a_bent_address_gets_nobody_in_elsewhere(some_rows, who, bend):
    """It is the page itself, or leads to it, or is none."""
    (client,) = browsers(who, 1)
    before, outcomes = record(), {}
    # The picture is there once its page has been opened by the same browser.
    for route in set(ROUTES) - {"healthz", "account/two-factor/picture.svg"}:
        bent = bend.format(address(route))
        path, _mark, question = bent.partition("?")
        answer = client.get("/", PATH_INFO=path, QUERY_STRING=question)
        outcomes[route] = outcome(answer) if "?" in bent else answer.status_code

    wrong = {route: what for route, what in outcomes.items() if what not in {MISSING, 301, 302, GONE, expected(route, who)[0]}}
    assert wrong == {} and record() == before


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
@pytest.mark.parametrize("who", ["staff", "demoted", "reader"])
def test_staff_do_not_get_into_the_admin_panel(some_rows, who, method):
    (client,) = browsers(who, 1)
    before = record()
    outcomes = {route: outcome(getattr(client, method)(address(route))) for route in ADMIN if route != "admin/logout/"}

    assert {
        route: what
        for route, what in outcomes.items()
        if what not in ({"/admin/login/", REFUSED} if who == "reader" else {"/admin/login/"})
    } == {}
    assert record() == before


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_owner_gets_into_the_admin_panel(some_rows, method):
    routes = [route for route in ADMIN if route != "admin/logout/"]
    clients = zip(routes, browsers("owner", len(routes)), strict=True)
    outcomes = {route: outcome(getattr(client, method)(address(route))) for route, client in clients}

    assert {route: what for route, what in outcomes.items() if what in {TO_LOGIN, "/admin/login/"} or what in range(500, 600)} == {}
    assert outcomes["admin/"] == 200
