"""For the tests of the import: takes in a text as if it were a file, on a day that never changes."""

import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from crm.importing.orders import import_orders
from crm.models import Import, Order

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
TODAY = date(2026, 9, 1)


@dataclass
class Taken:
    record: Import
    said: str

    @property
    def counts(self) -> tuple[int, ...]:
        """Orders created, updated, unchanged; customers created, updated; errors."""
        done = self.record
        orders = (done.orders_created, done.orders_updated, done.orders_unchanged)
        return (*orders, done.customers_created, done.customers_updated, done.error_count)

    @property
    def errors(self) -> list[tuple[Any, ...]]:
        return [(error["row"], error["column"], error["reason"]) for error in self.record.errors]


def take(content: str | bytes, **options: Any) -> Taken:
    said: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "orders.csv")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        record = import_orders(path=path, now=NOW, say=said.append, **({"source": "file"} | options))
    return Taken(record, "\n".join(said))


def orders(*names: str) -> list[tuple[Any, ...]]:
    """These fields of every order, in the order they came in."""
    return list(Order.objects.order_by("pk").values_list(*names))
