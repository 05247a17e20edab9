"""Placing: who stands in which stage at a date, decided by one CASE over all Facts, with a Transition for each move."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, NamedTuple

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Case, F, FilteredRelation, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Now
from django.db.models.sql.compiler import SQLCompiler

from crm import bulk
from crm.catalogue import Belonging, Fact, with_details
from crm.failpoints import failpoint
from crm.models import Business, Facts, FactsRow, PastFacts
from crm.rules import InvalidRule, Node, compiled, leaves, parse
from lifecycle import builtin
from lifecycle.models import AFTER_STAGES, Ladder, Position, Stage, Transition

# Customers of one statement that looks, so that memory does not grow with the business.
LOOKED_AT_ONCE = 20_000
# Customers of one transaction that writes: with their Transitions well under a second on SQLite.
MOVED_AT_ONCE = 4_000


class _Differs(Func):
    """Whether two numbers differ, of which either may be empty."""

    arg_joiner = " IS DISTINCT FROM "
    template = "(%(expressions)s)"
    output_field = BooleanField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, arg_joiner=" IS NOT ", **context)


class Move(NamedTuple):
    customer: int
    to: int
    was: int | None
    position: int | None
    came: date | None
    created: datetime
    values: dict[str, Any]


class Rungs(NamedTuple):
    """The stages of a ladder with their rules read, in the order in which they are tried; as they are, or as somebody edits them."""

    ladder: Ladder
    stages: list[Stage]
    rules: list[Node]

    @classmethod
    def load(cls, ladder: Ladder) -> "Rungs":
        """Raises InvalidRule, naming the stage, where a rule cannot be read any more."""
        return cls.of(ladder, ladder.stages.kept())

    @classmethod
    def of(cls, ladder: Ladder, stages: Iterable[Stage]) -> "Rungs":
        """`stages` may be unsaved. Raises InvalidRule as `load` does."""
        tried = sorted(stages, key=lambda stage: stage.rank)
        return cls(ladder, tried, [_rule(ladder, stage) for stage in tried])

    @property
    def numbers(self) -> list[int]:
        """What `case` calls each stage: its primary key, and a number below zero for one that is not saved yet."""
        return [stage.pk or -place for place, stage in enumerate(self.stages, 1)]

    def case(self, as_of: date) -> Case:
        """The stage's number: that of the first rule that holds, NULL where none does."""
        whens = [When(compiled(rule, as_of), then=Value(number)) for number, rule in zip(self.numbers, self.rules, strict=True)]
        return Case(*whens, default=None, output_field=IntegerField())

    def deciding(self, stage: int) -> list[Fact]:
        """The facts asked until that stage is taken: all that decided and have a value of their own."""
        asked: dict[str, Fact] = {}
        for tried, rule in zip(self.stages, self.rules, strict=True):
            asked |= {leaf.fact.name: leaf.fact for leaf in leaves(rule) if not isinstance(leaf.fact, Belonging)}
            if tried.pk == stage:
                break
        return list(asked.values())

    @property
    def paths(self) -> list[str]:
        """Of all facts that its rules ask, the lookup paths to what people read."""
        asked = (leaf.fact for rule in self.rules for leaf in leaves(rule))
        return list(dict.fromkeys(fact.own_path for fact in asked if not isinstance(fact, Belonging)))

    def causes(self, found: QuerySet[Any], own: Sequence[str], as_of: date) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
        """For each row of `found` (a FactsRow with the stage as `to`) its columns `own`, of which the second is "to", and what decided."""
        deciding = {stage.pk: self.deciding(stage.pk) for stage in self.stages}
        paths = self.paths
        asked = [leaf.fact for rule in self.rules for leaf in leaves(rule)]
        for row in with_details(found, asked).values_list(*own, *paths):
            values = dict(zip(paths, row[len(own) :], strict=True))
            yield row[: len(own)], {fact.name: fact.as_json(values[fact.own_path], as_of) for fact in deciding[row[1]]}


def _rule(ladder: Ladder, stage: Stage) -> Node:
    try:
        return parse(stage.rule, forbidden=AFTER_STAGES)
    except InvalidRule as wrong:
        raise InvalidRule([(f"{ladder.key}/{stage.key} {path}".rstrip(), sentence) for path, sentence in wrong.problems]) from None


