"""A rule as rows of form controls: what the builder shows, and what comes back from it, half-filled rows included.

The names of the controls are the field's name with a path: `rule-kind`, `rule-0-fact`, `rule-0-op`, `rule-0-value`, `rule-2-0-fact`. They
are data all the way: a fact is only found by its name in the catalogue, and `parse` refuses what is not there.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any as Anything
from typing import TypeAlias

from crm.catalogue import ANSWERS, NUMBERS, Fact, Kind, find
from crm.rules.tree import MOST_DEEP, MOST_LEAVES
from crm.rules.values import BARE_OPS, DAYS_OPS

KINDS = ("all", "any", "none")
# An end, for a form that is forged: with more rows, groups among them, or on more levels, no rule would be one.
MOST_ROWS, MOST_LEVELS, MOST_ASKED = MOST_LEAVES * MOST_DEEP, MOST_DEEP + 2, 100
_NAME = re.compile(rf"((?:-\d{{1,3}}){{0,{MOST_LEVELS}}})-(kind|fact|for|op|value)", re.ASCII)
# What a comparison begins as when a fact is chosen.
FIRST_OPS = {
    **dict.fromkeys(NUMBERS, ">="),
    Kind.DATE: "last",
    Kind.CHOICE: "in",
    Kind.BELONGING: "in",
}
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,2})?", re.ASCII | re.IGNORECASE)
_LONGEST_NUMBER = 30

Path: TypeAlias = tuple[int, ...]


@dataclass
class Line:
    """One comparison as typed. `values` are the texts of its inputs, in their order; `is_new` puts the keyboard into it."""

    fact: str = ""
    op: str = ""
    values: list[str] = field(default_factory=list)
    is_new: bool = False

    @property
    def known(self) -> Fact | None:
        return find(self.fact)

    @property
    def filled(self) -> list[str]:
        return [value for value in self.values if value.strip()]

    @property
    def is_blank(self) -> bool:
        return not (self.fact or self.filled)

    @property
    def is_whole(self) -> bool:
        """Whether each of its controls is filled in, well or not."""
        wanted = 0 if self.op in BARE_OPS else 2 if self.op == "between" else 1
        return bool(self.fact and self.op) and len(self.filled) >= wanted

    def rule(self) -> dict[str, Anything]:
        """As a part of a rule; what is missing is missing there, too."""
        said: dict[str, Anything] = {"fact": self.fact, "op": self.op}
        if self.op in BARE_OPS:
            return said
        values = [self._read(value) for value in self.filled]
        if self.op in {"between", "in"}:
            return said | {"value": values}
        return said | {"value": values[0] if values else ""}

    def _read(self, text: str) -> Anything:
        """What does not read stays a text, and is refused as one."""
        kind = fact.kind if (fact := self.known) else None
        if self.op in DAYS_OPS or kind in NUMBERS:
            return _number(text)
        if kind in ANSWERS:
            return {"true": True, "false": False}.get(text, text)
        return text

    def choose(self, name: str) -> None:
        """Another fact: what was compared stays where it still says something."""
        before, self.fact = self.known, name
        after = self.known
        if after is None or (before and before.kind == after.kind and not after.choices):
            return
        self.op, self.values = FIRST_OPS.get(after.kind, "="), []


@dataclass
class Group:
    """Rows of which all, any or none hold."""

    kind: str = "all"
    parts: list["Part"] = field(default_factory=list)
    is_new: bool = False

    def rule(self) -> dict[str, Anything]:
        parts = [part.rule() for part in self.parts]
        if self.kind == "none":
            # One part alone is that part turned round: written so, any rule keeps its depth.
            return {"not": parts[0]} if len(parts) == 1 else {"not": {"any": parts}}
        return {self.kind: parts}

    def at(self, path: Path) -> "Part | None":
        part: Part = self
        for place in path:
            if not isinstance(part, Group) or place >= len(part.parts):
                return None
            part = part.parts[place]
        return part

    def walk(self, path: Path = (), said: str = "") -> Iterator[tuple[Path, "Part", str]]:
        """Each part below: its path here, itself, and its path as `parse` gives it."""
        begins = {"none": "not." if len(self.parts) == 1 else "not.any"}.get(self.kind, self.kind)
        for place, part in enumerate(self.parts):
            here, there = (*path, place), f"{said}{begins}" if begins == "not." else f"{said}{begins}[{place}]."
            yield here, part, there
            if isinstance(part, Group):
                yield from part.walk(here, there)

    @property
    def rows(self) -> int:
        return sum(1 for _part in self.walk())


Part: TypeAlias = Line | Group


def shown(rule: object) -> Group | None:
    """The rows for a rule as JSON gives it; None for what has no shape that rows could show."""
    part = _part(rule, 0)
    return part if isinstance(part, Group) or part is None else Group("all", [part])


def _part(rule: object, depth: int) -> Part | None:
    if depth > MOST_LEVELS:
        return None
    match rule:
        case {"all": [*parts], **rest} if not rest:
            return _group("all", parts, depth)
        case {"any": [*parts], **rest} if not rest:
            return _group("any", parts, depth)
        case {"not": {"any": [*parts], **inner}, **rest} if not rest and not inner and len(parts) != 1:
            return _group("none", parts, depth)
        case {"not": part, **rest} if not rest:
            return _group("none", [part], depth)
        case {"fact": str(name), "op": str(op), **rest} if not rest.keys() - {"value"}:
            return _line(name, op, rest.get("value"))
    return None


def _group(kind: str, parts: list[object], depth: int) -> Group | None:
    read = [_part(part, depth + 1) for part in parts[:MOST_ROWS]]
    whole = [part for part in read if part is not None]
    return Group(kind, whole) if len(whole) == len(parts) else None


def _line(name: str, op: str, value: object) -> Line | None:
    values = value if isinstance(value, list) else [] if value is None else [value]
    if len(values) > MOST_ASKED or not all(isinstance(each, str | int | float) for each in values):
        return None
    return Line(name, op, [each if isinstance(each, str) else json.dumps(each) for each in values])


def _number(text: str) -> int | float | str:
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text.strip()):
        return text
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return text
    return int(number) if number == number.to_integral_value() else float(number)


def is_there(data: Mapping[str, Anything], name: str) -> bool:
    """Whether rows of the field `name` were posted."""
    return any(key.startswith(f"{name}-") and _NAME.fullmatch(key, len(name)) for key in data)


def read(data: Mapping[str, Anything], name: str) -> Group:
    """The rows as they were posted. What has another name than a control is not looked at."""
    found: dict[Path, dict[str, list[str]]] = {(): {}}
    for key in data:
        if key.startswith(f"{name}-") and (match := _NAME.fullmatch(key, len(name))):
            path = tuple(int(place) for place in match[1].split("-")[1:])
            for end in range(len(path)):
                found.setdefault(path[:end], {})
            found.setdefault(path, {})[match[2]] = listed(data, key)
    below: dict[Path, list[Path]] = {}
    for path in sorted(path for path in found if path)[: MOST_ROWS + 1]:
        below.setdefault(path[:-1], []).append(path)
    return _read_group((), found, below)


def _read_group(path: Path, found: dict[Path, dict[str, list[str]]], below: dict[Path, list[Path]]) -> Group:
    kind = (found[path].get("kind") or ["all"])[-1]
    parts: list[Part] = [
        _read_group(each, found, below) if each in below or "kind" in found[each] else _read_line(found[each])
        for each in below.get(path, ())
    ]
    return Group(kind if kind in KINDS else "all", parts)


def _read_line(typed: Mapping[str, list[str]]) -> Line:
    fact, op = ((typed.get(part) or [""])[-1] for part in ("fact", "op"))
    line = Line((typed.get("for") or [fact])[-1], op, typed.get("value", [])[:MOST_ASKED])
    if line.fact != fact:
        line.choose(fact)
    return line


def listed(data: Mapping[str, Anything], key: str) -> list[str]:
    """The values posted under `key`, of a QueryDict or of a plain dict."""
    values = data.getlist(key) if hasattr(data, "getlist") else data[key]
    return [str(value) for value in (values if isinstance(values, list) else [values])]


def first_op(fact: Fact) -> str:
    return FIRST_OPS.get(fact.kind, "=")
