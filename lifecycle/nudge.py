"""Where a nudge pays most: the rung before which most people are lost, and who stands now where those who climb do it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from lifecycle.heights import Heights
from lifecycle.models import Stage
from lifecycle.rungs import Stay

# Fewer newcomers in 12 months than that are no pattern.
FROM = 20


@dataclass(frozen=True)
class Nudge:
    """Of `stage`, which `came` people came to in 12 months; `climbs` the share of them that climbs to `above` or higher within 12 months.

    Half of those who climb do it between the days `soon` and `late`, half of them by the day `usual`.
    """

    stage: Stage
    above: Stage
    came: int
    climbs: float
    soon: int
    usual: int
    late: int
    as_of: date

    @classmethod
    def of(cls, heights: Heights, stays: Mapping[str, Stay], as_of: date) -> "Nudge | None":
        """None where too little is known."""
        found = []
        for stage, above in zip(heights.rungs, heights.rungs[1:], strict=False):
            stay = stays.get(stage.key)
            if stay and stay.climbs and stay.came >= FROM and len(stay.days) == 3:
                soon, usual, late = stay.days
                found.append(cls(stage, above, stay.came, stay.climbs, soon, usual, late, as_of))
        return max(found, key=lambda nudge: nudge.lost, default=None)

    @property
    def lost(self) -> float:
        """How many of the newcomers of 12 months do not climb."""
        return self.came * (1 - self.climbs)

    @property
    def of_hundred(self) -> int:
        """How many of 100 newcomers do not climb."""
        return round(100 * (1 - self.climbs))

    @property
    def since(self) -> tuple[date, date]:
        """Who came to the stage from the first of these days to the second is between the days `soon` and `late` now."""
        return self.as_of - timedelta(days=self.late), self.as_of - timedelta(days=self.soon)

    @property
    def rule(self) -> str:
        """Of these people, for the address of the list; on the primary ladder, of which the facts speak."""
        first, last = self.since
        leaves = [
            {"fact": "stage", "op": "=", "value": self.stage.key},
            {"fact": "stage_since", "op": "between", "value": [first.isoformat(), last.isoformat()]},
        ]
        return json.dumps({"all": leaves})
