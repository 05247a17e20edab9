"""The Pareto page: who brings most of the revenue, now and a year ago."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import BigIntegerField, ExpressionWrapper, F, Min, Q
from django.utils.translation import ngettext

from crm import money, rhythm
from crm.charts.curve import ShareCurve, share_curve
from crm.fields import from_minor
from crm.figures import Figures
from crm.models import FactsRow
from crm.windows import years_before
from segments.concentration import Concentration

PERCENTS = (1, 5, 10, 20, 50)
IN_SHORT = (1, 5, 20)
AT_ONCE = 5_000
# The one that the sentence about the change is of.
TOLD = 20
MOVED_SHOWN, PEOPLE_SHOWN = 10, 25
# Whose list the end of the page shows: the vital few, who came to them, who left them.
LISTS = ("few", "came", "left")


@dataclass(frozen=True)
class Standing:
    """The vital few among those with revenue: now as the night has placed them, a year ago by the same rule."""

    now: Concentration
    before: Concentration
    few: Sequence[int]
    few_before: Sequence[int]

    @classmethod
    def read(cls, figures: Figures) -> "Standing":
        # As whole numbers: a Decimal for each of a hundred thousand rows would take longer than all the rest.
        amounts = [ExpressionWrapper(F(name), output_field=BigIntegerField()) for name in ("revenue_12m", "revenue_prev_12m")]
        brought = figures.facts.objects.filter(Q(revenue_12m__gt=0) | Q(revenue_prev_12m__gt=0))
        customers, revenue, earlier, chosen = array("q"), array("q"), array("q"), set[int]()
        for customer, amount, amount_before, name in brought.order_by("pk").values_list("pk", *amounts, "pareto_class").iterator(AT_ONCE):
            customers.append(customer)
            revenue.append(amount)
            earlier.append(amount_before)
            if name == FactsRow.ParetoClass.VITAL_FEW:
                chosen.add(customer)
        now, before = Concentration.of(customers, revenue), Concentration.of(customers, earlier)
        few = [customer for customer in now.customers if customer in chosen]
        return cls(now, before, few, list(before.customers[: before.vital_few(figures.business.pareto_share)]))

    @cached_property
    def came(self) -> list[int]:
        """Who is one of the few and was not, the largest first."""
        were = set(self.few_before)
        return [customer for customer in self.few if customer not in were]

    @cached_property
    def left(self) -> list[int]:
        """Who was one of the few and is not, by what they brought then."""
        are = set(self.few)
        return [customer for customer in self.few_before if customer not in are]


@dataclass(frozen=True)
class Person:
    facts: FactsRow
    as_of: date
    rank: int | None
    share: float | None

    @property
    def days(self) -> int | None:
        """Since the last order."""
        last = self.facts.last_order_on
        return (self.as_of - last).days if last else None

    @property
    def rhythm(self) -> str:
        return rhythm.in_words(self.facts.typical_gap_days, self.facts.long_gap_days)


@dataclass(frozen=True)
class Top:
    """What the first so many bring: of a per cent of all, or the vital few where `percent` is None."""

    percent: int | None
    people: int
    share: float
    people_before: int
    share_before: float

    @property
    def part(self) -> Decimal | None:
        return None if self.percent is None else Decimal(self.percent) / 100

    @property
    def points(self) -> Decimal:
        """How far the share has moved, in the tenths of a per cent that the page shows."""
        tenth = Decimal("0.001")
        return Decimal(str(self.share)).quantize(tenth) - Decimal(str(self.share_before)).quantize(tenth)


@dataclass(frozen=True)
class ParetoPage:
    """`shown` is one of LISTS, and `numbers` are the keys of those on its page; `wanted` is the share that makes the few."""

    as_of: date
    wanted: Decimal
    standing: Standing
    shown: str
    numbers: "Page[int]"
    people: dict[int, Person]
    first_order_on: date | None

    @classmethod
    def of(cls, figures: Figures, as_of: date, shown: str, number: str) -> "ParetoPage":
        standing = Standing.read(figures)
        numbers = Paginator(getattr(standing, shown), PEOPLE_SHOWN).get_page(number)
        on_page = {*numbers, *standing.came[:MOVED_SHOWN], *standing.left[:MOVED_SHOWN], *standing.now.customers[:1]}
        first = figures.facts.objects.aggregate(first=Min("first_order_on"))["first"]
        people = _people(figures, as_of, standing.now, on_page)
        return cls(as_of, figures.business.pareto_share, standing, shown, numbers, people, first)

    @property
    def year_ago(self) -> date:
        return years_before(self.as_of)

    @property
    def begins(self) -> date | None:
        """The first order, where it falls within the year before, which is then no whole year."""
        first = self.first_order_on
        return first if first and years_before(self.as_of, 2) < first <= self.year_ago else None

    @cached_property
    def few(self) -> Top:
        now, before = self.standing.now, self.standing.before
        people, people_before = len(self.standing.few), len(self.standing.few_before)
        return Top(None, people, now.share(people), people_before, before.share(people_before))

    @property
    def part(self) -> float:
        """Of those who bought something, what part the vital few are."""
        return self.few.people / self.standing.now.people

    @property
    def part_before(self) -> float | None:
        return self.few.people_before / self.standing.before.people if self.standing.before.people else None

    @cached_property
    def tops(self) -> list[Top]:
        now, before = self.standing.now, self.standing.before
        pairs = [(percent, now.top(percent), before.top(percent)) for percent in PERCENTS]
        return [Top(percent, first, now.share(first), then, before.share(then)) for percent, first, then in pairs]

    @property
    def tops_in_short(self) -> list[Top]:
        return [top for top in self.tops if top.percent in IN_SHORT]

    @property
    def told(self) -> Top:
        return next(top for top in self.tops if top.percent == TOLD)

    @property
    def total(self) -> Decimal:
        return from_minor(self.standing.now.total)

    @property
    def biggest(self) -> Person:
        return self.people[self.standing.now.customers[0]]

    @property
    def biggest_before(self) -> float:
        return self.standing.before.share(min(1, self.standing.before.people))

    @property
    def least(self) -> Decimal:
        """What the last of the vital few brought."""
        sums, few = self.standing.now.sums, self.few.people
        return from_minor(sums[few] - sums[few - 1])

    @property
    def each_of_few(self) -> Decimal:
        return from_minor(self.standing.now.sums[self.few.people]) / self.few.people

    @property
    def others(self) -> int:
        return self.standing.now.people - self.few.people

    @property
    def each_of_others(self) -> Decimal:
        return (self.total - from_minor(self.standing.now.sums[self.few.people])) / self.others

    @property
    def finding(self) -> str:
        few, buyers = self.few, self.standing.now.people
        if not few.people:
            return ngettext(
                "%(buyers)s customer bought in the last 12 months. Who of them are the vital few is worked out tonight.",
                "%(buyers)s customers bought in the last 12 months. Who of them are the vital few is worked out tonight.",
                buyers,
            ) % {"buyers": money.number(buyers)}
        return ngettext(
            "%(few)s of %(buyers)s buying customers (%(part)s) makes %(share)s of the last 12 months' revenue.",
            "%(few)s of %(buyers)s buying customers (%(part)s) make %(share)s of the last 12 months' revenue.",
            few.people,
        ) % {
            "few": money.number(few.people),
            "buyers": money.number(buyers),
            "part": money.percent(self.part, 1),
            "share": money.percent(few.share),
        }

    @cached_property
    def curve(self) -> ShareCurve:
        now, before, few = self.standing.now, self.standing.before, self.few
        label = ngettext("%(few)s customer brings %(share)s", "%(few)s customers bring %(share)s", few.people)
        label %= {"few": money.number(few.people), "share": money.percent(few.share)}
        mark = (few.people / now.people, few.share) if few.people else None
        return share_curve(_shares(now, few.people), _shares(before) if before.people else (), mark, label)

    @property
    def listed(self) -> list[Person]:
        return self._those(self.numbers)

    @property
    def came(self) -> list[Person]:
        return self._those(self.standing.came[:MOVED_SHOWN])

    @property
    def left(self) -> list[Person]:
        return self._those(self.standing.left[:MOVED_SHOWN])

    def _those(self, customers: Iterable[int]) -> list[Person]:
        return [self.people[customer] for customer in customers if customer in self.people]


def _people(figures: Figures, as_of: date, now: Concentration, customers: Iterable[int]) -> dict[int, Person]:
    found = figures.facts.objects.select_related("customer").in_bulk(list(customers))
    people, ranks = {}, now.ranks(found)
    for customer, facts in found.items():
        rank = ranks.get(customer)
        share = (now.sums[rank] - now.sums[rank - 1]) / now.total if rank else None
        people[customer] = Person(facts, as_of, rank, share)
    return people


def _shares(of: Concentration, *also: int) -> list[tuple[float, float]]:
    return [(first / of.people, of.share(first)) for first in of.steps(*also)]
