"""Trying a rule before anybody saves it: whom it fits, and who would move if it were that of a stage. Nothing is written."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.models import Business, Facts, FactsRow, PastFacts
from crm.money import day
from crm.rules import InvalidRule, compiled, loads, parse, refuse_empty_groups
from crm.rules.text import LONGEST
from lifecycle.editing import check, draft
from lifecycle.models import AFTER_STAGES, Stage
from lifecycle.preview import Cell, Preview

# As far ahead as an order may be dated.
FARTHEST = timedelta(days=366)


class NotTried(Exception):
    """The message is a sentence that says why not, and what would do."""


@dataclass(frozen=True)
class Tried:
    """`cells` is None where no stage was asked about."""

    count: int
    seconds: float
    cells: list[Cell] | None = None


def read_rule(path: Path) -> object:
    """The rule in a file, as JSON gives it. Raises NotTried."""
    try:
        with path.open(encoding="utf-8") as file:
            # One letter more than a rule may have: a file of any size is read no further.
            rule = loads(file.read(LONGEST + 1))
        refuse_empty_groups(rule)
    except OSError as error:
        raise NotTried(_("The file %(file)s cannot be read: %(reason)s.") % {"file": path, "reason": error.strerror or error}) from None
    except UnicodeDecodeError:
        raise NotTried(_("The file %(file)s is no text in UTF-8.") % {"file": path}) from None
    except InvalidRule as wrong:
        raise NotTried(str(wrong)) from None
    return rule


def find_stage(name: str) -> Stage:
    """The stage called ladder/stage, such as kotler/inactive. Raises NotTried."""
    ladder, _slash, key = name.partition("/")
    found = Stage.objects.kept().select_related("ladder").filter(ladder__key=ladder, key=key).first() if "\0" not in name else None
    if found is None:
        raise NotTried(_("There is no stage “%(name)s”; a stage is named like kotler/inactive.") % {"name": name[:100]})
    return found


def with_rule(stage: Stage, rule: object) -> list[Stage]:
    """The stages of its ladder, with `rule` as that of `stage`. Raises NotTried where that would be no ladder."""
    stages = draft(stage.ladder)
    changed = [copy(other) for other in stages]
    for other in changed:
        if other == stage:
            other.rule = rule
    try:
        check(stage.ladder, changed)
    except ValidationError as wrong:
        raise NotTried(" ".join(wrong.messages)) from None
    return changed


def try_rule(rule: object, *, stage: Stage | None = None, as_of: date | None = None) -> Tried:
    """At the date of the live figures, or at `as_of`. Raises NotTried for a rule that is none and a date without figures."""
    facts, on = _figures(as_of, is_preview=stage is not None)
    try:
        node = parse(rule, forbidden=AFTER_STAGES if stage else ())
    except InvalidRule as wrong:
        raise NotTried(str(wrong)) from None
    stages: Sequence[Stage] = with_rule(stage, rule) if stage else []
    begun = perf_counter()
    count = facts.objects.filter(compiled(node, on)).count()
    cells = Preview.of(stage.ladder, stages, on, samples=0).cells if stage else None
    return Tried(count, perf_counter() - begun, cells)


def _figures(as_of: date | None, *, is_preview: bool) -> tuple[type[FactsRow], date]:
    business = Business.load()
    if business.as_of is None:
        raise NotTried(_("There are no figures yet: the first night makes them."))
    if as_of is None or business.as_of <= as_of <= business.as_of + FARTHEST:
        return Facts, as_of or business.as_of
    if as_of > business.as_of:
        raise NotTried(_("The figures stand at %(day)s; a rule is tried up to a year after that.") % {"day": day(business.as_of)})
    if is_preview:
        raise NotTried(_("The figures stand at %(day)s; who would move is told from that day on.") % {"day": day(business.as_of)})
    if as_of != business.past_as_of:
        raise NotTried(_("There are no figures of that day; they stand at %(day)s.") % {"day": day(business.as_of)})
    return PastFacts, as_of
