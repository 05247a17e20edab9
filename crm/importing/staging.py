"""Where pass 1 puts what it has read: an SQLite file of its own, so that memory stays small and the whole file can be asked.

`line` holds each row of the file that can be taken, in the end one for each order; `row` is its number in the file. Text is as it will be
stored, numbers are whole minor units, `moment` is explained in crm.importing.dates. The tables beside it are made by identity and grouping.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from crm.importing.errors import Errors, Refused, RowError

Item = TypeVar("Item")
# How many keys one question to the database names, and how many rows are written at once.
CHUNK = 5000
# Whose an order is, in one text: "i" and the id, or "e" and the e-mail; NULL for nobody's.
WHO = "coalesce('i' || line.customer, 'e' || line.email)"

_TABLES = """
CREATE TABLE line (
    row INTEGER PRIMARY KEY, moment TEXT, amount INTEGER, number TEXT, customer TEXT, email TEXT, name TEXT,
    status INTEGER, channel TEXT, cost INTEGER, product TEXT, quantity INTEGER, currency TEXT, size INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE spoiled (number TEXT PRIMARY KEY, row INTEGER) WITHOUT ROWID;
CREATE TABLE claimed (email TEXT PRIMARY KEY, owner TEXT) WITHOUT ROWID;
CREATE TABLE adopted (owner TEXT PRIMARY KEY, email TEXT UNIQUE) WITHOUT ROWID;
CREATE TABLE person (who TEXT PRIMARY KEY, name TEXT, email TEXT) WITHOUT ROWID;
CREATE TABLE part (row INTEGER PRIMARY KEY, first INTEGER, product TEXT, quantity INTEGER, amount INTEGER);
CREATE TABLE nth (row INTEGER PRIMARY KEY, n INTEGER);
"""
# The kinds of errors that are the disk's: full, unreadable, read-only, not to be opened.
_OF_THE_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
_SETTINGS = ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", "cache_size=-16000", "temp_store=FILE")


class Staging:
    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        self.execute = database.execute
        for setting in _SETTINGS:
            self.execute(f"PRAGMA {setting}")
        database.executescript(_TABLES)
        # One transaction that is never ended: nobody else reads this, and nothing is kept.
        self.execute("BEGIN")

    def add(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        marks = ", ".join("?" * (len(columns) + 1))
        self.database.executemany(f"INSERT INTO line (row, {', '.join(columns)}) VALUES ({marks})", rows)

    def fill(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Adds whole rows to one of the tables beside `line`; of two with one key the first stays."""
        for chunk in chunks(rows):
            self.database.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(chunk[0]))})", chunk)

    def index_numbers(self) -> None:
        self.execute("CREATE INDEX line_number ON line (number) WHERE number IS NOT NULL")

    def has(self, sql: str) -> bool:
        return bool(self.execute(f"SELECT EXISTS ({sql})").fetchone()[0])

    def reject(self, select: str, errors: Errors, column: str | None, sentence: str) -> None:
        """Takes the rows of `select` (row, number, and what the sentence tells) out as errors; their orders are spoiled."""
        self.execute(f"CREATE TABLE bad AS {select} ORDER BY 1")
        self._report("SELECT * FROM bad", errors, column, sentence)
        self.execute("INSERT OR IGNORE INTO spoiled SELECT number, min(row) FROM bad WHERE number IS NOT NULL GROUP BY number")
        self.execute("DELETE FROM line WHERE row IN (SELECT row FROM bad)")
        self.execute("DROP TABLE bad")

    def drop_spoiled(self, errors: Errors, column: str | None) -> None:
        """No order is written with a part of its amount: where one row is wrong, the others are left out with it."""
        select = "SELECT line.row, line.number, spoiled.row AS told FROM line JOIN spoiled USING (number) ORDER BY 1"
        self._report(select, errors, column, _("The order has an error in row %(told)s."))
        self.execute("DELETE FROM line WHERE number IN (SELECT number FROM spoiled)")

    def _report(self, select: str, errors: Errors, column: str | None, sentence: str) -> None:
        count = self.execute(f"SELECT count(*) FROM ({select})").fetchone()[0]
        first = self.execute(f"{select} LIMIT {Errors.KEPT}") if count else ()
        errors.extend(count, [RowError(row, column, sentence % {"told": told}) for row, _number, told in first])


@contextmanager
def staged(folder: Path) -> Iterator[Staging]:
    """A staging file that is gone after the block, or when the process dies: its name is taken away as soon as it is open."""
    path = folder / "import.staging"
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            staging = Staging(database)
            path.unlink()
            yield staging
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _OF_THE_DISK:
            raise
        raise Refused(_("The file cannot be read into %(folder)s: %(why)s.") % {"folder": folder, "why": error}) from error


def chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
