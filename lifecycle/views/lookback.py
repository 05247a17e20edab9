"""Looking back at a day in the past, as is offered where the newest order is old; and back to the live figures."""

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from crm import jobs
from crm.access import is_owner, readers_too
from crm.figures import CHOICE, a_day, figures_for
from crm.models import Business, Order
from crm.money import day
from crm.returning import way_back
from lifecycle.lookback_banner import KIND, banner


@readers_too
@require_POST
def look_back(request: HttpRequest) -> HttpResponse:
    """Chooses a day from the first order to the live date, for this session; an owner has it computed where it is not."""
    business, chosen = Business.load(), a_day(request.POST.get("day", ""))
    first, live = Order.objects.order_by("ordered_on").values_list("ordered_on", flat=True).first(), business.as_of
    if first is None or live is None or first > live:
        messages.error(request, _("There is no day to look back at: there are no figures of any order yet."))
    elif chosen is None or not first <= chosen <= live:
        sentence = _("You can look back at any day from %(first)s to %(live)s; give it like 2024-03-31.")
        messages.error(request, sentence % {"first": date_format(first), "live": date_format(live)})
    elif chosen == live:
        request.session.pop(CHOICE, None)
    elif business.past_as_of == chosen or is_owner(request.user):
        _choose(request, chosen, is_computed=business.past_as_of == chosen)
    else:
        messages.error(request, _("The figures as of %(day)s are not computed yet; an owner can have it done.") % {"day": day(chosen)})
    return redirect(way_back(request, otherwise=reverse("home")))


def _choose(request: HttpRequest, chosen: date, *, is_computed: bool) -> None:
    request.session[CHOICE] = chosen.isoformat()
    if not is_computed:
        jobs.enqueue(KIND, {"as_of": chosen.isoformat()}, key=chosen.isoformat())


@readers_too
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    request.session.pop(CHOICE, None)
    return redirect(way_back(request, otherwise=reverse("home")))


@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """A part of the banner. Once there is nothing to wait for, the page is to be read again."""
    if "HX-Request" not in request.headers:
        return redirect("home")
    found = banner(request, figures_for(request), timezone.now())
    if found is None or found.job is None:
        return HttpResponseClientRefresh()
    return render(request, "lifecycle/_look_back_progress.html", {"job": found.job})
