"""A rule held against one customer, in the rule's own shape: what of it holds, the customer's own values, and what is missing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any as Anything

from django.db.models import BooleanField, Case, Expression, Value, When

from crm.catalogue import Belonging, Kind, with_details
from crm.models import Customer, Facts, FactsRow
from crm.rules.kept import kept
from crm.rules.missing import missing
from crm.rules.query import compiled
from crm.rules.tree import All, Any, Leaf, Node, Not
from crm.rules.words import described, shown


@dataclass(frozen=True)
class Shape:
    """A comparison with its words and the customer's own value, or a group with its parts: `kind` is leaf, all, any or not.

    `missing` says what would have to come for the whole to hold; empty where this part stands right, or nothing can be said.
    """

    kind: str
    holds: bool
    words: str = ""
    value: str = ""
    missing: str = ""
    parts: tuple["Shape", ...] = ()

    @property
    def leaves(self) -> list["Shape"]:
        """The comparisons from left to right."""
        return [self] if self.kind == "leaf" else [leaf for part in self.parts for leaf in part.leaves]


def explained(
    nodes: Sequence[Node], customer: Customer, as_of: date, facts: type[FactsRow] = Facts, beside: Mapping[str, Expression] | None = None
) -> tuple[list[Shape], dict[str, Anything]]:
    """Each of the rules for `customer`, every part decided by the same SQL that places; and what `beside` comes to, by name. One query.

    The customer has to have a row among `facts`.
    """
    beside = beside or {}
    asked = [part for node in nodes for part in _parts(node)]
    ticks = {f"part{place}": _tick(part, facts, as_of) for place, part in enumerate(asked)}
    own = {part.fact.own_path for part in asked if isinstance(part, Leaf) and not isinstance(part.fact, Belonging)}
    found = with_details(facts.objects.filter(pk=customer.pk), (part.fact for part in asked if isinstance(part, Leaf)))
    row = found.annotate(**ticks, **beside).values(*ticks, *own, *beside).get() if ticks or beside else {}
    holds = iter([row[name] for name in ticks])
    shapes = [_shape(node, holds, row, as_of, True) for node in nodes]
    return shapes, {name: row[name] for name in beside}


def _tick(part: Node, facts: type[FactsRow], as_of: date) -> Expression:
    def write() -> Case:
        return Case(When(compiled(part, as_of), then=Value(True)), default=Value(False), output_field=BooleanField())

    return kept(write, [part], facts, as_of, "tick")


def _parts(node: Node) -> Iterator[Node]:
    """The rule and all that it is made of; a group of one part says no more than that part."""
    node = _bare(node)
    yield node
    for part in _inside(node):
        yield from _parts(part)


def _bare(node: Node) -> Node:
    match node:
        case All([part]) | Any([part]):
            return _bare(part)
    return node


def _inside(node: Node) -> tuple[Node, ...]:
    match node:
        case Not(part):
            return (part,)
        case All(parts) | Any(parts):
            return parts
    return ()


def _shape(node: Node, holds: Iterator[bool], row: Mapping[str, Anything], as_of: date, wanted: bool) -> Shape:
    """`holds` gives the answers in the order of `_parts`; `wanted` is whether this part has to hold for the whole to do so."""
    node = _bare(node)
    answer = next(holds)
    if isinstance(node, Leaf):
        told = "" if answer is wanted else missing(node, _raw(node, row), as_of, wanted)
        return Shape("leaf", answer, described(node), _own(node, row, as_of), told)
    kind = "all" if isinstance(node, All) else "any" if isinstance(node, Any) else "not"
    below = wanted is not (kind == "not")
    return Shape(kind, answer, parts=tuple(_shape(part, holds, row, as_of, below) for part in _inside(node)))


def _raw(leaf: Leaf, row: Mapping[str, Anything]) -> Anything:
    return None if isinstance(leaf.fact, Belonging) else row[leaf.fact.own_path]


def _own(leaf: Leaf, row: Mapping[str, Anything], as_of: date) -> str:
    if isinstance(leaf.fact, Belonging):
        # The tick says it: there may be many, or none.
        return ""
    value = _raw(leaf, row)
    if leaf.fact.kind == Kind.AGE and value is not None:
        value = leaf.fact.as_json(value, as_of)
    return shown(leaf.fact, value)
