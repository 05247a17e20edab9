"""Every change of a complaint: in one transaction, from the state it was seen in, with its step and its entry in the audit.

`key` is that of the form that was sent: sent twice, it is done once. `seen` is what the form showed: where somebody else has done something
in the meantime that would be written over, or that whoever sent it does not know, nothing is written (crm/complaints/seen.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NotRequired, TypedDict, Unpack
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit, hiding, record
from crm.complaints import clock
from crm.complaints.clock import Clock
from crm.complaints.seen import Seen, agreed
from crm.models import Business, Complaint, ComplaintPause, ComplaintStep, Customer, Interaction, Order, User
from crm.models.complaint import LONGEST_WHAT
from crm.once import once

State, Nature, Kind = Complaint.State, Complaint.Nature, ComplaintStep.Kind
Values = dict[str, Any]
# What of an ended complaint is another when it is opened again.
REOPENED_FROM = ("state", "ended_on", "reason")

audit.register(
    audit.Action("complaint.opened", gettext_lazy("Complaint opened")),
    audit.Action("complaint.note", gettext_lazy("Step added to a complaint")),
    audit.Action("complaint.promise", gettext_lazy("Promise given in a complaint")),
    audit.Action("complaint.waiting", gettext_lazy("Complaint waits for the customer")),
    audit.Action("complaint.goes_on", gettext_lazy("Complaint goes on")),
    audit.Action("complaint.handed", gettext_lazy("Complaint handed over")),
    audit.Action("complaint.corrected", gettext_lazy("Complaint corrected")),
    audit.Action("complaint.solved", gettext_lazy("Complaint solved")),
    audit.Action("complaint.closed", gettext_lazy("Complaint closed without a solution")),
    audit.Action("complaint.reopened", gettext_lazy("Complaint opened again")),
    audit.Action("complaint.ended_again", gettext_lazy("Complaint ended as before: that it was opened again was taken back")),
    audit.Action("complaint.deleted", gettext_lazy("Complaint taken back")),
)


class Stale(ValidationError):
    """The complaint is not in the state any more in which this could be done."""


@dataclass(frozen=True)
class _Deed:
    """What is done, and in which states it may be. `said` are fields as somebody gave them; `values` is what is written for them, and
    `told` what the step says."""

    kind: ComplaintStep.Kind
    states: tuple[Complaint.State, ...]
    values: Callable[[Complaint, Values], Values] = lambda _one, said: said
    said: Values = field(default_factory=dict)
    told: Callable[[Values], Values] = lambda _said: {}


class How(TypedDict):
    """Who does it, when, and by which form; `today` is the business's day of `now`."""

    by: User
    today: date
    now: datetime
    key: UUID | None
    # None is a program, which looks at the complaint in the transaction in which it writes.
    seen: NotRequired[Seen | None]
    # Of what two have written, whether "mine" or "theirs" shall stand.
    chosen: NotRequired[Mapping[str, str]]


def open_complaint(
    *,
    customer: Customer,
    nature: str,
    what: str,
    owner: User | None = None,
    order: Order | None = None,
    promised: str = "",
    promised_on: date | None = None,
    contact: Interaction | None = None,
    follows: Complaint | None = None,
    **how: Unpack[How],
) -> Complaint:
    """A claim gets the legal deadline of the settings. Whoever opens it sees to it, unless an `owner` is named. Raises ValidationError."""
    today = how["today"]
    _check_promise(promised, promised_on, today)
    deadline_on = clock.deadline(today, Business.load().complaint_days) if nature == Nature.CLAIM else None
    made = Complaint(
        customer=customer,
        order=order,
        nature=nature,
        what=shortened(what),
        opened_on=today,
        opened_at=how["now"],
        deadline_on=deadline_on,
        promised=promised,
        promised_on=promised_on,
        given_on=promised_on and today,
        due_on=clock.due(deadline_on, promised_on),
        owner=owner or how["by"],
        by=how["by"],
        contact=contact,
        follows=follows,
    )
    return _opened(made, how)


def _opened(made: Complaint, how: How) -> Complaint:

    def write() -> Complaint:
        if made.contact is None:
            # Whoever logged the contact that brings it holds them already.
            hiding.locked(made.customer)
        made.save()
        _step(made, Kind.OPENED, {}, how)
        _audit(made, Kind.OPENED, {}, how)
        return made

    def before() -> Complaint | None:
        twice = _sent_before(how["key"])
        return twice.complaint if twice else None

    return once(write, before)


def shortened(text: str) -> str:
    """What the log may hold and a complaint may not is cut; the contact keeps it whole."""
    return text if len(text) <= LONGEST_WHAT else f"{text[: LONGEST_WHAT - 1]}…"


def note(*, complaint: Complaint, text: str, **how: Unpack[How]) -> Complaint:
    """A step: what somebody did. Also of one that has ended."""
    return _change(complaint, _Deed(Kind.NOTE, tuple(State), told=lambda _said: {"text": text}), how)


