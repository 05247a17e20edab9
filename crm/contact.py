"""Logging a contact with a customer: the form, and what it writes."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy, pgettext

from crm import hiding, record
from crm.complaints import logged
from crm.complaints import writing as complaints
from crm.desk import asking
from crm.form_fields import TOO_LONG, day_field, key_field
from crm.incident import IncidentFields
from crm.models import Customer, Interaction, User
from crm.models.task import LONGEST_WHY
from crm.money import day
from crm.once import once, say_the_same
from crm.tasks.writing import open_task, take_back_follow_ups

MINUTES = (2, 5, 10, 15, 30, 60)
USUAL_MINUTES = 5
LONGEST_TEXT = 10_000
UNDONE_WITHIN = timedelta(hours=1)
# Of what was sent without a connection, and comes later: so long ago it may have been.
OLDEST_UNSENT = timedelta(days=7)
# What two sendings of one form have in common.
SAME = ("customer_id", "by_id", "kind", "direction", "minutes", "text", "topic", "incident", "incident_cause")
# Who most often begins a contact of this kind; with the others it is the customer.
OURS = {Interaction.Kind.CALL, Interaction.Kind.EMAIL, Interaction.Kind.LETTER}
# By what way one answers who came in person, or to complain.
ANSWERED_BY = {Interaction.Kind.VISIT: Interaction.Kind.CALL, Interaction.Kind.COMPLAINT: Interaction.Kind.CALL}
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
_SENT_BEFORE = gettext_lazy("This form is out of date: something else was logged with it. To log this too, send it once more.")


class AlreadySent(Exception):
    """The form was sent before, and what it says has changed since."""


class Telling(IncidentFields):
    """What happened: what the form that logs it and the one that changes it have in common."""

    text = forms.CharField(
        required=False,
        max_length=LONGEST_TEXT,
        label=gettext_lazy("What happened"),
        widget=forms.Textarea({"rows": 1, "class": "form-control"}),
        error_messages=TOO_LONG,
    )
    kind = forms.ChoiceField(
        choices=Interaction.Kind.choices,
        label=gettext_lazy("Kind of contact"),
        error_messages={
            "required": gettext_lazy("Say what kind of contact it was."),
            "invalid_choice": gettext_lazy("There is no such kind of contact; choose one of those shown."),
        },
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
        minutes = self["minutes"].value()
        chosen = "" if minutes is None else str(minutes)
        others = [int(chosen)] if chosen.isascii() and chosen.isdigit() and len(chosen) < 5 else []
        return [(number, str(number) == chosen) for number in sorted({*MINUTES, *others})]

    @property
    def problems(self) -> list[str]:
        return [str(sentence) for sentences in self.errors.values() for sentence in sentences]


class ContactForm(asking.AskingFields, Telling):
    """What happened with a customer. `key` is drawn anew for each form that is shown, so that one sent twice is kept once."""

    direction = forms.ChoiceField(
        required=False,
        choices=[("", gettext_lazy("As usual for its kind")), *Interaction.Direction.choices],
        label=gettext_lazy("Who began"),
        widget=forms.Select({"class": "form-select"}),
        error_messages={"invalid_choice": gettext_lazy("It is either they who came to us, or we who went to them.")},
    )
    follow_up = day_field(gettext_lazy("Follow up on"))
    key = key_field()

    # Since it was sent at first, where that was in vain: counted by the browser, whose clock may show another time than ours.
    seconds_ago = forms.Field(required=False, widget=forms.HiddenInput)

    def clean_seconds_ago(self) -> timedelta:
        """None at all for what is no number of seconds, or of too many: then it happened when it arrives."""
        text = str(self.cleaned_data["seconds_ago"] or "")
        ago = timedelta(seconds=int(text)) if text.isascii() and text.isdigit() and len(text) < 9 else timedelta()
        return ago if ago <= OLDEST_UNSENT else timedelta()

    @classmethod
    def fresh(cls, **options: Any) -> "ContactForm":
        return cls(**options, initial={"kind": Interaction.Kind.CALL, "minutes": USUAL_MINUTES, "key": uuid4()})

    def renew(self) -> None:
        """To be sent once more: with what was written, and a key of its own."""
        self.add_error("key", _SENT_BEFORE)
        self.data = dict(self.data.items()) | {"key": uuid4()}

    @property
    def says_more(self) -> bool:
        """Whether something is said, or wrong, of what is not asked for at first."""
        return any(self[name].value() or self[name].errors for name in ("follow_up", "direction", "incident", "incident_cause"))


def log(*, customer: Customer, contact: dict[str, Any], by: User, now: datetime) -> Interaction:
    """Writes the contact of a valid ContactForm; where this very form was written already, gives what it wrote.

    `now` is when it arrives; what was sent in vain before happened then, and what it brings with it is counted from then.
    Raises Hidden for who is not there any more, AlreadySent, and ValidationError for a follow-up on a day that has passed or is too far
    ahead.
    """
    key: UUID = contact["key"]
    kind = Interaction.Kind(contact["kind"])
    direction = contact["direction"] or (Interaction.Direction.OUT if kind in OURS else Interaction.Direction.IN)
    interaction = Interaction(
        customer=customer,
        kind=kind,
        direction=direction,
        minutes=contact["minutes"],
        text=contact["text"],
        topic=contact.get("topic", ""),
        incident=contact.get("incident", ""),
        incident_cause=contact.get("incident_cause", ""),
        happened_at=now - contact.get("seconds_ago", timedelta()),
        by=by,
        form_key=key,
        created=now,
    )

    def write() -> Interaction:
        # Somebody may merge them or put them into the bin in this moment: what is written of them then would be seen by nobody.
        hiding.locked(customer)
        record.save_interaction(interaction=interaction, by=by)
        _bring(interaction, bool(contact.get("waits")), by)
        _follow_up(interaction, contact.get("follow_up"), by)
        return interaction

    written = once(write, Interaction.objects.filter(form_key=key).select_related("customer").first)
    if written is not interaction and not (say_the_same(written, interaction, SAME) and _asks_for(written, contact.get("follow_up"))):
        raise AlreadySent
    return written


def _bring(interaction: Interaction, waits: bool, by: User) -> None:
    """What a contact brings with it: a complaint is opened, what is still to be answered waits in the queue."""
    if logged.complains(interaction):
        logged.open_by(contact=interaction, by=by, now=interaction.happened_at or interaction.created)
    if waits:
        asking.ask(interaction=interaction, by=by)


def _follow_up(interaction: Interaction, on: date | None, by: User) -> None:
    """What is still to be done, for who logs it: named by the first line of the text."""
    if on is None:
        return
    first = next((line.strip() for line in interaction.text.splitlines() if line.strip()), "")
    why = first or _("Follow up: %(kind)s") % {"kind": interaction.get_kind_display()}
    open_task(
        why=Truncator(why).chars(LONGEST_WHY),
        due_on=on,
        assignee=by,
        by=by,
        today=interaction.happened_on,
        customer=interaction.customer,
        interaction=interaction,
    )


def _asks_for(written: Interaction, on: date | None) -> bool:
    return on is None or written.tasks.filter(planned_on=on).exists()


def changes_more(interaction: Interaction, follow_up: date | None) -> bool:
    """Whether more of the customer's page is another now than its timeline: it shows a complaint, or a task."""
    return follow_up is not None or logged.complains(interaction)


