"""A file as records of cells, in bounded memory whatever the file holds."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TextIO

from django.utils.translation import gettext as _

from crm.importing.errors import Refused, printable
from crm.importing.words import SPACES

DELIMITERS = (",", ";", "\t")
# Characters of one record; beyond it a file is no table, or a quotation mark has swallowed the rows after it.
RECORD_LIMIT = 1 << 20
# Characters beyond which the spaces around cells go at once: a reader remembers short cells, and one of nothing but spaces is short to it.
WIDE = 1 << 12
# How many rows may be blank before the header; a file of nothing but line ends is not read to its end for it.
BLANK = 1000
# What Excel takes for the delimiter of the rows below.
_SEP = re.compile(r"\s*sep=([^\w\s\"]|\t)\s*", re.IGNORECASE)


class _Feed:
    """The lines of one record after the other. The reader says when a record is whole by setting `taken` to 0."""

    def __init__(self, text: TextIO) -> None:
        self.readline = text.readline
        self.taken = 0
        self.first = ""
        self.too_long = self.unclosed = False

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = self.readline(RECORD_LIMIT + 1)
        if not self.taken:
            self.first = line
        elif not line:
            self.unclosed = True
        self.taken += len(line)
        if self.taken > RECORD_LIMIT:
            self.too_long = True
        if not line or self.too_long:
            raise StopIteration
        return line


@dataclass(frozen=True)
class Table:
    path: Path
    encoding: str
    delimiter: str
    header: Sequence[str] = ()
    start: int = 1  # the number of the record with the header

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """The records below the header that hold anything, with their numbers in the file, whose first is 1."""
        for number, record in self._all():
            if number > self.start and any(record):
                yield number, record

    def _all(self) -> Iterator[tuple[int, list[str]]]:
        with self.path.open(encoding=self.encoding, errors="surrogateescape", newline="") as text:
            feed = _Feed(text)
            number = 0
            try:
                for number, record in enumerate(csv.reader(feed, delimiter=self.delimiter), start=1):
                    if feed.unclosed or feed.too_long:
                        self._refuse(feed, number)
                    if feed.taken > WIDE:
                        record = [cell.strip(SPACES) for cell in record]
                    feed.taken = 0
                    yield number, record
            except csv.Error:  # a cell beyond the csv module's own limit
                self._refuse(feed, number + 1)
            if feed.too_long:
                self._refuse(feed, number + 1)

    def _refuse(self, feed: _Feed, row: int) -> None:
        """Says what is wrong with the record that `feed` is in."""
        start = next(csv.reader([feed.first[: csv.field_size_limit()]], delimiter=self.delimiter), [])
        column = self.header[len(start) - 1] if 0 < len(start) <= len(self.header) else None
        if feed.unclosed or len(feed.first) < feed.taken:
            sentence = _("Row %(row)s opens a quotation mark that is not closed; nothing was taken.")
        else:
            sentence = _("Row %(row)s is longer than a row of a table can be; nothing was taken.")
        raise Refused(sentence % {"row": row}, row, column)


def read_table(path: Path, encoding: str, recognised: Callable[[Sequence[str]], int]) -> Table:
    """The table in the file, by the delimiter that it names itself, or that makes the most of its header."""
    named = _named_delimiter(Table(path, encoding, DELIMITERS[0]))
    readings = [_headed(Table(path, encoding, delimiter)) for delimiter in ([named] if named else DELIMITERS)]
    best = max(readings, key=lambda reading: (recognised(reading.header), len(reading.header)))
    if not best.header:
        raise Refused(_("The file has no header; the first row that is not blank says what its columns are."), 1)
    return best


def _named_delimiter(table: Table) -> str | None:
    """The one in a first line like `sep=;`, which Excel writes and reads."""
    first = next((table.delimiter.join(record) for _number, record in islice(table._all(), BLANK) if _says_something(record)), "")
    match = _SEP.fullmatch(first)
    return match[1] if match else None


def _headed(table: Table) -> Table:
    """The same with its header: the first record that is neither blank nor names the delimiter."""
    for number, record in islice(table._all(), BLANK):
        if _says_something(record) and not _SEP.fullmatch(table.delimiter.join(record)):
            return replace(table, header=_without_ends(record), start=number)
    return table


def _says_something(record: Sequence[str]) -> bool:
    """Whether the record is more than spaces and delimiters, also those that a reading by another one leaves in its cells."""
    return any(letter.isalnum() for cell in record for letter in cell)


def _without_ends(record: Sequence[str]) -> list[str]:
    """The cells of a header, without the empty columns that some shops end their rows with."""
    header = [" ".join(printable(cell).split()) for cell in record]
    while header and not header[-1]:
        header.pop()
    return header
