"""Households: who lives together with whom."""

from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.access import writers_only
from crm.figures import figures_for
from crm.models import Household, User
from crm.people import households
from crm.people.household_page import HouseholdPage
from crm.people.households import Already
from crm.profile import find
from crm.returning import way_back
from crm.whom import Whom


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    """From the page of a customer: with whom they live. Into the household of either, or a new one."""
    customer = find(pk)
    whom, problem, name = Whom(), "", request.POST.get("name", "")
    if request.method == "POST":
        whom = Whom.asked(request.POST)
        if whom.found:
            try:
                made = households.live_together(customer=customer, other=whom.found, name=name.strip(), by=_by(request))
            except Already:
                return redirect("customer", pk)
            except ValidationError as wrong:
                problem = wrong.messages[0]
            else:
                sentence = _("%(who)s and %(other)s are in the household “%(name)s”.")
                messages.success(request, sentence % {"who": customer, "other": whom.found, "name": made})
                return redirect("household", made.pk)
    return render(request, "crm/people/household_begin.html", {"customer": customer, "whom": whom, "problem": problem, "name": name})


@require_safe
def household(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _household(pk))


@require_POST
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    found, name = _household(pk), request.POST.get("name", "")
    try:
        households.rename(household=found, name=name, by=_by(request))
    except ValidationError as wrong:
        return _page(request, found, name=name, problem=wrong.messages[0])
    return redirect("household", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Where the words fit several, the page asks which."""
    found = _household(pk)
    whom, problem = Whom.asked(request.POST if request.method == "POST" else {}), ""
    if whom.found:
        try:
            households.put_in(household=found, customer=whom.found, by=_by(request))
        except Already as twice:
            messages.info(request, twice.messages[0])
        except ValidationError as wrong:
            problem = wrong.messages[0]
        else:
            undo = reverse("household_out", args=[pk, whom.found.pk])
            messages.success(request, _("%(who)s is in the household now.") % {"who": whom.found}, extra_tags=undo)
        if not problem:
            return redirect("household", pk)
    return _page(request, found, whom=whom, add_problem=problem)


@require_POST
def take_out(request: HttpRequest, pk: int, customer: int) -> HttpResponse:
    """A second click finds nobody to take out, and says nothing."""
    found, who = _household(pk), find(customer)
    if households.take_out(household=found, customer=who, now=timezone.now(), by=_by(request)):
        undo = reverse("household_back", args=[pk, customer])
        messages.success(request, _("%(who)s is not in the household any more.") % {"who": who}, extra_tags=undo)
    return _back(request, found)


@require_POST
def put_back(request: HttpRequest, pk: int, customer: int) -> HttpResponse:
    """Undoes taking out, also of the last one, with whom the household was dissolved."""
    found, who = get_object_or_404(Household, pk=pk), find(customer)
    try:
        households.put_in(household=found, customer=who, by=_by(request))
    except ValidationError as wrong:
        messages.info(request, wrong.messages[0])
    else:
        messages.success(request, _("%(who)s is in the household now.") % {"who": who})
    return _back(request, found)


@require_POST
def dissolve(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Household, pk=pk)
    if households.dissolve(household=found, now=timezone.now(), by=_by(request)):
        messages.success(
            request, _("The household “%(name)s” is dissolved.") % {"name": found}, extra_tags=reverse("household_restore", args=[pk])
        )
    return redirect("customers")


@require_POST
def undo_dissolve(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Household, pk=pk)
    if came := households.restore(household=found, by=_by(request)):
        said = ngettext("%(number)d person is in the household again.", "%(number)d people are in the household again.", came)
        messages.success(request, said % {"number": came})
    return _back(request, found)


def _back(request: HttpRequest, household: Household) -> HttpResponse:
    """To where the form was; not to the page of a household that is no more."""
    household.refresh_from_db()
    here = reverse("household", args=[household.pk])
    way = way_back(request, otherwise=here)
    return redirect(reverse("customers") if household.dissolved_at and way.partition("?")[0] == here else way)


def _page(
    request: HttpRequest, household: Household, *, whom: Whom | None = None, name: str = "", problem: str = "", add_problem: str = ""
) -> HttpResponse:
    page = HouseholdPage.at(household, figures_for(request), request.GET.get("page", ""))
    shown = {"page": page, "whom": whom or Whom(), "name": name or household.name, "problem": problem, "add_problem": add_problem}
    return render(request, "crm/people/household.html", shown)


def _household(pk: int) -> Household:
    return get_object_or_404(Household, pk=pk, dissolved_at=None)


def _by(request: HttpRequest) -> User:
    return cast(User, request.user)
