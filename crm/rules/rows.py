"""What the builder prints: for each row its fact, its comparison, and the inputs that fit them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from uuid import uuid4

from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from crm.catalogue import ANSWERS, NUMBERS, Fact, Kind, Topic, askable
from crm.money import sign
from crm.rules.controls import MOST_ASKED, Group, Line, Path
from crm.rules.tree import MOST_DEEP, OPS
from crm.rules.typed import Typed
from crm.rules.values import BARE_OPS, DAYS_OPS, LONGEST_TEXT, MOST_DAYS
from crm.rules.words import described

OP_WORDS: dict[str, Promise] = {
    "=": pgettext_lazy("comparison", "is"),
    "!=": pgettext_lazy("comparison", "is not"),
    "<": pgettext_lazy("comparison", "is less than"),
    "<=": pgettext_lazy("comparison", "is at most"),
    ">": pgettext_lazy("comparison", "is more than"),
    ">=": pgettext_lazy("comparison", "is at least"),
    "between": pgettext_lazy("comparison", "is between"),
    "in": pgettext_lazy("comparison", "is one of"),
    "contains": pgettext_lazy("comparison", "contains"),
    "starts": pgettext_lazy("comparison", "starts with"),
    "empty": pgettext_lazy("comparison", "is empty"),
    "on": pgettext_lazy("comparison", "is on"),
    "before": pgettext_lazy("comparison", "is before"),
    "after": pgettext_lazy("comparison", "is after"),
    "last": pgettext_lazy("comparison", "is within the last"),
    "not_last": pgettext_lazy("comparison", "is not within the last"),
    "passed": pgettext_lazy("comparison", "has come"),
    "next": pgettext_lazy("comparison", "is within the next"),
    "anniversary": pgettext_lazy("comparison", "has its anniversary within"),
}
KIND_WORDS: dict[str, Promise] = {
    "all": pgettext_lazy("people who match … of these", "all"),
    "any": pgettext_lazy("people who match … of these", "any"),
    "none": pgettext_lazy("people who match … of these", "none"),
}
# A number of days since a date is whole, though a rule compares the date.
_WHOLE = frozenset({Kind.COUNT, Kind.DAYS, Kind.AGE})


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    is_chosen: bool = False


@dataclass(frozen=True)
class Input:
    """One control of a value. `type` is that of an `<input>`, or "select"."""

    id: str
    type: str
    label: str
    value: str = ""
    step: str = ""
    least: str = ""
    most: str = ""


@dataclass(frozen=True)
class Row:
    """One comparison as the page prints it."""

    name: str
    number: int
    path: str
    line: Line
    rows: "Rows"
    told: str
    has_left: bool

    is_group = False

    @cached_property
    def known(self) -> Fact | None:
        return self.rows.offered.get(self.line.fact) or self.line.known

    @property
    def is_new(self) -> bool:
        return self.line.is_new

    @property
    def unknown(self) -> str:
        """A fact that is not offered, though the rule names it: it stays until somebody chooses another."""
        return self.line.fact if self.line.fact and self.line.fact not in self.rows.offered else ""

    @property
    def ops(self) -> list[Option]:
        known = OPS[self.known.kind] if self.known else ()
        if not known:
            return [Option(self.line.op, str(OP_WORDS.get(self.line.op, self.line.op)), True)] if self.line.op else []
        kept = () if self.line.op in known or not self.line.op else (self.line.op,)
        return [Option(op, str(OP_WORDS.get(op, op)), op == self.line.op) for op in (*known, *kept)]

    @property
    def means(self) -> str:
        return str(self.known.means) if self.known else ""

    @property
    def unit(self) -> str:
        """What stands after the number."""
        fact = self.known
        if fact is None or self.line.op in BARE_OPS:
            return ""
        if self.line.op in DAYS_OPS:
            return _("days")
        return sign() if fact.kind == Kind.MONEY else str(fact.unit or "")

    @cached_property
    def options(self) -> list[Option]:
        """The values of a choice; one that is no longer offered is kept."""
        fact = self.known
        if fact is None or self.line.op in {*BARE_OPS, *DAYS_OPS}:
            return []
        choices = {"true": _("yes"), "false": _("no")} if fact.kind in ANSWERS else self.rows.choices(fact)
        gone = [value for value in self.line.filled if value not in choices] if choices else []
        return [Option(key, words, key in self.line.values) for key, words in (*choices.items(), *((value, value) for value in gone))]

    @property
    def is_many(self) -> bool:
        return self.line.op == "in"

    @property
    def chosen(self) -> bool:
        return any(option.is_chosen for option in self.options)

    @property
    def inputs(self) -> list[Input]:
        """Nothing where the comparison takes no value, or the value is chosen from options."""
        fact, op = self.known, self.line.op
        if not op or op in BARE_OPS or fact is None or self.options:
            return [self._kept(place, value) for place, value in enumerate(self.line.filled)] if fact is None else []
        values = self.line.values
        if op == "between":
            ends = (values + ["", ""])[:2]
            return [
                self._input(0, ends[0], pgettext("the lower end of a range", "From")),
                self._input(1, ends[1], pgettext("the upper end of a range", "To")),
            ]
        if op == "in":
            asked = [*self.line.filled, ""][:MOST_ASKED]
            return [self._input(place, value, _("Value")) for place, value in enumerate(asked)]
        return [self._input(0, values[0] if values else "", _("Value"))]

    def _kept(self, place: int, value: str) -> Input:
        return Input(f"id_{self.name}-value-{place}", "text", _("Value"), value)

    def _input(self, place: int, value: str, label: str) -> Input:
        fact, name = self.known, f"id_{self.name}-value-{place}"
        assert fact is not None
        if self.line.op in DAYS_OPS or fact.kind == Kind.AGE:
            return Input(name, "number", label, value, "1", "0", str(MOST_DAYS))
        if fact.kind in NUMBERS:
            return Input(name, "number", label, value, "1" if fact.kind in _WHOLE else "any")
        return Input(
            name, "date" if fact.kind == Kind.DATE else "text", label, value, most="" if fact.kind == Kind.DATE else str(LONGEST_TEXT)
        )


@dataclass(frozen=True)
class Rung:
    """A group as the page prints it; the outermost has no number."""

    name: str
    number: int
    path: str
    group: Group
    rows: "Rows"
    told: str
    has_left: bool

    is_group = True

    @property
    def kinds(self) -> list[Option]:
        return [Option(key, str(words), key == self.group.kind) for key, words in KIND_WORDS.items()]

    @property
    def may_nest(self) -> bool:
        return self.path.count("-") + 2 < MOST_DEEP

    @property
    def parts(self) -> "list[Row | Rung]":
        return list(self._parts())

    def _parts(self) -> "Iterator[Row | Rung]":
        for place, part in enumerate(self.group.parts):
            path = f"{self.path}-{place}"
            told = self.rows.told.get(_places(path), "")
            name = f"{self.rows.name}{path}"
            if isinstance(part, Group):
                yield Rung(name, place + 1, path, part, self.rows, told, not self.path)
            else:
                yield Row(name, place + 1, path, part, self.rows, told, not self.path)


def _places(path: str) -> Path:
    return tuple(int(place) for place in path.split("-")[1:])


class Rows:
    """A builder as the page prints it. What is missing in a row is told once the form was to be saved; what is wrong, at once."""

    def __init__(self, name: str, typed: Typed, forbidden: Collection[str], *, is_live: bool = False) -> None:
        self.name, self.typed, self.forbidden = name, typed, forbidden
        # On a page that stands already the browser does not follow its own attribute; htmx-settings.js follows ours.
        self.focus = "data-focus" if is_live else "autofocus"
        self.token = typed.token or uuid4().hex
        self._choices: dict[str, dict[str, str]] = {}

    @cached_property
    def told(self) -> dict[Path, str]:
        wrong = self.typed.wrong(self.forbidden)
        quiet = self.typed.missing() if self.typed.pressed else {}
        return {path: sentence for path, sentence in wrong.items() if path not in quiet}

    @cached_property
    def root(self) -> Rung:
        return Rung(self.name, 0, "", self.typed.root, self, self.typed.refusal or self.told.get((), ""), False)

    @cached_property
    def is_emptied(self) -> bool:
        """Whether a press left no row that the keyboard could be in."""
        return self.typed.pressed and not self.typed.root.parts

    @cached_property
    def offered(self) -> dict[str, Fact]:
        return {name: fact for name, fact in askable().items() if fact.writer not in self.forbidden}

    def choices(self, fact: Fact) -> dict[str, str]:
        """What a choice offers, read once for all rows: it may be rows of the database."""
        if fact.name not in self._choices:
            self._choices[fact.name] = fact.choices if fact.kind in {Kind.CHOICE, Kind.BELONGING} else {}
        return self._choices[fact.name]

    @cached_property
    def topics(self) -> list[tuple[str, list[Option]]]:
        """The facts by topic, for every row the same."""
        by_topic = [(topic, [Option(fact.name, fact.label) for fact in self.offered.values() if fact.group == topic]) for topic in Topic]
        return [(str(topic.label), options) for topic, options in by_topic if options]

    @cached_property
    def say(self) -> str:
        """The rule in a sentence, or why there is none yet."""
        if not self.typed.root.parts and self.typed.root.kind == "all":
            return _("Everyone, for there is no rule yet.")
        node = self.typed.node(self.forbidden)
        if node is None:
            return _("This is not a whole rule yet.")
        return _("Customers for whom this holds: %(rule)s.") % {"rule": described(node)}