def place(ladder: Ladder, as_of: date, *, customers: Collection[int] | None = None) -> int:
    """Places everyone (or only `customers`) on `ladder` as of `as_of`; how many moved.

    Looks outside any transaction and writes what changes in short ones, which look again at these few under a lock: a customer whom a
    person moves, or whose facts are refreshed, between the two is placed by what is true then. A pin holds to the end of its last day. Whom
    no rule takes stays where they stand, as a move needs a rule for its cause; a ladder ends with a stage that takes the rest
    (models.validate_stages).
    """
    rungs = Rungs.load(ladder)
    _unpin(ladder, as_of, customers)
    moved = 0
    for some in _ranges(customers):
        astray = standing(rungs, as_of).filter(some).filter(moves(as_of) | _told_wrong(ladder)).order_by("pk")
        keys = iter(list(astray.values_list("pk", flat=True)))
        while batch := list(islice(keys, MOVED_AT_ONCE)):
            with transaction.atomic():
                moved += _settle(rungs, as_of, batch)
                failpoint("stages.inside")
            failpoint("stages.moved")
    return moved


def place_everyone(as_of: date) -> int:
    """Everyone on every ladder; how many moved. The built-in ladders are there from the first night on."""
    builtin.install()
    return sum(place(ladder, as_of) for ladder in Ladder.objects.order_by("pk"))


def place_past(as_of: date) -> int:
    """Writes the stage on the primary ladder into the rows of PastFacts, by the rules alone; how many.

    No position and no move, and nobody's day since: only the days before would tell it.
    """
    ladder, placed = Ladder.objects.filter(is_primary=True).first() or builtin.install(), 0
    rungs = Rungs.load(ladder)
    keys = {stage.pk: stage.key for stage in rungs.stages}
    for some in _ranges(None, PastFacts):
        found = PastFacts.objects.filter(some).annotate(to=rungs.case(as_of)).filter(to__isnull=False).order_by("pk")
        rows = [(pk, keys[to]) for pk, to in found.values_list("pk", "to")]
        for start in range(0, len(rows), MOVED_AT_ONCE):
            with transaction.atomic():
                bulk.update(PastFacts, ["stage"], rows[start : start + MOVED_AT_ONCE])
            failpoint("lookback.stages")
        placed += len(rows)
    return placed


def _unpin(ladder: Ladder, as_of: date, customers: Collection[int] | None) -> None:
    ended = Position.objects.filter(ladder=ladder, pinned_until__lt=as_of)
    if customers is not None:
        ended = ended.filter(customer__in=customers)
    ended.update(pinned=False, pinned_until=None)


def _ranges(customers: Collection[int] | None, facts: type[FactsRow] = Facts) -> Iterator[Q]:
    """Conditions that part all rows of `facts`, or `customers`, into LOOKED_AT_ONCE each."""
    if customers is not None:
        keys = iter(sorted(customers))
        while batch := list(islice(keys, LOOKED_AT_ONCE)):
            yield Q(pk__in=batch)
        return
    after = 0
    while True:
        upto = facts.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[LOOKED_AT_ONCE - 1 : LOOKED_AT_ONCE].first()
        if upto is None:
            yield Q(pk__gt=after)
            return
        yield Q(pk__gt=after, pk__lte=upto)
        after = upto


def standing(rungs: Rungs, as_of: date) -> QuerySet[Facts]:
    """Facts with the stage that the rules give, and the position as it is. Positive comparisons alone touch it, for it may be empty.

    A condition that names `to` has the rules tried once more for each row: `strays` has them tried once, for most stand where they should.
    """
    held = FilteredRelation("customer__positions", condition=Q(customer__positions__ladder=rungs.ladder))
    return Facts.objects.annotate(
        held=held,
        to=rungs.case(as_of),
        position=F("held__pk"),
        was=F("held__stage_id"),
        was_key=F("held__stage__key"),
        came=F("held__since"),
        pinned=F("held__pinned"),
        pinned_until=F("held__pinned_until"),
        strays=_Differs(F("held__stage_id"), F("to")),
    )


def moves(as_of: date) -> Q:
    """Whom a night of that date moves: who stands elsewhere than the rules say, and may be moved; a condition on `standing`.

    Nobody is moved before the day they came.
    """
    released = Q(pinned=False) | Q(pinned_until__lt=as_of)
    return Q(strays=True) & Q(to__isnull=False) & (Q(position=None) | (Q(came__lte=as_of) & released))


def pinned_against(as_of: date) -> Q:
    """Whom the rules would move, but for a pin."""
    return Q(strays=True) & Q(to__isnull=False) & Q(came__lte=as_of) & is_pinned(as_of)


