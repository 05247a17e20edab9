"""The facts as a CSV file (DEFINITIONS.md, "Interfaces")."""

import csv
import errno
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from django.db.models import Case, F, QuerySet, Sum, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit, bulk
from crm.catalogue import FACTS, Kind
from crm.fields import MoneyField
from crm.models import Facts
from crm.tags.page import tags_of

AT_ONCE = 5_000

audit.register(audit.Action("export.customers", gettext_lazy("Customers taken out as a file")))
# What a spreadsheet would take for a formula; and the sign that we put before it, so that taking the file in again gives the same text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0", "'")


def header() -> list[str]:
    return ["external_id", "email", "name", *_columns(), "revenue_share", "revenue_rank", "stage"]


def _columns() -> list[str]:
    """The facts but the stage, which stands last."""
    return [name for name in FACTS if name != "stage"]


def write(path: Path) -> int:
    """Writes one row per customer, in the order they were created, and returns how many.

    Raises OSError where it cannot be written.
    """
    return write_rows(path, header(), _rows())


def write_rows(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Writes `rows` under `head` and returns how many. The file appears whole or not at all.

    Raises OSError where it cannot be written.
    """
    # A link stays a link: what it points to is replaced.
    path = path.resolve()
    if path.exists() and not path.is_file():
        # Or the last step would put a file in the place of, say, /dev/null.
        raise FileExistsError(errno.EEXIST, _("it is there and is not a file"))
    # Readable by its owner alone, as it names people; under a name that no run killed before can have left behind.
    handle, draft_name = tempfile.mkstemp(prefix=".export-", dir=path.parent)
    draft = Path(draft_name)
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(_LineFeeds(file))
            writer.writerow(head)
            written = 0
            for row in rows:
                writer.writerow(row)
                written += 1
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return written


class _Echo:
    """A file that keeps nothing: csv's writer gives what its file's write gives."""

    def write(self, line: str) -> str:
        return line


def lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The same a line at a time, for an answer that is sent while it is read."""
    writer = csv.writer(_Echo(), lineterminator="\n")
    yield writer.writerow(head)
    for row in rows:
        yield writer.writerow(row)


class _LineFeeds:
    """Ends each line with LF. The writer thinks that it is CR LF, or it would quote a lone LF and not a lone CR: the rest of a cell behind
    one would be a row of its own to a reader, and the start of it might be a formula."""

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, line: str) -> int:
        return self.file.write(line.removesuffix("\r\n") + "\n")


# Who they are, before the facts in a list of some of them.
_WHO = ("external_id", "email", "name", "phone", "city", "country")


def header_of_some() -> list[str]:
    return [*_WHO, *_columns(), "stage", "tags"]


def rows_of(found: QuerySet[Facts]) -> Iterator[list[str]]:
    """Of those customers, in the order they were created; without share and rank, which are of everybody. Read a stretch at a time."""
    who, facts, after = [f"customer__{name}" for name in _WHO], list(FACTS), 0
    while stretch := list(found.filter(pk__gt=after).order_by("pk").values_list("pk", *who, *facts)[:AT_ONCE]):
        tags = tags_of(bulk.among([pk for pk, *_row in stretch]))
        for pk, *row in stretch:
            values = dict(zip(facts, row[len(who) :], strict=True))
            cells = [*map(as_text, row[: len(who)]), *(_cell(name, values[name]) for name in _columns())]
            yield [*cells, as_text(values["stage"]), as_text(", ".join(tags.get(pk, ())))]
        after = stretch[-1][0]


def _rows() -> Iterator[list[str]]:
    # All in one statement, or a night that runs meanwhile would part the shares from their total. Those who brought nothing rank after all
    # who did, so the rank among the latter is the rank among all.
    brought = Case(When(revenue_12m__gt=0, then=F("revenue_12m")), default=Value(0), output_field=MoneyField())
    ranked = Facts.objects.annotate(rank=Window(RowNumber(), order_by=[F("revenue_12m").desc(), F("pk").asc()]), total=Window(Sum(brought)))
    texts = ["customer__external_id", "customer__email", "customer__name"]
    facts = [*FACTS, "rank", "total"]
    for row in ranked.order_by("pk").values_list(*texts, *facts).iterator(AT_ONCE):
        values = dict(zip(facts, row[len(texts) :], strict=True))
        ranks = values["revenue_12m"] > 0
        yield [
            *map(as_text, row[: len(texts)]),
            *(_cell(name, values[name]) for name in _columns()),
            f"{values['revenue_12m'] / values['total']:.12f}" if ranks else "",
            str(values["rank"]) if ranks else "",
            as_text(values["stage"]),
        ]


def as_text(text: str) -> str:
    """`text` as a cell that no spreadsheet takes for a formula: an apostrophe first, which an import takes off again."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cell(name: str, value: Any) -> str:
    return as_text(value) if FACTS[name].kind in {Kind.CHANNEL, Kind.CHOICE} else _plain(value)


def _plain(value: Any) -> str:
    """Numbers with a decimal point and no more digits than they have; true and false; "" for no value."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.1f}".removesuffix(".0")
        case Decimal():
            return f"{value:.2f}"
        case _:
            return str(value)
