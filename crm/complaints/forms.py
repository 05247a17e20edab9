"""What may be said of a complaint: one form for each thing that may be done about it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar
from uuid import uuid4

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.audit_words import in_words, label
from crm.complaints.seen import UNITS, Meanwhile, Seen, fields_of
from crm.editing import Clashing
from crm.fields import LIMIT
from crm.form_fields import OUT_OF_DATE, TOO_LONG, day_field, key_field
from crm.models import Complaint, ComplaintStep, Customer, Order, User
from crm.models.complaint import LONGEST_PROMISE, LONGEST_WHAT
from crm.money import day, money

MOST_ORDERS, MOST_USERS = 20, 200
_NOT_AN_AMOUNT = gettext_lazy("That is not an amount; write it like 12.50.")


def _text(label: Any, required: Any = "", longest: int = LONGEST_WHAT, rows: int = 2) -> forms.CharField:
    """`required` is the sentence said where it is empty; none is asked for without one."""
    return forms.CharField(
        required=bool(required),
        max_length=longest,
        label=label,
        widget=forms.Textarea({"rows": rows, "class": "form-control", "dir": "auto"}),
        error_messages={"required": required, **TOO_LONG},
    )


def _choice(label: Any, **more: Any) -> forms.ChoiceField:
    words = {"invalid_choice": gettext_lazy("There is no such choice; choose one of those shown.")}
    return forms.ChoiceField(label=label, widget=forms.Select({"class": "form-select"}), error_messages=words, **more)


class Act(forms.Form):
    """`key` is drawn anew for each form that is shown, so that one sent twice is done once."""

    name = ""
    key = key_field()

    def __init__(self, asked: Mapping[str, Any] | None = None, initial: Mapping[str, Any] | None = None) -> None:
        super().__init__(asked, initial={"key": uuid4(), **(initial or {})}, auto_id=f"{self.name}_%s")

    @property
    def said(self) -> dict[str, Any]:
        """Of a valid form what the change takes."""
        return {name: value for name, value in self.cleaned_data.items() if name not in {"key", "seen"}}

    @property
    def how(self) -> dict[str, Any]:
        """Of a valid form by what it is known, and what it has seen."""
        return {"key": self.cleaned_data["key"]}

    @property
    def problems(self) -> list[str]:
        return [str(sentence) for sentences in self.errors.values() for sentence in sentences]


class Change(Act):
    """Of a complaint that is there. `seen` says what the form showed, so that what another has done meanwhile is not lost."""

    kind: ClassVar[ComplaintStep.Kind]
    seen = forms.CharField(widget=forms.HiddenInput, error_messages={"required": OUT_OF_DATE})

    def __init__(self, asked: Mapping[str, Any] | None = None, *, complaint: Complaint) -> None:
        filled = {name: complaint.owner_id if name == "owner" else getattr(complaint, name) for name in fields_of(self.kind)}
        super().__init__(asked, {"seen": Seen.of(complaint, self.kind).signed()} | filled)
        self.complaint = complaint
        self.clashing: list[Clashing] = []
        # Whether somebody was faster, and the last step that whoever sent it had seen.
        self.is_later = False
        self.last_seen: int | None = None

    def clean_seen(self) -> Seen:
        try:
            return Seen.read(self.cleaned_data["seen"], self.complaint, self.kind)
        except signing.BadSignature:
            raise ValidationError(OUT_OF_DATE) from None

    @property
    def is_of_use(self) -> bool:
        return True

    @property
    def how(self) -> dict[str, Any]:
        seen: Seen = self.cleaned_data["seen"]
        return super().how | {"seen": seen, "chosen": {name: self.data[f"keep-{name}"] for name in seen.clashing if self._keeps(name)}}

    def _keeps(self, name: str) -> bool:
        return self.data.get(f"keep-{name}") in {"mine", "theirs"}

    def show_wrong(self, wrong: ValidationError) -> None:
        """To be sent once more, with what was written."""
        self.data = dict(self.data.items()) | {"key": uuid4()}
        self.add_error(None, wrong.messages)
        self.last_seen = self.cleaned_data["seen"].last

    def show_later(self, meanwhile: Meanwhile) -> None:
        """To be sent once more by somebody who has now seen what the other did: with what both wrote, and what only the other changed
        filled in."""
        self.is_later, self.last_seen = True, self.cleaned_data["seen"].last
        now, mine = meanwhile.complaint, self.said
        theirs = {name: now.owner_id if name == "owner" else getattr(now, name) for name in fields_of(self.kind)}
        filled = {name: _as_sent(theirs[name]) for name in meanwhile.taken}
        kept = {name: value for name, value in self.data.items() if not name.startswith("keep-")}
        self.data = kept | filled | {"key": uuid4(), "seen": meanwhile.seen.signed()}
        for unit in UNITS.get(self.kind, ()):
            if unit[0] in meanwhile.seen.clashing:
                self.clashing.append(Clashing(unit[0], label(Complaint, unit[0]), _words(unit, theirs), _words(unit, mine)))

    @property
    def later(self) -> str:
        """What whoever was later is told."""
        if not self.is_later:
            return ""
        if self.clashing:
            return _("Somebody else has changed this complaint since you opened the form. Nothing is saved yet.")
        return _("Somebody was faster: this is what happened since you opened the form. Send it once more if it still holds.")


def _as_sent(value: object) -> str:
    """As a browser sends it."""
    match value:
        case None:
            return ""
        case date():
            return value.isoformat()
        case Decimal():
            return str(formats.localize_input(value))
    return str(value)


def _words(unit: tuple[str, ...], values: Mapping[str, object]) -> str:
    known = {name: _written(values[name]) for name in unit if values[name] not in (None, "")}
    return ", ".join(in_words(Complaint, known, list(known)).values()) or _("nothing")


def _written(value: object) -> object:
    """As the audit has it."""
    match value:
        case date():
            return value.isoformat()
        case User():
            return value.pk
    return value


class OpenForm(Act):
    name = "open"
    nature = _choice(gettext_lazy("What it is"), choices=Complaint.Nature.choices)
    what = _text(gettext_lazy("What they complain of"), gettext_lazy("Say what they complain of."), rows=4)
    order = _choice(gettext_lazy("Order"), required=False)
    promised = _text(gettext_lazy("What we promised"), longest=LONGEST_PROMISE)
    promised_on = day_field(gettext_lazy("Promised by"))
    owner = _choice(gettext_lazy("Who sees to it"))

    def __init__(self, asked: Mapping[str, Any] | None, *, customer: Customer, by: User) -> None:
        super().__init__(asked)
        self.orders = {str(order.pk): order for order in orders_of(customer)}
        self.users = users()
        self.initial["owner"] = by.pk
        named = [(pk, f"{day(order.ordered_on)}, {money(order.amount)}") for pk, order in self.orders.items()]
        self.fields["order"].choices = [("", gettext_lazy("None of them")), *named]  # type: ignore[attr-defined]
        self.fields["owner"].choices = [(pk, str(user)) for pk, user in self.users.items()]  # type: ignore[attr-defined]

    @property
    def said(self) -> dict[str, Any]:
        read = super().said
        return read | {"order": self.orders.get(read["order"]), "owner": self.users[read["owner"]]}


class NoteForm(Change):
    name = "note"
    kind = ComplaintStep.Kind.NOTE
    text = _text(gettext_lazy("What was done"), gettext_lazy("Say what was done."))


class WaitForm(Change):
    name = "wait"
    kind = ComplaintStep.Kind.WAITING
    text = _text(gettext_lazy("What we wait for"))


class GoOnForm(Change):
    name = "go-on"
    kind = ComplaintStep.Kind.GOES_ON
    text = _text(gettext_lazy("What the customer answered"))


class PromiseForm(Change):
    name = "promise"
    kind = ComplaintStep.Kind.PROMISE
    promised = _text(gettext_lazy("What we promised"), gettext_lazy("Say what was promised."), LONGEST_PROMISE)
    promised_on = day_field(gettext_lazy("Promised by"))


class SolveForm(Change):
    name = "solve"
    kind = ComplaintStep.Kind.SOLVED
    solution = _text(gettext_lazy("Solution"), gettext_lazy("Say how it was solved."))
    cost = forms.DecimalField(
        required=False,
        min_value=0,
        max_value=LIMIT - 1,
        max_digits=12,
        decimal_places=2,
        localize=True,
        label=gettext_lazy("What it cost us"),
        widget=forms.TextInput({"class": "form-control", "inputmode": "decimal"}),
        error_messages={
            "invalid": _NOT_AN_AMOUNT,
            "max_digits": _NOT_AN_AMOUNT,
            "max_whole_digits": _NOT_AN_AMOUNT,
            "max_decimal_places": gettext_lazy("An amount has at most two decimals."),
            "min_value": gettext_lazy("What it cost is not below zero."),
            "max_value": gettext_lazy("An amount is below ten billion."),
        },
    )
    satisfaction = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        label=gettext_lazy("How content they are now"),
        choices=[
            ("", gettext_lazy("Not asked yet")),
            (1, gettext_lazy("1: not at all")),
            (2, "2"),
            (3, "3"),
            (4, "4"),
            (5, gettext_lazy("5: fully")),
        ],
        widget=forms.Select({"class": "form-select"}),
        error_messages={"invalid_choice": gettext_lazy("It is a number from 1 to 5, or nothing.")},
    )


class CloseForm(Change):
    name = "close"
    kind = ComplaintStep.Kind.CLOSED
    reason = _text(gettext_lazy("Why without a solution"), gettext_lazy("Say why it is closed without a solution."))


class HandForm(Change):
    name = "hand"
    kind = ComplaintStep.Kind.HANDED
    owner = _choice(gettext_lazy("To whom"))

    def __init__(self, asked: Mapping[str, Any] | None = None, *, complaint: Complaint) -> None:
        super().__init__(asked, complaint=complaint)
        # Also who has it by now, of a form that was sent: whoever shows it had chosen them.
        self.users = {pk: user for pk, user in users().items() if self.is_bound or user.pk != complaint.owner_id}
        self.fields["owner"].choices = [(pk, str(user)) for pk, user in self.users.items()]  # type: ignore[attr-defined]

    @property
    def is_of_use(self) -> bool:
        """Not where there is nobody else."""
        return bool(self.users)

    @property
    def said(self) -> dict[str, Any]:
        return {"owner": self.users[self.cleaned_data["owner"]]}


class CorrectForm(Change):
    name = "correct"
    kind = ComplaintStep.Kind.CORRECTED
    nature = _choice(gettext_lazy("What it is"), choices=Complaint.Nature.choices)
    what = _text(gettext_lazy("What they complain of"), gettext_lazy("Say what they complain of."))
    deadline_on = day_field(gettext_lazy("Deadline"))


class BackForm(Change):
    name = "back"
    kind = ComplaintStep.Kind.REOPENED
    text = _text(gettext_lazy("What they say now"), gettext_lazy("Say what they are not content with."))


def orders_of(customer: Customer) -> list[Order]:
    """The latest ones, to choose from."""
    return list(Order.objects.filter(customer=customer).order_by("-ordered_on", "-pk")[:MOST_ORDERS])


def users() -> dict[str, User]:
    """Who may see to a complaint, by primary key."""
    able = User.objects.filter(is_active=True).exclude(role=User.Role.READER)
    return {str(user.pk): user for user in able.order_by("name", "email")[:MOST_USERS]}
