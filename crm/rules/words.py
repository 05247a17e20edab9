"""A rule in words, in the reader's language."""

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any as Anything

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext_lazy
from django.utils.translation import gettext as _

from crm.catalogue import Fact, Kind
from crm.money import day, exact
from crm.rules.tree import All, Any, Leaf, Node, Not
from crm.rules.values import DAYS_OPS

_SENTENCES: dict[str, Promise] = {
    "=": gettext_lazy("“%(fact)s” is %(value)s"),
    "!=": gettext_lazy("“%(fact)s” is not %(value)s"),
    "<": gettext_lazy("“%(fact)s” is less than %(value)s"),
    "<=": gettext_lazy("“%(fact)s” is at most %(value)s"),
    ">": gettext_lazy("“%(fact)s” is more than %(value)s"),
    ">=": gettext_lazy("“%(fact)s” is at least %(value)s"),
    "between": gettext_lazy("“%(fact)s” is from %(low)s to %(high)s"),
    "in": gettext_lazy("“%(fact)s” is one of: %(value)s"),
    "contains": gettext_lazy("“%(fact)s” contains “%(value)s”"),
    "starts": gettext_lazy("“%(fact)s” starts with “%(value)s”"),
    "empty": gettext_lazy("“%(fact)s” is empty"),
    "on": gettext_lazy("“%(fact)s” is on %(value)s"),
    "before": gettext_lazy("“%(fact)s” is before %(value)s"),
    "after": gettext_lazy("“%(fact)s” is after %(value)s"),
    "passed": gettext_lazy("“%(fact)s” has come"),
    "last": ngettext_lazy("“%(fact)s” is within the last %(days)d day", "“%(fact)s” is within the last %(days)d days", "days"),
    "not_last": ngettext_lazy("“%(fact)s” is not within the last %(days)d day", "“%(fact)s” is not within the last %(days)d days", "days"),
    "next": ngettext_lazy("“%(fact)s” is within the next %(days)d day", "“%(fact)s” is within the next %(days)d days", "days"),
    "anniversary": ngettext_lazy(
        "the anniversary of “%(fact)s” is today or within %(days)d day",
        "the anniversary of “%(fact)s” is today or within %(days)d days",
        "days",
    ),
}


def described(node: Node) -> str:
    """The rule in words; groups inside groups stand in brackets."""
    match node:
        case Leaf():
            return _sentence(node)
        case Not(part):
            return _("not (%(rule)s)") % {"rule": described(part)}
        case All([part]) | Any([part]):
            return described(part)
        case All(parts):
            return _joined(parts, _("%(first)s and %(second)s")) or _("everyone")
        case Any(parts):
            return _joined(parts, _("%(first)s or %(second)s")) or _("nobody")


def _joined(parts: tuple[Node, ...], both: str) -> str:
    words = [f"({described(part)})" if _joins(part) else described(part) for part in parts]
    said = words[0] if words else ""
    for word in words[1:]:
        said = both % {"first": said, "second": word}
    return said


def _joins(node: Node) -> bool:
    """Whether its words hold an "and" or "or" of their own: a group of one part says no more than that part."""
    match node:
        case All([part]) | Any([part]):
            return _joins(part)
        case All(parts) | Any(parts):
            return bool(parts)
    return False


def _sentence(leaf: Leaf) -> str:
    fact, words = leaf.fact, {"fact": leaf.fact.label}
    value: Anything = leaf.value
    if leaf.op in DAYS_OPS:
        return str(_SENTENCES[leaf.op] % {**words, "days": value})
    if fact.kind in {Kind.TEXT, Kind.CODE, Kind.CHANNEL}:
        # As it was written: the folded form of Łódź is lodz.
        value = tuple(leaf.said) if isinstance(leaf.said, list) else leaf.said or value
    match value:
        case (low, high) if leaf.op == "between":
            words |= {"low": shown(fact, low), "high": shown(fact, high)}
        case tuple():
            words["value"] = ", ".join(shown(fact, part) for part in value)
        case _:
            words["value"] = shown(fact, value)
    return str(_SENTENCES[leaf.op] % words)


def shown(fact: Fact, value: Anything) -> str:
    """A value of `fact` as people read it."""
    match value:
        case None | "":
            return _("empty")
        case bool():
            return _("yes") if value else _("no")
        case date():
            return day(value)
        case str():
            return fact.choices.get(value, value) if fact.kind in {Kind.CHOICE, Kind.BELONGING} else value
    number = Decimal(str(value))
    return exact(number) if fact.kind == Kind.MONEY else figure(number)


def figure(number: Decimal) -> str:
    """With no more decimals than it has."""
    return _figure(number, get_language())


@lru_cache(maxsize=4096)
def _figure(number: Decimal, language: str | None) -> str:
    bare = number.normalize()
    return number_format(bare, 0 if bare == int(bare) else None, use_l10n=True, force_grouping=True)
