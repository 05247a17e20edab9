"""Complaints: the list, one of them with all that was done, and what is done about it."""

from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.access import writers_only
from crm.complaints import listing, words, writing
from crm.complaints.forms import Act, Change, OpenForm
from crm.complaints.page import DEEDS, find, form_of, page
from crm.complaints.seen import Meanwhile
from crm.figures import business_of
from crm.models import Complaint, ComplaintStep, User
from crm.profile import find as find_customer


@require_safe
def complaints(request: HttpRequest) -> HttpResponse:
    shown = listing.complaints(request.GET, cast(User, request.user), business_of(request).today())
    return render(request, "crm/complaints/list.html", {"list": shown})


@require_safe
def complaint(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "crm/complaints/complaint.html", {"page": page(find(pk), business_of(request).today())})


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def open_complaint(request: HttpRequest, pk: int) -> HttpResponse:
    """Of this customer."""
    customer, by = find_customer(pk), cast(User, request.user)
    form = OpenForm(request.POST if request.method == "POST" else None, customer=customer, by=by)
    if form.is_valid():
        try:
            made = writing.open_complaint(customer=customer, **form.said, **_how(request, form))
        except ValidationError as wrong:
            form.add_error(None, wrong)
        else:
            messages.success(request, words.said(ComplaintStep.Kind.OPENED, made))
            return redirect("complaint", made.pk)
    return render(request, "crm/complaints/open.html", {"customer": customer, "form": form})


@require_POST
def act(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """One of the things that may be done about a complaint; where something is wrong, its page says so, with what was written."""
    if name not in DEEDS:
        raise Http404(_("There is no such thing to do about a complaint."))
    found = find(pk)
    form = form_of(name, request.POST, found)
    if form.is_valid():
        try:
            done: Complaint = DEEDS[name].act(complaint=found, **form.said, **_how(request, form))
        except Meanwhile as meanwhile:
            found = find(pk)
            form.show_later(meanwhile)
        except ValidationError as wrong:
            found = find(pk)
            form.show_wrong(wrong)
        else:
            _say(request, form, done)
            return redirect("complaint", done.pk)
    return render(request, "crm/complaints/complaint.html", {"page": page(found, business_of(request).today(), form)})


def _say(request: HttpRequest, form: Change, done: Complaint) -> None:
    """What came of a form; that they came back was a contact, which may be taken back."""
    step = done.steps.filter(form_key=form.cleaned_data["key"]).first()
    if step is None:
        messages.info(request, _("Nothing was changed."))
        return
    contact = (step.contact_id or done.contact_id) if form.kind == ComplaintStep.Kind.REOPENED else None
    messages.success(
        request, words.said(ComplaintStep.Kind(step.kind), done), extra_tags=reverse("undo_log", args=[contact]) if contact else ""
    )


def _how(request: HttpRequest, form: Act) -> writing.How:
    now = timezone.now()
    how = {"by": cast(User, request.user), "today": business_of(request).local_date(now), "now": now, **form.how}
    return cast(writing.How, how)
