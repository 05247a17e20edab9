"""The rule language: one way to say which customers are meant, for stages, segments, triggers and lists (DEFINITIONS.md, "Rules").

A rule is a JSON tree: {"all": […]}, {"any": […]}, {"not": rule} or {"fact": …, "op": …, "value": …}. `parse` checks it, `compiled` makes it
a Q over Facts, and SQL is the only evaluator. `described` says it in words, `explained` holds it against one customer.
"""

from crm.rules.query import compiled
from crm.rules.shape import Shape, explained
from crm.rules.text import loads
from crm.rules.tree import EVERYONE, All, Any, InvalidRule, Leaf, Node, Not, leaves, parse, refuse_empty_groups
from crm.rules.words import described

__all__ = [
    "EVERYONE",
    "All",
    "Any",
    "InvalidRule",
    "Leaf",
    "Node",
    "Not",
    "Shape",
    "compiled",
    "described",
    "explained",
    "leaves",
    "loads",
    "parse",
    "refuse_empty_groups",
]
