"""An installation of its own for a test that starts commands as processes, kills them, and compares what they leave behind.

shop = Installation(installation)  # the fixture of the top conftest.py; `installations.copy()` makes a second one
shop.manage("import_orders", "orders.csv", "--json", FAILPOINT="import.committed:2")
assert shop.content(Customer, Order) == other.content(Customer, Order)
"""

import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
from django.db import models

from crm.models import Business, Changed, Channel, Customer, Facts, Import, Interaction, Order, OrderLine
from crm.tests.forked import Command

RECORD = (Business, Channel, Customer, Facts, Order, OrderLine, Interaction, Changed, Import)
# When something happened to be done; differs between two runs that do the same.
CLOCK = frozenset({"created", "started_at", "finished_at", "seconds"})


class Installation:
    def __init__(self, environ: dict[str, str]) -> None:
        self.environ = environ

    def manage(self, *arguments: object, timeout: float = 600, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Runs `manage.py` with these arguments and variables to its end, or to its failpoint (then the return code is -9)."""
        return self.start(*arguments, **environ).finish(timeout)

    def start(self, *arguments: object, **environ: str) -> Command:
        return Command(["manage.py", *map(str, arguments)], self.environ | environ)

    def script(self, code: str, *arguments: object, **environ: str) -> Command:
        """Starts a process of Python that runs `code` with Django ready."""
        command = ["-c", f"import django; django.setup()\n{code}", *map(str, arguments)]
        return Command(command, self.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"} | environ)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a statement finds in the database, read beside Django."""
        if url := self.environ.get("DATABASE_URL"):
            with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()
        with closing(sqlite3.connect(Path(self.environ["DATA_DIR"], "regulars.sqlite3"))) as database:
            return database.execute(sql).fetchall()

    def write(self, *statements: str) -> None:
        """Executes these statements in one transaction, beside Django."""
        if url := self.environ.get("DATABASE_URL"):
            with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
                cursor.execute("; ".join(statements))
            return
        with closing(sqlite3.connect(Path(self.environ["DATA_DIR"], "regulars.sqlite3"), timeout=20)) as database, database:
            for statement in statements:
                database.execute(statement)

    def content(self, *wanted: type[models.Model], without: frozenset[str] = CLOCK) -> dict[str, list[tuple[Any, ...]]]:
        """The rows of these models (all of the record, if none is named), the same for two installations that hold the same.

        A rolled back transaction leaves a gap in the primary keys of PostgreSQL, so each key stands as its rank among those of its table.
        """
        ranks: dict[type[models.Model], dict[Any, int]] = {}
        return {model._meta.label: self._rows_of(model, without, ranks) for model in wanted or RECORD}

    def _rows_of(
        self, model: type[models.Model], without: frozenset[str], ranks: dict[type[models.Model], dict[Any, int]]
    ) -> list[tuple[Any, ...]]:
        fields = [field for field in model._meta.concrete_fields if field.name not in without]
        columns = ", ".join(f'"{field.column}"' for field in fields)
        rows = []
        for row in self.rows(f'SELECT {columns} FROM "{model._meta.db_table}"'):
            values = []
            for field, value in zip(fields, row, strict=True):
                if field.is_relation or isinstance(field, models.AutoField):
                    value = self._rank(field.related_model or model, value, ranks)
                elif (model, field.name) == (Order, "key"):
                    value = re.sub(r"\A(\d+)(?=@)", lambda match: str(self._rank(Customer, int(match[1]), ranks)), value)
                values.append(value)
            rows.append(tuple(values))
        return sorted(rows, key=repr)

    def _rank(self, model: type[models.Model], pk: Any, ranks: dict[type[models.Model], dict[Any, int]]) -> int | None:
        if model not in ranks:
            meta = model._meta
            ranks[model] = {
                row[0]: rank for rank, row in enumerate(self.rows(f'SELECT "{meta.pk.column}" FROM "{meta.db_table}" ORDER BY 1'))
            }
        return None if pk is None else ranks[model][pk]
