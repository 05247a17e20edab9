"""The rows of a file that had errors, as a file of their own: to be mended and taken in again."""

import csv
from collections import defaultdict
from pathlib import Path

from django.utils.translation import gettext as _

from crm.export import as_text
from crm.importing.columns import recognised
from crm.importing.encoding import scan
from crm.importing.table import read_table
from crm.models import Import


def write(record: Import, source: Path, target: Path) -> None:
    """The rows of `source` that the import names, each behind its number and what is wrong with it. Raises OSError, or Refused."""
    reasons = defaultdict[int, list[str]](list)
    for error in record.errors:
        if error["row"]:
            reasons[error["row"]].append(error["reason"])
    table = read_table(source, scan(source).encoding, recognised)
    target.touch(mode=0o600)
    # With a mark by which Excel reads UTF-8, and the delimiter that the file had. What was no text stays none.
    with target.open("w", encoding="utf-8-sig", errors="replace", newline="") as file:
        writer = csv.writer(file, delimiter=table.delimiter)
        writer.writerow([_("Row"), _("Reason"), *map(as_text, table.header)])
        for number, cells in table.records():
            if number in reasons:
                writer.writerow([number, " ".join(reasons.pop(number)), *map(as_text, cells)])
            if not reasons:
                break
