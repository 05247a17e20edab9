"""The queue of those who wait for an answer; taking one, answering it, ending it without an answer."""

from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import contact
from crm.access import writers_only
from crm.contact import ContactForm
from crm.desk import answering
from crm.desk.answering import DoneForm
from crm.desk.queue import Waiting, find, queue
from crm.models import Enquiry, Interaction, User


@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    return render(request, "crm/desk/queue.html", {"queue": queue(request.GET, cast(User, request.user), timezone.now())})


@require_POST
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """`held_by` is who had it when the page was shown; empty is nobody."""
    held = request.POST.get("held_by", "")
    held_by = int(held) if held.isascii() and held.isdigit() and len(held) < 19 else None
    try:
        answering.take(enquiry=find(pk), by=cast(User, request.user), now=timezone.now(), held_by=held_by)
    except answering.Taken as faster:
        messages.info(request, faster.messages[0])
        return redirect("desk")
    return redirect("desk_answer", pk)


@require_POST
def give_up(request: HttpRequest, pk: int) -> HttpResponse:
    answering.give_up(enquiry=find(pk), by=cast(User, request.user))
    messages.success(request, _("Anybody may answer it again."))
    return redirect("desk")


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The log form, filled in for an answer by the same way; sending it logs the contact and ends the waiting."""
    enquiry = find(pk)
    form = ContactForm(request.POST) if request.method == "POST" else _answer_to(enquiry)
    if form.is_valid():
        try:
            logged = answering.answer(enquiry=enquiry, said=form.cleaned_data, by=cast(User, request.user), now=timezone.now())
        except contact.AlreadySent:
            form.renew()
        except ValidationError as wrong:
            form.add_error(None, wrong)
        else:
            messages.success(
                request, contact.said(logged, form.cleaned_data["follow_up"]), extra_tags=reverse("undo_log", args=[logged.pk])
            )
            return redirect("desk")
    waiting = Waiting(enquiry, timezone.now(), cast(User, request.user))
    return render(request, "crm/desk/answer.html", {"waiting": waiting, "customer": enquiry.interaction.customer, "form": form})


def _answer_to(enquiry: Enquiry) -> ContactForm:
    form = ContactForm.fresh()
    came_by = Interaction.Kind(enquiry.interaction.kind)
    form.initial["kind"] = contact.ANSWERED_BY.get(came_by, came_by)
    return form


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def done(request: HttpRequest, pk: int) -> HttpResponse:
    """Without an answer, with the reason."""
    enquiry, form = find(pk), DoneForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            answering.end(enquiry=enquiry, reason=form.cleaned_data["reason"], by=cast(User, request.user), now=timezone.now())
        except ValidationError as wrong:
            form.add_error(None, wrong)
        else:
            messages.success(request, _("It does not wait any more."), extra_tags=reverse("desk_undo", args=[pk]))
            return redirect("desk")
    waiting = Waiting(enquiry, timezone.now(), cast(User, request.user))
    return render(request, "crm/desk/done.html", {"waiting": waiting, "customer": enquiry.interaction.customer, "form": form})


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    answering.undo_end(enquiry=find(pk), by=cast(User, request.user), now=timezone.now())
    messages.success(request, _("It waits for an answer again."))
    return redirect("desk")
