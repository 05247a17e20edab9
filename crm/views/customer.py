from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from crm import quicklog
from crm.amending import Amender
from crm.figures import figures_for
from crm.models import User
from crm.ordered import latest_orders
from crm.profile import find_for_page, history, is_changing, profile


@require_safe
def customer(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole page; for htmx the part it asks for by its target: older events, or the figures once they are brought up to date."""
    found = find_for_page(pk)
    target = request.headers.get("HX-Target", "") if request.headers.get("HX-Request") else ""
    amender = Amender(cast(User, request.user), timezone.now())
    shown: dict[str, object] = {"customer": found, "amender": amender}
    if target in {"older", "timeline"}:
        shown["history"] = history(found, request.GET.get("before", ""), request.GET.get("show", ""))
        return render(request, "crm/_events.html" if target == "older" else "crm/_history.html", shown)
    figures = figures_for(request)
    if target == "fresh" and is_changing(found, figures):
        return HttpResponse(status=204)
    # Both for the strip and for the timeline.
    latest_orders(found)
    page = profile(found, figures)
    if target == "fresh":
        return render(request, "crm/_brought_up.html", {"page": page})
    shown |= {"page": page, "quick": quicklog.fresh()}
    # After the panels, which may have read for the timeline already.
    shown["history"] = history(found, request.GET.get("before", ""), request.GET.get("show", ""))
    return render(request, "crm/customer.html", shown)
