"""The Ladder page: who stands where, who moved in the last days, how long people stay and climb, how a stage is decided."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from crm.charts.sankey import Band, Mark, Sankey, sankey
from crm.figures import Figures
from crm.marks import StageMark
from crm.money import number
from crm.rules import EVERYONE, InvalidRule, described, parse
from lifecycle.choice import Choice
from lifecycle.heights import Heights, is_up
from lifecycle.known import Known
from lifecycle.leaving import Reason, leaving, reasons
from lifecycle.models import Stage, Transition
from lifecycle.nudge import Nudge
from lifecycle.overnight import made
from lifecycle.past import PastDay
from lifecycle.people import People
from lifecycle.rungs import SPANS, Counted, Moves, Stay

# The picture of the flows: so high, and so much room between two stages, which holds the words of one.
HEIGHT, GAP = 432, 20


def span(text: str) -> int:
    """How many days the reader asks for; the first choice for anything that is not offered."""
    return int(text) if text in map(str, SPANS) else SPANS[0]


def made_within(heights: Heights, figures: Figures, as_of: date, days: int, *, is_past: bool = False) -> QuerySet[Transition]:
    """The moves of the last so many days. With the live figures those of today are among them, as they are in the counts of people."""
    moves = made(heights).filter(effective_on__gt=as_of - timedelta(days=days))
    return moves.filter(effective_on__lte=as_of) if figures.is_past or is_past else moves


@dataclass(frozen=True)
class Flow:
    """How many moved from one stage to another; `share` is of the largest flow."""

    before: Stage
    after: Stage
    people: int
    share: float

    @property
    def is_up(self) -> bool:
        return is_up(self.before, self.after)


@dataclass(frozen=True)
class Rung:
    """A stage with who stands there; `up` and `down` are the moves into a rung and out of it, of a side stage out of it and into it."""

    stage: Stage
    people: int
    # Of the fullest stage.
    share: float
    up: int
    down: int
    # Who was placed here first of all.
    new: int = 0
    # Who climbed from here to the next rung, which is None for the highest and beside the ladder.
    next: Stage | None = None
    climbed: int = 0
    # What has been counted of it, and its share of the revenue of 12 months; None where it is not known, or not for this reader.
    stay: Stay | None = None
    revenue: float | None = None
    # What leads to these people in the list of customers; empty where nothing does.
    link: str = ""


@dataclass(frozen=True)
class LadderPage:
    as_of: date
    days: int
    rungs: list[Rung]
    beside: list[Rung]
    flows: list[Flow]
    # In the order in which they are tried.
    definitions: list[tuple[Stage, str]]
    # The first day of the ladder, where the span reaches back behind it.
    begun: date | None
    # Whether the ladder was there at all by then: when looking back it may have begun later.
    has_moves: bool
    choice: Choice
    past: PastDay
    # What is counted at night is there.
    is_counted: bool
    has_revenue: bool
    reasons: list[Reason]
    nudge: Nudge | None
    # Who stands now where the nudge points to.
    nudged: int

    @classmethod
    def of(
        cls, figures: Figures, as_of: date, days: int, choice: Choice | None = None, past: str = "", *, shows_revenue: bool = False
    ) -> "LadderPage":
        """`past` is the day asked for, as text; `shows_revenue` says whether the reader may see what the business earns.

        Six queries where a night has counted, ten where the page has to.
        """
        choice = choice or Choice.of("", figures.business)
        heights = choice.heights
        known = Known.of(choice, figures, as_of, past)
        moves, as_of, begun = known.moves(days), known.as_of, known.begun
        drawn = _Drawn(heights, known.people, moves, known.counted, shows_revenue)
        return cls(
            as_of=as_of,
            days=days,
            rungs=drawn.rungs(),
            beside=[drawn.beside(stage) for stage in heights.beside],
            flows=_flows(heights, moves),
            definitions=[(stage, _decided(stage)) for stage in heights.stages],
            begun=begun if begun and begun > as_of - timedelta(days=days) else None,
            has_moves=not known.is_past or (begun is not None and begun <= as_of),
            choice=choice,
            past=known.past,
            is_counted=known.counted is not None,
            has_revenue=shows_revenue and drawn.total > 0,
            reasons=reasons(heights, moves) if known.counted else [],
            nudge=known.nudge,
            nudged=known.people.nudged,
        )

    @property
    def up(self) -> int:
        return sum(flow.people for flow in self.flows if flow.is_up)

    @property
    def down(self) -> int:
        return sum(flow.people for flow in self.flows if not flow.is_up)

    @property
    def spans(self) -> list[tuple[int, bool]]:
        return [(days, days == self.days) for days in SPANS]

    @property
    def query(self) -> str:
        """What each link to this ladder's moves carries."""
        return urlencode({"days": self.days} | self._kept)

    @property
    def kept(self) -> str:
        """The same without the days, for the switch of days; with an ampersand before it."""
        return "".join(f"&{urlencode({name: value})}" for name, value in self._kept.items())

    @property
    def _kept(self) -> dict[str, str]:
        named = {"ladder": self.choice.key} if self.choice.key else {}
        return named | ({"as_of": self.past.day.isoformat()} if self.past.day else {})

    @property
    def columns(self) -> int:
        """Of the table."""
        return 2 + 2 * self.has_moves + self.is_counted + self.has_revenue

    @cached_property
    def picture(self) -> Sankey | None:
        """Of the flows: the stages from the highest down."""
        heights = self.choice.heights
        order = [stage.key for stage in [*heights.rungs[::-1], *heights.beside, *heights.retired]]
        return sankey({(flow.before.key, flow.after.key): flow.people for flow in self.flows}, order, HEIGHT, GAP)

    @property
    def finding(self) -> str:
        """What the picture of the flows shows, in words."""
        largest = self.flows[0]
        names = {"before": largest.before, "after": largest.after, "number": number(largest.people), "days": self.days}
        return _("Who moved where in %(days)s days: the most frequent move is from %(before)s to %(after)s, %(number)s times.") % names

    @property
    def bands(self) -> list[tuple[Band, Flow]]:
        """Of the picture, each with what it shows."""
        flows = {(flow.before.key, flow.after.key): flow for flow in self.flows}
        return [(band, flows[band.before, band.after]) for band in self.picture.bands] if self.picture else []

    @property
    def sides(self) -> list[tuple[str, list[tuple[Mark, StageMark]]]]:
        """Of the picture: "left", where they stood, and "right", where they went."""
        if self.picture is None:
            return []
        drawn = {"left": self.picture.left, "right": self.picture.right}
        return [(side, [(mark, self.choice.marks[mark.key]) for mark in marks]) for side, marks in drawn.items()]

    @property
    def left(self) -> int:
        return sum(reason.people for reason in self.reasons)

    @property
    def leaving(self) -> list[Stage]:
        return leaving(self.choice.heights)

    @property
    def nudge_query(self) -> str:
        """What leads to the people whom a nudge would reach; empty where there is no such list."""
        return urlencode({"rule": self.nudge.rule}) if self.nudge and self.choice.heights.is_primary else ""


