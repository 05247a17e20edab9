"""Segments that ask each other: the fact `segment`, what a rule asks of it, and the order in which they are counted."""

from collections.abc import Collection, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.catalogue import Belonging, Fact, Kind
from segments.models import Member, Segment

FACT, WRITER = "segment", "segments"


def family() -> Mapping[str, Fact]:
    """What a rule may ask of segments, for crm.catalogue.FAMILIES."""
    means = gettext_lazy("Which saved segments they are in, as last night counted them.")
    return {FACT: Belonging(FACT, Kind.BELONGING, WRITER, offers=_offered, called=gettext_lazy("Segment"), holds=_holds, means=means)}


def _offered() -> dict[str, str]:
    return dict(Segment.objects.order_by("name_key").values_list("key", "name"))


def _holds(keys: Collection[str]) -> Q:
    return Q(Exists(Member.objects.filter(customer=OuterRef("pk"), segment__key__in=keys)))


def asks(rule: Any) -> set[str]:
    """The keys of the segments that a rule, as JSON, asks. Without a query, for a page looks at every rule there is."""
    return _values(rule, {FACT})


def asking(facts: Collection[str], value: str) -> list[Segment]:
    """The segments whose rules compare one of those facts with that value, by name: a stage they ask for is not to go."""
    return [segment for segment in Segment.objects.order_by("name_key") if value in _values(segment.rule, facts)]


def rules() -> list[tuple[str, Any]]:
    """The rule of each segment and what it is called, for crm.people.uses."""
    found = Segment.objects.order_by("name_key").values_list("name", "rule")
    return [(_("the segment “%(name)s”") % {"name": name}, rule) for name, rule in found]


def _values(rule: Any, facts: Collection[str]) -> set[str]:
    match rule:
        case {"fact": str(fact), "value": str(value)} if fact in facts:
            return {value}
        case {"fact": str(fact), "value": [*values]} if fact in facts:
            return {str(value) for value in values}
        case {"not": part}:
            return _values(part, facts)
        case {"all": [*parts]} | {"any": [*parts]}:
            return {value for part in parts for value in _values(part, facts)}
    return set()


def circle(segments: Iterable[Segment]) -> list[str]:
    """The keys of segments that ask each other in a circle; none where there is no such."""
    try:
        TopologicalSorter({segment.key: asks(segment.rule) for segment in segments}).prepare()
    except CycleError as found:
        return list(found.args[1])[1:]
    return []


def in_order(segments: Collection[Segment]) -> list[Segment]:
    """Each after those that it asks. A circle, which no save makes, is counted as it comes."""
    known = {segment.key: segment for segment in segments}
    try:
        order = list(TopologicalSorter({key: asks(known[key].rule) for key in sorted(known)}).static_order())
    except CycleError:
        order = sorted(known)
    return [known[key] for key in order if key in known]


def askers(segment: Segment, segments: Iterable[Segment]) -> list[Segment]:
    """Those whose rule asks this one."""
    return [other for other in segments if other.pk != segment.pk and segment.key in asks(other.rule)]


def with_askers(segment: Segment, segments: Collection[Segment]) -> list[Segment]:
    """This one and all whose members may change with its, in the order in which they are counted."""
    ordered = in_order(segments)
    keys = {segment.key}
    for other in ordered:
        if asks(other.rule) & keys:
            keys.add(other.key)
    return [other for other in ordered if other.key in keys]
