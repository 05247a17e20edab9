"""What can be wrong: with a cell, with a row, with the whole file."""

from dataclasses import asdict, dataclass, field


class Refused(Exception):
    """Nothing, or nothing more, is taken from the file: one sentence, with the row and the column where there is one to name."""

    def __init__(self, sentence: str, row: int | None = None, column: str | None = None) -> None:
        super().__init__(sentence)
        self.error = RowError(row, column, sentence)


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
