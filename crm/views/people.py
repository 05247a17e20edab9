"""The people around a customer: where they work, whom they brought, and how they are reached."""

from typing import cast

from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.access import writers_only
from crm.figures import figures_for
from crm.models import Customer, SocialProfile, User
from crm.people.around import AroundPage, brought_by, people_of
from crm.people.companies import LONGEST_POSITION, leave_company, set_company
from crm.people.profiles import add_profile, remove_profile
from crm.people.reach import Reach, ReachForm, save_reach
from crm.profile import find
from crm.returning import way_back
from crm.whom import Whom

_SALT, UNDONE_WITHIN = "crm.people", 3600


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def company(request: HttpRequest, pk: int) -> HttpResponse:
    """Where this person works."""
    customer = find(pk)
    position, whom, problem = request.POST.get("position", customer.position), Whom(), ""
    if request.method == "POST":
        whom = Whom.asked(request.POST)
        if whom.found:
            problem = _set_company(request, customer, whom.found, position)
            if not problem:
                return redirect("customer", pk)
    elif customer.works_at:
        whom = Whom(str(customer.works_at), [customer.works_at], customer.works_at)
    shown = {"customer": customer, "whom": whom, "problem": problem, "position": position, "longest": LONGEST_POSITION}
    return render(request, "crm/people/company.html", shown)


def _set_company(request: HttpRequest, person: Customer, company: Customer, position: str) -> str:
    """What is wrong, in a sentence; empty where it is in the record."""
    try:
        is_new = set_company(person=person, company=company, position=position, by=_by(request))
    except ValidationError as wrong:
        return str(wrong.messages[0])
    if is_new:
        messages.success(request, _("%(who)s works at %(company)s.") % {"who": person, "company": company})
    return ""


@require_POST
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    customer = find(pk)
    was = customer.position
    if company := leave_company(person=customer, by=_by(request)):
        undo = f"{reverse('company_back', args=[pk])}?was={signing.dumps([pk, company.pk, was], salt=_SALT)}"
        said = _("%(who)s does not work at %(company)s any more.") % {"who": customer, "company": company}
        messages.success(request, said, extra_tags=undo)
    return redirect(way_back(request, otherwise=reverse("customer", args=[pk])))


@require_POST
def back(request: HttpRequest, pk: int) -> HttpResponse:
    """Undoes leaving, within the hour."""
    customer = find(pk)
    try:
        whose, where, position = signing.loads(request.GET.get("was", ""), salt=_SALT, max_age=UNDONE_WITHIN)
    except signing.BadSignature:
        whose, where, position = 0, 0, ""
    company = Customer.objects.present().filter(pk=where).first() if whose == pk else None
    if company is None:
        messages.info(request, _("It is too late to undo that: record it once more."))
    elif problem := _set_company(request, customer, company, position):
        messages.info(request, problem)
    return redirect(way_back(request, otherwise=reverse("customer", args=[pk])))


@require_http_methods(["GET", "HEAD", "POST"])
def staff(request: HttpRequest, pk: int) -> HttpResponse:
    """The people of a company: all of them, and one more."""
    customer, whom, problem = find(pk), Whom(), ""
    position = request.POST.get("position", "")
    if request.method == "POST":
        whom = Whom.asked(request.POST)
        if whom.found:
            problem = _set_company(request, whom.found, customer, position)
            if not problem:
                return redirect("company_people", pk)
    page = AroundPage.at(customer, people_of(customer, figures_for(request)), request.GET.get("page", ""))
    shown = {"page": page, "whom": whom, "problem": problem, "position": position, "longest": LONGEST_POSITION}
    return render(request, "crm/people/company_people.html", shown)


@require_safe
def brought(request: HttpRequest, pk: int) -> HttpResponse:
    customer = find(pk)
    page = AroundPage.at(customer, brought_by(customer, figures_for(request)), request.GET.get("page", ""))
    return render(request, "crm/people/brought.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def reach(request: HttpRequest, pk: int) -> HttpResponse:
    """How they want to be reached, and where they are found."""
    customer = find(pk)
    form = ReachForm(request.POST) if request.method == "POST" else ReachForm.of(customer)
    if form.is_bound and form.is_valid():
        if save_reach(customer=customer, said=form.cleaned_data, by=_by(request)):
            messages.success(request, _("Saved."))
        return redirect("customer", pk)
    return _reach_page(request, customer, form)


def _reach_page(request: HttpRequest, customer: Customer, form: ReachForm, problem: str = "") -> HttpResponse:
    typed = {"network": request.POST.get("network", ""), "text": request.POST.get("text", "")}
    shown = {"reach": Reach.of(customer, figures_for(request)), "customer": customer, "form": form, "problem": problem, "typed": typed}
    return render(request, "crm/people/reach.html", shown | {"networks": SocialProfile.Network.choices})


@require_POST
def add_profile_of(request: HttpRequest, pk: int) -> HttpResponse:
    customer = find(pk)
    try:
        made = add_profile(customer=customer, network=request.POST.get("network", ""), text=request.POST.get("text", ""), by=_by(request))
    except ValidationError as wrong:
        return _reach_page(request, customer, ReachForm.of(customer), wrong.messages[0])
    if made:
        messages.success(request, _("%(profile)s is kept.") % {"profile": made})
    return redirect("reach", pk)


@require_POST
def remove_profile_of(request: HttpRequest, pk: int, profile: int) -> HttpResponse:
    """A second click finds nothing to remove, and says nothing."""
    if gone := remove_profile(customer=find(pk), pk=profile, by=_by(request)):
        messages.success(request, _("%(profile)s is removed.") % {"profile": gone})
    return redirect("reach", pk)


def _by(request: HttpRequest) -> User:
    return cast(User, request.user)
