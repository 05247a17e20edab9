"""What somebody who came to us wanted, and that it waits for an answer: the fields of the log form, and what they write."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit
from crm.models import Enquiry, Interaction, User

audit.register(
    audit.Action("enquiry.asked", gettext_lazy("A contact waits for an answer")),
    audit.Action("enquiry.taken", gettext_lazy("Enquiry taken")),
    audit.Action("enquiry.given_up", gettext_lazy("Enquiry given back to all")),
    audit.Action("enquiry.answered", gettext_lazy("Enquiry answered")),
    audit.Action("enquiry.done", gettext_lazy("Enquiry done without an answer")),
    audit.Action("enquiry.waits_again", gettext_lazy("Enquiry waits again")),
    audit.Action("enquiry.deleted", gettext_lazy("Enquiry taken back")),
)


class AskingFields(forms.Form):
    """Part of the log form (crm/contact.py). Whatever waits for us came from them, so that its direction is given."""

    topic = forms.ChoiceField(
        required=False,
        choices=[("", gettext_lazy("Nothing of these")), *Interaction.Topic.choices],
        label=gettext_lazy("What they wanted"),
        widget=forms.Select({"class": "form-select form-select-auto"}),
        error_messages={"invalid_choice": gettext_lazy("There is no such choice; choose one of those shown.")},
    )
    waits = forms.BooleanField(required=False, label=gettext_lazy("Still to be answered"))

    def clean(self) -> dict[str, Any] | None:
        read = super().clean() or self.cleaned_data
        if not (read.get("topic") or read.get("waits")):
            return read
        if read.get("direction") == Interaction.Direction.OUT:
            raise ValidationError(_("What they wanted is said of a contact in which they came to us: change who began."))
        return read | {"direction": Interaction.Direction.IN}

    @property
    def asks(self) -> bool:
        """Whether the disclosure stands open: something in it is chosen."""
        return bool(self["topic"].value() or self["waits"].value())


def ask(*, interaction: Interaction, by: User) -> Enquiry:
    """Puts the contact into the queue. Call in the transaction that writes it."""
    asked_at = interaction.happened_at or interaction.created
    made = Enquiry.objects.create(interaction=interaction, asked_at=asked_at)
    audit.keep(what="enquiry.asked", by=by, of=made, customer=interaction.customer_id)
    return made


@transaction.atomic
def take_back(*, asked: Interaction, by: User) -> None:
    """With the contact goes its waiting, unless somebody else has taken it or it has ended. Raises PermissionDenied then."""
    found = Enquiry.objects.select_for_update().filter(interaction=asked).first()
    if found is None:
        return
    if found.answered_at or found.taken_by_id not in {None, by.pk}:
        raise PermissionDenied(_("Somebody answers this, or has done so: it cannot be taken back any more."))
    changes: audit.Changes = {name: [value, None] for name, value in audit.stored(found).items() if value not in (None, "")}
    audit.keep(what="enquiry.deleted", by=by, of=found, customer=asked.customer_id, changes=changes)
    found.delete()


@transaction.atomic
def unanswer(*, answer: Interaction, by: User) -> None:
    """The answer is taken back: what it answered waits again, for the same person."""
    found = Enquiry.objects.select_for_update().select_related("interaction").filter(answer=answer).first()
    if found:
        wait_again(found, by)


def wait_again(enquiry: Enquiry, by: User) -> None:
    before = audit.stored(enquiry)
    ended = {"answer": None, "answered_at": None, "answered_by": None, "no_answer": ""}
    Enquiry.objects.filter(pk=enquiry.pk).update(**ended)
    changes = audit.differences(before, audit.stored(enquiry))
    audit.keep(what="enquiry.waits_again", by=by, of=enquiry, customer=enquiry.interaction.customer_id, changes=changes)
