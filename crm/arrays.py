"""Query results as arrays of whole numbers: binary COPY on PostgreSQL, a bare cursor on SQLite.

And the date arithmetic that the engines write differently.
"""

import io
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import QuerySet

from crm.facts import EMPTY, Ints

_HEADER, _TRAILER = 19, 2
_FETCH = 50_000


def fetch(columns: Sequence[str], rest: str, parameters: Sequence[Any] = ()) -> list[Ints]:
    """One array per SQL expression in `columns` of SELECT columns `rest`; NULL is EMPTY.

    The SQL is written by this program; what varies goes through `parameters`.
    """
    select = ", ".join(f"COALESCE(CAST({column} AS bigint), {EMPTY})" for column in columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            buffer = io.BytesIO()
            query = cursor.mogrify(f"SELECT {select} {rest}", parameters).decode()
            cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT binary)", buffer)
            return _from_binary_copy(buffer, len(columns))
        cursor.execute(f"SELECT {select} {rest}", parameters)
        blocks = []
        while rows := cursor.fetchmany(_FETCH):
            flat = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=len(rows) * len(columns))
            blocks.append(flat.reshape(-1, len(columns)))
    table = np.concatenate(blocks) if blocks else np.empty((0, len(columns)), dtype=np.int64)
    return [np.ascontiguousarray(table[:, place]) for place in range(len(columns))]


def fetch_values(found: QuerySet[Any, Any]) -> list[Ints]:
    """The same of a queryset whose `values` are annotations, each a whole number."""
    sql, parameters = found.query.sql_with_params()
    names = [connection.ops.quote_name(name) for name in found.query.annotation_select]
    return fetch(names, f"FROM ({sql}) AS found", parameters)


def _from_binary_copy(buffer: io.BytesIO, width: int) -> list[Ints]:
    """The fixed-width rows between COPY's header and trailer: a field count, then length and value of each bigint."""
    fields = [field for place in range(width) for field in ((f"length{place}", ">i4"), (f"value{place}", ">i8"))]
    body = buffer.getbuffer()[_HEADER:-_TRAILER]
    rows = np.frombuffer(body, dtype=np.dtype([("fields", ">i2"), *fields]))
    return [rows[f"value{place}"].astype(np.int64) for place in range(width)]


def day(column: str) -> str:
    """SQL for a date column as days since 1970-01-01."""
    if connection.vendor == "postgresql":
        return f"({column} - DATE '1970-01-01')"
    return f"(julianday({column}) - 2440587.5)"


def later(column: str, days: int) -> str:
    """SQL for the date `days` after a date column."""
    return f"{column} + {days:d}" if connection.vendor == "postgresql" else f"date({column}, '+{days:d} days')"


def stored_dates(values: Ints) -> list[str | None]:
    """Days as crm/bulk.py takes dates: YYYY-MM-DD, None for EMPTY."""
    texts = values.astype("datetime64[D]").astype(str).tolist()
    return [None if empty else text for text, empty in zip(texts, (values == EMPTY).tolist(), strict=True)]


def stored_numbers(values: Ints) -> list[int | None]:
    """Numbers as crm/bulk.py takes them: None for EMPTY."""
    return [None if value == EMPTY else value for value in values.tolist()]
