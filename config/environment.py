"""What the environment says, read once, each value turned into what the settings need."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=134217728; PRAGMA cache_size=-20000;"
)


def text(name: str, default: str = "") -> str:
    """An empty variable counts as absent."""
    return os.environ.get(name, "").strip() or default


def words(name: str) -> list[str]:
    """A list written with commas or spaces."""
    return text(name).replace(",", " ").split()


def lets_others_in(folder: Path) -> bool:
    """Windows keeps its permissions elsewhere."""
    return os.name != "nt" and bool(folder.stat().st_mode & 0o077)


def data_dir(default: Path) -> Path:
    """The folder that holds everything this installation owns; nobody else may look into it.

    One that was there before is closed to others only if it is empty: DATA_DIR=/tmp must not lock /tmp, nor leave anything there.
    """
    folder = Path(text("DATA_DIR") or default).resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if lets_others_in(folder) and not any(folder.iterdir()):
            folder.chmod(0o700)
    except OSError as error:
        raise ImproperlyConfigured(f"DATA_DIR has to be a folder of this user's: {folder} cannot be used ({error.strerror}).") from error
    if lets_others_in(folder):
        raise ImproperlyConfigured(f"DATA_DIR lets other users in: give Regulars a folder of its own, or run chmod 700 {folder}.")
    return folder


def secret_key(folder: Path) -> str:
    """The key kept in `folder`, made once. Two processes that start together agree: the first to link its key wins."""
    path = folder / "secret_key"
    try:
        if not path.exists():
            draft = folder / f"secret_key.{os.getpid()}"
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(64))
            with suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"The secret key {path} cannot be read or made ({error.strerror}).") from error


def database(url: str, folder: Path) -> dict[str, Any]:
    """Django's settings for `url`, `postgres://user:password@host:port/name?host=/socket`, or for SQLite in `folder` without one."""
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": folder / "regulars.sqlite3",
            # To open it anew, with its pragmas and the whole schema read again, is a tenth of the time of a page.
            "CONN_MAX_AGE": 60,
            # IMMEDIATE: a transaction that reads and then writes cannot fail halfway with "database is locked".
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": SQLITE_PRAGMAS},
        }
    wanted = "DATABASE_URL has to read postgres://user:password@host:port/name, or be left out for SQLite."
    try:
        parts = urlsplit(url)
        port = parts.port or ""
    except ValueError as error:
        raise ImproperlyConfigured(wanted) from error
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(wanted)
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(port),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": "5"} | options | {"options": "-c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000"},
    }
