"""Runs one management command as manage.py would, and notes how long it kept others from writing.

`python -m bench.watched NOTES.json import_orders FILE --json`: NOTES.json then holds the seconds of the longest write transaction, and when
the command itself began, after Python and Django had started.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import django
from django.core.management import execute_from_command_line
from django.db import connection
from django.db.transaction import Atomic

Execute = Callable[[str, Any, bool, dict[str, Any]], Any]

WRITES = ("INSERT", "UPDATE", "DELETE")


class Watch:
    """The longest outermost transaction, and the longest statement that writes outside one: the database treats it as a transaction."""

    def __init__(self) -> None:
        self.longest, self.began = 0.0, 0.0

    def note(self) -> None:
        self.longest = max(self.longest, perf_counter() - self.began)

    def transactions(self) -> None:
        """From now on, every transaction of this process is timed from after its BEGIN to after its COMMIT."""
        enter, leave = Atomic.__enter__, Atomic.__exit__

        def timed_enter(atomic: Atomic) -> None:
            outermost = not connection.in_atomic_block
            enter(atomic)
            if outermost:
                self.began = perf_counter()

        def timed_leave(atomic: Atomic, *error: Any) -> None:
            leave(atomic, *error)
            if not connection.in_atomic_block:
                self.note()

        Atomic.__enter__, Atomic.__exit__ = timed_enter, timed_leave  # type: ignore[method-assign]

    def statement(self, execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if connection.in_atomic_block or not sql.startswith(WRITES):
            return execute(sql, params, many, context)
        self.began = perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.note()


def main(notes: Path, arguments: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    watch = Watch()
    watch.transactions()
    started = perf_counter()
    try:
        with connection.execute_wrapper(watch.statement):
            execute_from_command_line(["manage.py", *arguments])
    finally:
        notes.write_text(json.dumps({"longest": watch.longest, "seconds": perf_counter() - started}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
