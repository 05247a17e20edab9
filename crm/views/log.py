"""Logging what happened: on a customer's page, in one click from a list, or for whoever is found by typing."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm import contact
from crm.contact import ContactForm
from crm.figures import figures_for
from crm.models import Customer, Interaction, User
from crm.profile import find, history, is_changing
from crm.returning import way_back
from crm.whom import Whom


@require_http_methods(["GET", "HEAD", "POST"])
def log(request: HttpRequest) -> HttpResponse:
    """For anyone: where the words fit one customer it is logged, where they fit several the page asks which."""
    if request.method != "POST":
        return render(request, "crm/log.html", {"form": ContactForm.fresh(), "whom": Whom.asked(request.GET)})
    form, whom = ContactForm(request.POST), Whom.asked(request.POST)
    if form.is_valid() and whom.found and _log(request, whom.found, form):
        return redirect("customer", whom.found.pk)
    return render(request, "crm/log.html", {"form": form, "whom": whom})


@require_POST
def log_of(request: HttpRequest, pk: int) -> HttpResponse:
    """For this customer; back to where the form was."""
    customer, form = find(pk), ContactForm(request.POST)
    if form.is_valid() and _log(request, customer, form):
        if not request.headers.get("HX-Request"):
            return redirect(way_back(request, otherwise=reverse("customer", args=[pk])))
        customer, form = find(pk), ContactForm.fresh()
    if request.headers.get("HX-Request"):
        changing = is_changing(customer, figures_for(request))
        return render(request, "crm/_logged.html", {"customer": customer, "history": history(customer), "form": form, "changing": changing})
    return render(request, "crm/log.html", {"form": form, "whom": Whom(str(customer), [customer], customer)})


def _log(request: HttpRequest, customer: Customer, form: ContactForm) -> bool:
    """Whether it is logged; if not, the form says why."""
    try:
        logged = contact.log(customer=customer, contact=form.cleaned_data, by=cast(User, request.user), now=timezone.now())
    except contact.AlreadySent:
        form.renew()
        return False
    messages.success(request, contact.said(logged), extra_tags=reverse("undo_log", args=[logged.pk]))
    return True


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes back what was just logged; a second click finds nothing to take back, and says so."""
    interaction = Interaction.objects.filter(pk=pk).first()
    if interaction is None:
        messages.info(request, _("That is not in the record any more."))
    else:
        contact.undo(interaction=interaction, by=cast(User, request.user), now=timezone.now())
        messages.success(request, _("Taken back: it is not in the record any more."))
    return redirect(way_back(request, otherwise=reverse("home")))
