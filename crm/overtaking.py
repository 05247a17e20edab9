"""Queries that somebody waits for while typing: a newer one of the same asker ends the older one in whatever process, and none is long.

On PostgreSQL the asker is the connection's application_name for the length of a transaction, and the server cancels. SQLite asks every few
thousand steps whether to go on: who asked last stands in a small file.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from time import monotonic
from uuid import uuid4

from django.conf import settings
from django.db import OperationalError, connection, transaction

LONGEST = 10.0
# A step is well under a microsecond, and the file is looked at no more often than that.
_STEPS, _LOOK_EVERY = 5_000, 0.05
# Askers share so few files; who shares one may miss being overtaken, and then only works for nothing.
_SLOTS = 64


class Overtaken(Exception):
    """A newer query of the same asker has begun: nobody waits for this one."""


class TooLong(Exception):
    """The query took longer than it may."""


@contextmanager
def alone(asker: str, *, longest: float = LONGEST) -> Iterator[None]:
    """Ends the queries that run in another such block of `asker`, and runs those of this one for at most `longest` seconds.

    Raises Overtaken in the block that is ended, and TooLong. The block only reads.
    """
    name = f"asks {sha256(asker.encode()).hexdigest()[:32]}"
    began = monotonic()
    try:
        with _on_postgresql(name, longest) if connection.vendor == "postgresql" else _on_sqlite(name, longest):
            yield
    except OperationalError as error:
        if not _was_ended(error):
            raise
        raise (TooLong if monotonic() - began >= longest else Overtaken) from error


def _was_ended(error: OperationalError) -> bool:
    """Whether the database ended the query because it was told to."""
    cause = error.__cause__
    return getattr(cause, "pgcode", "") == "57014" or getattr(cause, "sqlite_errorname", "") == "SQLITE_INTERRUPT"


@contextmanager
def _on_postgresql(name: str, longest: float) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = %s AND datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()",
            [name],
        )
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Both end with the transaction.
            cursor.execute(
                "SELECT set_config('application_name', %s, true), set_config('statement_timeout', %s, true)",
                [name, str(int(longest * 1000))],
            )
        yield


@contextmanager
def _on_sqlite(name: str, longest: float) -> Iterator[None]:
    slot, mark = _slot(name), f"{name} {uuid4().hex}"
    # On a full disk nobody is overtaken; the query still has an end.
    with suppress(OSError):
        slot.parent.mkdir(mode=0o700, exist_ok=True)
        slot.write_text(mark)
    connection.ensure_connection()
    connection.connection.set_progress_handler(_Watch(slot, name, mark, monotonic() + longest), _STEPS)
    try:
        yield
    finally:
        connection.connection.set_progress_handler(None, 0)


def _slot(name: str) -> Path:
    folder: Path = settings.DATA_DIR / "asking"
    return folder / str(zlib.crc32(name.encode()) % _SLOTS)


class _Watch:
    """SQLite's progress handler: true ends the query."""

    def __init__(self, slot: Path, name: str, mark: str, until: float, now: Callable[[], float] = monotonic) -> None:
        self.slot, self.name, self.mark, self.until, self.now = slot, name, mark, until, now
        self.next_look = 0.0

    def __call__(self) -> bool:
        now = self.now()
        if now >= self.until:
            return True
        if now < self.next_look:
            return False
        self.next_look = now + _LOOK_EVERY
        said = ""
        with suppress(OSError, UnicodeDecodeError):
            said = self.slot.read_text()
        return said.startswith(f"{self.name} ") and said != self.mark
