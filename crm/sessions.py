"""Where somebody is signed in, and until when: twelve hours at most, and three without a click unless they asked to be kept signed in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils.translation import gettext as _

from crm.models import User, UserSession

AT_MOST = timedelta(hours=12)
IDLE = timedelta(hours=3)
# How often a session that is used says so.
EVERY = timedelta(minutes=5)
# In the session: its row here, when it began and when it was last seen, in seconds, and whether it is kept while idle.
KEY = "signed in"

# What a browser says of itself, by its first mark that is found; several pretend to be those below them.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrom", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "Mac"), ("Linux", "Linux"))


@dataclass(frozen=True)
class Signed:
    """One line of the list."""

    row: UserSession
    device: str
    is_this: bool


def begin(request: HttpRequest, *, user: User, address: str, keeps: bool, now: datetime) -> None:
    """Of a session in which somebody has just signed in."""
    _keep(request, user, address, now, now, keeps)


def _keep(request: HttpRequest, user: User, address: str | None, began: datetime, now: datetime, keeps: bool) -> None:
    # The row refers to Django's, which has to be there.
    request.session.save()
    assert request.session.session_key  # given by saving
    agent = request.headers.get("User-Agent", "").replace("\0", "")[:300]
    row = UserSession.objects.create(
        session_id=request.session.session_key, user=user, began_at=began, seen_at=now, address=address, agent=agent
    )
    request.session[KEY] = [row.pk, began.timestamp(), now.timestamp(), keeps]


def touch(request: HttpRequest, now: datetime) -> None:
    """Ends the session that has lasted too long, and notes now and then that it is used. A query only when it does so."""
    known = request.session.get(KEY)
    if known is None:
        return
    row, began, seen, keeps = known
    at = now.timestamp()
    if at - began >= AT_MOST.total_seconds() or (not keeps and at - seen >= IDLE.total_seconds()):
        logout(request)
    elif at - seen >= EVERY.total_seconds():
        UserSession.objects.filter(pk=row).update(seen_at=now)
        request.session[KEY] = [row, began, at, keeps]


def of(user: User, request: HttpRequest, now: datetime) -> list[Signed]:
    """Those that are open, this one first, the latest seen next."""
    rows = UserSession.objects.filter(user=user, session__expire_date__gt=now, began_at__gt=now - AT_MOST).order_by("-seen_at", "-pk")[:100]
    lines = [Signed(row, device(row.agent), row.session_id == request.session.session_key) for row in rows]
    return sorted(lines, key=lambda line: not line.is_this)


def end(rows: Iterable[UserSession]) -> int:
    """Signs out there, at the next request; the rows go with Django's."""
    keys = [row.session_id for row in rows]
    Session.objects.filter(pk__in=keys).delete()
    return len(keys)


def end_all(user: User) -> int:
    return end(UserSession.objects.filter(user=user))


def end_others(request: HttpRequest, user: User) -> int:
    return end(UserSession.objects.filter(user=user).exclude(session=request.session.session_key or ""))


def renew(request: HttpRequest, user: User, now: datetime) -> None:
    """After what proves who somebody is has changed: a new key for this session, and an end to the others."""
    end_others(request, user)
    row, began, _seen, keeps = request.session.get(KEY) or [None, now.timestamp(), None, False]
    address = UserSession.objects.filter(pk=row).values_list("address", flat=True).first()
    update_session_auth_hash(request, user)
    _keep(request, user, address, datetime.fromtimestamp(began, now.tzinfo), now, keeps)


def device(agent: str) -> str:
    """The browser and what it runs on, in plain words."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown browser")
