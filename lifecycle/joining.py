"""Joining what a replay of the past has found to the moves that are there: the rules' own moves of those days give way, a person's never.

A customer's moves on a ladder are in order by effective date, then key; each begins where the one before it ended. Runs beside nights and
refreshes: in short turns under their lock, each by what is true then.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from time import sleep
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from crm import bulk, locks
from crm.facts import Ints
from crm.failpoints import failpoint
from crm.models import Facts
from lifecycle.models import Ladder, Position, ReplayedMove, Transition
from lifecycle.stages import Rungs, tell

# Customers of one turn, and how long nights and refreshes may begin between two.
JOINED_AT_ONCE = 2_000
PAUSE_SECONDS = 0.1
REPLAY, PERSON = Transition.Source.REPLAY.value, Transition.Source.PERSON.value
OWN = ("pk", "from_stage", "to_stage", "effective_on", "source", "rule_version", "values")


@dataclass(frozen=True)
class Made:
    """A move that is there, or (without a key) is to be written."""

    pk: int | None
    before: int | None
    after: int
    on: date
    source: str
    version: int | None
    values: dict[str, Any]

    def says(self, other: "Made") -> bool:
        """Whether it is the same move. Of one that a night recorded the cause as it was then stands."""
        same = (self.on, self.before, self.after) == (other.on, other.before, other.after)
        return same and (self.source != REPLAY or (self.version, self.values) == (other.version, other.values))


@dataclass
class Joined:
    """What is to be written for one customer on one ladder. `since` is the day of the last move, where that has changed."""

    superseded: list[int] = field(default_factory=list)
    written: list[Made] = field(default_factory=list)
    # A move that stays where it is, with another beginning.
    begun: list[tuple[int, int | None]] = field(default_factory=list)
    since: date | None = None


def joined(there: Sequence[Made], found: Sequence[Made], until: date, stage: int) -> Joined:
    """`there` are the moves that are recorded, `found` the replayed ones, both in order; `stage` is where the customer stands now.

    What comes after `until` is kept, and where a person moved the customer, everything from the move that leads into that on. The first
    move that is kept begins where the replayed ones end.
    """
    cut = _cut(there, until)
    if cut == len(there) and there and (found[-1].after if found else None) != stage:
        # Since the last night a rule was changed, say: the position is the night's to move.
        cut -= 1
    kept = list(there[cut:])
    if not there or (kept and kept[0].source == PERSON):
        return Joined()
    fresh = [made for made in found if not kept or made.on < kept[0].on]
    same = 0
    while same < min(cut, len(fresh)) and there[same].says(fresh[same]):
        same += 1
    made = Joined([pk for pk in (old.pk for old in there[same:cut]) if pk], fresh[same:])
    _rebase(made, kept, fresh[-1].after if fresh else None)
    last = kept[-1].on if kept else fresh[-1].on
    made.since = last if last != there[-1].on else None
    return made


def _cut(there: Sequence[Made], until: date) -> int:
    """The place of the first move that is kept."""
    later = next((place for place, made in enumerate(there) if made.on > until), len(there))
    by_hand = next((place for place, made in enumerate(there) if made.source == PERSON), len(there) + 1)
    return min(later, max(by_hand - 1, 0))


def _rebase(made: Joined, kept: list[Made], before: int | None) -> None:
    """Lets the first of `kept` begin at `before`, or drops it where it would lead nowhere: then it is taken out of `kept`."""
    if not kept or kept[0].before == before:
        return
    first, day = kept[0], kept[0].on
    if first.after == before:
        made.superseded.append(first.pk or 0)
        del kept[0]
        return
    # Written anew it stands behind all that is there of that day, so those are written anew with it; a person's move never is.
    of_that_day = [move for move in kept if move.on == day]
    if any(move.source == PERSON for move in of_that_day):
        made.begun.append((first.pk or 0, before))
        return
    made.superseded += [move.pk or 0 for move in of_that_day]
    made.written += [replace(first, before=before), *of_that_day[1:]]


def join(ladders: Sequence[Rungs], until: date, customers: Ints) -> None:
    """Joins the ReplayedMoves of `customers` (primary keys, ascending) to the Transitions, and lets positions and Facts say it."""
    for rungs in ladders:
        for start in range(0, len(customers), JOINED_AT_ONCE):
            some = customers[start : start + JOINED_AT_ONCE]
            with ExitStack() as figures:
                while not figures.enter_context(locks.held("nightly")):
                    figures.close()
                    sleep(PAUSE_SECONDS)
                with transaction.atomic():
                    _join(rungs.ladder, until, int(some[0]), int(some[-1]))
                    failpoint("replay.joined.inside")
            failpoint("replay.joined")
            sleep(PAUSE_SECONDS)


def _join(ladder: Ladder, until: date, first: int, last: int) -> None:
    # The lock of all who write positions, in one order.
    list(Facts.objects.select_for_update().filter(pk__gte=first, pk__lte=last).order_by("pk").values_list("pk"))
    theirs = Q(ladder=ladder, customer__gte=first, customer__lte=last)
    positions = Position.objects.filter(theirs).values_list("customer", "pk", "stage")
    recorded = Transition.objects.filter(theirs, superseded_at=None).order_by("customer", "effective_on", "pk")
    there = _by_customer(recorded.values_list("customer", *OWN))
    replayed = ReplayedMove.objects.filter(theirs).order_by("customer", "effective_on")
    columns = ("customer", "from_stage", "to_stage", "effective_on", "rule_version", "values")
    found = _by_customer((pk, None, *move[:3], REPLAY, *move[3:]) for pk, *move in replayed.values_list(*columns))
    made, since = {}, []
    for customer, position, stage in positions.order_by("customer"):
        made[customer] = joined(there[customer], found[customer], until, stage)
        if day := made[customer].since:
            since.append((position, customer, day))
    _write(ladder, made)
    bulk.update(Position, ["since"], [(position, day.isoformat()) for position, _customer, day in since])
    if ladder.is_primary:
        tell(ladder, [customer for _position, customer, _day in since])


def _by_customer(rows: Iterable[tuple[Any, ...]]) -> dict[int, list[Made]]:
    found: dict[int, list[Made]] = defaultdict(list)
    for customer, *values in rows:
        found[customer].append(Made(*values))
    return found


def _write(ladder: Ladder, joined: dict[int, Joined]) -> None:
    superseded = [pk for made in joined.values() for pk in made.superseded]
    Transition.objects.filter(pk__in=bulk.among(superseded)).update(superseded_at=Now())
    bulk.update(Transition, ["from_stage"], [begun for made in joined.values() for begun in made.begun])
    columns = ["customer", "ladder", "from_stage", "to_stage", "effective_on", "source", "rule_version", "values", "reason"]
    rows = [
        (customer, ladder.pk, move.before, move.after, move.on.isoformat(), move.source, move.version, json.dumps(move.values), "")
        for customer, made in joined.items()
        for move in made.written
    ]
    bulk.insert(Transition, columns, rows)
