"""Replaying the past: where everybody stood at each month end since the first order, and on each of the last days, by what is known now.

In scratch (ReplayFacts, ReplayedMove) beside nights and refreshes; what was found is then joined to the moves that are there
(lifecycle/joining.py). Killed anywhere and run again it ends in the same rows, for it begins anew each time.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from time import perf_counter

import numpy as np
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import arrays, bulk, locks, reader, steps
from crm.facts import EMPTY, Ints
from crm.failpoints import failpoint
from crm.models import Business, Customer, ReplayFacts
from crm.rules import leaves
from lifecycle.joining import join
from lifecycle.lookback import end_of, known
from lifecycle.models import Ladder, Replay, ReplayedMove
from lifecycle.nightly import Tell, silent
from lifecycle.replayed import LOCK, Span
from lifecycle.rungs import keep_ladders, void
from lifecycle.stages import LOOKED_AT_ONCE, MOVED_AT_ONCE, Rungs
from segments.steps import classify_pareto

# With more than this part of all customers touched since the day before, all are computed: that reads in ranges, and not one by one.
MANY = 0.2


class ReplayRefused(Exception):
    """There is nothing to replay, or another replay runs; the message says why."""


class ReplayCut(Exception):
    """Those whom it began with are gone: the record was emptied meanwhile."""


@dataclass(frozen=True)
class Outcome:
    """What came of a replay: its first day and its last, how many moves it found, and how long it took."""

    first: date
    until: date
    moves: int
    seconds: float


def replay(*, clock: Callable[[], datetime] = timezone.now, tell: Tell = silent) -> Outcome:
    """Replays the past into Transitions, with their effective dates.

    Raises ReplayRefused before the first night, without orders, and while another replay runs; InvalidRule where a stage's rule cannot be
    read any more; ReplayCut where the record is emptied meanwhile.
    """
    with locks.held(LOCK) as got:
        if not got:
            raise ReplayRefused(_("Another replay of the past is running; this one did not start."))
        span = Span.due()
        if isinstance(span, str):
            raise ReplayRefused(span)
        start = perf_counter()
        moves = _replay(span, clock, tell)
        return Outcome(span.first, span.until, moves, round(perf_counter() - start, 3))


def _replay(span: Span, clock: Callable[[], datetime], tell: Tell) -> int:
    """Call with the lock held."""
    empty_scratch()
    failpoint("replay.begun")
    days = span.days
    walk = Walk.begin(span.until)
    for place, day in enumerate(days):
        tell(place, len(days) + 1, f"{day:%m/%Y}")
        walk.to(day)
        failpoint("replay.day")
    tell(len(days), len(days) + 1, f"{span.until:%m/%Y}")
    moves = ReplayedMove.objects.exclude(from_stage=None).count()
    join(walk.ladders, span.until, walk.keys)
    _finish(span, moves, clock(), walk)
    failpoint("replay.finished")
    empty_scratch()
    if live := Business.load().as_of:
        keep_ladders(live)
    return moves


def compute_scratch(day: date) -> None:
    """The figures of one day in ReplayFacts. Call with the lock held, and empty them afterwards."""
    empty_scratch()
    compute_past(Walk.begin(), day)


def empty_scratch() -> None:
    ReplayedMove.objects.all().delete()
    ReplayFacts.objects.all().delete()


@transaction.atomic
def _finish(span: Span, moves: int, now: datetime, walk: "Walk") -> None:
    """From here on the history holds those days, and what the pages counted of it before is void."""
    walk.check()
    void()
    Replay.objects.all().delete()
    Replay.objects.create(first_on=span.first, daily_from=span.daily_from, until=span.until, moves=moves, finished_at=now)
    failpoint("replay.finish.inside")


@dataclass
class Walk:
    """From one day to a later one: the facts of everybody known by then, and who stands elsewhere than before."""

    ladders: list[Rungs]
    # All customers as it begins, ascending, but for the hidden ones; who comes later is not looked at.
    keys: Ints
    # By ladder, in the order of `keys`: the stage, EMPTY for nowhere yet.
    placed: list[Ints]
    asked: set[str]
    # The record in memory, where it is not too large.
    shelf: reader.Shelf | None = None
    gap: int = Business.DEFAULT_GAP_DAYS
    before: date | None = None
    found: int = field(default=0, init=False)

    @classmethod
    def begin(cls, until: date | None = None) -> "Walk":
        """For the days up to `until`; without it, for one day alone."""
        ladders = [Rungs.load(ladder) for ladder in Ladder.objects.order_by("pk")]
        (keys,) = arrays.fetch(["id"], f"FROM crm_customer WHERE {reader.PRESENT} ORDER BY id")
        asked = {leaf.fact.name for rungs in ladders for rule in rungs.rules for leaf in leaves(rule)}
        placed = [np.full(len(keys), EMPTY, dtype=np.int64) for _rungs in ladders]
        return cls(ladders, keys, placed, asked, reader.Shelf.load(until.isoformat()) if until else None)

    def check(self) -> None:
        """Raises ReplayCut where nobody is left of those it began with."""
        if not Customer.objects.filter(pk__lte=self.last).exists():
            raise ReplayCut(_("The record was emptied while its past was replayed."))

    @property
    def last(self) -> int:
        return int(self.keys[-1]) if len(self.keys) else 0

    def to(self, day: date) -> None:
        self.check()
        compute_past(self, day)
        for some in self.ranges():
            self._place(day, some)
        self.before = day

    def ranges(self) -> Iterator[Ints]:
        """Places in `keys`, LOOKED_AT_ONCE of them each."""
        for start in range(0, len(self.keys), LOOKED_AT_ONCE):
            yield np.arange(start, min(start + LOOKED_AT_ONCE, len(self.keys)))

    def _place(self, day: date, some: Ints) -> None:
        """One statement for all ladders; only who moved is looked at again."""
        within = Q(pk__gte=int(self.keys[some[0]]), pk__lte=int(self.keys[some[-1]]))
        stages = {f"to{place}": rungs.case(day) for place, rungs in enumerate(self.ladders)}
        found = ReplayFacts.objects.filter(within).annotate(key=F("pk"), **stages).values("key", *stages)
        pks, *columns = arrays.fetch_values(found)
        at = np.searchsorted(self.keys, pks)
        for rungs, stood, now in zip(self.ladders, self.placed, columns, strict=True):
            moved = (now != stood[at]) & (now != EMPTY)
            self._record(rungs, day, dict(zip(pks[moved].tolist(), stood[at[moved]].tolist(), strict=True)))
            stood[at[moved]] = now[moved]

    def _record(self, rungs: Rungs, day: date, was: dict[int, int]) -> None:
        versions, moving = {stage.pk: stage.version for stage in rungs.stages}, sorted(was)
        for start in range(0, len(moving), MOVED_AT_ONCE):
            chosen = ReplayFacts.objects.filter(pk__in=bulk.among(moving[start : start + MOVED_AT_ONCE])).annotate(to=rungs.case(day))
            rows = [
                (
                    pk,
                    rungs.ladder.pk,
                    None if was[pk] == EMPTY else was[pk],
                    to,
                    day.isoformat(),
                    versions[to],
                    json.dumps(values, allow_nan=False),
                )
                for (pk, to), values in rungs.causes(chosen.order_by("pk"), ["pk", "to"], day)
            ]
            with transaction.atomic():
                bulk.insert(ReplayedMove, COLUMNS, rows)
                failpoint("replay.moves.inside")
            failpoint("replay.moves")


COLUMNS = ("customer", "ladder", "from_stage", "to_stage", "effective_on", "rule_version", "values")


def compute_past(walk: Walk, day: date) -> None:
    """Brings ReplayFacts from the day that they stand at to a later one."""
    touched = None if walk.before is None else _touched(walk.before, day)
    new = known(day).filter(pk__lte=walk.last, replay_facts=None)
    # Who is known from that day on is touched by what makes them known.
    added = steps.add_rows(new if touched is None else new.filter(pk__in=bulk.among(touched.tolist())), ReplayFacts)
    failpoint("replay.rows")
    _compute(walk, day, touched)
    if added > len(walk.keys) // 50:
        bulk.analyze(ReplayFacts)
    gap = steps.own_gap(ReplayFacts)
    if gap != walk.gap:
        steps.expect(ReplayFacts, gap)
        walk.gap = gap
    if "referrals_ordered" in walk.asked:
        _count_referrals(day, touched)
    if "pareto_class" in walk.asked:
        classify_pareto(day, ReplayFacts)


def _compute(walk: Walk, day: date, touched: Ints | None) -> None:
    if touched is None or len(touched) > MANY * len(walk.keys):
        touched = None
    if walk.shelf:
        steps.compute_shelved(walk.shelf, touched, day, ReplayFacts, walk.gap)
    elif touched is None:
        steps.compute_everyone(day, ReplayFacts, walk.gap)
    else:
        steps.compute_among(touched.tolist(), day, ReplayFacts, walk.gap)


def _count_referrals(day: date, touched: Ints | None) -> None:
    """Whoever has more or less to show for it referred somebody who is touched, or is known only now."""
    if touched is None:
        steps.count_referrals(day, ReplayFacts)
    else:
        referred = Customer.objects.filter(pk__in=bulk.among(touched.tolist()), referred_by__isnull=False)
        referrers = [pk for pk in referred.values_list("referred_by", flat=True) if pk]
        steps.count_referrals_of(sorted({*touched.tolist(), *referrers}), ReplayFacts)


def _touched(before: date, day: date) -> Ints:
    """Whose facts may differ, and who was entered in between: their row is new."""
    entered = Customer.objects.filter(created__gte=end_of(before), created__lt=end_of(day)).values_list("pk", flat=True)
    return np.union1d(reader.touched(before, day), np.array(list(entered), dtype=np.int64))
