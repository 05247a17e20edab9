"""Scales: from a value to its place in the picture. Pure; the shapes are in the modules beside this one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import ceil, floor, log10

# Decimals of a place: finer than any screen, and short in the page.
PLACES = 2


@dataclass(frozen=True)
class Linear:
    """Values from `low` to `high` laid evenly from `start` to `end`. Where low and high are one, that one is in the middle."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        if self.low == self.high:
            return _rounded((self.start + self.end) / 2)
        share = (value - self.low) / (self.high - self.low)
        return _rounded(self.start + share * (self.end - self.start))


@dataclass(frozen=True)
class Calendar:
    """Days from `first` to `last` laid evenly from `start` to `end`."""

    first: date
    last: date
    start: float
    end: float

    def __call__(self, day: date) -> float:
        return Linear(self.first.toordinal(), self.last.toordinal(), self.start, self.end)(day.toordinal())

    def months(self) -> Iterator[date]:
        """The days on which a month begins, of those in the picture."""
        month = self.first.replace(day=1)
        while month <= self.last:
            if month >= self.first:
                yield month
            if (month.year, month.month) == (date.max.year, date.max.month):
                return
            month = date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _rounded(place: float) -> float:
    # Adding zero turns -0.0 into 0.0.
    return round(place, PLACES) + 0.0


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers, evenly apart, the first at or below `low` and the last at or above `high`: some `about` of them."""
    if low == high:
        return [low]
    rough = (high - low) / about
    decimals = -floor(log10(rough))
    # Rough is between one and ten of these units; a little less, or 0.3 / 3 would not be 0.1.
    unit = 10.0**-decimals
    step = unit * next(many for many in (1, 2, 5, 10) if many >= rough / unit * (1 - 1e-9))
    return [round(number * step, max(decimals, 0)) + 0.0 for number in range(floor(low / step), ceil(high / step) + 1)]
