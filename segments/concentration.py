"""How the revenue gathers on few customers. Pure, and without pandas: the web process reads it."""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate


@dataclass(frozen=True)
class Concentration:
    """Customers who brought something, by revenue descending, then by key; `sums[n]` is what the first n of them brought together."""

    customers: Sequence[int]
    sums: Sequence[int]

    @classmethod
    def of(cls, customers: Sequence[int], revenue: Sequence[int]) -> "Concentration":
        """`customers` by ascending key, and what each brought in whole minor units."""
        # The sort is stable in either direction: of equal ones the smaller key stays first.
        ranked = sorted((place for place, amount in enumerate(revenue) if amount > 0), key=revenue.__getitem__, reverse=True)
        # Packed: as objects the numbers of a hundred thousand take more of a web process than all that it has loaded.
        sums = array("q", accumulate(map(revenue.__getitem__, ranked), initial=0))
        return cls(array("q", map(customers.__getitem__, ranked)), sums)

    @property
    def people(self) -> int:
        return len(self.customers)

    @property
    def total(self) -> int:
        return self.sums[-1]

    def ranks(self, of: Collection[int]) -> dict[int, int]:
        """From 1, of those customers who brought something."""
        return {customer: rank for rank, customer in enumerate(self.customers, start=1) if customer in of}

    def share(self, first: int) -> float:
        """What part of the whole the first so many bring; 0 where there is none."""
        return self.sums[first] / self.total if self.total else 0.0

    def vital_few(self, share: Decimal) -> int:
        """How many are the smallest set that reaches `share` (0 < share ≤ 1): the rule of segments/pareto.py, in whole numbers."""
        whole, parts = share.as_integer_ratio()
        return bisect_left(self.sums, -(-self.total * whole // parts))

    def top(self, percent: int) -> int:
        """How many people so many per cent of them are: rounded half up, and one at least where there is anybody."""
        return min(max((self.people * percent + 50) // 100, 1), self.people)

    def steps(self, *also: int) -> list[int]:
        """Numbers of people at which to draw the curve: few, and closer together at its steep beginning, with `also` among them."""
        hundredths = {self.people * number // 100 for number in range(101)}
        thousandths = {self.people * number // 1000 for number in range(100)}
        return sorted(hundredths | thousandths | {min(1, self.people), *also})