def promise(*, complaint: Complaint, promised: str, promised_on: date | None, **how: Unpack[How]) -> Complaint:
    """In place of what was promised before. Raises ValidationError for a day that has been."""
    _check_promise(promised, promised_on, how["today"])

    def values(one: Complaint, said: Values) -> Values:
        given_on = max(how["today"], one.opened_on)
        return said | {"promised_on": promised_on and max(promised_on, one.opened_on), "given_on": promised_on and given_on}

    said: Values = {"promised": promised, "promised_on": promised_on}
    told: Values = {"text": promised, "promised_on": promised_on}
    return _change(complaint, _Deed(Kind.PROMISE, Complaint.UNFINISHED, values, said, lambda _said: told), how)


def wait(*, complaint: Complaint, text: str = "", **how: Unpack[How]) -> Complaint:
    """From today on the days do not count: it is the customer's turn."""

    def values(one: Complaint, _said: Values) -> Values:
        return {"state": State.WAITING, "waiting_since": max(how["today"], one.opened_on)}

    return _change(complaint, _Deed(Kind.WAITING, (State.OPEN,), values, told=lambda _said: {"text": text}), how)


def go_on(*, complaint: Complaint, text: str = "", **how: Unpack[How]) -> Complaint:
    """What is due moves by the whole days that it has waited."""
    deed = _Deed(Kind.GOES_ON, (State.WAITING,), lambda _one, _said: {"state": State.OPEN}, told=lambda _said: {"text": text})
    return _change(complaint, deed, how)


def hand_over(*, complaint: Complaint, owner: User, **how: Unpack[How]) -> Complaint:
    return _change(complaint, _Deed(Kind.HANDED, Complaint.UNFINISHED, said={"owner": owner}, told=lambda _said: {"to": owner}), how)


def correct(*, complaint: Complaint, nature: str, what: str, deadline_on: date | None, **how: Unpack[How]) -> Complaint:
    """What was written down wrong. A claim without a day given has that of the law, moved as far as the days did not count."""

    def values(one: Complaint, said: Values) -> Values:
        day = said["deadline_on"]
        if said["nature"] == Nature.CLAIM and day is None:
            paused = sum(clock.stood(pause.since, pause.until) for pause in one.pauses.all())
            day = clock.deadline(one.opened_on, Business.load().complaint_days + paused)
        if day and day < one.opened_on:
            raise ValidationError({"deadline_on": _("A deadline is not before the day on which the complaint was opened.")})
        return said | {"deadline_on": day}

    said: Values = {"nature": nature, "what": what, "deadline_on": deadline_on}
    return _change(complaint, _Deed(Kind.CORRECTED, Complaint.UNFINISHED, values, said), how)


def solve(
    *, complaint: Complaint, solution: str, cost: Decimal | None = None, satisfaction: int | None = None, **how: Unpack[How]
) -> Complaint:
    """Solved, or solved in another way: what it cost and how content they are may come later."""

    def values(one: Complaint, said: Values) -> Values:
        ended_on = one.ended_on if one.state == State.SOLVED else max(how["today"], one.opened_on)
        return said | {"state": State.SOLVED, "ended_on": ended_on}

    said: Values = {"solution": solution, "cost": cost, "satisfaction": satisfaction}
    states = (*Complaint.UNFINISHED, State.SOLVED)
    return _change(complaint, _Deed(Kind.SOLVED, states, values, said, lambda said: {"text": said["solution"]}), how)


def close(*, complaint: Complaint, reason: str, **how: Unpack[How]) -> Complaint:
    """Without a solution: refused, or given up by the customer."""

    def values(one: Complaint, _said: Values) -> Values:
        return {"state": State.CLOSED, "ended_on": max(how["today"], one.opened_on), "reason": reason}

    return _change(complaint, _Deed(Kind.CLOSED, Complaint.UNFINISHED, values, told=lambda _said: {"text": reason}), how)


@transaction.atomic
def came_back(*, complaint: Complaint, text: str, **how: Unpack[How]) -> Complaint:
    """They are not content with how it ended. Within a week it is opened again, its clock going on; later, a new one that follows it.

    Logs the contact as well. Gives the complaint that is open now.
    """
    ended = Complaint.objects.select_for_update().select_related("customer").get(pk=complaint.pk)
    if twice := _sent_before(how["key"]):
        return twice.complaint
    if ended.ended_on is None:
        raise Stale(_stale(ended))
    if seen := how.get("seen"):
        agreed(ended, Kind.REOPENED, {}, seen, {})
    again = clock.may_come_back(ended.ended_on, how["today"])
    contact = Interaction(customer=ended.customer, kind=Interaction.Kind.COMPLAINT, direction=Interaction.Direction.IN, text=text)
    contact.happened_at = contact.created = how["now"]
    contact.by = how["by"]
    record.save_interaction(interaction=contact, by=how["by"])
    if not again:
        return open_complaint(
            customer=ended.customer, order=ended.order, nature=ended.nature, what=text, contact=contact, follows=ended, **how
        )
    told: Values = {"text": text, "contact": contact, "ended_as": {name: audit.values(ended)[name] for name in REOPENED_FROM}}
    state: Values = {"state": State.OPEN, "ended_on": None, "reason": ""}
    deed = _Deed(Kind.REOPENED, Complaint.ENDED, lambda _one, _said: state, told=lambda _said: told)
    return _change(ended, deed, how)


