"""Logging a contact with a customer: the form, and what it writes."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy, pgettext

from crm import record
from crm.models import Customer, Interaction, User

MINUTES = (2, 5, 10, 15, 30, 60)
USUAL_MINUTES = 5
LONGEST_TEXT = 10_000
UNDONE_WITHIN = timedelta(hours=1)
# What two sendings of one form have in common.
SAME = ("customer_id", "by_id", "kind", "direction", "minutes", "text")
# Who most often begins a contact of this kind; with the others it is the customer.
OURS = {Interaction.Kind.CALL, Interaction.Kind.EMAIL, Interaction.Kind.LETTER}
ICONS = {
    Interaction.Kind.CALL: "call",
    Interaction.Kind.EMAIL: "email",
    Interaction.Kind.VISIT: "visit",
    Interaction.Kind.CHAT: "chat",
    Interaction.Kind.SOCIAL: "social",
    Interaction.Kind.LETTER: "letter",
    Interaction.Kind.COMPLAINT: "complaint",
}

_LOGGED = {
    "call": ngettext_lazy(
        "Call with %(who)s logged, %(minutes)d minute.",
        "Call with %(who)s logged, %(minutes)d minutes.",
        "minutes",
    ),
    "email": ngettext_lazy(
        "E-mail with %(who)s logged, %(minutes)d minute.",
        "E-mail with %(who)s logged, %(minutes)d minutes.",
        "minutes",
    ),
    "visit": ngettext_lazy(
        "Visit of %(who)s logged, %(minutes)d minute.",
        "Visit of %(who)s logged, %(minutes)d minutes.",
        "minutes",
    ),
    "chat": ngettext_lazy(
        "Chat with %(who)s logged, %(minutes)d minute.",
        "Chat with %(who)s logged, %(minutes)d minutes.",
        "minutes",
    ),
    "social": ngettext_lazy(
        "Contact with %(who)s on a social network logged, %(minutes)d minute.",
        "Contact with %(who)s on a social network logged, %(minutes)d minutes.",
        "minutes",
    ),
    "letter": ngettext_lazy(
        "Letter with %(who)s logged, %(minutes)d minute.",
        "Letter with %(who)s logged, %(minutes)d minutes.",
        "minutes",
    ),
    "complaint": ngettext_lazy(
        "Complaint of %(who)s logged, %(minutes)d minute.",
        "Complaint of %(who)s logged, %(minutes)d minutes.",
        "minutes",
    ),
}
_OUT_OF_DATE = gettext_lazy("This form is out of date: open the page again and send it once more.")
_SENT_BEFORE = gettext_lazy("This form is out of date: something else was logged with it. To log this too, send it once more.")


class AlreadySent(Exception):
    """The form was sent before, and what it says has changed since."""


class ContactForm(forms.Form):
    """What happened with a customer. `key` is drawn anew for each form that is shown, so that one sent twice is kept once."""

    text = forms.CharField(
        required=False,
        max_length=LONGEST_TEXT,
        label=gettext_lazy("What happened"),
        widget=forms.Textarea({"rows": 1, "class": "form-control"}),
        error_messages={"max_length": gettext_lazy("This is too long: %(show_value)d letters, and at most %(limit_value)d are kept.")},
    )
    kind = forms.ChoiceField(
        choices=Interaction.Kind.choices,
        label=gettext_lazy("Kind of contact"),
        error_messages={
            "required": gettext_lazy("Say what kind of contact it was."),
            "invalid_choice": gettext_lazy("There is no such kind of contact; choose one of those shown."),
        },
    )
    direction = forms.ChoiceField(
        required=False,
        choices=[("", gettext_lazy("As usual for its kind")), *Interaction.Direction.choices],
        label=gettext_lazy("Who began"),
        widget=forms.Select({"class": "form-select"}),
        error_messages={"invalid_choice": gettext_lazy("It is either they who came to us, or we who went to them.")},
    )
    minutes = forms.IntegerField(
        min_value=0,
        max_value=24 * 60,
        label=gettext_lazy("Minutes spent"),
        error_messages={
            "required": gettext_lazy("Say how many minutes it took; a guess is fine."),
            "invalid": gettext_lazy("Minutes are a whole number."),
            "min_value": gettext_lazy("Minutes are a number from 0 to 1440."),
            "max_value": gettext_lazy("Minutes are a number from 0 to 1440."),
        },
    )
    key = forms.UUIDField(
        widget=forms.HiddenInput,
        error_messages={"required": _OUT_OF_DATE, "invalid": _OUT_OF_DATE},
    )

    @classmethod
    def fresh(cls) -> "ContactForm":
        return cls(initial={"kind": Interaction.Kind.CALL, "minutes": USUAL_MINUTES, "key": uuid4()})

    def renew(self) -> None:
        """To be sent once more: with what was written, and a key of its own."""
        self.add_error("key", _SENT_BEFORE)
        self.data = dict(self.data.items()) | {"key": uuid4()}

    @property
    def kinds(self) -> list[tuple[str, str, str, bool]]:
        """Of each kind: its key, its icon, its word, and whether it is the one chosen."""
        chosen = self["kind"].value() or ""
        short = {
            Interaction.Kind.CALL: pgettext("a call, in a button", "Call"),
            Interaction.Kind.SOCIAL: pgettext("a contact on a social network, in a button", "Social"),
        }
        return [(kind.value, ICONS[kind], short.get(kind, str(kind.label)), kind.value == chosen) for kind in Interaction.Kind]

    @property
    def minute_choices(self) -> list[tuple[int, bool]]:
        """Each number offered, with whether it is the one chosen; one chosen beside them stays."""
        chosen = str(self["minutes"].value() or "")
        others = [int(chosen)] if chosen.isascii() and chosen.isdigit() and len(chosen) < 5 else []
        return [(number, str(number) == chosen) for number in sorted({*MINUTES, *others})]

    @property
    def problems(self) -> list[str]:
        return [str(sentence) for sentences in self.errors.values() for sentence in sentences]


def log(*, customer: Customer, contact: dict[str, Any], by: User, now: datetime) -> Interaction:
    """Writes the contact of a valid ContactForm; where this very form was written already, gives what it wrote. Raises AlreadySent."""
    key: UUID = contact["key"]
    kind = Interaction.Kind(contact["kind"])
    direction = contact["direction"] or (Interaction.Direction.OUT if kind in OURS else Interaction.Direction.IN)
    interaction = Interaction(
        customer=customer,
        kind=kind,
        direction=direction,
        minutes=contact["minutes"],
        text=contact["text"],
        happened_at=now,
        by=by,
        form_key=key,
        created=now,
    )
    try:
        with transaction.atomic():
            record.save_interaction(interaction=interaction)
    except IntegrityError:
        written = Interaction.objects.filter(form_key=key).select_related("customer").first()
        if written is None:
            raise
        if any(getattr(written, name) != getattr(interaction, name) for name in SAME):
            raise AlreadySent from None
        return written
    return interaction


def said(interaction: Interaction) -> str:
    """That it is logged, in a sentence."""
    return str(_LOGGED[interaction.kind] % {"who": interaction.customer, "minutes": interaction.minutes or 0})


def undo(*, interaction: Interaction, by: User, now: datetime) -> None:
    """Takes back what this person logged a moment ago. Raises PermissionDenied for anything else."""
    if interaction.by_id != by.pk or interaction.created < now - UNDONE_WITHIN:
        raise PermissionDenied(_("You can take back what you logged yourself, within an hour."))
    record.delete_interaction(interaction=interaction)
