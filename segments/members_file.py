"""Who is in a segment, as the lines of a CSV file."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from crm import export
from crm.bulk import among
from segments.models import Choice, Member, Segment, SegmentMove
from segments.reasons import Reasons

AT_ONCE = 2_000


def lines(segment: Segment) -> Iterator[str]:
    """A head, and a line for each member: id, e-mail, name, since when, why."""
    return export.lines(["external_id", "email", "name", "since", "why"], _rows(segment))


def _rows(segment: Segment) -> Iterator[list[str]]:
    """Read a stretch at a time, however many there are."""
    after, reasons = 0, Reasons()
    while stretch := list(
        Member.objects.filter(segment=segment, customer__gt=after).select_related("customer").order_by("customer")[:AT_ONCE]
    ):
        why = _why(segment, [member.customer_id for member in stretch], reasons)
        for member in stretch:
            who = member.customer
            yield [*map(export.as_text, (who.external_id, who.email, who.name, member.since.isoformat(), why.get(who.pk, "")))]
        after = stretch[-1].customer_id


def _why(segment: Segment, customers: list[int], reasons: Reasons) -> dict[int, str]:
    """Why each came in, the last time they did; of whoever is kept in by hand, the choice."""
    came = SegmentMove.objects.filter(segment=segment, customer__in=among(customers), entered=True).order_by("pk")
    why = {move.customer_id: " ".join(reasons.of(move)) for move in came}
    kept = Choice.objects.filter(segment=segment, customer__in=among(customers), side=Choice.Side.INCLUDE)
    return why | {choice.customer_id: _("Put in by hand: %(reason)s") % {"reason": choice.reason} for choice in kept}
