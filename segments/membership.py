"""Who is in a segment: whom its rule takes and nobody left out by hand, and whoever was put in by hand.

Counted as stages are placed: looked at outside any transaction, and written in short ones, which look again at these few under a lock. A
run that is killed and begun again ends in the same rows.
"""

import json
import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, Case, Exists, F, OuterRef, Q, Value, When

from crm import bulk
from crm.catalogue import Belonging, Fact, with_details
from crm.failpoints import failpoint
from crm.models import Facts, User
from crm.rules import InvalidRule, Node, compiled, leaves, parse
from segments.asking import in_order, with_askers
from segments.models import Choice, Member, Segment, SegmentMove, SegmentSize

logger = logging.getLogger(__name__)
# Customers of one statement that looks, and of one transaction that writes, as in lifecycle/stages.py.
LOOKED_AT_ONCE = 20_000
MOVED_AT_ONCE = 4_000


@dataclass(frozen=True)
class Counting:
    """One segment, with its rule read, as of a day; `source` is why people move, and `by` whose doing it is."""

    segment: Segment
    rule: Node
    as_of: date
    source: SegmentMove.Source
    by: User | None = None

    @classmethod
    def of(cls, segment: Segment, as_of: date, source: SegmentMove.Source | None = None, by: User | None = None) -> "Counting":
        """Raises InvalidRule where the rule cannot be read any more: a stage that it asks is gone."""
        if source is None:
            # The first count says nothing of people: the demo was removed, or the rule is new.
            begun = segment.is_counted and segment.sizes.exists()
            source = SegmentMove.Source.NIGHT if begun else SegmentMove.Source.RULE
        return cls(segment, parse(segment.rule), as_of, source, by)

    @property
    def wanted(self) -> Q:
        """Who belongs in it, as a condition on Facts."""
        return members_by(self.segment, self.rule, self.as_of)

    @property
    def moving(self) -> Q:
        """Whoever is on the wrong side of it."""
        held = Q(Exists(Member.objects.filter(segment=self.segment, customer=OuterRef("pk"))))
        wanted = self.wanted
        return wanted & ~held | ~wanted & held

    @property
    def facts(self) -> list[Fact]:
        """Those that decide and have a value of their own."""
        asked = {leaf.fact.name: leaf.fact for leaf in leaves(self.rule)}
        return [fact for fact in asked.values() if not isinstance(fact, Belonging)]


def members_by(segment: Segment, rule: Node, as_of: date) -> Q:
    """The customers whom the rule and the choices by hand take, as a condition on Facts."""
    chosen = Choice.objects.filter(segment=segment, customer=OuterRef("pk"))
    included, excluded = (Q(Exists(chosen.filter(side=side))) for side in (Choice.Side.INCLUDE, Choice.Side.EXCLUDE))
    return included | compiled(rule, as_of) & ~excluded


def count_all(as_of: date) -> int:
    """The step of the night: every segment, each after those that it asks; how many people came or went.

    A rule that cannot be read any more leaves its members as they are, and its page says why; it stops no night.
    """
    return sum(count(segment, as_of) for segment in in_order(Segment.objects.all()))


def count_saved(pk: int, as_of: date) -> int:
    """One segment whose rule was saved, and those that ask it; how many people came or went."""
    segment = Segment.objects.filter(pk=pk).first()
    return sum(count(other, as_of) for other in with_askers(segment, Segment.objects.all())) if segment else 0


def count(segment: Segment, as_of: date) -> int:
    """Puts in and takes out whoever is on the wrong side, and keeps the size of the day; how many came or went."""
    try:
        counting = Counting.of(segment, as_of)
    except InvalidRule as wrong:
        logger.warning("The segment %s stays as it was, for its rule cannot be read: %s", segment.key, wrong)
        return 0
    moved = 0
    for some in _ranges():
        astray = list(Facts.objects.filter(some).filter(counting.moving).order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(astray), MOVED_AT_ONCE):
            with transaction.atomic():
                moved += settle(counting, astray[start : start + MOVED_AT_ONCE])
                failpoint("segments.inside")
            failpoint("segments.moved")
    _keep_size(counting)
    failpoint("segments.counted")
    return moved


