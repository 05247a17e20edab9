"""What a person decides about where a customer stands: a move, with a reason and pinned, so that the rules leave it there; and its end."""

from collections.abc import Iterable
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator, RegexValidator
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit
from crm.models import Changed, Customer, Facts, User
from crm.record import note_changed
from lifecycle.models import LONGEST_REASON, Ladder, PinChange, Position, Stage, Transition
from lifecycle.stages import tell

# No encoding has one for half of a surrogate pair.
WHOLE_LETTERS = RegexValidator("[\ud800-\udfff]", gettext_lazy("The reason holds letters that are none: type it anew."), inverse_match=True)


audit.register(
    audit.Action("stage.moved", gettext_lazy("Moved by hand"), labels={"stage": gettext_lazy("Stage")}),
    audit.Action("stage.pinned", gettext_lazy("Pinned to a stage"), labels={"pinned": gettext_lazy("Pinned")}),
    audit.Action("stage.released", gettext_lazy("Released from a stage"), labels={"pinned": gettext_lazy("Pinned")}),
)


class DoneAlready(ValidationError):
    """It is so already: the form was sent twice, or somebody else was faster."""


@transaction.atomic
def move(*, customer: Customer, to: Stage, by: User, reason: str, as_of: date, today: date, until: date | None = None) -> Transition:
    """Puts the customer into `to` and pins them there, for good or to the end of `until`.

    Raises ValidationError without a reason, for a day after `today` (the rules would have to wait for it), for a pin that ends before it
    begins, where the customer stands there already, for a stage that is no longer on its ladder, and for a move before the last one.
    """
    _check(reason, as_of, today, until)
    if to.is_retired:
        raise ValidationError(_("That stage is no longer on the ladder; choose another."))
    held = _held(customer, to.ladder)
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
    stages: list[object] = [str(held.stage) if held else None, str(to)]
    audit.keep(what="stage.moved", by=by, of=to.ladder, customer=customer, changes={"stage": stages}, note=made.reason)
    return made


@transaction.atomic
def pin(*, customer: Customer, ladder: Ladder, by: User, reason: str, as_of: date, today: date, until: date | None = None) -> PinChange:
    """Pins the customer where they stand on `ladder`, for good or to the end of `until`; one pinned already by this reason and end.

    Raises ValidationError as `move` does, and where they stand nowhere on it; DoneAlready where the very same pin is there.
    """
    _check(reason, as_of, today, until)
    held = _held(customer, ladder)
    if held is None:
        raise ValidationError(_("The customer does not stand on that ladder yet: choose a stage of it."))
    if as_of < held.since:
        raise ValidationError(_("The customer came to where they stand after that day; give a later one."))
    if held.pinned and held.pinned_until == until and _reason_of(held) == reason.strip():
        raise DoneAlready(_("They are kept there already."))
    Position.objects.filter(pk=held.pk).update(pinned=True, pinned_until=until)
    return _written(PinChange.Kind.PINNED, held, by, as_of, until, reason.strip())


@transaction.atomic
def release(*, customer: Customer, ladder: Ladder, by: User, as_of: date, today: date) -> PinChange:
    """Takes the pin away and notes the customer, so that the rules place them within seconds.

    Raises ValidationError for a day after `today` or before the customer came there, DoneAlready where there is no pin.
    """
    _check_day(as_of, today)
    held = _held(customer, ladder)
    if held is None or not held.pinned:
        raise DoneAlready(_("They are not kept anywhere on that ladder; the rules decide already."))
    if as_of < held.since:
        raise ValidationError(_("The customer came to where they stand after that day; give a later one."))
    made = _written(PinChange.Kind.RELEASED, held, by, as_of, held.pinned_until, _reason_of(held))
    Position.objects.filter(pk=held.pk).update(pinned=False, pinned_until=None)
    note_changed(Changed.Why.CUSTOMER, customer.pk)
    return made


def last_word(held: Position, acts: Iterable[Transition | PinChange]) -> Transition | PinChange | None:
    """Of what people did, that which pinned the customer where they stand; None where it is not known."""
    theirs = [act for act in acts if act.customer_id == held.customer_id and act.ladder_id == held.ladder_id and _pins(act, held.stage_id)]
    return max(theirs, key=lambda act: (act.recorded_at, isinstance(act, PinChange), act.pk), default=None)


def _pins(act: Transition | PinChange, stage: int) -> bool:
    if isinstance(act, PinChange):
        return act.stage_id == stage and act.kind == PinChange.Kind.PINNED
    return act.to_stage_id == stage and act.source == Transition.Source.PERSON


def _reason_of(held: Position) -> str:
    """Empty where it is not known."""
    moved = Transition.objects.filter(customer=held.customer_id, ladder=held.ladder_id, superseded_at=None).order_by("-recorded_at", "-pk")
    changed = PinChange.objects.filter(customer=held.customer_id, ladder=held.ladder_id).order_by("-recorded_at", "-pk")
    act = last_word(held, [*moved.filter(source=Transition.Source.PERSON)[:1], *changed.filter(kind=PinChange.Kind.PINNED)[:1]])
    return act.reason if act else ""


def _check(reason: str, as_of: date, today: date, until: date | None) -> None:
    if not reason.strip():
        raise ValidationError(_("A move by hand needs a reason: say what you know that the figures do not."))
    for refuses in (ProhibitNullCharactersValidator(), MaxLengthValidator(LONGEST_REASON), WHOLE_LETTERS):
        refuses(reason)
    _check_day(as_of, today)
    if until and until < as_of:
        raise ValidationError(_("The pin would have ended before it begins; give a later date, or none."))


def _check_day(as_of: date, today: date) -> None:
    if as_of > today:
        raise ValidationError(_("A customer is moved today or on a day that has been; give such a day."))


def _held(customer: Customer, ladder: Ladder) -> Position | None:
    # The lock of all who write positions: there may be no position to lock yet.
    Facts.objects.select_for_update().get(pk=customer.pk)
    return Position.objects.filter(customer=customer, ladder=ladder).select_related("stage").first()


def _written(kind: PinChange.Kind, held: Position, by: User, on: date, until: date | None, reason: str) -> PinChange:
    is_pin = kind == PinChange.Kind.PINNED
    here: list[object] = [None, str(held.stage)] if is_pin else [str(held.stage), None]
    what = "stage.pinned" if is_pin else "stage.released"
    audit.keep(what=what, by=by, of=held.stage.ladder, customer=held.customer_id, changes={"pinned": here}, note=reason)
    return PinChange.objects.create(
        customer_id=held.customer_id,
        ladder_id=held.ladder_id,
        stage=held.stage,
        kind=kind,
        effective_on=on,
        until=until,
        reason=reason,
        by=by,
    )
