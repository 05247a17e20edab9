"""Trying a rule before anybody saves it: whom it fits, and who would move if it were that of a stage. Nothing is written."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter

from django.core.exceptions import ValidationError
from django.db.models import Count, F, Q, Sum
from django.utils.translation import gettext as _

from crm import locks
from crm.models import Business, Facts, FactsRow, ReplayFacts
from crm.money import day
from crm.rules import InvalidRule, compiled, loads, parse, refuse_empty_groups
from crm.rules.text import LONGEST
from lifecycle.editing import check, draft
from lifecycle.models import AFTER_STAGES, Ladder, Stage
from lifecycle.nightly import EARLIEST
from lifecycle.preview import Cell, Preview
from lifecycle.replay import compute_scratch, empty_scratch
from lifecycle.replayed import LOCK
from lifecycle.stages import Rungs

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
        # Some editors put a mark before the first letter.
        with path.open(encoding="utf-8-sig") as file:
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
    try:
        node = parse(rule, forbidden=AFTER_STAGES if stage else ())
    except InvalidRule as wrong:
        raise NotTried(str(wrong)) from None
    stages: Sequence[Stage] = with_rule(stage, rule) if stage else []
    with _figures(as_of) as (facts, on):
        begun = perf_counter()
        count = facts.objects.filter(compiled(node, on)).count()
        cells = _cells(stage.ladder, stages, facts, on) if stage else None
        return Tried(count, perf_counter() - begun, cells)


@contextmanager
def _figures(as_of: date | None) -> Iterator[tuple[type[FactsRow], date]]:
    """The live ones, or those of a day of the past, which are computed in scratch and thrown away."""
    business = Business.load()
    if business.as_of is None:
        raise NotTried(_("There are no figures yet: the first night makes them."))
    on = as_of or business.as_of
    if on > business.as_of + FARTHEST:
        raise NotTried(_("The figures stand at %(day)s; a rule is tried up to a year after that.") % {"day": day(business.as_of)})
    if on >= business.as_of:
        yield Facts, on
        return
    if on < EARLIEST:
        raise NotTried(_("There are no orders before 1970, and no figures."))
    with locks.held(LOCK) as got:
        if not got:
            raise NotTried(_("The past is being replayed, and that day has to be computed in the same place: try again when it has ended."))
        compute_scratch(on)
        try:
            yield ReplayFacts, on
        finally:
            empty_scratch()


def _cells(ladder: Ladder, stages: Sequence[Stage], facts: type[FactsRow], on: date) -> list[Cell]:
    """Who would move; in the past from where the rules as they are would have put them, for no position is kept there."""
    if facts is Facts:
        return Preview.of(ladder, stages, on, samples=0).cells
    now, then = Rungs.load(ladder), Rungs.of(ladder, stages)
    named = dict(zip(now.numbers, now.stages, strict=True)) | dict(zip(then.numbers, then.stages, strict=True))
    moved = facts.objects.annotate(was=now.case(on), to=then.case(on)).filter(Q(was__lt=F("to")) | Q(was__gt=F("to"))).order_by()
    rows = moved.values("was", "to").annotate(customers=Count("pk"), sum=Sum("revenue_12m")).order_by("was", "to")
    return [Cell(named[row["was"]], named[row["to"]], row["customers"], row["sum"]) for row in rows]
