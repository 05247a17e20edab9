"""How fast the engine takes what an import left behind: `python -m bench.raw ADDRESS FOLDER` prints the seconds as JSON.

The rows of an imported installation are read back, ready to be written, and written into bare tables of the same shape (no foreign keys,
no checks) with the same indexes: COPY on PostgreSQL, executemany on SQLite, in one transaction. Only the writing counts.
"""

import io
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter

import psycopg2  # type: ignore[import-untyped]

from config.environment import SQLITE_PRAGMAS

# Parents first; the facts are the blank rows that come with a customer.
TABLES = ("crm_customer", "crm_facts", "crm_order", "crm_changed")
AT_ONCE = 200_000


def sqlite(source: str, folder: Path) -> float:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(folder / "raw.sqlite3", isolation_level=None)) as new:
        new.executescript(SQLITE_PRAGMAS)
        for table in TABLES:
            for statement in _sqlite_shape(old, table):
                new.execute(statement)
        start = perf_counter()
        new.execute("BEGIN IMMEDIATE")
        seconds = perf_counter() - start
        for table in TABLES:
            cursor = old.execute(f"SELECT * FROM {table}")
            insert = f"INSERT INTO {table} VALUES ({', '.join('?' * len(cursor.description))})"
            while rows := cursor.fetchmany(AT_ONCE):
                start = perf_counter()
                new.executemany(insert, rows)
                seconds += perf_counter() - start
        start = perf_counter()
        new.execute("COMMIT")
        return seconds + perf_counter() - start


def _sqlite_shape(base: sqlite3.Connection, table: str) -> Iterator[str]:
    """The statements that make a bare table with the columns and indexes of `table`."""
    columns = [
        f'"{name}" {kind} {"PRIMARY KEY" if key else ""}' for _, name, kind, _, _, key in base.execute(f"PRAGMA table_info({table})")
    ]
    yield f"CREATE TABLE {table} ({', '.join(columns)})"
    for _, index, unique, origin, _ in base.execute(f"PRAGMA index_list({table})").fetchall():
        if origin != "pk":
            (sql,) = base.execute("SELECT sql FROM sqlite_master WHERE name = ?", [index]).fetchone()
            if not sql:
                # An index that a constraint of the table brought has no statement of its own, and columns alone.
                names = ", ".join(row[2] for row in base.execute(f"PRAGMA index_info({index})"))
                sql = f"CREATE {'UNIQUE' if unique else ''} INDEX raw_{index} ON {table} ({names})"
            yield sql


def postgres(address: str) -> float:
    with closing(psycopg2.connect(address)) as old, closing(psycopg2.connect(address)) as new:
        reader, writer = old.cursor(), new.cursor()
        for table in TABLES:
            writer.execute(f"CREATE TABLE raw_{table} (LIKE {table} INCLUDING DEFAULTS INCLUDING INDEXES)")
        new.commit()
        seconds = 0.0
        for table in TABLES:
            key = "customer_id" if table == "crm_facts" else "id"
            reader.execute(f"SELECT coalesce(max({key}), 0) FROM {table}")
            for first in range(0, reader.fetchone()[0] + 1, AT_ONCE):
                rows = io.BytesIO()
                reader.copy_expert(f"COPY (SELECT * FROM {table} WHERE {key} BETWEEN {first} AND {first + AT_ONCE - 1}) TO STDOUT", rows)
                rows.seek(0)
                start = perf_counter()
                writer.copy_expert(f"COPY raw_{table} FROM STDIN", rows)
                seconds += perf_counter() - start
        start = perf_counter()
        new.commit()
        seconds += perf_counter() - start
        writer.execute(f"DROP TABLE {', '.join(f'raw_{table}' for table in TABLES)}")
        new.commit()
        return seconds


def main(address: str, folder: Path) -> None:
    (folder / "raw.sqlite3").unlink(missing_ok=True)
    seconds = postgres(address) if address.startswith("postgres") else sqlite(address, folder)
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
