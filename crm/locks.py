"""A lock between processes that the system drops when its holder dies: nothing has to expire, nobody has to clean up."""

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.db import DatabaseError, connection


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
    own, key = connection.copy(), zlib.crc32(f"regulars {name}".encode())
    try:
        with own.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
            row = cursor.fetchone()
            got = bool(row and row[0])
            try:
                yield got
            finally:
                # The server notices a closed connection a little later, and whoever asks in between would still find the lock held.
                if got:
                    with suppress(DatabaseError):
                        cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
    finally:
        own.close()
