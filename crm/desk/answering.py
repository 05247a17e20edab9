"""Taking a contact that waits, answering it, or ending it without an answer: each once, whoever is first."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit, contact
from crm.desk.asking import wait_again
from crm.form_fields import TOO_LONG
from crm.models import Enquiry, Interaction, User
from crm.models.enquiry import LONGEST_REASON

UNDONE_WITHIN = timedelta(hours=1)


class Taken(ValidationError):
    """Somebody else answers it, or it has ended."""


class DoneForm(forms.Form):
    reason = forms.CharField(
        max_length=LONGEST_REASON,
        label=gettext_lazy("Why it needs no answer"),
        widget=forms.TextInput({"class": "form-control", "dir": "auto"}),
        error_messages={
            "required": gettext_lazy("Say why it needs no answer."),
            **TOO_LONG,
        },
    )


@transaction.atomic
def take(*, enquiry: Enquiry, by: User, now: datetime, held_by: int | None = None) -> None:
    """For `by` alone. Who takes it from somebody else has seen that `held_by` has it. Raises Taken; a second click changes nothing."""
    if enquiry.taken_by_id == by.pk and enquiry.answered_at is None:
        return
    free = Enquiry.objects.filter(pk=enquiry.pk, answered_at=None, taken_by=held_by)
    if not free.update(taken_by=by, taken_at=now):
        raise _taken(enquiry)
    _audit("enquiry.taken", enquiry, by, {"taken_by": [held_by, by.pk]})


@transaction.atomic
def give_up(*, enquiry: Enquiry, by: User) -> None:
    """Anybody may take it again. A second click changes nothing."""
    if Enquiry.objects.filter(pk=enquiry.pk, answered_at=None, taken_by=by).update(taken_by=None, taken_at=None):
        _audit("enquiry.given_up", enquiry, by, {"taken_by": [by.pk, None]})


@transaction.atomic
def answer(*, enquiry: Enquiry, said: dict[str, Any], by: User, now: datetime) -> Interaction:
    """Logs the contact of a valid ContactForm as the first answer. Raises Taken, and AlreadySent as contact.log does."""
    logged = contact.log(customer=enquiry.interaction.customer, contact=said, by=by, now=now)
    if Enquiry.objects.filter(pk=enquiry.pk, answer=logged).exists():
        return logged  # the same form once more
    moment = max(now, enquiry.asked_at)
    free = Q(taken_by=None) | Q(taken_by=by)
    done = Enquiry.objects.filter(free, pk=enquiry.pk, answered_at=None).update(
        answer=logged, answered_at=moment, answered_by=by, taken_by=by, taken_at=enquiry.taken_at or now
    )
    if not done:
        raise _taken(enquiry)
    _audit("enquiry.answered", enquiry, by, {"answer": [None, logged.pk]})
    return logged


@transaction.atomic
def end(*, enquiry: Enquiry, reason: str, by: User, now: datetime) -> None:
    """Without an answer. A second click changes nothing. Raises Taken."""
    free = Q(taken_by=None) | Q(taken_by=by)
    moment = max(now, enquiry.asked_at)
    if Enquiry.objects.filter(free, pk=enquiry.pk, answered_at=None).update(answered_at=moment, answered_by=by, no_answer=reason):
        _audit("enquiry.done", enquiry, by, {"no_answer": ["", reason]})
    elif not Enquiry.objects.filter(pk=enquiry.pk, answered_by=by, no_answer=reason).exists():
        raise _taken(enquiry)


@transaction.atomic
def undo_end(*, enquiry: Enquiry, by: User, now: datetime) -> None:
    """Takes back that it needed none. Raises PermissionDenied for what another ended, or long ago."""
    found = Enquiry.objects.select_for_update().select_related("interaction").get(pk=enquiry.pk)
    if found.answered_at is None:
        return
    if not found.no_answer or found.answered_by_id != by.pk or found.answered_at < now - UNDONE_WITHIN:
        raise PermissionDenied(_("You can take back what you ended yourself without an answer, within an hour."))
    wait_again(found, by)


def _taken(enquiry: Enquiry) -> Taken:
    """Says who was faster."""
    found = Enquiry.objects.select_related("taken_by").filter(pk=enquiry.pk).first()
    if found and found.answered_at is None and found.taken_by:
        return Taken(_("%(who)s is answering this. Take it over first, if that is agreed.") % {"who": found.taken_by})
    return Taken(_("This does not wait any more: somebody was faster. Look at the customer's timeline before you answer."))


def _audit(what: str, enquiry: Enquiry, by: User, changes: audit.Changes) -> None:
    audit.keep(what=what, by=by, of=enquiry, customer=enquiry.interaction.customer_id, changes=changes)
