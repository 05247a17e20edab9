"""What can be wrong: with a cell, with a row, with the whole file."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum

from django.utils.translation import gettext as _

from crm import jobs
from crm.faults import told
from crm.models import Import


class Ask(StrEnum):
    """What somebody has to decide before the file can be taken in."""

    DATES = "dates"
    DECIMAL = "decimal"
    DEMO = "demo"


class Refused(Exception):
    """Nothing, or nothing more, is taken from the file: one sentence, with the row and the column where there is one to name."""

    def __init__(self, sentence: str, row: int | None = None, column: str | None = None, ask: Ask | None = None) -> None:
        super().__init__(sentence)
        self.error = RowError(row, column, sentence)
        self.ask = ask
        # By a person or the system, with Ctrl-C or SIGTERM: no fault of the file or of the database.
        self.stopped = False


class Busy(Refused, jobs.Busy):
    """Another import is at work: later it would be this one's turn."""


class Interrupted(Refused):
    """The import was cut off while it wrote; `record` counts what was written until then."""

    def __init__(self, error: Exception | KeyboardInterrupt, record: Import) -> None:
        why = refusal_of(error)
        goes_on = "" if why is error or why.stopped else _("What was written stays; run the import again, and it goes on from there.")
        super().__init__(f"{why} {goes_on}".strip(), why.error.row, why.error.column)
        self.record, self.stopped = record, why.stopped


def refusal_of(error: Exception | KeyboardInterrupt) -> Refused:
    """What ended the import, in a sentence: itself where it is one, else that of the database, of a file, or of who stopped it."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, KeyboardInterrupt):
        refusal = Refused(_("Stopped; run it again with the same file, and it goes on where it stopped."))
        refusal.stopped = True
        return refusal
    return Refused(told(error))


def first_line(error: Exception) -> str:
    """What a database says, of which only the first line is for people, without the full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


class BadCell(ValueError):
    """The cell holds nothing that its column could take; says so in one sentence."""


@dataclass(frozen=True)
class RowError:
    row: int | None
    column: str | None
    reason: str

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass
class Errors:
    """The errors of a file: all are counted, those of the first rows are kept. Each step brings its own in the order of rows."""

    KEPT = 1000

    count: int = 0
    kept: list[RowError] = field(default_factory=list)

    def add(self, row: int, column: str | None, reason: str) -> None:
        """One more in the first step, where rows come one by one."""
        self.count += 1
        if self.count <= self.KEPT:
            self.kept.append(RowError(row, column, reason))

    def extend(self, count: int, first: list[RowError]) -> None:
        """`count` more, of which these come first."""
        self.count += count
        self.kept = sorted([*self.kept, *first], key=lambda error: error.row or 0)[: self.KEPT]


def printable(text: str) -> str:
    """`text` with a stand-in for whatever cannot be printed, and so not be stored everywhere either."""
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "�" for letter in text)


def shown(text: str) -> str:
    """A cell as it stands in a sentence: short, on one line, and printable whatever it holds."""
    short = text if len(text) <= 60 else text[:59] + "…"
    return f"“{printable(short)}”"
