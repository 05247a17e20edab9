"""Tables whose rows, once written, are never changed and never deleted: triggers of the database refuse it, whoever asks.

Only taking out the demo, with all that was done to people who never were, opens them for its one transaction (`unlocked`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

from crm.models import Audit, ConsentText


@dataclass(frozen=True)
class Table:
    """`words` is what the database says who refuses."""

    name: str
    words: str

    def lock(self) -> None:
        """From now on the database refuses to change or delete a row."""
        self.unlock()
        _run(self._sqlite() if connection.vendor == "sqlite" else self._postgresql())

    def unlock(self) -> None:
        _run(
            [f"DROP TRIGGER IF EXISTS {self.name}_no_UPDATE", f"DROP TRIGGER IF EXISTS {self.name}_no_DELETE"]
            if connection.vendor == "sqlite"
            else [f"DROP TRIGGER IF EXISTS {self.name}_no_change ON {self.name}"]
        )

    def _sqlite(self) -> list[str]:
        return [
            f"""CREATE TRIGGER {self.name}_no_{verb} BEFORE {verb} ON {self.name}
                BEGIN SELECT RAISE(ABORT, '{self.words}'); END"""
            for verb in ("UPDATE", "DELETE")
        ]

    def _postgresql(self) -> list[str]:
        return [
            f"""CREATE OR REPLACE FUNCTION {self.name}_refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION '{self.words}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
            f"""CREATE TRIGGER {self.name}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {self.name}
                FOR EACH STATEMENT EXECUTE FUNCTION {self.name}_refuse()""",
        ]


AUDIT = Table(Audit._meta.db_table, "an audit entry is never changed and never deleted")
CONSENT_TEXTS = Table(ConsentText._meta.db_table, "the text of a consent is never changed and never deleted")
TABLES = (AUDIT, CONSENT_TEXTS)


def _run(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def unlocked() -> Iterator[None]:
    """Within this block, one transaction, rows may be deleted; nobody else's transaction ever sees the tables open."""
    with transaction.atomic():
        for table in TABLES:
            table.unlock()
        yield
        for table in TABLES:
            table.lock()
