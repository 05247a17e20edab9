"""What an import tells whoever waits for it."""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import TypeVar

Item = TypeVar("Item")
# How many rows are done, of how many (0 where that is not known), and in which pass (Doing).
Tell = Callable[[int, int, str], None]
EACH = 5000


class Doing(StrEnum):
    """The three passes over a file (how many rows there are is known after the first alone), and what a worker does around them."""

    COUNTING = "counting"
    READING = "reading"
    WRITING = "writing"
    REMOVING_DEMO = "removing_demo"
    NIGHT = "night"


def silent(done: int, total: int, doing: str) -> None:
    """Tells nobody."""


def told(rows: Iterable[Item], total: int, doing: str, tell: Tell) -> Iterator[Item]:
    """The same rows; it is told how many of them are done."""
    done = 0
    for done, row in enumerate(rows, start=1):
        yield row
        if not done % EACH:
            tell(done, total, doing)
    tell(done, total, doing)
