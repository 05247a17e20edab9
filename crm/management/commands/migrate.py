from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from crm import searching
from crm.models import Customer


class Command(migrate.Command):
    """Django's own, after which the search for customers has its index: SQLite forgets triggers where a migration makes a table anew."""

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        base = connections[options["database"]]
        if Customer._meta.db_table in base.introspection.table_names():
            searching.keep(base)
