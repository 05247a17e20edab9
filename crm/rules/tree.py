"""The tree of a rule, and the check that makes one out of JSON: an allow-list of shapes, facts, comparisons and values."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any as Anything
from typing import TypeAlias

from django.utils.translation import gettext as _

from crm.catalogue import NUMBERS, Fact, Kind, find
from crm.rules.values import Value, Wrong, checked

MOST_DEEP, MOST_LEAVES, MOST_PROBLEMS, LONGEST_NAME = 5, 50, 50, 60
_KEYS = ("all", "any", "not", "fact", "op", "value")


@dataclass(frozen=True)
class Leaf:
    """One comparison. `value` is checked and of the fact's type: Decimal, date, bool, text as it is stored, days, a tuple of them, or None.

    `said` is the value as it was written, for people to read: “Łódź”, where the comparison is with “lodz”.
    """

    fact: Fact
    op: str
    value: Value = None
    said: object = field(default=None, compare=False)


@dataclass(frozen=True)
class All:
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Any:
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Not:
    part: "Node"


Node: TypeAlias = Leaf | All | Any | Not
# What a rule that leaves nobody out comes to.
EVERYONE = All(())


class InvalidRule(ValueError):
    """What is wrong with a rule: (path in the tree, sentence) for each mistake, such as ("all[1].value", "…")."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        super().__init__(" ".join(self.sentences))

    @property
    def sentences(self) -> list[str]:
        """Each mistake with the place where it is."""
        return [f"{path}: {sentence}" if path else sentence for path, sentence in self.problems]


_TEXT_OPS = ("=", "!=", "in", "contains", "starts", "empty")
OPS: dict[Kind, tuple[str, ...]] = {
    **dict.fromkeys(NUMBERS, ("=", "!=", "<", "<=", ">", ">=", "between", "in", "empty")),
    Kind.DATE: ("on", "before", "after", "between", "last", "not_last", "passed", "next", "anniversary", "empty"),
    Kind.YES_NO: ("=", "!="),
    Kind.ANSWER: ("=", "!=", "empty"),
    Kind.CHOICE: ("=", "!=", "in", "empty"),
    Kind.BELONGING: ("=", "!=", "in"),
    # SQLite knows no part of a text but without regard to case, so a code is compared whole.
    Kind.CODE: ("=", "!=", "in", "empty"),
    Kind.CHANNEL: _TEXT_OPS,
    Kind.TEXT: _TEXT_OPS,
}


def parse(rule: object, *, forbidden: Collection[str] = ()) -> Node:
    """The tree of `rule`, a value as JSON gives it. Facts that a step named in `forbidden` writes may not be asked here.

    Raises InvalidRule with every mistake, or with the first fifty.
    """
    reader = _Reader(frozenset(forbidden))
    node = reader.node(rule, "", 1)
    if reader.leaves > MOST_LEAVES:
        reader.problems.insert(0, ("", _("A rule has at most %(most)d comparisons.") % {"most": MOST_LEAVES}))
    if reader.problems or node is None:
        raise InvalidRule(reader.problems[:MOST_PROBLEMS])
    return node


def refuse_empty_groups(rule: object) -> None:
    """Raises InvalidRule where a person who has written `rule` as JSON has left a group empty: it asks nothing, and means all or nobody.

    {"all": []} alone is everyone, and is meant.
    """
    if rule != {"all": []} and _has_empty_group(rule, 1):
        raise InvalidRule([("", _("A group in it is empty: give it a rule, or leave it out."))])


def _has_empty_group(rule: object, depth: int) -> bool:
    if depth > MOST_DEEP:
        # Refused anyway, with a sentence of its own.
        return False
    match rule:
        case {"all": [*parts]} | {"any": [*parts]}:
            return not parts or any(_has_empty_group(part, depth + 1) for part in parts)
        case {"not": part}:
            return _has_empty_group(part, depth + 1)
    return False


