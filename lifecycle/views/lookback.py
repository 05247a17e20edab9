"""Looking back at the day of the newest order, where that is old; and back to the live figures."""

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from crm import jobs
from crm.access import is_owner
from crm.figures import CHOICE, figures_for, old_data
from crm.models import Business
from crm.money import day
from crm.returning import way_back
from lifecycle.lookback_banner import KIND, banner


@require_POST
def look_back(request: HttpRequest) -> HttpResponse:
    """Chooses the day that is offered, for this session; an owner has it computed where it is not."""
    business = Business.load()
    offered = old_data(business, business.today())
    if offered is None:
        messages.error(request, _("There is no day to look back at: one is offered where the newest order is older than 60 days."))
    elif request.POST.get("day") != offered.isoformat():
        messages.error(request, _("You can look back at the day of the newest order alone, which is %(day)s.") % {"day": day(offered)})
    elif business.past_as_of == offered or is_owner(request.user):
        _choose(request, offered, is_computed=business.past_as_of == offered)
    else:
        messages.error(request, _("The figures as of %(day)s are not computed yet; an owner can have it done.") % {"day": day(offered)})
    return redirect(way_back(request, otherwise=reverse("home")))


def _choose(request: HttpRequest, offered: date, *, is_computed: bool) -> None:
    request.session[CHOICE] = offered.isoformat()
    if not is_computed:
        jobs.enqueue(KIND, {"as_of": offered.isoformat()}, key=offered.isoformat())


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
