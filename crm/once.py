"""A form that was sent twice writes once: the key that it carries is unique, and who comes second is given what the first one wrote."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from django.db import IntegrityError, models, transaction

Row = TypeVar("Row", bound=models.Model)


def once(write: Callable[[], Row], before: Callable[[], Row | None]) -> Row:
    """What `write` gives, in one transaction; where the database refuses it because this form was written already, what `before` finds.

    Raises the IntegrityError where there is no such thing: something else was refused.
    """
    try:
        with transaction.atomic():
            return write()
    except IntegrityError:
        written = before()
        if written is None:
            raise
        return written


def say_the_same(one: Row, other: Row, fields: Iterable[str]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in fields)
