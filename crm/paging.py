"""Keyset pages: each goes on where another ended, at the same cost however deep. Empty values stand last, whichever way it is sorted."""

from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import Expression, F, IntegerField, Model, Q, QuerySet, Subquery
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce

Row = TypeVar("Row", bound=Model)
_SALT = "crm.paging"


class CountOf(Subquery):
    """How many rows a query finds, as a column of another: counted once, by an index alone where there is one."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


@dataclass(frozen=True)
class Sort:
    """By `by`, then by primary key the same way. `key` names it in an address."""

    key: str
    by: Expression | F
    descending: bool = False
    nullable: bool = False
    has_index: bool = True

    @property
    def without_index(self) -> "Sort":
        """The same order, for which the databases do not use the index on `by`: the rows are sorted by themselves, in one statement."""
        return replace(self, by=Coalesce(self.by, self.by), has_index=False)


@dataclass(frozen=True)
class Cursor:
    """The row that a page goes on from, forward or back: its value, its key, and its number in the list."""

    forward: bool
    value: str | None
    pk: int
    number: int

    @classmethod
    def read(cls, text: str, sort: Sort) -> "Cursor | None":
        """None for what was not written here, or for another order of rows."""
        try:
            key, forward, value, pk, number = signing.loads(text, salt=_SALT)
        except signing.BadSignature:
            return None
        return cls(forward, value, pk, number) if key == sort.key else None

    def written(self, sort: Sort) -> str:
        return signing.dumps([sort.key, self.forward, self.value, self.pk, self.number], salt=_SALT)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """`first` is the number of its first row; `next` and `previous` are cursors, empty where there are no more rows that way."""

    rows: list[Row]
    first: int
    next: str
    previous: str

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


def page(rows: QuerySet[Row], sort: Sort, cursor: Cursor | None, size: int) -> Page[Row]:
    """The `size` rows after the cursor or before it; the first ones without any."""
    forward = cursor is None or cursor.forward
    sign = "-" if sort.descending == forward else ""
    ordered = rows.annotate(place=sort.by).order_by(_by_place(sort, forward, bool(sign)), f"{sign}pk")
    found: list[Row] = []
    stretches = _stretches(ordered, sort, cursor, "lt" if sign else "gt")
    for stretch in stretches if sort.has_index else [reduce(or_, stretches)]:
        found += ordered.filter(stretch)[: size + 1 - len(found)]
        if len(found) > size:
            break
    more = len(found) > size
    found = found[:size] if forward else found[:size][::-1]
    return _numbered(found, sort, cursor, more)


def _by_place(sort: Sort, forward: bool, is_falling: bool) -> OrderBy:
    """By an index the empty ones are a stretch of their own; without one they are sorted with the others."""
    last = {("nulls_last" if forward else "nulls_first"): True} if sort.nullable and not sort.has_index else {}
    return OrderBy(F("place"), descending=is_falling, **last)


def _stretches(rows: QuerySet[Row], sort: Sort, cursor: Cursor | None, beyond: str) -> list[Q]:
    """The rows from the cursor on in parts, each a single range of an index: those of equal value, those beyond, the empty ones."""
    empty, filled = Q(place__isnull=True), Q(place__isnull=False)
    if cursor is None:
        return [filled, empty] if sort.nullable else [Q()]
    ties = Q(**{f"pk__{beyond}": cursor.pk})
    if cursor.value is None:
        return [empty & ties] if cursor.forward else [empty & ties, filled]
    value: Any = rows.query.annotations["place"].output_field.to_python(cursor.value)
    parts = [Q(place=value) & ties, Q(**{f"place__{beyond}": value})]
    return [*parts, empty] if sort.nullable and cursor.forward else parts


def _numbered(rows: list[Row], sort: Sort, cursor: Cursor | None, more: bool) -> Page[Row]:
    forward = cursor is None or cursor.forward
    first = _first_number(cursor, len(rows), more)

    def beside(row: Row, forward: bool, number: int) -> str:
        value = getattr(row, "place")  # noqa: B009 (page() adds it)
        return Cursor(forward, None if value is None else str(value), row.pk, number).written(sort)

    after, before = (more, cursor is not None) if forward else (True, more)
    return Page(
        rows,
        first,
        next=beside(rows[-1], True, first + len(rows) - 1) if rows and after else "",
        previous=beside(rows[0], False, first) if rows and before else "",
    )


def _first_number(cursor: Cursor | None, shown: int, more: bool) -> int:
    if cursor is None:
        return 1
    if cursor.forward:
        return cursor.number + 1
    return max(cursor.number - shown, 1) if more else 1
