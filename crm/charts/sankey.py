"""A Sankey: how many went from where to where. Bands run from marks at the left to marks at the right, all on one scale. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm.charts.scales import PLACES

# Of a box so many wide; marks stand at its edges, bands run between them.
WIDTH = 100.0


@dataclass(frozen=True)
class Mark:
    """A place: its key, how many left or came, and where it stands from the top."""

    key: str
    people: int
    top: float
    height: float

    @property
    def middle(self) -> float:
        return round(self.top + self.height / 2, PLACES)


@dataclass(frozen=True)
class Band:
    """One flow. `left` and `right` are where its upper edge begins and ends; it is `height` thick at every place, measured upright."""

    before: str
    after: str
    people: int
    left: float
    right: float
    height: float

    @property
    def written(self) -> str:
        """For the attribute `d` of a path, in a box WIDTH wide; with a decimal point in every language."""
        half, low_left, low_right = WIDTH / 2, self.left + self.height, self.right + self.height
        there = f"M0 {_at(self.left)}C{half:g} {_at(self.left)} {half:g} {_at(self.right)} {WIDTH:g} {_at(self.right)}"
        return f"{there}V{_at(low_right)}C{half:g} {_at(low_right)} {half:g} {_at(low_left)} 0 {_at(low_left)}Z"


@dataclass(frozen=True)
class Sankey:
    height: int
    left: tuple[Mark, ...]
    right: tuple[Mark, ...]
    bands: tuple[Band, ...]


def sankey(flows: Mapping[tuple[str, str], int], order: Sequence[str], height: int, gap: int) -> Sankey | None:
    """`flows`: how many from which key to which, each above 0 and in `order`, which is that of the marks from the top down.

    `gap` parts two marks, and has room for the words of one; `height` has room for all gaps. None without a flow.
    """
    if not flows:
        return None
    place = {key: number for number, key in enumerate(order)}
    ordered = sorted(flows, key=lambda pair: (place[pair[0]], place[pair[1]]))
    leaving = {key: sum(flows[pair] for pair in ordered if pair[0] == key) for key in order}
    coming = {key: sum(flows[pair] for pair in ordered if pair[1] == key) for key in order}
    most = max(sum(map(bool, leaving.values())), sum(map(bool, coming.values())))
    unit = (height - gap * (most - 1)) / sum(flows.values())
    left, right = _stacked(leaving, unit, height, gap), _stacked(coming, unit, height, gap)
    starts, ends = ({mark.key: mark.top for mark in side} for side in (left, right))
    bands = []
    for before, after in ordered:
        people = flows[before, after]
        bands.append(Band(before, after, people, starts[before], ends[after], people * unit))
        starts[before] += people * unit
        ends[after] += people * unit
    return Sankey(height, left, right, tuple(bands))


def _stacked(people: Mapping[str, int], unit: float, height: float, gap: int) -> tuple[Mark, ...]:
    """One below the other, those with nobody left out, in the middle of the height."""
    shown = {key: count for key, count in people.items() if count}
    top = (height - unit * sum(shown.values()) - gap * (len(shown) - 1)) / 2
    marks = []
    for key, count in shown.items():
        marks.append(Mark(key, count, top, count * unit))
        top += count * unit + gap
    return tuple(marks)


def _at(place: float) -> str:
    return f"{round(place, PLACES) + 0.0:g}"
