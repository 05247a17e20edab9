"""Pass 1: the columns vote on how they are read, then every cell becomes a value, in staging, or an error of its row."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext as _

from crm.importing import dates, numbers, words
from crm.importing.columns import Columns, plain
from crm.importing.errors import Ask, BadCell, Errors, Refused, shown
from crm.importing.staging import Staging, chunks
from crm.importing.table import Table
from crm.importing.telling import Doing, Tell, silent, told
from crm.models import Business, Customer, Order, OrderLine

NUMBERS = {"amount": 2, "cost": 2, "quantity": 3}  # with their decimal places
# The fields of a row in the order in which they are read: the first three decide whether it is one of an order.
FIELDS = ("date", "amount", "order", "customer", "email", "name", "status", "channel", "cost", "product", "quantity", "currency")
STAGED = {"date": "moment", "order": "number"}  # where the column of staging has another name

Read = Callable[[str], "str | int | None"]


@dataclass
class Survey:
    """What the first look over the file has counted."""

    rows: int = 0
    votes: Mapping[str, Counter[str]] = field(default_factory=dict)
    currencies: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Reading:
    """How the columns are read, as they have voted or as the person has said; empty where nothing depends on it."""

    dates: str
    marks: Mapping[str, str]

    def __str__(self) -> str:
        return " ".join(f"{name}={read}" for name, read in {"date": self.dates, **self.marks}.items() if read)


def survey(table: Table, columns: Columns, tell: Tell = silent) -> Survey:
    """Counts the rows, and what the cells say about dates, decimals and currency."""
    counted = Survey(votes={name: Counter() for name in ("date", *NUMBERS) if name in columns.places})
    voters: list[tuple[int, Callable[[str], str], Counter[str]]] = [
        (columns.places[name], dates.evidence if name == "date" else numbers.evidence, votes) for name, votes in counted.votes.items()
    ]
    voters += [(place, named, counted.currencies) for place, named in _naming_currency(columns)]
    for _number, record in told(table.records(), 0, Doing.COUNTING, tell):
        counted.rows += 1
        for place, evidence, votes in voters:
            if place < len(record) and len(record[place]) <= words.LONGEST:
                votes[evidence(record[place])] += 1
    if not counted.rows:
        raise Refused(_("The file has a header and no rows."), table.start)
    del counted.currencies[""]
    return counted


def _naming_currency(columns: Columns) -> list[tuple[int, Callable[[str], str]]]:
    """Where a row may name its currency: in the column for it, else beside the amount."""
    naming: list[tuple[str, Callable[[str], str]]] = [("currency", _currency_of_cell), ("amount", numbers.currency_named)]
    return [(columns.places[name], named) for name, named in naming if name in columns.places]


def _currency_of_cell(cell: str) -> str:
    return words.currency(words.clean(cell)) or ""


def currency_of_most(table: Table, columns: Columns, reading: Reading, business: Business, today: date) -> str:
    """The currency that more than half of the rows with a date and an amount name, or nothing."""
    read = readers(columns, reading, business, today) | {"amount": numbers.number_reader(reading.marks["amount"] or numbers.POINT, 2)}
    cells = [(columns.places[name], read[name]) for name in ("date", "amount")]
    naming = _naming_currency(columns)
    counted = Counter[str]()
    for _number, record in table.records():
        if len(record) >= len(columns.header) and all(_holds(reader, record[place]) for place, reader in cells):
            counted[next(filter(None, (named(record[place]) for place, named in naming)), "")] += 1
    code, times = counted.most_common(1)[0] if counted else ("", 0)
    return code if times * 2 > counted.total() else ""


def decide(counted: Survey, columns: Columns, order: str | None, mark: str | None) -> Reading:
    """How the file is read; refuses to guess where a column reads two ways throughout."""
    order = order or _elected(counted.votes["date"], (dates.DMY, dates.MDY), dates.EITHER)
    if order is None:
        sentence = _("The dates read two ways, like 03/04/2026; say which one is meant: --dates dmy or --dates mdy.")
        raise Refused(sentence, None, columns.name("date"), Ask.DATES)
    marks: dict[str, str] = {}
    for name in NUMBERS:
        if name in columns.places:
            elected = mark or _elected(counted.votes[name], (numbers.COMMA, numbers.POINT), numbers.EITHER)
            # A column that does not say follows the amounts, where they do.
            elected = marks.get("amount") or None if elected is None else elected
            if elected is None:
                sentence = _("The numbers read two ways, like 1,234; say what parts the decimals: --decimal comma or --decimal point.")
                raise Refused(sentence, None, columns.name(name), Ask.DECIMAL)
            marks[name] = elected
    return Reading(order, marks)


def _elected(votes: Counter[str], sides: tuple[str, str], undecided: str) -> str | None:
    """The side with more votes; "" where nothing depends on it, None where something does and nothing says."""
    one, other = (votes[side] for side in sides)
    if one != other:
        return sides[0] if one > other else sides[1]
    return None if one or votes[undecided] else ""


def readers(columns: Columns, reading: Reading, business: Business, today: date) -> dict[str, Read]:
    """The function that reads each of the file's fields, in the order of FIELDS."""
    zone = ZoneInfo(business.zone)
    written_in = UTC if plain(columns.header[columns.places["date"]]).endswith(" utc") else None
    made: dict[str, Read] = {
        "date": dates.date_reader(reading.dates or dates.DMY, zone, today, written_in),
        "order": words.order_reader(_longest(Order, "number")),
        "customer": words.text_reader(_longest(Customer, "external_id")),
        "email": words.email_reader(_longest(Customer, "email")),
        "name": words.text_reader(_longest(Customer, "name")),
        "status": words.status_reader(),
        "channel": words.channel_reader(),
        "product": words.text_reader(_longest(OrderLine, "product")),
        "currency": words.currency_reader(business.currency),
    }
    for name, mark in reading.marks.items():
        made[name] = numbers.number_reader(mark or numbers.POINT, NUMBERS[name], business.currency)
    return {name: made[name] for name in FIELDS if name in columns.places}


