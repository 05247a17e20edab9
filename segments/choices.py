"""Putting somebody into a segment by hand, or leaving them out, and taking that back."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit
from crm.models import Business, Customer, User
from crm.rules import InvalidRule
from segments.membership import Counting, settle
from segments.models import Choice, Segment, SegmentMove

audit.register(
    audit.Action("segment.chosen", gettext_lazy("Put into a segment by hand, or left out")),
    audit.Action("segment.choice_back", gettext_lazy("Choice for a segment taken back")),
)


@transaction.atomic
def choose(*, segment: Segment, customer: Customer, side: str, reason: str, by: User, as_of: date) -> Choice:
    """Wins over the rule from now on, and over an earlier choice. Raises ValidationError without a reason, with nothing written."""
    here = _locked(segment)
    if not reason.strip():
        raise ValidationError(_("A choice by hand needs a reason: say what you know that the rule does not."))
    choice = Choice.objects.filter(segment=here, customer=customer).first() or Choice(segment=here, customer=customer)
    choice.side, choice.reason, choice.by = side, reason.strip(), by
    choice.clean_fields(exclude=["segment", "customer", "by"])
    before = audit.stored(choice)
    choice.save()
    changes = audit.differences(before, audit.values(choice))
    audit.keep(what="segment.chosen", by=by, of=here, customer=customer, changes=_of_choice(changes), note=choice.reason)
    _settle(here, customer, by, as_of)
    return choice


@transaction.atomic
def take_back(*, segment: Segment, customer: Customer, by: User, as_of: date) -> bool:
    """The rule decides again; False where there is no choice to take back."""
    here = _locked(segment)
    gone, _models = Choice.objects.filter(segment=here, customer=customer).delete()
    if gone:
        audit.keep(what="segment.choice_back", by=by, of=here, customer=customer)
        _settle(here, customer, by, as_of)
    return bool(gone)


def _of_choice(changes: audit.Changes) -> audit.Changes:
    return {name: change for name, change in changes.items() if name == "side"}


def _locked(segment: Segment) -> Segment:
    return Segment.objects.select_for_update().get(pk=segment.pk)


def _settle(segment: Segment, customer: Customer, by: User, as_of: date) -> None:
    """This one customer alone; everyone else is the night's. Whoever has no facts yet moves with the night that makes them."""
    if Business.load().as_of is None:
        return
    try:
        counting = Counting.of(segment, as_of, SegmentMove.Source.RELEASED, by)
    except InvalidRule:
        return
    settle(counting, [customer.pk])
