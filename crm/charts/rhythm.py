"""The rhythm mark: how far the days since the last order are along the customer's usual gap."""

from dataclasses import dataclass

WIDTH, MARGIN = 72, 4
# The track is as long as so many usual gaps.
GAPS = 2.6
WATCH, HIGH = 1.3, 2.0


@dataclass(frozen=True)
class Rhythm:
    """In a box of 72 by 14: where the dot and the tick are; `tone` is ok, watch or high."""

    tick: float
    dot: float
    tone: str

    @classmethod
    def of(cls, usual: float, days: int) -> "Rhythm":
        """`usual` and `days` in days; `usual` is above 0."""
        ratio = max(days, 0) / usual
        track = WIDTH - 2 * MARGIN
        tone = "ok" if ratio < WATCH else "watch" if ratio < HIGH else "high"
        return cls(round(MARGIN + track / GAPS, 1), round(MARGIN + track * min(ratio / GAPS, 1), 1), tone)
