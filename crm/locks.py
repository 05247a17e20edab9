"""A lock between processes that the system drops when its holder dies: nothing has to expire, nobody has to clean up."""

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

# Of the locks that this process holds on PostgreSQL: the process there that keeps each.
_keepers: dict[str, int] = {}


class LockLost(Exception):
    """The lock went while it was needed: others may have written meanwhile."""


def insist(name: str) -> None:
    """Raises LockLost where the lock `name`, taken by `held`, is no longer there: its connection to PostgreSQL can end unseen."""
    if name not in _keepers:
        return
    with connection.cursor() as cursor:
        held_there = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = %s AND objid = %s AND granted"
        cursor.execute(held_there, [_keepers[name], _key(name)])
        if not cursor.fetchone():
            raise LockLost(_("The connection to the database that kept others away has ended."))


def _key(name: str) -> int:
    return zlib.crc32(f"regulars {name}".encode())


@contextmanager
def held(name: str) -> Iterator[bool]:
    """Takes the lock `name` for the block: True, or False where another process has it. Never waits."""
    with _advisory(name) if connection.vendor == "postgresql" else _flock(name) as got:
        yield got


@contextmanager
def _flock(name: str) -> Iterator[bool]:
    handle = os.open(settings.DATA_DIR / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(handle)


@contextmanager
def _advisory(name: str) -> Iterator[bool]:
    # A connection of its own: the lock lives as long as the process does, whatever the working connection goes through.
    own, key = connection.copy(), _key(name)
    # It is idle for as long as the work lasts, and nothing between here and the server may take that for an end.
    own.settings_dict["OPTIONS"] = own.settings_dict["OPTIONS"] | {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
    try:
        with own.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
            row = cursor.fetchone()
            got = bool(row and row[0])
            if got:
                _keepers[name] = own.connection.info.backend_pid
            try:
                yield got
            finally:
                # The server notices a closed connection a little later, and whoever asks in between would still find the lock held.
                if got:
                    del _keepers[name]
                    with suppress(DatabaseError):
                        cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
    finally:
        own.close()