def _longest(model: type[models.Model], name: str) -> int:
    limit = getattr(model._meta.get_field(name), "max_length", None)
    assert isinstance(limit, int)
    return limit


def stage(records: Iterable[tuple[int, list[str]]], columns: Columns, read: Mapping[str, Read], staging: Staging, errors: Errors) -> None:
    """Reads every row into staging. An order one of whose rows is wrong is marked as spoiled."""
    rows = _Rows(columns, read, errors, spoil=lambda number, row: staging.fill("spoiled", [(number, row)]))
    names = [STAGED.get(name, name) for name in read]
    for chunk in chunks(rows.values(records)):
        staging.add(names, chunk)


class _Rows:
    """From cells to values."""

    def __init__(self, columns: Columns, read: Mapping[str, Read], errors: Errors, spoil: Callable[[str, int], None]) -> None:
        self.columns, self.errors, self.spoil = columns, errors, spoil
        self.cells = [(columns.places[name], reader) for name, reader in read.items()]
        self.names = list(read)
        self.number = read.get("order")

    def values(self, records: Iterable[tuple[int, list[str]]]) -> Iterator[list[str | int | None]]:
        width, cells, has_number = len(self.columns.header), self.cells, self.number is not None
        for row, record in records:
            try:
                if len(record) != width:
                    self._check_width(record, width)
                values: list[str | int | None] = [read(record[place]) for place, read in cells]
            except BadCell as bad:
                self._reject(row, record, str(bad))
                continue
            if values[0] is None or (values[1] is None and not (has_number and values[2])):
                self._reject(row, record)
                continue
            values.insert(0, row)
            yield values

    def _check_width(self, record: Sequence[str], width: int) -> None:
        """Empty cells beyond the header do no harm; missing or further ones do, as nobody knows which column they belong to."""
        if len(record) < width or any(record[width:]):
            raise BadCell(_("The row has %(cells)s cells, the header has %(columns)s.") % {"cells": len(record), "columns": width})

    def _reject(self, row: int, record: Sequence[str], of_row: str = "") -> None:
        """One error of the row, under the first of its bad cells; the others are told with it, so that all are mended at once."""
        number = self._number_of(record)
        problems = [(self.columns.name(name), reason) for name, reason in self._problems(record)]
        (column, reason), *others = problems or [(None, of_row)]
        also = _("Also in %(column)s: %(reason)s")
        told = [reason, *(also % {"column": shown(other or ""), "reason": more} for other, more in others)]
        self.errors.add(row, column, " ".join(told))
        if number:
            self.spoil(number, row)

    def _problems(self, record: Sequence[str]) -> list[tuple[str, str]]:
        """What is wrong with its cells, by the fields; nothing where the row is wrong as a whole."""
        bad: dict[str, str] = {}
        values: dict[str, str | int | None] = {}
        if len(record) < len(self.columns.header) or any(record[len(self.columns.header) :]):
            return []
        for name, (place, read) in zip(self.names, self.cells, strict=True):
            try:
                values[name] = read(record[place])
            except BadCell as wrong:
                values[name] = bad[name] = str(wrong)
        # Only a further row of an order may leave the amount out.
        needed = ("date",) if values.get("order") else ("date", "amount")
        return [*bad.items(), *((name, _("The cell is empty.")) for name in needed if values[name] is None)]

    def _number_of(self, record: Sequence[str]) -> str | None:
        place = self.columns.places.get("order")
        if self.number is None or place is None or place >= len(record) or _fails(self.number, record[place]):
            return None
        number = self.number(record[place])
        return str(number) if number else None


def _holds(read: Read, cell: str) -> bool:
    """Whether there is a value in the cell."""
    try:
        return read(cell) is not None
    except BadCell:
        return False


def _fails(read: Read, cell: str) -> bool:
    try:
        read(cell)
    except BadCell:
        return True
    return False
