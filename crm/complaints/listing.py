"""The list of complaints: what is due first, and how many there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.db.models import Count, ExpressionWrapper, F, IntegerField, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest, Least
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from crm.complaints import words
from crm.complaints.clock import Clock
from crm.complaints.page import clock_at
from crm.days import DayNumber
from crm.models import Complaint, User
from crm.money import number
from crm.paging import Cursor, Page, Sort, page

ON_A_PAGE = 50
MINE, LEAVERS = "mine", "left"
NOBODYS = Q(owner=None) | Q(owner__is_active=False)
OPEN, WAITING, SOLVED = "open", "waiting", "solved"
STATES = {OPEN: (Complaint.State.OPEN,), WAITING: (Complaint.State.WAITING,), SOLVED: Complaint.ENDED}
DUE = Sort("due", F("due_on"), nullable=True)
# The days that are left of one whose clock stands, as Clock.left counts them.
_LAW = ExpressionWrapper(DayNumber("deadline_on") - DayNumber("waiting_since"), IntegerField())
_PROMISE = ExpressionWrapper(DayNumber("promised_on") - DayNumber(Greatest("waiting_since", "given_on")), IntegerField())
LEFT = Sort("left", Coalesce(Least(_LAW, _PROMISE), _LAW, _PROMISE), nullable=True, has_index=False)
ENDED = Sort("-ended", F("ended_on"), descending=True)
ORDERS = {OPEN: DUE, WAITING: LEFT, SOLVED: ENDED}


class ComplaintSearch(forms.Form):
    """What the address of the list asks for; what cannot be understood is left out."""

    state = forms.ChoiceField(
        required=False,
        choices=[
            (OPEN, pgettext_lazy("of complaints", "Open")),
            (WAITING, pgettext_lazy("of complaints", "Waiting")),
            (SOLVED, gettext_lazy("Solved, closed")),
        ],
    )
    whose = forms.ChoiceField(
        required=False,
        choices=[("", gettext_lazy("Everyone's")), (MINE, gettext_lazy("Mine")), (LEAVERS, gettext_lazy("Of people who have left"))],
    )
    page = forms.CharField(required=False)

    @property
    def state_shown(self) -> str:
        return self.cleaned_data.get("state") or OPEN

    @property
    def whose_shown(self) -> str:
        return self.cleaned_data.get("whose") or ""


@dataclass(frozen=True)
class Row:
    complaint: Complaint
    clock: Clock

    @property
    def nature(self) -> str:
        return words.nature(self.complaint)

    @property
    def standing(self) -> str:
        return words.clock_of(self.complaint, self.clock)


@dataclass(frozen=True)
class Tab:
    key: str
    label: str
    # None where they are not counted, as those that have ended: these grow for ever.
    count: int | None
    is_current: bool


@dataclass(frozen=True)
class Complaints:
    form: ComplaintSearch
    page: Page[Complaint]
    today: date
    open: int
    waiting: int
    overdue: int
    # Of the unfinished ones those that nobody sees to: whose people have left.
    left: int

    @property
    def rows(self) -> list[Row]:
        return [Row(one, clock_at(one, self.today)) for one in self.page.rows]

    @property
    def tabs(self) -> list[Tab]:
        counts = {OPEN: self.open, WAITING: self.waiting, SOLVED: None}
        return [Tab(key, str(label), counts[key], key == self.form.state_shown) for key, label in self.form.fields["state"].choices]  # type: ignore[attr-defined]

    @property
    def choices(self) -> list[Tab]:
        """Whose; those of people who have left where there are any."""
        shown = self.form.whose_shown
        offered = self.form.fields["whose"].choices  # type: ignore[attr-defined]
        return [Tab(key, str(label), None, key == shown) for key, label in offered if key != LEAVERS or self.left or shown == LEAVERS]

    @property
    def forgotten(self) -> str:
        """How many nobody sees to; empty where there is none, or they are shown."""
        if not self.left or self.form.whose_shown:
            return ""
        said = ngettext(
            "%(number)s of them was seen to by somebody who has left; nobody gets it by itself.",
            "%(number)s of them were seen to by people who have left; nobody gets them by themselves.",
            self.left,
        )
        return said % {"number": number(self.left)}

    @property
    def finding(self) -> str:
        """How many are open, and how many of them late."""
        if not self.open:
            return _("No complaint is open.")
        said = ngettext("%(number)s complaint is open", "%(number)s complaints are open", self.open) % {"number": number(self.open)}
        if not self.overdue:
            return _("%(open)s; none is overdue.") % {"open": said}
        late = ngettext("%(open)s; %(number)s is overdue.", "%(open)s; %(number)s are overdue.", self.overdue)
        return late % {"open": said, "number": number(self.overdue)}


def complaints(asked: Mapping[str, Any], user: User, today: date) -> Complaints:
    """Two queries: how many are unfinished, and the page of those asked for."""
    form = ComplaintSearch(asked)
    form.is_valid()
    theirs = _whose(form, user)
    counts = theirs.filter(state__in=Complaint.UNFINISHED).aggregate(
        open=Count("pk", Q(state=Complaint.State.OPEN)),
        waiting=Count("pk", Q(state=Complaint.State.WAITING)),
        overdue=Count("pk", Q(state=Complaint.State.OPEN, due_on__lt=today)),
        left=Count("pk", NOBODYS),
    )
    order = ORDERS[form.state_shown]
    cursor = Cursor.read(form.cleaned_data.get("page", ""), order)
    rows = theirs.filter(state__in=STATES[form.state_shown]).select_related("customer", "owner")
    return Complaints(form, page(rows, order, cursor, ON_A_PAGE), today, **counts)


def _whose(form: ComplaintSearch, user: User) -> QuerySet[Complaint]:
    shown = Complaint.objects.filter(customer__binned_at=None)
    whose = {MINE: Q(owner=user), LEAVERS: NOBODYS}
    return shown.filter(whose.get(form.whose_shown, Q()))
