"""Recording what is known of a customer, taking it back, and taking that back."""

from typing import cast

from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm import evidence_words
from crm.access import writers_only
from crm.evidence import RecordedAlready, held, record_evidence
from crm.evidence_panel import EvidenceForm, read_undo, undo_address
from crm.models import Business, Customer, Evidence, User
from crm.profile import find
from crm.returning import way_back


@writers_only
@require_http_methods(["GET", "HEAD", "POST"])
def evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of the customer's page, by itself: where something is wrong with what was sent, it says so."""
    customer, today = find(pk), Business.load().today()
    form = EvidenceForm(request.POST if request.method == "POST" else None, today)
    if form.is_valid() and _write(request, customer, form):
        return redirect("customer", pk)
    return render(request, "crm/evidence.html", {"customer": customer, "form": form})


def _write(request: HttpRequest, customer: Customer, form: EvidenceForm) -> bool:
    """Whether it is in the record now; if not, the form says why."""
    by = cast(User, request.user)
    try:
        made = record_evidence(customer=customer, holds=True, by=by, today=Business.load().today(), **form.evidence)
    except RecordedAlready as twice:
        messages.info(request, twice.messages[0])
    except ValidationError as wrong:
        form.add_error(None, wrong)
        return False
    else:
        messages.success(request, evidence_words.said(made, customer), extra_tags=reverse("evidence_back", args=[customer.pk, made.kind]))
    return True


@require_POST
def take_back(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """It holds no more: one click, which is itself recorded."""
    customer, today = find(pk), Business.load().today()
    was = next((one for one in held(customer) if one.kind == kind), None)
    try:
        made = record_evidence(
            customer=customer, kind=kind, holds=False, happened_on=today, by=cast(User, request.user), text="", today=today
        )
    except ValidationError as wrong:
        messages.info(request, wrong.messages[0])
    else:
        messages.success(request, evidence_words.said(made, customer), extra_tags=undo_address(customer, was) if was else "")
    return redirect(way_back(request, otherwise=reverse("customer", args=[pk])))


@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Records once more what was taken back a moment ago."""
    customer, today = find(pk), Business.load().today()
    try:
        was = read_undo(customer, request.GET.get("was", ""))
        made: Evidence = record_evidence(customer=customer, holds=True, by=cast(User, request.user), today=today, **was)
    except signing.BadSignature:
        messages.info(request, _("It is too late to undo that: record it once more."))
    except ValidationError as wrong:
        messages.info(request, wrong.messages[0])
    else:
        messages.success(request, evidence_words.said(made, customer))
    return redirect(way_back(request, otherwise=reverse("customer", args=[pk])))