@dataclass(frozen=True)
class _Drawn:
    """Makes the rows of the table from what was counted."""

    heights: Heights
    people: People
    moves: Moves
    counted: Counted | None
    shows_revenue: bool

    @cached_property
    def pairs(self) -> Counter[tuple[str, str]]:
        found: Counter[tuple[str, str]] = Counter()
        for (before, after, _why), people in self.moves.items():
            found[before, after] += people
        return found

    @cached_property
    def total(self) -> Decimal:
        """The revenue of all."""
        return sum(map(Decimal, self.counted.revenue.values()), Decimal(0)) if self.counted else Decimal(0)

    def rungs(self) -> list[Rung]:
        """From the highest down."""
        above = dict(zip(self.heights.rungs, [*self.heights.rungs[1:], None], strict=False))
        made = []
        for stage, upper in above.items():
            into = sum(self.pairs[other.key, stage.key] for other in self.heights.every if is_up(other, stage))
            out = sum(self.pairs[stage.key, other.key] for other in self.heights.every if is_up(other, stage))
            climbed = self.pairs[stage.key, upper.key] if upper else 0
            made.append(self._row(stage, into, out, self.pairs["", stage.key], upper, climbed))
        return made[::-1]

    def beside(self, stage: Stage) -> Rung:
        back = sum(self.pairs[stage.key, other.key] for other in self.heights.every if is_up(stage, other))
        here = sum(self.pairs[other.key, stage.key] for other in self.heights.every if is_up(stage, other))
        return self._row(stage, back, here, 0, None, 0)

    def _row(self, stage: Stage, up: int, down: int, new: int, above: Stage | None, climbed: int) -> Rung:
        people, counted = self.people.at(stage), self.counted
        stay = counted.stays.get(stage.key) if counted else None
        share = None
        if counted and self.shows_revenue and self.total > 0:
            share = float(Decimal(counted.revenue.get(stage.key, 0)) / self.total)
        link = self.people.link(stage)
        return Rung(stage, people, people / self.people.most, up, down, new, above, climbed, stay, share, link)


def _flows(heights: Heights, moves: Moves) -> list[Flow]:
    pairs: Counter[tuple[str, str]] = Counter()
    for (before, after, _why), people in moves.items():
        if before:
            pairs[before, after] += people
    stages: Mapping[str, Stage] = {stage.key: stage for stage in heights.every}
    most = max(pairs.values(), default=0) or 1
    # What was counted at night may name a stage that is gone since.
    known = {pair: people for pair, people in pairs.items() if pair[0] in stages and pair[1] in stages}
    flows = [Flow(stages[before], stages[after], people, people / most) for (before, after), people in known.items()]
    return sorted(flows, key=lambda flow: (-flow.people, flow.before.rank, flow.after.rank))


def _decided(stage: Stage) -> str:
    """Its rule in words; empty for the one that takes the rest, a sentence for one that cannot be read any more."""
    try:
        node = parse(stage.rule)
    except InvalidRule as wrong:
        return str(wrong)
    return "" if node == EVERYONE else described(node)
