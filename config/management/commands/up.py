"""`manage.py up`: everything that has to happen before the first request, then all processes as one group."""

import hashlib
import socket
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core import checks
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections
from django.utils.translation import gettext as _

from config import translations
from config.address import url
from config.supervisor import Child, Group, die_with_parent
from crm.links import link_for
from crm.models import Business, User
from lifecycle.demo.empty import is_empty

WEB_WORKERS, WEB_THREADS = 2, 4
WORKER_PROCESSES = 2
# Bytes of a request's first line: the most that gunicorn reads. No link of ours comes near it (crm/tests/test_customers_page.py); to an
# address that somebody has made longer, such as one with a rule of many comparisons, gunicorn itself answers with a plain 414.
LONGEST_REQUEST_LINE = 8190


def refuse_bad_settings() -> None:
    if errors := [str(message.msg) for message in checks.run_checks() if message.is_serious()]:
        raise CommandError("\n".join(errors))


def reserve() -> socket.socket:
    """The address that the web process serves, taken before anything else: of two that start at once, one is refused here."""
    family = socket.AF_INET6 if ":" in settings.BIND else socket.AF_INET
    address = socket.socket(family)
    address.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        address.bind((settings.BIND, int(settings.PORT)))
        # Without a listener a second process could bind here too, and the loser would only be told by gunicorn.
        address.listen()
    except OSError as error:
        values = {"bind": settings.BIND, "port": settings.PORT, "reason": error.strerror}
        raise CommandError(
            _("%(bind)s port %(port)s cannot be served (%(reason)s): set BIND and PORT to a free address.") % values
        ) from error
    return address


def migrate() -> None:
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        reason = " ".join(str(error).split())
        raise CommandError(_("The database cannot be used: %(reason)s") % {"reason": reason}) from error


def static_key() -> str:
    """Changes with the pinned packages and with every static file; reading the times of some hundred files is enough."""
    digest = hashlib.sha256((settings.BASE_DIR / "requirements.txt").read_bytes())
    for finder in get_finders():
        for path, storage in finder.list([]):
            digest.update(f"{path} {storage.size(path)} {storage.get_modified_time(path)}\n".encode())
    return digest.hexdigest()


def collect_static() -> None:
    stamp, key = settings.DATA_DIR / "static.stamp", static_key()
    if settings.STATIC_ROOT.is_dir() and stamp.exists() and stamp.read_text() == key:
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(key)


def web(address: socket.socket) -> Child:
    # gunicorn sets it only on sockets of its own making. Without it a page waits 40 ms for the other side to have confirmed its headers.
    address.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    command = [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--bind", f"fd://{address.fileno()}"]
    # Loaded once, for all workers: half of their time to start.
    command += ["--worker-class", "gthread", "--workers", str(WEB_WORKERS), "--threads", str(WEB_THREADS), "--preload"]
    command += ["--graceful-timeout", "5", "--log-level", "warning", "--no-control-socket"]
    command += ["--limit-request-line", str(LONGEST_REQUEST_LINE)]
    command += ["--forwarded-allow-ips", ",".join(settings.TRUSTED_PROXIES)]
    if settings.CERT_FILE:
        command += ["--certfile", settings.CERT_FILE, "--keyfile", settings.KEY_FILE]
    return Child("web", command, files=(address.fileno(),))


def celery(name: str, *arguments: str) -> Child:
    # It speaks JSON alone, so that its warning of a superuser, for whom a pickled message would be dangerous, does not apply.
    quiet = ["-W", "ignore:You're running the worker with superuser privileges"]
    return Child(name, [sys.executable, *quiet, "-m", "celery", "--quiet", *arguments, "--loglevel", "WARNING"], heard=False)


def worker() -> Child:
    alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return celery("worker", "--app", "config.worker", "worker", "--concurrency", str(WORKER_PROCESSES), *alone)


def clock() -> Child:
    """One for the installation, in a process of its own: it rings each minute."""
    return celery("clock", "--app", "config.celery", "beat", "--pidfile", "")


def wants_demo() -> bool:
    """At the first start, when there is nobody and nothing yet; and where the filling was cut off."""
    business = Business.load()
    untouched = is_empty() and not User.objects.exists()
    return settings.DEMO and (untouched or business.is_demo and not business.demo_is_whole)


def fill_with_demo() -> None:
    """In a process of its own, which says itself what keeps it from it: the supervisor, which stays, never loads pandas."""
    subprocess.run([sys.executable, "manage.py", "demo"], cwd=settings.BASE_DIR, preexec_fn=die_with_parent)


def welcome(now: datetime) -> str:
    """How to get in, where somebody who has just started it could not know."""
    owner = User.objects.filter(role=User.Role.OWNER, is_active=True).order_by("pk").first()
    if owner is None:
        return _("Nobody can sign in yet: run manage.py createsuperuser in another window, or manage.py login_link E-MAIL after it.")
    if Business.load().is_demo:
        return _("To look around as %(name)s, open %(url)s within 15 minutes; it works once.") % {
            "name": owner,
            "url": url(link_for(owner, now)),
        }
    return ""


class Command(BaseCommand):
    help = _("Migrates, prepares the files, and runs everything until Ctrl-C.")
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_bad_settings()
        with reserve() as address:
            migrate()
            translations.compile_all()
            collect_static()
            if wants_demo():
                self.say(_("The empty database is filled with a made-up roastery, which takes some seconds; with DEMO=0 it stays empty."))
                fill_with_demo()
            words = welcome(datetime.now(UTC))
            connections.close_all()
            self.stdout.write(_("Regulars runs at %(url)s until Ctrl-C.") % {"url": url()})
            self.stdout.flush()
            if words:
                self.say(words)
            Group([web(address), worker(), clock()], settings.BASE_DIR, self.stderr.write).run()

    def say(self, words: str) -> None:
        """On standard error, but not as an error."""
        self.stderr.write(words, style_func=str)
        self.stderr.flush()
