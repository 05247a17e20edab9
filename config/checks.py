"""Settings that must not start: each is an error whose sentence says what to set."""

import os
import ssl
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import Error
from django.utils.translation import gettext as _
from redis import Redis

from config import environment


def exposure() -> Iterator[Error]:
    """Whoever listens beyond this machine names its hosts and speaks https."""
    if settings.BIND in environment.LOOPBACK:
        return
    values = {"bind": settings.BIND}
    if "*" in settings.ALLOWED_HOSTS or set(settings.ALLOWED_HOSTS) <= {*environment.LOOPBACK, "[::1]"}:
        yield Error(
            _("BIND=%(bind)s lets other machines in: set ALLOWED_HOSTS to the names they use, such as crm.example.com (not *).") % values,
            id="regulars.E001",
        )
    if not settings.HTTPS:
        yield Error(
            _(
                "BIND=%(bind)s lets other machines in without https: set CERT_FILE and KEY_FILE, "
                "or TRUSTED_PROXIES to the address of the proxy that speaks https."
            )
            % values,
            id="regulars.E002",
        )


def is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def is_redis(url: str) -> bool:
    try:
        Redis.from_url(url)
    except ValueError:
        return False
    return True


def addresses() -> Iterator[Error]:
    if not (settings.PORT.isascii() and settings.PORT.isdigit() and 1 <= int(settings.PORT) <= 65535):
        yield Error(_("PORT has to be a number from 1 to 65535, not %(port)s.") % {"port": settings.PORT}, id="regulars.E003")
    if settings.REDIS_URL and not is_redis(settings.REDIS_URL):
        sentence = _("REDIS_URL has to be an address such as redis://host:6379/0, rediss://host:6379/0 or unix:///path, or be left out.")
        yield Error(sentence, id="regulars.E004")
    for proxy in settings.TRUSTED_PROXIES:
        if not is_network(proxy):
            yield Error(
                _("TRUSTED_PROXIES has to list addresses or networks, such as 127.0.0.1 or 10.0.0.0/8, not %(proxy)s.") % {"proxy": proxy},
                id="regulars.E005",
            )


def certificate() -> Iterator[Error]:
    if bool(settings.CERT_FILE) != bool(settings.KEY_FILE):
        yield Error(_("CERT_FILE and KEY_FILE go together: set both or neither."), id="regulars.E006")
    paths = [path for path in (settings.CERT_FILE, settings.KEY_FILE) if path]
    unread = [path for path in paths if not (os.path.isfile(path) and os.access(path, os.R_OK))]
    for path in unread:
        yield Error(_("%(path)s cannot be read: CERT_FILE and KEY_FILE have to name files.") % {"path": path}, id="regulars.E007")
    if len(paths) < 2 or unread:
        return
    try:
        # Without a password it would ask for one, and nobody would be there to answer.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.CERT_FILE, settings.KEY_FILE, password="")
    except ssl.SSLError:
        sentence = _("CERT_FILE and KEY_FILE have to hold a certificate and its own key, in PEM and without a password; these do not.")
        yield Error(sentence, id="regulars.E008")


def demo() -> Iterator[Error]:
    if (text := environment.text("DEMO", "1")) not in {"0", "1"}:
        sentence = _("DEMO has to be 1, to fill an empty database with the demo, or 0, to leave it empty; not %(text)s.")
        yield Error(sentence % {"text": text}, id="regulars.E009")


def all_errors(app_configs: Any, **kwargs: Any) -> Iterable[Error]:
    return [*exposure(), *addresses(), *certificate(), *demo()]


def register() -> None:
    checks.register(all_errors)
