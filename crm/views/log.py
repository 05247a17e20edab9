"""Logging what happened: on a customer's page, in one click from a list, or for whoever is found by typing, on a page or in a dialog."""

from typing import cast
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh, trigger_client_event

from crm import contact, quicklog
from crm.access import writers_only
from crm.contact import ContactForm
from crm.figures import figures_for
from crm.hiding import Hidden
from crm.models import Complaint, Customer, Interaction, User
from crm.profile import find_alone
from crm.returning import way_back
from crm.whom import Whom

# The dialog stands on pages that have such a form of their own.
IDS = "log-%s"


def _is_htmx(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request"))


@writers_only
@require_http_methods(["GET", "HEAD", "POST"])
def log(request: HttpRequest) -> HttpResponse:
    """For anyone: where the words fit one customer it is logged, where they fit several the page asks which. For htmx the dialog."""
    is_dialog = _is_htmx(request)
    template, ids = ("crm/logging/dialog.html", IDS) if is_dialog else ("crm/log.html", "id_%s")
    if request.method != "POST":
        whom = Whom.asked(request.GET)
        if is_dialog and request.headers.get("HX-Target") == "log-found":
            return render(request, "crm/logging/_whom.html", {"whom": whom})
        return render(request, template, {"form": ContactForm.fresh(auto_id=ids), "whom": whom})
    form, whom = ContactForm(request.POST, auto_id=ids), Whom.asked(request.POST)
    if form.is_valid() and whom.found and (logged := _log(request, whom.found, form)):
        return _after_dialog(request, logged, form) if is_dialog else redirect("customer", whom.found.pk)
    return render(request, template, {"form": form, "whom": whom})


def _after_dialog(request: HttpRequest, logged: Interaction, form: ContactForm) -> HttpResponse:
    customer = logged.customer
    is_theirs = urlsplit(request.headers.get("HX-Current-URL", "")).path == reverse("customer", args=[customer.pk])
    if is_theirs and contact.changes_more(logged, form.cleaned_data["follow_up"]):
        return _anew()
    return _told(request, "crm/logging/logged.html", customer, {"is_theirs": is_theirs})


def _anew() -> HttpResponse:
    """The whole page, which then says that it is logged: a complaint or a task shows in more places than one."""
    return trigger_client_event(HttpResponseClientRefresh(), "logged")


def _told(request: HttpRequest, template: str, customer: Customer, shown: dict[str, object]) -> HttpResponse:
    """That it is logged. The page of the customer, where it is open, hears it and fetches its timeline (templates/crm/_history.html)."""
    # The note that was just written is not read again: the figures lag behind it, but for those of the past.
    shown |= {"customer": customer, "changing": not figures_for(request).is_past}
    response = trigger_client_event(render(request, template, shown), "logged")
    return trigger_client_event(response, f"logged-{customer.pk}")


@require_POST
def log_of(request: HttpRequest, pk: int) -> HttpResponse:
    """For this customer; back to where the form was."""
    customer, form = find_alone(pk), ContactForm(request.POST)
    logged = _log(request, customer, form) if form.is_valid() else None
    if logged and not _is_htmx(request):
        return redirect(way_back(request, otherwise=reverse("customer", args=[pk])))
    if not _is_htmx(request):
        return render(request, "crm/log.html", {"form": form, "whom": Whom(str(customer), [customer], customer)})
    if not logged:
        return render(request, "crm/_quicklog.html", {"customer": customer, "form": form})
    if contact.changes_more(logged, form.cleaned_data["follow_up"]):
        return _anew()
    return _told(request, "crm/_logged.html", customer, {"quick": quicklog.fresh()})


def _log(request: HttpRequest, customer: Customer, form: ContactForm) -> Interaction | None:
    """What is logged; without it the form says why."""
    said = form.cleaned_data
    try:
        logged = contact.log(customer=customer, contact=said, by=cast(User, request.user), now=timezone.now())
    except contact.AlreadySent:
        form.renew()
        return None
    except ValidationError as wrong:
        form.add_error("follow_up", wrong)
        return None
    messages.success(request, contact.said(logged, said["follow_up"]), extra_tags=reverse("undo_log", args=[logged.pk]))
    return logged


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes back what was just logged; a second click finds nothing to take back, and says so."""
    interaction = Interaction.objects.select_related("customer").filter(pk=pk).first()
    back = way_back(request, otherwise=reverse("home"))
    if interaction is None:
        messages.info(request, _("That is not in the record any more."))
    else:
        if interaction.customer.is_hidden:
            raise Hidden(interaction.customer)
        opened = Complaint.objects.filter(contact=interaction).first()
        if opened and back == reverse("complaint", args=[opened.pk]):
            # The page on which it was said goes with it.
            back = reverse("customer", args=[interaction.customer_id])
        contact.undo(interaction=interaction, by=cast(User, request.user), now=timezone.now())
        messages.success(request, _("Taken back: it is not in the record any more."))
    return redirect(back)
