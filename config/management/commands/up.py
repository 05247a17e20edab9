"""`manage.py up`: everything that has to happen before the first request, then all processes as one group."""

import hashlib
import socket
import sys
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core import checks
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections
from django.utils.translation import gettext as _

from config import translations
from config.supervisor import Child, Group

WEB_WORKERS, WEB_THREADS = 2, 4
WORKER_PROCESSES = 2


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
    command = [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--bind", f"fd://{address.fileno()}"]
    command += ["--worker-class", "gthread", "--workers", str(WEB_WORKERS), "--threads", str(WEB_THREADS)]
    command += ["--graceful-timeout", "5", "--log-level", "warning", "--no-control-socket"]
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


def url() -> str:
    host = f"[{settings.BIND}]" if ":" in settings.BIND else settings.BIND
    return f"{'https' if settings.CERT_FILE else 'http'}://{host}:{settings.PORT}/"


class Command(BaseCommand):
    help = _("Migrates, prepares the files, and runs everything until Ctrl-C.")
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_bad_settings()
        with reserve() as address:
            migrate()
            translations.compile_all()
            collect_static()
            connections.close_all()
            self.stdout.write(_("Regulars runs at %(url)s until Ctrl-C.") % {"url": url()})
            self.stdout.flush()
            Group([web(address), worker(), clock()], settings.BASE_DIR, self.stderr.write).run()
