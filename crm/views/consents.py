"""Recording what a customer agreed to, and taking it back."""

from typing import cast

from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from crm import consents
from crm.access import writers_only
from crm.consent_panel import ConsentForm, read_undo, title, undo_address
from crm.models import Business, Consent, Customer, User
from crm.profile import find
from crm.returning import way_back


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of the customer's page, by itself: where something is wrong with what was sent, it says so."""
    customer, today = find(pk), Business.load().today()
    form = ConsentForm(request.POST if request.method == "POST" else None, today)
    if form.is_valid() and _write(request, customer, form):
        return redirect(way_back(request, otherwise=reverse("customer", args=[pk])))
    return render(request, "crm/consent.html", {"customer": customer, "form": form})


def _write(request: HttpRequest, customer: Customer, form: ConsentForm) -> bool:
    """Whether it is in the record now; if not, the form says why."""
    by, today = cast(User, request.user), Business.load().today()
    try:
        made = consents.record_consent(customer=customer, by=by, today=today, **form.cleaned_data)
    except consents.SaidAlready as twice:
        messages.info(request, twice.messages[0])
    except ValidationError as wrong:
        form.add_error(None, wrong)
        return False
    else:
        said = _("Recorded that they agree. %(title)s.") if made.given else _("Recorded that they do not agree. %(title)s.")
        messages.success(request, said % {"title": title(made.purpose, made.channel)}, extra_tags=undo_address(customer, [made]))
    return True


@require_POST
def object_to_marketing(request: HttpRequest, pk: int) -> HttpResponse:
    """They do not want any marketing: one press withdraws it all, with all profiling."""
    customer, today = find(pk), Business.load().today()
    how = request.POST.get("how", Consent.How.PHONE)
    try:
        made = consents.object_to_marketing(customer=customer, how=how, on=today, by=cast(User, request.user), today=today)
    except ValidationError as wrong:
        messages.info(request, wrong.messages[0])
    else:
        said = _("%(who)s gets no marketing any more, and nothing is worked out about them.") if made else _("That is recorded already.")
        messages.success(request, said % {"who": customer}, extra_tags=undo_address(customer, made) if made else "")
    return redirect(way_back(request, otherwise=reverse("customer", args=[pk])))


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    customer, today = find(pk), Business.load().today()
    try:
        made = read_undo(customer, request.GET.get("made", ""))
    except signing.BadSignature:
        messages.info(request, _("It is too late to undo that: record it once more."))
    else:
        undone = consents.put_back(customer=customer, made=made, on=today, by=cast(User, request.user))
        said = ngettext("%(number)d consent is as it was before.", "%(number)d consents are as they were before.", undone)
        messages.success(request, said % {"number": undone})
    return redirect(way_back(request, otherwise=reverse("customer", args=[pk])))
