"""The facts as a CSV file (DEFINITIONS.md, "Interfaces")."""

import csv
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db.models import F, Sum, Window
from django.db.models.functions import RowNumber

from crm.catalogue import FACTS, Kind
from crm.models import Facts

_AT_ONCE = 5_000
# What a spreadsheet would take for a formula; and the sign that we put before it, so that taking the file in again gives the same text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0", "'")


def header() -> list[str]:
    return ["external_id", "email", "name", *FACTS, "stage_since", "revenue_share", "revenue_rank", "stage"]


def write(path: Path) -> int:
    """Writes one row per customer, in the order they were created, and returns how many. The file appears whole or not at all.

    Raises OSError where it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    # It names people: readable by its owner alone.
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header())
            rows = 0
            for row in _rows():
                writer.writerow(row)
                rows += 1
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return rows


def _rows() -> Iterator[list[str]]:
    total = Facts.objects.filter(revenue_12m__gt=0).aggregate(total=Sum("revenue_12m"))["total"]
    # Those who brought nothing rank after all who did, so the rank among the latter is the rank among all.
    ranked = Facts.objects.annotate(rank=Window(RowNumber(), order_by=[F("revenue_12m").desc(), F("pk").asc()]))
    texts = ["customer__external_id", "customer__email", "customer__name"]
    facts = [*FACTS, "stage_since", "stage", "rank"]
    for row in ranked.order_by("pk").values_list(*texts, *facts).iterator(_AT_ONCE):
        values = dict(zip(facts, row[len(texts) :], strict=True))
        ranks = values["revenue_12m"] > 0
        yield [
            *map(as_text, row[: len(texts)]),
            *(_cell(name, values[name]) for name in FACTS),
            _plain(values["stage_since"]),
            f"{values['revenue_12m'] / total:.12f}" if ranks else "",
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
