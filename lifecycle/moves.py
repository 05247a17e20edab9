"""A move made by a person: with a reason, and pinned, so that the rules leave it there."""

from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator, RegexValidator
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import Customer, Facts, User
from lifecycle.models import LONGEST_REASON, Position, Stage, Transition
from lifecycle.stages import tell

# No encoding has one for half of a surrogate pair.
WHOLE_LETTERS = RegexValidator("[\ud800-\udfff]", gettext_lazy("The reason holds letters that are none: type it anew."), inverse_match=True)


@transaction.atomic
def move(*, customer: Customer, to: Stage, by: User, reason: str, as_of: date, today: date, until: date | None = None) -> Transition:
    """Puts the customer into `to` and pins them there, for good or to the end of `until`.

    Raises ValidationError without a reason, for a day after `today` (the rules would have to wait for it), for a pin that ends before it
    begins, where the customer stands there already, and for a move before the last one.
    """
    if not reason.strip():
        raise ValidationError(_("A move by hand needs a reason: say what you know that the figures do not."))
    for refuses in (ProhibitNullCharactersValidator(), MaxLengthValidator(LONGEST_REASON), WHOLE_LETTERS):
        refuses(reason)
    if as_of > today:
        raise ValidationError(_("A customer is moved today or on a day that has been; give such a day."))
    if until and until < as_of:
        raise ValidationError(_("The pin would have ended before it begins; give a later date, or none."))
    # The lock of all who write positions: there may be no position to lock yet.
    Facts.objects.select_for_update().get(pk=customer.pk)
    held = Position.objects.filter(customer=customer, ladder=to.ladder).first()
    if held and held.stage_id == to.pk:
        raise ValidationError(_("The customer stands there already."))
    if held and as_of < held.since:
        raise ValidationError(_("The customer came to where they stand after that day; give a later one."))
    made = Transition.objects.create(
        customer=customer,
        ladder=to.ladder,
        from_stage=held.stage if held else None,
        to_stage=to,
        effective_on=as_of,
        source=Transition.Source.PERSON,
        reason=reason.strip(),
        by=by,
    )
    Position.objects.update_or_create(
        customer=customer, ladder=to.ladder, defaults={"stage": to, "since": as_of, "pinned": True, "pinned_until": until}
    )
    if to.ladder.is_primary:
        tell(to.ladder, [customer.pk])
    return made
