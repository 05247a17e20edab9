"""Writing many rows: COPY and UPDATE FROM on PostgreSQL, executemany on SQLite. The only place where the engines differ in this.

Rows hold what the database stores: whole numbers (money in minor units), text, booleans, None, dates as YYYY-MM-DD and instants in UTC as
YYYY-MM-DD HH:MM:SS. Call inside a transaction, which also bounds how much is written at once.
"""

import io
import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models.expressions import RawSQL

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
Row = Sequence[Any]


def insert(model: type[models.Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Inserts `rows`, whose values stand in the order of the fields `names`."""
    if not rows:
        return
    table, columns = _quoted(model, names)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", _copy_text(rows))
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def insert_found(model: type[models.Model], names: Sequence[str], found: models.QuerySet[Any, Any], same: Row) -> None:
    """Inserts a row for each that `found` finds, in the database itself: its columns give the first of `names`, `same` the others."""
    table, columns = _quoted(model, names)
    try:
        statement, parameters = found.query.sql_with_params()
    except EmptyResultSet:
        return
    marks = ", ".join(f"CAST(%s AS {kind})" for kind in _kinds(model, names[-len(same) :]))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT found.*, {marks} FROM ({statement}) AS found", [*same, *parameters]
        )


def update(model: type[models.Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Sets the fields `names` of the rows whose primary key comes first in each of `rows`."""
    if not rows:
        return
    pk = model._meta.pk
    assert pk is not None
    table, (key, *columns) = _quoted(model, [pk.name, *names])
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"CREATE TEMPORARY TABLE fresh ON COMMIT DROP AS SELECT {', '.join([key, *columns])} FROM {table} WHERE false")
            cursor.copy_expert("COPY fresh FROM STDIN", _copy_text(rows))
            cursor.execute("ANALYZE fresh")
            settings = ", ".join(f"{column} = fresh.{column}" for column in columns)
            cursor.execute(f"UPDATE {table} SET {settings} FROM fresh WHERE {table}.{key} = fresh.{key}")
            cursor.execute("DROP TABLE fresh")
        else:
            settings = ", ".join(f"{column} = %s" for column in columns)
            cursor.executemany(f"UPDATE {table} SET {settings} WHERE {key} = %s", [(*row[1:], row[0]) for row in rows])


def analyze(*grown: type[models.Model]) -> None:
    """Has PostgreSQL look at tables that have grown at once: until it does, it plans as for what they held before. SQLite never asks."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {', '.join(_quoted(model, [])[0] for model in grown)}")


def column(model: type[models.Model], name: str) -> str:
    """The quoted column of the field `name`."""
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field) and field.column
    return connection.ops.quote_name(field.column)


def among(values: Collection[Any]) -> Any:
    """What a lookup `…__in` is given for thousands of values.

    On SQLite one parameter: the driver keeps the statements of the last 128 texts, and each would be as large as its list.
    """
    return values if connection.vendor == "postgresql" else RawSQL("SELECT value FROM json_each(%s)", [json.dumps(list(values))])


def _quoted(model: type[models.Model], names: Sequence[str]) -> tuple[str, list[str]]:
    return connection.ops.quote_name(model._meta.db_table), [column(model, name) for name in names]


def _kinds(model: type[models.Model], names: Sequence[str]) -> list[str]:
    """The types of these fields' columns: PostgreSQL takes a parameter of a SELECT for text."""
    return [str(model._meta.get_field(name).rel_db_type(connection)) for name in names]  # type: ignore[union-attr]


def _copy_text(rows: Iterable[Row]) -> io.BytesIO:
    """`rows` in the text format of COPY. In one buffer: psycopg2 calls a sink written in Python once per row."""
    return io.BytesIO("".join("\t".join(map(_copy_value, row)) + "\n" for row in rows).encode())


def _copy_value(value: Any) -> str:
    if value is None:
        return "\\N"
    return value.translate(_ESCAPES) if isinstance(value, str) else str(value)
