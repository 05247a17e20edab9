"""The values that a comparison takes: each checked and made of the fact's type, or refused with a sentence."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any as Anything
from typing import TypeAlias

from django.utils.translation import gettext as _

from crm.catalogue import ANSWERS, NUMBERS, Fact, Kind
from crm.fields import LIMIT

MOST_VALUES, MOST_DAYS, LONGEST_TEXT = 100, 36_600, 200
DAYS_OPS = frozenset({"last", "not_last", "next", "anniversary"})
BARE_OPS = frozenset({"empty", "passed"})
# fromisoformat alone also takes 20260304, and a day of a week, such as 2026-W10-3.
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Value: TypeAlias = Decimal | date | bool | str | int | tuple["Value", ...] | None


class Wrong(ValueError):
    """A value that does not fit: (path within the value, sentence) for each mistake."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        self.problems = problems
        super().__init__(*problems)


def checked(fact: Fact, op: str, value: object) -> Value:
    """`value`, as JSON gives it, of the type that the comparison takes. Raises Wrong."""
    if op in BARE_OPS:
        if value is not None:
            raise Wrong(("", _("This comparison takes no value.")))
        return None
    if op in DAYS_OPS:
        return _days(value)
    if op == "between":
        return _range(fact, value)
    if op == "in":
        if not isinstance(value, list) or not 1 <= len(value) <= MOST_VALUES:
            raise Wrong(("", _("This comparison takes a list of 1 to %(most)d values.") % {"most": MOST_VALUES}))
        return _each(fact, value)
    return _one(fact, value)


def _range(fact: Fact, value: object) -> Value:
    ends: tuple[Anything, ...] = _each(fact, value) if isinstance(value, list) and len(value) == 2 else ()
    if not ends or ends[0] > ends[1]:
        raise Wrong(("", _("“Between” takes two values, the smaller first.")))
    return ends


def _each(fact: Fact, values: Sequence[object]) -> tuple[Value, ...]:
    read, problems = list[Value](), list[tuple[str, str]]()
    for place, value in enumerate(values):
        try:
            read.append(_one(fact, value))
        except Wrong as wrong:
            problems += [(f"[{place}]{path}", sentence) for path, sentence in wrong.problems]
    if problems:
        raise Wrong(*problems)
    return tuple(read)


def _one(fact: Fact, value: object) -> Value:
    if fact.kind == Kind.AGE:
        return Decimal(_days(value))
    if fact.kind in NUMBERS:
        return _number(fact, value)
    if fact.kind == Kind.DATE:
        return _date(value)
    if fact.kind in ANSWERS:
        if not isinstance(value, bool):
            raise Wrong(("", _("“%(fact)s” is true or false.") % {"fact": fact.label}))
        return value
    return _choice(fact, value) if fact.kind in {Kind.CHOICE, Kind.BELONGING} else _text(fact, value)


def _number(fact: Fact, value: object) -> Decimal:
    # bool is an int to Python, not to people; and the size is looked at before any arithmetic.
    if isinstance(value, bool) or not isinstance(value, int | float) or not -float(LIMIT) < value < float(LIMIT):
        raise Wrong(("", _("“%(fact)s” is compared with a number, and not with a huge one.") % {"fact": fact.label}))
    whole = fact.kind in {Kind.COUNT, Kind.DAYS}
    number = Decimal(str(value))
    if number != round(number, 0 if whole else 2):
        sentence = _("“%(fact)s” has no decimals.") if whole else _("“%(fact)s” has at most two decimals.")
        raise Wrong(("", sentence % {"fact": fact.label}))
    # Whole ones without “.0”; and there is one zero, not two.
    return Decimal(int(number)) if number == int(number) else number


def _date(value: object) -> date:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise Wrong(("", _("A date is written YYYY-MM-DD.")))


def _days(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_DAYS:
        raise Wrong(("", _("A number of days is whole, from 0 to %(most)d.") % {"most": MOST_DAYS}))
    return value


def _choice(fact: Fact, value: object) -> str:
    choices = fact.choices
    if isinstance(value, str) and (value in choices or (not choices and fact.kind == Kind.CHOICE and _storable(value))):
        return value
    if not choices:
        raise _no_text(fact)
    raise Wrong(("", _("“%(fact)s” is one of: %(choices)s.") % {"fact": fact.label, "choices": ", ".join(choices)}))


def _text(fact: Fact, value: object) -> str:
    spelled = fact.spelled(value).strip() if isinstance(value, str) and _storable(value) else ""
    if not spelled:
        raise _no_text(fact)
    return spelled


def _storable(value: str) -> bool:
    """Both databases refuse half a surrogate pair, and one of them NUL."""
    return 0 < len(value) <= LONGEST_TEXT and "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _no_text(fact: Fact) -> Wrong:
    sentence = _("“%(fact)s” is compared with a text of 1 to %(most)d letters.")
    return Wrong(("", sentence % {"fact": fact.label, "most": LONGEST_TEXT}))
