"""Whether there is anything of a kind around a customer: asked of all kinds at once, by the statement that finds them for their page, so
that the page reads only what is there, and once. Each module that has such a kind registers it."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db.models import BooleanField, Exists, QuerySet
from django.db.models.expressions import RawSQL

from crm.models import Customer

Row = TypeVar("Row")

_KINDS: dict[str, QuerySet[Any]] = {}


def register(kind: str, rows: QuerySet[Any]) -> None:
    """`rows` are those of the customer whose key is OuterRef("pk")."""
    _KINDS[_name(kind)] = rows
    _written.cache_clear()


def asked(customers: QuerySet[Customer]) -> QuerySet[Customer]:
    """With that of every kind."""
    return customers.annotate(**_written(customers.db))


# To write the same dozen subqueries out for each page took longer than to run them.
@cache
def _written(using: str) -> dict[str, RawSQL]:
    query = Customer.objects.annotate(**{name: Exists(rows) for name, rows in _KINDS.items()}).query
    compiler = query.get_compiler(using)
    written = {name: compiler.compile(query.annotations[name]) for name in _KINDS}
    return {name: RawSQL(sql, params, BooleanField()) for name, (sql, params) in written.items()}  # noqa: S611 (Django wrote it)


def is_there(customer: Customer, kind: str) -> bool:
    """At the time they were read; True where it was not asked."""
    return bool(vars(customer).get(_name(kind), True))


def read_once(customer: Customer, kind: str, read: Callable[[], Iterable[Row]]) -> Sequence[Row]:
    """What `read` gives, for all parts of their page: kept with the customer. Nothing is read of a kind that is not there."""
    kept, name = vars(customer), f"{kind}_read"
    if name not in kept:
        kept[name] = list(read()) if is_there(customer, kind) else []
    found: Sequence[Row] = kept[name]
    return found


def was_read(customer: Customer, kind: str) -> bool:
    """Whether another part of their page has read it already."""
    return f"{kind}_read" in vars(customer)


def _name(kind: str) -> str:
    return f"has_{kind}"
