"""Who changed what: of one customer for everyone who sees them, of everything for an owner."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm import audit_page
from crm.access import owner_only
from crm.models import Business
from crm.profile import find


@require_safe
@owner_only
def audit(request: HttpRequest) -> HttpResponse:
    return render(request, "crm/audit.html", {"log": audit_page.log(request.GET, Business.load())})


@require_safe
def of_customer(request: HttpRequest, pk: int) -> HttpResponse:
    customer = find(pk)
    return render(request, "crm/audit_customer.html", {"customer": customer, "log": audit_page.log_of(customer, request.GET)})
