from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.access import owner_only
from crm.figures import figures_for
from segments.vital_few import LISTS, ParetoPage


@require_safe
@owner_only
def pareto(request: HttpRequest) -> HttpResponse:
    """Whose list the end of the page shows is in the address, and which page of it."""
    shown = request.GET.get("show", LISTS[0])
    if shown not in LISTS:
        raise Http404
    figures = figures_for(request)
    page = ParetoPage.of(figures, figures.as_of, shown, request.GET.get("page", "1")) if figures.as_of else None
    return render(request, "segments/pareto.html", {"page": page})