def _ranges() -> Iterator[Q]:
    """Conditions that part all Facts into LOOKED_AT_ONCE each."""
    after = 0
    while True:
        following = Facts.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)
        upto = following[LOOKED_AT_ONCE - 1 : LOOKED_AT_ONCE].first()
        if upto is None:
            yield Q(pk__gt=after)
            return
        yield Q(pk__gt=after, pk__lte=upto)
        after = upto


def settle(counting: Counting, customers: Sequence[int]) -> int:
    """Moves those of `customers` who are on the wrong side; how many. Call in a transaction.

    None where the segment is gone or was saved anew since it was read: it is counted again for that.
    """
    here = Segment.objects.select_for_update().filter(pk=counting.segment.pk, version=counting.segment.version).first()
    if here is None:
        return 0
    facts = counting.facts
    paths = list(dict.fromkeys(fact.own_path for fact in facts))
    enters = Case(When(counting.wanted, then=Value(True)), default=Value(False), output_field=BooleanField())
    found = Facts.objects.filter(counting.moving, pk__in=bulk.among(customers)).annotate(enters=enters).order_by("pk")
    rows = list(with_details(found, facts).values_list("pk", "enters", *paths))
    moving = []
    for pk, is_in, *values in rows:
        row = dict(zip(paths, values, strict=True))
        moving.append((pk, is_in, {fact.name: fact.as_json(row[fact.own_path], counting.as_of) for fact in facts}))
    _write(counting, moving)
    came = sum(is_in for _pk, is_in, _values in moving)
    Segment.objects.filter(pk=here.pk).update(size=max(here.size + came - (len(moving) - came), 0))
    return len(moving)


def _write(counting: Counting, moving: Collection[tuple[int, bool, dict[str, Any]]]) -> None:
    segment, day = counting.segment.pk, counting.as_of.isoformat()
    bulk.insert(Member, ["segment", "customer", "since"], [(segment, pk, day) for pk, is_in, _values in moving if is_in])
    gone = [pk for pk, is_in, _values in moving if not is_in]
    Member.objects.filter(segment=segment, customer__in=bulk.among(gone)).delete()
    columns = ["segment", "customer", "on", "entered", "source", "rule_version", "values", "reason", "by"]
    bulk.insert(SegmentMove, columns, [(segment, pk, day, is_in, *cause) for pk, is_in, cause in _causes(counting, moving)])


def _causes(counting: Counting, moving: Iterable[tuple[int, bool, dict[str, Any]]]) -> Iterator[tuple[int, bool, tuple[Any, ...]]]:
    """Each with its source, version, values, reason and person: whoever was chosen by hand moves by that."""
    chosen = {
        choice.customer_id: choice
        for choice in Choice.objects.filter(segment=counting.segment, customer__in=bulk.among([pk for pk, *_ in moving]))
    }
    by = counting.by.pk if counting.by else None
    for pk, is_in, values in moving:
        choice = chosen.get(pk)
        if choice:
            cause: tuple[Any, ...] = (SegmentMove.Source.PERSON.value, None, "{}", choice.reason, choice.by_id)
        else:
            cause = (counting.source.value, counting.segment.version, json.dumps(values, allow_nan=False), "", by)
        yield pk, is_in, cause


def keep_sizes(members: Sequence[Member], are_back: bool) -> None:
    """Whoever is hidden is no member, and is one again once they are shown. Call in that transaction."""
    for member in members:
        here = Segment.objects.filter(pk=member.segment_id)
        if are_back:
            here.update(size=F("size") + 1)
        else:
            here.filter(size__gt=0).update(size=F("size") - 1)


@transaction.atomic
def _keep_size(counting: Counting) -> None:
    """The size of the day; the segment is counted, unless it was saved anew meanwhile."""
    segment = counting.segment
    if Segment.objects.select_for_update().filter(pk=segment.pk, version=segment.version).exists():
        size = Member.objects.filter(segment=segment).count()
        SegmentSize.objects.update_or_create(segment=segment, as_of=counting.as_of, defaults={"size": size})
        Segment.objects.filter(pk=segment.pk).exclude(size=size, is_counted=True).update(size=size, is_counted=True)
