"""What the page of a ladder is made of beside who stands where now: counted at night, kept, and counted by a page only where that is quick.

Moves, their reasons, revenue by stage; how long people stay in a stage and how many climb from it (stays.py, docs/ladder-page.md).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Case, Count, Expression, F, Func, IntegerField, QuerySet, Sum, Value, When, Window
from django.db.models.functions import Lead
from django.utils.translation import ngettext

from crm.days import DayNumber, number
from crm.failpoints import failpoint
from crm.fields import MoneyField
from crm.models import Business, Facts, FactsRow
from crm.money import number as words
from lifecycle import history
from lifecycle.heights import Heights, is_up
from lifecycle.leaving import with_reason
from lifecycle.models import Ladder, LadderNumbers, Position, Stage, Transition
from lifecycle.stays import Curve, End, Spells

SPANS = (30, 90, 365)
YEAR = 365
# Stays and climbs are told by what happened in so many days: long enough for the long stays, and no longer, for times change.
WATCHED_DAYS = 3 * YEAR
# Of fewer people than that nothing is told: it would be chance.
ENOUGH = 5
# A page counts for itself, where nothing is kept, for so many customers at most.
QUICK = 20_000
TOLD_IN_MONTHS = 61

# How many moved, by the keys of the stages from and to, and the reason.
Moves = Counter[tuple[str, str, str]]
# The shortest span it lies in, from, to, reason, how many.
Row = tuple[int, str, str, str, int]


@dataclass(frozen=True)
class Stay:
    """Of one stage: how many came to it in the last 12 months, the day by which half have left it, the share that climbs within 12 months.

    `days` are those by which a quarter, a half and three quarters of these climbers have climbed. None and empty: not known yet.
    """

    came: int
    usual: int | None
    climbs: float | None
    days: list[int]

    @property
    def usually(self) -> str:
        """The usual stay in words; empty where it is not known."""
        return "" if self.usual is None else lasting(self.usual)

    @property
    def climbing(self) -> str:
        """How long those who climb usually take, in words."""
        return lasting(self.days[1]) if len(self.days) == 3 else ""


@dataclass(frozen=True)
class Counted:
    """Keys are those of stages. `moves` are those before the day that it was counted as of.

    Who came from nowhere, which is no move, is among them with an empty "from"; but for the ladder's first day.
    """

    moves: list[Row]
    revenue: dict[str, str]
    stays: dict[str, Stay]

    @classmethod
    def count(cls, heights: Heights, facts: type[FactsRow], as_of: date) -> "Counted":
        """By the record, and by `facts`, which stand at `as_of`. Four statements."""
        begun = history.begun(heights.ladder)
        return cls(_moves_before(heights, facts, as_of, begun), _revenue(heights, facts), _stays(heights, as_of, begun))

    @classmethod
    def kept(cls, heights: Heights, as_of: date) -> "Counted | None":
        """Those of that day, where they were counted."""
        found = LadderNumbers.objects.filter(ladder=heights.ladder, as_of=as_of).values_list("numbers", flat=True).first()
        return cls.read(found) if found and cls._is_ours(found) else None

    @classmethod
    def _is_ours(cls, numbers: Mapping[str, Any]) -> bool:
        """Those that another version of this program has kept may have other names."""
        names, theirs = ({field.name for field in fields(each)} for each in (cls, Stay))
        return numbers.keys() == names and all(stay.keys() == theirs for stay in numbers["stays"].values())

    @classmethod
    def read(cls, numbers: Mapping[str, Any]) -> "Counted":
        moves = [(span, before, after, why, people) for span, before, after, why, people in numbers["moves"]]
        return cls(moves, numbers["revenue"], {key: Stay(**stay) for key, stay in numbers["stays"].items()})

    def written(self) -> dict[str, Any]:
        """For `read`, as JSON gives it back."""
        return asdict(self) | {"moves": [list(row) for row in self.moves]}

    def within(self, days: int) -> Moves:
        found: Moves = Counter()
        for span, before, after, why, people in self.moves:
            if span <= days:
                found[before, after, why] += people
        return found


def lasting(days: int) -> str:
    """In days, and from two months on in months of a twelfth of a year."""
    if days < TOLD_IN_MONTHS:
        return ngettext("%(number)s day", "%(number)s days", days) % {"number": words(days)}
    months = round(days * 12 / 365.25)
    return ngettext("%(number)s month", "%(number)s months", months) % {"number": words(months)}


def keep_ladders(as_of: date, facts: type[FactsRow] = Facts) -> int:
    """A step of the night and of a look back (on the primary ladder alone, for PastFacts know no other): how many rows it changed.

    What was kept as of other days goes, but for the day that is looked back at.
    """
    found = Ladder.objects.order_by("pk")
    ladders = list(found if facts is Facts else found.filter(is_primary=True))
    return sum(_keep(ladder, as_of, facts) for ladder in ladders)


def _keep(ladder: Ladder, as_of: date, facts: type[FactsRow]) -> int:
    fresh = Counted.count(Heights.on(ladder), facts, as_of).written()
    failpoint("ladders.counted")
    business = Business.load()
    standing = [as_of, *(day for day in (business.as_of, business.past_as_of) if day)]
    LadderNumbers.objects.filter(ladder=ladder).exclude(as_of__in=standing).delete()
    if fresh in LadderNumbers.objects.filter(ladder=ladder, as_of=as_of).values_list("numbers", flat=True):
        return 0
    LadderNumbers.objects.update_or_create(ladder=ladder, as_of=as_of, defaults={"numbers": fresh})
    return 1


def void(ladder: Ladder | None = None) -> None:
    """What was counted holds no more: of this ladder, or of all. For whoever rewrites its history or its stages."""
    kept = LadderNumbers.objects.all()
    (kept.filter(ladder=ladder) if ladder else kept).delete()


def moves_since(heights: Heights, facts: type[FactsRow], as_of: date, begun: date | None) -> Moves:
    """Those that are not in what was counted as of `as_of`: of that day, and after it where the figures are the live ones. One statement,
    on the ladder's first day two.

    `begun` is the first day of the ladder, here and below.
    """
    recorded, is_live = _recorded(heights, begun), facts is Facts
    if begun == as_of:
        # Said as a comparison: the index leads past those who were placed on the ladder's first night, who may be everybody.
        days = [recorded.filter(effective_on=as_of, from_stage__gt=0)]
        days += [recorded.filter(effective_on__gt=as_of)] if is_live else []
    else:
        days = [recorded.filter(effective_on__gte=as_of) if is_live else recorded.filter(effective_on=as_of)]
    found: Moves = Counter()
    for day in days:
        for _span, before, after, why, people in _grouped(heights, facts, day, Value(0)):
            found[before, after, why] += people
    return found


def moves_alone(heights: Heights, as_of: date, days: int, begun: date | None, *, is_past: bool) -> Moves:
    """Those of the last so many days without their reasons, and with the live figures those after: counted from an index alone."""
    moves = _recorded(heights, begun).filter(effective_on__gt=as_of - timedelta(days=days)).order_by()
    if is_past:
        moves = moves.filter(effective_on__lte=as_of)
    keys = _keys(heights)
    rows = moves.values_list("from_stage", "to_stage").annotate(people=Count("*"))
    return Counter({(keys[before], keys[after], ""): people for before, after, people in rows})


def _moves_before(heights: Heights, facts: type[FactsRow], as_of: date, begun: date | None) -> list[Row]:
    since = as_of - timedelta(days=SPANS[-1])
    spans = [When(effective_on__gt=as_of - timedelta(days=days), then=Value(days)) for days in SPANS]
    moves = _recorded(heights, begun).filter(effective_on__gt=since, effective_on__lt=as_of)
    return _grouped(heights, facts, moves, Case(*spans, output_field=IntegerField()))


def _recorded(heights: Heights, begun: date | None) -> QuerySet[Transition]:
    """The moves, and who came new: but for the first day, on which everybody who was there already was placed."""
    every = Transition.objects.filter(ladder=heights.ladder, superseded_at=None)
    return every.exclude(from_stage=None, effective_on=begun) if begun else every


def _grouped(heights: Heights, facts: type[FactsRow], moves: QuerySet[Transition], span: Expression) -> list[Row]:
    keys = _keys(heights)
    told = with_reason(moves, heights, facts).order_by().annotate(span=span)
    rows = told.values_list("span", "from_stage", "to_stage", "why").annotate(people=Count("*"))
    return sorted((span, keys[before], keys[after], why, people) for span, before, after, why, people in rows)


def _keys(heights: Heights) -> dict[int | None, str]:
    return {None: "", **{stage.pk: stage.key for stage in heights.every}}


def _revenue(heights: Heights, facts: type[FactsRow]) -> dict[str, str]:
    """Of 12 months, by stage, as text."""
    total = Sum("revenue_12m", output_field=MoneyField())
    if heights.is_primary or facts is not Facts:
        rows = facts.objects.exclude(stage="").order_by().values_list("stage").annotate(total)
        return {key: str(amount) for key, amount in rows}
    keys = {stage.pk: stage.key for stage in heights.every}
    of_theirs = Sum("customer__facts__revenue_12m", output_field=MoneyField())
    found = Position.objects.filter(stage__in=list(keys)).order_by().values_list("stage").annotate(of_theirs)
    return {keys[stage]: str(amount or Decimal(0)) for stage, amount in found}


def _stays(heights: Heights, as_of: date, begun: date | None) -> dict[str, Stay]:
    spells, came = _spells(heights, as_of, begun) if begun and begun <= as_of else ({}, Counter())
    return {stage.key: _stay(spells.get(stage.pk, []), came[stage.pk]) for stage in heights.stages}


def _stay(spells: list[Spells], came: int) -> Stay:
    if sum(each.people for each in spells) < ENOUGH:
        return Stay(came, None, None, [])
    curve = Curve.of(spells)
    climbs = curve.climbed(YEAR)
    days = [curve.climbed_on(part, YEAR) for part in (0.25, 0.5, 0.75)]
    return Stay(came, curve.median, None if climbs is None else round(climbs, 4), [day for day in days if day is not None])


def _spells(heights: Heights, as_of: date, begun: date) -> tuple[dict[int, list[Spells]], Counter[int]]:
    """By stage: its spells that reach into the days watched, and how many began in the last 12 months.

    A spell that began before those days enters late, at the age that it had reached on the first of them. One whose beginning nobody knows,
    for it was there on the ladder's first day, has no age, so it cannot enter at all; what follows on it can. Those equal in all that the
    curve asks are counted together in the database: the rows are as many as days, not as customers.
    """
    until = number(as_of)
    since = until - WATCHED_DAYS
    inner, parameters = _each_spell(heights, as_of, begun).query.sql_with_params()
    entry = f"CASE WHEN began < {since:d} THEN {since:d} - began ELSE 0 END"
    rows = _fetched(
        f"SELECT stage, {entry}, COALESCE(ended, {until:d}) - began, went_to, began > {until - YEAR:d}, COUNT(*) FROM ({inner}) AS spells"
        f" WHERE ended IS NULL OR ended > {since:d} GROUP BY 1, 2, 3, 4, 5",
        parameters,
    )
    stages = {stage.pk: stage for stage in heights.every}
    spells: dict[int, list[Spells]] = {}
    came: Counter[int] = Counter()
    for stage, late, days, after, is_new, people in rows:
        spells.setdefault(stage, []).append(Spells(late, days, _end(stages[stage], stages.get(after)), people))
        came[stage] += people if is_new else 0
    return spells, came


def _each_spell(heights: Heights, as_of: date, begun: date) -> QuerySet[Transition, Any]:
    """One row a move: what it began, on which day, and the day and the stage of the customer's next one."""
    moves = _recorded(heights, begun).filter(effective_on__lte=as_of).order_by()

    def following(column: str | Func) -> Window:
        return Window(Lead(column), partition_by=F("customer"), order_by=[F("effective_on").asc(), F("pk").asc()])

    return moves.values(
        stage=F("to_stage"),
        began=DayNumber("effective_on"),
        ended=following(DayNumber("effective_on")),
        went_to=following("to_stage"),
    )


def _fetched(statement: str, parameters: Iterable[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _end(stage: Stage, after: Stage | None) -> End:
    if after is None:
        return End.STAYS
    return End.CLIMBED if after.rung is not None and is_up(stage, after) else End.LEFT