@transaction.atomic
def take_back(*, contact: Interaction, by: User) -> None:
    """With a contact goes what it has brought: the complaint that it opened, or that one was opened again, which ends as it had ended.

    Raises PermissionDenied where somebody has gone on with it.
    """
    made = Complaint.objects.select_for_update().filter(contact=contact).first()
    if made:
        _take_back_opening(made, by)
    back_again = Complaint.objects.select_for_update().filter(steps__contact=contact).first()
    if back_again:
        _take_back_reopening(back_again, contact, by)


def _take_back_opening(made: Complaint, by: User) -> None:
    if made.steps.exclude(kind=Kind.OPENED).exists() or made.followers.exists():
        raise PermissionDenied(_("Somebody has gone on with this complaint: close it on its page, with the reason."))
    before = audit.stored(made)
    audit.keep(
        what="complaint.deleted", by=by, of=made, customer=made.customer_id, changes={name: [value, None] for name, value in before.items()}
    )
    made.delete()


def _take_back_reopening(one: Complaint, contact: Interaction, by: User) -> None:
    step = one.steps.get(contact=contact)
    if one.steps.filter(pk__gt=step.pk).exists():
        raise PermissionDenied(_("Somebody has gone on with this complaint: close it on its page, with the reason."))
    before = audit.stored(one)
    Complaint.objects.filter(pk=one.pk).update(**step.ended_as or {})
    changes = audit.differences(before, audit.stored(one))
    audit.keep(what="complaint.ended_again", by=by, of=one, customer=one.customer_id, changes=changes, note=step.text)
    step.delete()


@transaction.atomic
def _change(complaint: Complaint, deed: _Deed, how: How) -> Complaint:
    """From one of the deed's states to what it writes. Raises Stale where that cannot be any more, Meanwhile where somebody was faster.

    Where all that was said stands already, nothing is written, and no step.
    """
    one = Complaint.objects.select_for_update().get(pk=complaint.pk)
    if twice := _sent_before(how["key"]):
        if (twice.complaint_id, twice.kind) != (one.pk, deed.kind):
            raise Stale(_("This form is out of date: something else was done with it. Open the page again."))
        return one
    if one.state not in deed.states:
        raise Stale(_stale(one))
    seen = how.get("seen")
    said = agreed(one, deed.kind, deed.said, seen, how.get("chosen", {})) if seen else deed.said
    before, was, since = audit.stored(one), one.state, one.waiting_since
    changed = deed.values(one, said)
    if since and changed.get("state", was) != was:
        changed |= _pause_ends(one, since, how["today"])
    for name, value in changed.items():
        setattr(one, name, value)
    if seen and deed.said and not audit.differences(before, audit.values(one)):
        return one
    changed["due_on"] = one.due_on = clock.due(one.deadline_on, one.promised_on)
    if not Complaint.objects.filter(pk=one.pk, state=was, waiting_since=since).update(**changed):
        raise Stale(_stale(one))
    _step(one, deed.kind, deed.told(said), how)
    _audit(one, deed.kind, before, how, deed.told(said).get("text", ""))
    return one


def _pause_ends(one: Complaint, since: date, today: date) -> Values:
    """Keeps the pause, and says what moves with it."""
    ComplaintPause.objects.create(complaint=one, since=since, until=max(since, today))
    deadline_on, promised_on = Clock(one.deadline_on, today, since, one.promised_on, one.given_on).gone_on()
    return {"waiting_since": None, "deadline_on": deadline_on, "promised_on": promised_on}


def _step(one: Complaint, kind: ComplaintStep.Kind, told: Values, how: How) -> None:
    ComplaintStep.objects.create(
        complaint=one, kind=kind, happened_on=how["today"], at=how["now"], by=how["by"], form_key=how["key"], **told
    )


def _audit(one: Complaint, kind: ComplaintStep.Kind, before: dict[str, object], how: How, text: str = "") -> None:
    changes = audit.differences(before, audit.stored(one))
    audit.keep(what=f"complaint.{kind.value}", by=how["by"], of=one, customer=one.customer_id, changes=changes, note=text)


def _sent_before(key: UUID | None) -> ComplaintStep | None:
    return ComplaintStep.objects.filter(form_key=key).select_related("complaint").first() if key else None


def _stale(one: Complaint) -> str:
    return _("Somebody was faster: this complaint is “%(state)s” now. What you wrote is still in the form.") % {
        "state": one.get_state_display()
    }


def _check_promise(promised: str, promised_on: date | None, today: date) -> None:
    if promised_on and not promised:
        raise ValidationError({"promised": _("Say what was promised by that day.")})
    if promised_on and promised_on < today:
        raise ValidationError({"promised_on": _("That day has been: promise something by today or a later day.")})
