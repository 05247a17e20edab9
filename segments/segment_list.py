"""The list of saved segments: how large each is, how that went, and who came and went last night."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q

from crm.charts.spark import Spark, spark
from crm.models import Business
from segments.models import Segment, SegmentMove, SegmentSize

ON_A_PAGE = 50
# What the small line shows, and how far back the size beside it is.
MONTH = timedelta(days=30)


@dataclass(frozen=True)
class SegmentLine:
    """`month_ago` is None where the segment was not counted then; `came` and `left` are of last night."""

    segment: Segment
    month_ago: int | None
    came: int
    left: int
    spark: Spark | None


@dataclass(frozen=True)
class SegmentList:
    as_of: date | None
    page: "Page[Segment]"
    lines: list[SegmentLine]

    @classmethod
    def of(cls, business: Business, number: str) -> "SegmentList":
        """Whoever looks at a page asks three queries, however many segments there are."""
        page = Paginator(Segment.objects.select_related("owner").order_by("name_key"), ON_A_PAGE).get_page(number)
        found = list(page)
        if business.as_of is None:
            return cls(None, page, [SegmentLine(segment, None, 0, 0, None) for segment in found])
        sizes, moves = _sizes(found, business.as_of), _moves(found, business.as_of)
        first = business.as_of - MONTH
        lines = [
            SegmentLine(segment, sizes[segment.pk].get(first), *moves.get(segment.pk, (0, 0)), spark(list(sizes[segment.pk].values())))
            for segment in found
        ]
        return cls(business.as_of, page, lines)


def _sizes(segments: list[Segment], as_of: date) -> dict[int, dict[date, int]]:
    found = defaultdict[int, dict[date, int]](dict)
    days = SegmentSize.objects.filter(segment__in=segments, as_of__gte=as_of - MONTH, as_of__lte=as_of).order_by("as_of")
    for segment, day, size in days.values_list("segment", "as_of", "size"):
        found[segment][day] = size
    return found


def _moves(segments: list[Segment], as_of: date) -> dict[int, tuple[int, int]]:
    night = SegmentMove.objects.filter(segment__in=segments, on=as_of, source=SegmentMove.Source.NIGHT)
    counts: dict[str, Any] = {"came": Count("pk", filter=Q(entered=True)), "left": Count("pk", filter=Q(entered=False))}
    return {segment: (came, left) for segment, came, left in night.order_by().values_list("segment").annotate(**counts)}
