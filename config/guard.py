"""Stops whoever guesses: django-axes asks here who it is, what has failed and for how long to wait.

A person fails at one address, not everywhere: nobody can lock somebody else out by failing in their name from afar. And a login link
(crm/links.py) opens the door whatever is locked.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import F, QuerySet, Sum
from django.http import HttpRequest

from crm.models import User

# AXES_FAILURE_LIMIT is that of one person at one address; this one is of an address, whoever it says it is: a whole shop may sit behind it.
ADDRESS_LIMIT = 100
UNKNOWN = "0.0.0.0"  # a peer without an address, which a socket file may be
# Who opens a link has not said who they are.
LINK = {"username": ""}

log = logging.getLogger(__name__)


def believed(hops: list[str]) -> Iterator[IPv4Address | IPv6Address]:
    """The addresses from the peer outwards, up to the first that is no proxy of ours: what it says of others is only its word."""
    proxies = [ip_network(proxy) for proxy in settings.TRUSTED_PROXIES]
    for hop in reversed(hops):
        try:
            address = ip_address(hop.strip())
        except ValueError:
            return
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        yield address
        if not any(address in proxy for proxy in proxies):
            return


def address(request: HttpRequest) -> str:
    """Where a request comes from. gunicorn gives its peer; a proxy of ours has written whom it heard at the right of X-Forwarded-For."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    found = [*believed([*(forwarded.split(",") if forwarded else []), request.META.get("REMOTE_ADDR", "")])]
    if not found:
        return UNKNOWN
    if isinstance(found[-1], IPv6Address):
        # Whoever has one address of a /64 has them all.
        return str(IPv6Network((found[-1], 64), strict=False).network_address)
    return str(found[-1])


def person(credentials: dict[str, Any] | None) -> str:
    """Who they say they are, as a key: nobody needs to read it, and it fits however long the e-mail was."""
    email = User.objects.normalize_email((credentials or {}).get("username"))
    return sha256(email.encode()).hexdigest() if email else ""


def failures(request: Any) -> QuerySet[AccessAttempt]:
    """Those of the request's address that still count."""
    since = request.axes_attempt_time - settings.AXES_COOLOFF_TIME
    rows: QuerySet[AccessAttempt] = AccessAttempt.objects.filter(ip_address=request.axes_ip_address, attempt_time__gt=since)
    return rows


def failures_of(request: Any, credentials: dict[str, Any] | None) -> QuerySet[AccessAttempt]:
    """Those in this person's name: one row."""
    return failures(request).filter(username=person(credentials))


def count(rows: QuerySet[AccessAttempt]) -> int:
    return rows.aggregate(sum=Sum("failures_since_start"))["sum"] or 0


class Guard(AxesDatabaseHandler):  # type: ignore[misc]
    """One row for a person at an address, without what they sent. It goes with its cool-off, which starts again at each failure counted."""

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """On the scale of the person's limit; the address's is brought to it."""
        of_address = count(failures(request)) * settings.AXES_FAILURE_LIMIT // ADDRESS_LIMIT
        return max(count(failures_of(request, credentials)), of_address)

    def user_login_failed(self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any) -> None:
        request.axes_credentials = credentials
        # Refused unread: it does not count, or a lock would never end.
        if request.axes_locked_out:
            return
        now = request.axes_attempt_time
        AccessAttempt.objects.filter(attempt_time__lte=now - settings.AXES_COOLOFF_TIME).delete()
        row, _made = AccessAttempt.objects.get_or_create(
            username=person(credentials), ip_address=request.axes_ip_address, user_agent="", defaults={"failures_since_start": 0}
        )
        AccessAttempt.objects.filter(pk=row.pk).update(failures_since_start=F("failures_since_start") + 1, attempt_time=now)
        if self.is_locked(request, credentials):
            request.axes_locked_out = True
            log.warning("Too many failed sign-ins from %s: it has to wait.", request.axes_ip_address)

    def user_logged_in(self, sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
        """Their failures at this address are forgotten; those in other names are not, or one of the staff could guess on for ever."""
        failures_of(request, {"username": user.email}).delete()


def link_failed(request: Any) -> None:
    """A link that is no good counts as a failure of its address; after too many the answer is that of a lock."""
    if not AxesProxyHandler.is_allowed(request, LINK):
        request.axes_locked_out = True
    AxesProxyHandler.user_login_failed(None, LINK, request)


def wait(request: Any, credentials: dict[str, Any] | None, now: datetime) -> timedelta:
    """How long the lock that refused this lasts: a cool-off after the last failure that it counts."""
    rows = failures_of(request, credentials)
    if count(rows) < settings.AXES_FAILURE_LIMIT:
        rows = failures(request)
    last = rows.order_by("-attempt_time").values_list("attempt_time", flat=True).first() or now
    return max(last + settings.AXES_COOLOFF_TIME - now, timedelta(seconds=1))
