from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.figures import figures_for
from crm.list_actions import actions_for
from crm.listing import listing


@require_safe
def customers(request: HttpRequest) -> HttpResponse:
    """Everyone, or whom the address asks for; for htmx the list alone."""
    figures = figures_for(request)
    shown = listing(request.GET, figures, figures.business.today())
    template = "crm/_customers.html" if request.headers.get("HX-Request") else "crm/customers.html"
    return render(request, template, {"listing": shown, "actions": actions_for(request, shown)})
