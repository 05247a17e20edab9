"""How long people stay in a stage, and how many of them climb from it: curves over spells, those that go on among them. Pure, whole days.

A spell is one stay of one customer in one stage. Who is still there has a spell of unknown length: it counts as long as it was watched
(censored). The curve of those who stay is the product-limit estimator: Kaplan and Meier, "Nonparametric estimation from incomplete
observations", JASA 53 (1958). Each day that somebody leaves, it falls by the share of those watched on that day. Those who climb are summed
up by the same curve: on each day the share of the watched who climb, times the share of all who had stayed until then (the cumulative
incidence of Aalen and Johansen, 1978), for who slips cannot climb from here any more. Spells whose beginning lies before we watch enter
late: they are among the watched from the day they had reached by then (delayed entry).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

# What a product of shares may be off, which are exact in words and not in a computer: 1/3 · 3/2 is a half.
CLOSE = 1e-9


class End(IntEnum):
    """How a spell ended, as far as it was watched."""

    STAYS, CLIMBED, LEFT = range(3)


class Spells(NamedTuple):
    """So many people's spells of one kind: watched from day `entry` (0: from the beginning) until day `days`, where they ended so."""

    entry: int
    days: int
    end: End
    people: int


class Step(NamedTuple):
    """A day on which somebody left: the share of all who stay longer than it, and of those who have climbed by it."""

    day: int
    staying: float
    climbed: float


@dataclass(frozen=True)
class Curve:
    """Known up to the day `until`, the last one on which somebody was watched without a gap since the beginning."""

    steps: tuple[Step, ...]
    until: int

    @classmethod
    def of(cls, spells: Iterable[Spells]) -> "Curve":
        """On day 0 all are watched that are from the beginning; on a later day those who entered before it and left on it or later."""
        watched = [each for each in spells if each.entry == 0 or each.entry < each.days]
        until = _reach(watched)
        here: Counter[int] = Counter()
        left: Counter[int] = Counter()
        climbed: Counter[int] = Counter()
        for entry, days, end, people in watched:
            here[entry + 1 if entry else 0] += people
            here[days + 1] -= people
            left[days] += people if end != End.STAYS else 0
            climbed[days] += people if end == End.CLIMBED else 0
        steps, staying, incidence, at_risk = [], 1.0, 0.0, 0
        for day in sorted({*here, *left}):
            at_risk += here[day]
            if day <= until and left[day]:
                incidence += staying * climbed[day] / at_risk
                staying *= 1 - left[day] / at_risk
                steps.append(Step(day, staying, incidence))
        return cls(tuple(steps), until)

    @property
    def median(self) -> int | None:
        """The first day by which half of all have left; None where the curve does not fall to one half."""
        return next((step.day for step in self.steps if step.staying <= 0.5 + CLOSE), None)

    def climbed(self, by: int) -> float | None:
        """The share of all who have climbed by that day; None where it is not known so far: nobody was watched for so long."""
        if self.until < by and not self._is_over:
            return None
        return max((step.climbed for step in self.steps if step.day <= by), default=0.0)

    def climbed_on(self, part: float, by: int) -> int | None:
        """The day by which that part (0 to 1) of those who climb by the day `by` had climbed; None where nobody does or it is not known."""
        whole = self.climbed(by)
        if not whole:
            return None
        return next(step.day for step in self.steps if step.climbed >= whole * part - CLOSE)

    @property
    def _is_over(self) -> bool:
        """Whether all have left: nothing comes after."""
        return bool(self.steps) and self.steps[-1].staying <= CLOSE


def _reach(spells: Iterable[Spells]) -> int:
    """How far somebody is watched on each day since the beginning."""
    reach = 0
    for entry, days, _end, _people in sorted(spells):
        if entry > reach:
            break
        reach = max(reach, days)
    return reach
