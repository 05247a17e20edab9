"""The page of one segment: what it says, who is in it, who came and went, and how its size went."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from crm.charts.course import Course, course
from crm.list_row import Row
from crm.models import Business, Facts, FactsRow
from crm.money import day, number
from crm.rules import InvalidRule, Node, described, parse
from segments.links import in_customers
from segments.membership import members_by
from segments.models import Choice, Member, Segment, SegmentMove, SegmentVersion
from segments.segment_moves import Told
from segments.uses import Use, uses_of

SHOWN, MOVES_SHOWN, SAVES_SHOWN, CHOICES_SHOWN, VERSIONS_SHOWN = 10, 10, 3, 50, 10
LATELY, A_YEAR = timedelta(days=30), timedelta(days=365)
# Counted exactly up to here while the rule itself is asked.
MOST_COUNTED = 10_000
# A segment of more is found faster along the order of the list than sorted.
LARGE = 20_000


@dataclass(frozen=True)
class Saved:
    """What saving the rule did: how many came and left by it on one day."""

    on: date
    came: int
    left: int


@dataclass(frozen=True)
class SegmentPage:
    """`rule` is None where it cannot be read any more, and `problem` says why; `as_of` is None before the first night."""

    segment: Segment
    as_of: date | None
    rule: Node | None
    problem: str
    with_money: bool

    @classmethod
    def of(cls, segment: Segment, business: Business, *, with_money: bool) -> "SegmentPage":
        try:
            return cls(segment, business.as_of, parse(segment.rule), "", with_money)
        except InvalidRule as wrong:
            return cls(segment, business.as_of, None, " ".join(wrong.sentences), with_money)

    @property
    def says(self) -> str:
        return described(self.rule) if self.rule else ""

    @property
    def is_counting(self) -> bool:
        """A worker has still to count the rule as it is now; until then the page asks the rule itself."""
        return self.as_of is not None and not self.segment.is_counted and self.rule is not None

    @cached_property
    def inside(self) -> QuerySet[Facts]:
        if self.is_counting and self.rule and self.as_of:
            return Facts.objects.filter(members_by(self.segment, self.rule, self.as_of))
        return Facts.objects.filter(pk__in=Member.objects.filter(segment=self.segment).values("customer"))

    @cached_property
    def totals(self) -> dict[str, Any]:
        """Of all members, for owners: how many, what they brought, how many are of the vital few."""
        vital = Count("pk", filter=Q(pareto_class=FactsRow.ParetoClass.VITAL_FEW))
        return self.inside.aggregate(people=Count("pk"), revenue=Sum("revenue_12m"), vital=vital)

    @cached_property
    def people(self) -> int:
        return self.inside.values("pk")[: MOST_COUNTED + 1].count() if self.is_counting else self.segment.size

    @property
    def is_exact(self) -> bool:
        return not self.is_counting or self.people <= MOST_COUNTED

    @property
    def shows_totals(self) -> bool:
        return self.with_money and not self.is_counting and self.people > 0

    @cached_property
    def part(self) -> float | None:
        """Of everyone."""
        everyone = Facts.objects.count()
        return self.people / everyone if everyone and self.is_exact else None

    @property
    def revenue(self) -> Decimal:
        return self.totals["revenue"] or Decimal(0)

    @cached_property
    def members(self) -> list[Row]:
        """Those who bring most."""
        if self.as_of is None:
            return []
        is_large = not self.is_counting and self.segment.size > LARGE
        # An index on the revenue would try everyone until ten of a small segment are found.
        by = F("revenue_12m") if is_large else Coalesce("revenue_12m", "revenue_12m")
        found = self.inside.select_related("customer").annotate(brought=by).order_by("-brought", "-pk")[:SHOWN]
        return [Row(facts, self.as_of, False) for facts in found]

    @property
    def by_hand(self) -> dict[int, Choice]:
        return {choice.customer_id: choice for choice in self.choices}

    @cached_property
    def choices(self) -> list[Choice]:
        of_present = self.segment.choices.filter(customer__binned_at=None, customer__merged_into=None)
        return list(of_present.select_related("customer", "by").order_by("-at", "-pk")[: CHOICES_SHOWN + 1])

    @property
    def in_customers(self) -> str:
        return in_customers(self.segment, by_hand=bool(self.choices))

    @cached_property
    def lately(self) -> tuple[int, int]:
        """How many came and how many left in 30 days, apart from what saving the rule did."""
        if self.as_of is None:
            return 0, 0
        moves = self.segment.moves.filter(on__gt=self.as_of - LATELY).exclude(source=SegmentMove.Source.RULE)
        found = moves.aggregate(came=Count("pk", filter=Q(entered=True)), left=Count("pk", filter=Q(entered=False)))
        return found["came"], found["left"]

    @cached_property
    def moves(self) -> list[Told]:
        moves = self.segment.moves.exclude(source=SegmentMove.Source.RULE).select_related("customer", "by")
        return Told.all_of(moves.order_by("-on", "-pk")[:MOVES_SHOWN])

    @cached_property
    def saves(self) -> list[Saved]:
        moves = self.segment.moves.filter(source=SegmentMove.Source.RULE).order_by().values("rule_version")
        came, left = Count("pk", filter=Q(entered=True)), Count("pk", filter=Q(entered=False))
        found = moves.annotate(last=Max("on"), came=came, left=left).order_by("-rule_version")[:SAVES_SHOWN]
        return [Saved(row["last"], row["came"], row["left"]) for row in found]

    @cached_property
    def sizes(self) -> list[tuple[date, int]]:
        """Of each night of a year."""
        if self.as_of is None:
            return []
        days = self.segment.sizes.filter(as_of__gt=self.as_of - A_YEAR, as_of__lte=self.as_of).order_by("as_of")
        return list(days.values_list("as_of", "size"))

    @cached_property
    def course(self) -> Course | None:
        return course(self.sizes)

    @property
    def course_in_words(self) -> str:
        (first, before), (last, now) = self.sizes[0], self.sizes[-1]
        words = {"before": number(before), "day": day(first), "now": number(now), "today": day(last)}
        return _("People in the segment: %(before)s on %(day)s, %(now)s on %(today)s") % words

    @property
    def sizes_in_short(self) -> list[tuple[date, int]]:
        """The last night of each month, the newest first: a table of a year of nights would be read by nobody."""
        last = {(night.year, night.month): (night, size) for night, size in self.sizes}
        return list(last.values())[::-1]

    @cached_property
    def uses(self) -> list[Use]:
        return uses_of(self.segment)

    @cached_property
    def versions(self) -> list[tuple[SegmentVersion, str]]:
        """The newest first, each with its rule in words."""
        found = self.segment.versions.select_related("by").order_by("-number")[:VERSIONS_SHOWN]
        return [(version, _words(version.rule)) for version in found]


def _words(rule: Any) -> str:
    try:
        return described(parse(rule))
    except InvalidRule as wrong:
        return " ".join(wrong.sentences)