def is_pinned(as_of: date) -> Q:
    """A pin holds to the end of its last day."""
    return Q(pinned=True) & (Q(pinned_until=None) | Q(pinned_until__gte=as_of))


def _told_wrong(ladder: Ladder) -> Q:
    """Whose Facts do not say what their position on the primary ladder says: a row made anew, or another ladder was the primary one."""
    if not ladder.is_primary:
        return Q(pk__isnull=True)
    told_of_nothing = Q(position=None) & ~Q(stage="", stage_since=None)
    told_otherwise = ~Q(stage=F("was_key")) | Q(stage_since=None) | Q(stage_since__lt=F("came")) | Q(stage_since__gt=F("came"))
    return told_of_nothing | Q(position__isnull=False) & told_otherwise


def _settle(rungs: Rungs, as_of: date, customers: Sequence[int]) -> int:
    """Moves those of `customers` who stand elsewhere than the rules say, and lets their Facts say it; how many moved."""
    # A stage may have been taken off since we looked: whoever takes one off holds this lock until all who stood there have a new home.
    rungs = Rungs.load(Ladder.objects.select_for_update().get(pk=rungs.ladder.pk))
    # The lock of all who write positions. In one order, so that two of them cannot wait for each other.
    here = list(Facts.objects.select_for_update().filter(pk__in=customers).order_by("pk").values_list("pk", flat=True))
    moves = _begun_anew(rungs.ladder, list(_read(rungs, as_of, here)))
    _write(rungs, as_of, moves)
    if rungs.ladder.is_primary:
        tell(rungs.ladder, here)
    return len(moves)


def tell(ladder: Ladder, customers: Collection[int]) -> None:
    """Writes into the Facts of `customers` what their positions on `ladder`, the primary one, say."""
    # One row at most, by its constraint. Not cut to one: for a LIMIT PostgreSQL may read the whole table, a row at a time.
    held = Position.objects.filter(customer=OuterRef("pk"), ladder=ladder)
    Facts.objects.filter(pk__in=customers).update(
        stage=Coalesce(Subquery(held.values("stage__key")), Value("")), stage_since=Subquery(held.values("since"))
    )


def _read(rungs: Rungs, as_of: date, customers: Sequence[int]) -> Iterator[Move]:
    moving = standing(rungs, as_of).filter(moves(as_of), pk__in=customers).order_by("pk")
    own = ["pk", "to", "was", "position", "came", "customer__created"]
    for (pk, to, was, position, came, created), values in rungs.causes(moving, own, as_of):
        yield Move(pk, to, was, position, came, created, values)


def _begun_anew(ladder: Ladder, moves: list[Move]) -> list[Move]:
    """Whoever came to their stage before they were known, by the night of a day before their first order, is placed for the first time now.

    What was recorded then is superseded, or coming to us would look like a climb. Known from min(created, first order, first contact):
    DEFINITIONS, Kotler ladder.
    """
    business = Business.load()
    early = {move.customer for move in moves if move.came and move.came < business.local_date(move.created)}
    if not early:
        return moves
    known = Q(customer__orders__ordered_on__lte=F("since")) | Q(customer__interactions__happened_on__lte=F("since"))
    early -= set(Position.objects.filter(known, ladder=ladder, customer__in=early).values_list("customer", flat=True))
    recorded = Transition.objects.filter(ladder=ladder, customer__in=early, superseded_at=None)
    # Whom a person has moved, that person knew.
    early -= set(recorded.filter(source=Transition.Source.PERSON).values_list("customer", flat=True))
    Transition.objects.filter(ladder=ladder, customer__in=early, superseded_at=None).update(superseded_at=Now())
    return [move._replace(was=None) if move.customer in early else move for move in moves]


def _write(rungs: Rungs, as_of: date, moves: Sequence[Move]) -> None:
    ladder, day, versions = rungs.ladder.pk, as_of.isoformat(), {stage.pk: stage.version for stage in rungs.stages}
    bulk.insert(
        Position,
        ["customer", "ladder", "stage", "since", "pinned"],
        [(move.customer, ladder, move.to, day, False) for move in moves if move.position is None],
    )
    bulk.update(Position, ["stage", "since"], [(move.position, move.to, day) for move in moves if move.position is not None])
    night = Transition.Source.NIGHT.value
    bulk.insert(
        Transition,
        ["customer", "ladder", "from_stage", "to_stage", "effective_on", "source", "rule_version", "values", "reason"],
        [
            (move.customer, ladder, move.was, move.to, day, night, versions[move.to], json.dumps(move.values, allow_nan=False), "")
            for move in moves
        ],
    )