def leaves(node: Node) -> Iterator[Leaf]:
    """The comparisons from left to right."""
    match node:
        case Leaf():
            yield node
        case Not(part):
            yield from leaves(part)
        case All(parts) | Any(parts):
            for part in parts:
                yield from leaves(part)


class _Reader:
    """Reads one rule and gathers what is wrong with it. Nothing is read beyond MOST_LEAVES: a hostile rule costs as much as a long one."""

    def __init__(self, forbidden: frozenset[str]) -> None:
        self.forbidden, self.leaves, self.problems = forbidden, 0, list[tuple[str, str]]()

    def wrong(self, path: str, sentence: str) -> None:
        self.problems.append((path.rstrip("."), sentence))

    def node(self, rule: object, path: str, depth: int) -> Node | None:
        match rule:
            case {"all": [*parts], **rest} if not rest:
                return self.group(All, parts, f"{path}all", depth)
            case {"any": [*parts], **rest} if not rest:
                return self.group(Any, parts, f"{path}any", depth)
            case {"not": part, **rest} if not rest:
                inner = self.deeper(part, f"{path}not.", depth)
                return None if inner is None else Not(inner)
            case {"fact": str(name), "op": str(op), **rest} if not rest.keys() - {"value"}:
                return self.leaf(name, op, rest, path)
        self.shapeless(rule, path)
        return None

    def shapeless(self, rule: object, path: str) -> None:
        self.leaves += 1
        for key in [key for key in rule if key not in _KEYS][:MOST_PROBLEMS] if isinstance(rule, dict) else ():
            self.wrong(path, _("A rule has no part called “%(name)s”.") % {"name": _quoted(key)})
        self.wrong(
            path,
            _("A rule is all or any with a list of rules, not with one rule, or a fact with its comparison and value; this is none."),
        )

    def group(self, kind: Callable[[tuple[Node, ...]], Node], parts: list[object], path: str, depth: int) -> Node | None:
        if len(parts) > MOST_LEAVES:
            self.wrong(path, _("A group has at most %(most)d parts.") % {"most": MOST_LEAVES})
            return None
        # An empty group counts as a comparison, or there would be no end of them.
        self.leaves += not parts
        read = [self.deeper(part, f"{path}[{place}].", depth) for place, part in enumerate(parts) if self.leaves <= MOST_LEAVES]
        return kind(tuple(part for part in read if part is not None))

    def deeper(self, rule: object, path: str, depth: int) -> Node | None:
        if depth >= MOST_DEEP and not (isinstance(rule, dict) and "fact" in rule):
            self.leaves += 1
            self.wrong(path, _("A rule is nested at most %(most)d deep.") % {"most": MOST_DEEP})
            return None
        return self.node(rule, path, depth + 1)

    def leaf(self, name: str, op: str, rest: Mapping[Anything, object], path: str) -> Node | None:
        self.leaves += 1
        fact = find(name)
        if fact is None:
            self.wrong(f"{path}fact", _("There is no fact called “%(name)s”.") % {"name": _quoted(name)})
            return None
        if fact.writer in self.forbidden:
            self.wrong(f"{path}fact", _("“%(fact)s” is decided after this rule, so the rule cannot ask it.") % {"fact": fact.label})
            return None
        if op not in OPS[fact.kind]:
            said = {"fact": fact.label, "ops": ", ".join(OPS[fact.kind])}
            self.wrong(f"{path}op", _("“%(fact)s” can be compared by: %(ops)s.") % said)
            return None
        value = rest.get("value")
        try:
            return Leaf(fact, op, checked(fact, op, value), value)
        except Wrong as wrong:
            for inside, sentence in wrong.problems:
                self.wrong(f"{path}value{inside}", sentence)
            return None


def _quoted(name: object) -> str:
    """A name from outside, short and printable: half a surrogate pair in a sentence would break the page that says it."""
    text = name if isinstance(name, str) else type(name).__name__
    return "".join(letter if letter.isprintable() else "?" for letter in text[:LONGEST_NAME])
