"""The page of one complaint: how its clock stands, what was done, and what may be done now."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from crm.complaints import clock, forms, words, writing
from crm.complaints.clock import Clock
from crm.complaints.seen import LAST_STEP
from crm.hiding import Hidden
from crm.models import Complaint, ComplaintStep

MOST_STEPS, MOST_FOLLOWERS = 200, 20
State, Kind = Complaint.State, ComplaintStep.Kind
_RELATED = ("customer", "order", "owner", "by", "contact", "follows")


@dataclass(frozen=True)
class Deed:
    """One thing that may be done: its form, what does it, in which states, and the words of its button."""

    form: type[forms.Change]
    act: Callable[..., Complaint]
    states: tuple[Complaint.State, ...]
    icon: str
    label: Promise
    # In which states it is what mostly comes next.
    main_in: tuple[Complaint.State, ...] = ()


_DEEDS = (
    Deed(forms.NoteForm, writing.note, tuple(State), "note", gettext_lazy("Add a step")),
    Deed(forms.SolveForm, writing.solve, Complaint.UNFINISHED, "done", gettext_lazy("Solve"), (State.OPEN,)),
    Deed(forms.WaitForm, writing.wait, (State.OPEN,), "quiet", gettext_lazy("Wait for the customer")),
    Deed(forms.GoOnForm, writing.go_on, (State.WAITING,), "again", gettext_lazy("The customer has answered"), (State.WAITING,)),
    Deed(forms.PromiseForm, writing.promise, Complaint.UNFINISHED, "due", gettext_lazy("Promise")),
    Deed(forms.HandForm, writing.hand_over, Complaint.UNFINISHED, "person", gettext_lazy("Hand over")),
    Deed(forms.CorrectForm, writing.correct, Complaint.UNFINISHED, "note", gettext_lazy("Correct")),
    Deed(forms.CloseForm, writing.close, Complaint.UNFINISHED, "no", gettext_lazy("Close without a solution")),
    Deed(forms.BackForm, writing.came_back, Complaint.ENDED, "back", gettext_lazy("They came back"), Complaint.ENDED),
    Deed(forms.SolveForm, writing.solve, (State.SOLVED,), "note", gettext_lazy("Cost and satisfaction")),
)
DEEDS = {deed.form.name: deed for deed in _DEEDS}


@dataclass(frozen=True)
class Stood:
    """A step with its head in words."""

    step: ComplaintStep
    title: str


@dataclass(frozen=True)
class Shown:
    """A deed as the page prints it; `is_open` where its form was sent and something is wrong in it. `since` are the steps, the latest
    first, that whoever sent it did not know."""

    deed: Deed
    form: forms.Change
    is_open: bool
    is_main: bool = False
    since: Sequence[Stood] = ()


@dataclass(frozen=True)
class ComplaintPage:
    complaint: Complaint
    clock: Clock
    steps: list[Stood]
    has_more_steps: bool
    deeds: list[Shown]
    followers: list[Complaint]
    may_come_back: bool

    @property
    def finding(self) -> str:
        return words.clock_of(self.complaint, self.clock)

    @property
    def nature(self) -> str:
        return words.nature(self.complaint)


def find(pk: int) -> Complaint:
    """With its customer, and the last step by now. Raises Http404, and Hidden of a customer who is not there any more."""
    found = get_object_or_404(Complaint.objects.select_related(*_RELATED).annotate(last_step=LAST_STEP), pk=pk)
    if found.customer.is_hidden:
        raise Hidden(found.customer)
    return found


def page(complaint: Complaint, today: date, sent: forms.Change | None = None) -> ComplaintPage:
    """`sent` is a form that was sent and is shown again, with what is wrong in it."""
    steps = list(complaint.steps.select_related("by", "to").order_by("-pk")[: MOST_STEPS + 1])
    stood = [Stood(step, words.step(step)) for step in steps[:MOST_STEPS]]
    return ComplaintPage(
        complaint,
        clock_at(complaint, today),
        stood,
        len(steps) > MOST_STEPS,
        _deeds(complaint, sent, stood),
        list(complaint.followers.order_by("pk")[:MOST_FOLLOWERS]),
        bool(complaint.ended_on and clock.may_come_back(complaint.ended_on, today)),
    )


def clock_at(complaint: Complaint, today: date) -> Clock:
    """Of one that has ended nothing runs: its day passes later on, and nobody is late."""
    if complaint.ended_on:
        return Clock(None, today)
    return Clock(complaint.deadline_on, today, complaint.waiting_since, complaint.promised_on, complaint.given_on)


def form_of(name: str, asked: Mapping[str, Any], complaint: Complaint) -> forms.Change:
    return DEEDS[name].form(asked, complaint=complaint)


def _deeds(complaint: Complaint, sent: forms.Change | None, steps: list[Stood]) -> list[Shown]:
    """Those of this state; and one that was sent, though its state has gone: what was written is not lost."""
    shown = []
    since = [stood for stood in steps if sent and sent.last_seen is not None and stood.step.pk > sent.last_seen]
    for deed in _DEEDS:
        is_sent = sent is not None and sent.name == deed.form.name
        form = sent if sent and is_sent else deed.form(complaint=complaint)
        if complaint.state in deed.states and form.is_of_use:
            shown.append(Shown(deed, form, is_sent, complaint.state in deed.main_in, since if is_sent else ()))
    if sent and not any(each.is_open for each in shown):
        shown.append(Shown(DEEDS[sent.name], sent, True, since=since))
    return shown