def said(interaction: Interaction, follow_up: date | None = None) -> str:
    """That it is logged, and when more is to be done, in a sentence each."""
    it_is = str(_LOGGED[interaction.kind] % {"who": interaction.customer, "minutes": interaction.minutes or 0})
    if follow_up is None:
        return it_is
    then = _("Follow up on %(day)s.") % {"day": day(follow_up)}
    return f"{it_is} {then}"


@transaction.atomic
def undo(*, interaction: Interaction, by: User, now: datetime) -> None:
    """Takes back what this person logged a moment ago, and what it brought with it. Raises PermissionDenied for anything else, and
    Hidden where its customer is not there any more."""
    if interaction.by_id != by.pk or interaction.created < now - UNDONE_WITHIN:
        raise PermissionDenied(_("You can take back what you logged yourself, within an hour."))
    # Before the contact, as a merge does, which moves it.
    hiding.locked(interaction.customer)
    # Of two clicks the second waits, and finds nothing.
    if not Interaction.objects.select_for_update().filter(pk=interaction.pk).exists():
        return
    complaints.take_back(contact=interaction, by=by)
    asking.take_back(asked=interaction, by=by)
    asking.unanswer(answer=interaction, by=by)
    take_back_follow_ups(interaction=interaction, by=by)
    record.delete_interaction(interaction=interaction, by=by)
