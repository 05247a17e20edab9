"""Putting somebody into a segment by hand, or leaving them out, and taking that back."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.models import Business, Customer, User
from crm.rules import InvalidRule
from segments.membership import Counting, settle
from segments.models import Choice, Segment, SegmentMove


@transaction.atomic
def choose(*, segment: Segment, customer: Customer, side: str, reason: str, by: User, as_of: date) -> Choice:
    """Wins over the rule from now on, and over an earlier choice. Raises ValidationError without a reason, with nothing written."""
    here = _locked(segment)
    if not reason.strip():
        raise ValidationError(_("A choice by hand needs a reason: say what you know that the rule does not."))
    choice = Choice.objects.filter(segment=here, customer=customer).first() or Choice(segment=here, customer=customer)
    choice.side, choice.reason, choice.by = side, reason.strip(), by
    choice.clean_fields(exclude=["segment", "customer", "by"])
    choice.save()
    _settle(here, customer, by, as_of)
    return choice


@transaction.atomic
def take_back(*, segment: Segment, customer: Customer, by: User, as_of: date) -> bool:
    """The rule decides again; False where there is no choice to take back."""
    here = _locked(segment)
    gone, _models = Choice.objects.filter(segment=here, customer=customer).delete()
    if gone:
        _settle(here, customer, by, as_of)
    return bool(gone)


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
