from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.contact import ContactForm
from crm.figures import figures_for
from crm.profile import find, history, profile


@require_safe
def customer(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole page; for htmx the part it asks for by its target: older events, or the figures once they are brought up to date."""
    found = find(pk)
    target = request.headers.get("HX-Target", "") if request.headers.get("HX-Request") else ""
    older = request.GET.get("before", "")
    if target == "older":
        return render(request, "crm/_events.html", {"customer": found, "history": history(found, older)})
    page = profile(found, figures_for(request))
    if target == "fresh":
        return HttpResponse(status=204) if page.is_changing else render(request, "crm/_brought_up.html", {"page": page})
    shown = {"page": page, "customer": found, "history": history(found, older), "form": ContactForm.fresh()}
    return render(request, "crm/customer.html", shown)
