"""Saved segments: everybody may look at them; to make, change, delete and export them is an owner's."""

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import audit
from crm.access import is_owner, owner_only, refuse_all_but_owners
from crm.figures import business_of
from crm.models import Business, Customer, User
from crm.rules import InvalidRule, loads
from crm.rules.builder import pressed
from crm.whom import Whom
from segments import members_file, saved
from segments.choices import choose, take_back
from segments.forms import SegmentForm
from segments.models import Choice, Segment, SegmentVersion
from segments.segment_list import SegmentList
from segments.segment_moves import SegmentMoves
from segments.segment_page import SegmentPage

# The largest key of a row.
MOST = 2**31 - 1


@require_safe
def segments(request: HttpRequest) -> HttpResponse:
    shown = SegmentList.of(business_of(request), request.GET.get("page", "1"))
    return render(request, "segments/segments.html", {"list": shown})


@require_http_methods(["GET", "HEAD", "POST"])
@owner_only
def new(request: HttpRequest) -> HttpResponse:
    """With the rule of the address, where there is one."""
    if request.method != "POST":
        return render(request, "segments/new.html", {"form": _fresh(request)})
    form = SegmentForm(request.POST)
    if _is_sent(form):
        said = form.cleaned_data
        try:
            made = saved.make_segment(by=_person(request), name=said["name"], rule=said["rule"], purpose=said["purpose"])
        except ValidationError as wrong:
            form.add_error(None, wrong)
        else:
            messages.success(request, _("“%(name)s” is saved.") % {"name": made.name})
            return redirect("segment", made.pk)
    return render(request, "segments/new.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def segment(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of a segment; by POST an owner saves it."""
    found = _found(pk)
    if request.method != "POST":
        return _page(request, found, _form_of(found))
    refuse_all_but_owners(request.user)
    form = SegmentForm(request.POST)
    if _is_sent(form) and _save(request, found, form):
        return redirect("segment", pk)
    return _page(request, _found(pk), form)


@require_safe
def moves(request: HttpRequest, pk: int) -> HttpResponse:
    """Everybody who came and went, page by page; or those who came, or left, alone."""
    found = _found(pk)
    shown = SegmentMoves.of(found, request.GET.get("way", ""), request.GET.get("page", ""))
    return render(request, "segments/moves.html", {"segment": found, "moves": shown})


@require_POST
@owner_only
def put(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts a customer in by hand, or leaves one out: `pick` is the side and the customer, such as include:12."""
    found, (side, _colon, number) = _found(pk), request.POST.get("pick", "").partition(":")
    customer = Customer.objects.present().filter(pk=_number(number)).first()
    if customer is None or side not in Choice.Side.values:
        messages.error(request, _("That customer is not there any more: look for them again."))
        return redirect("segment", pk)
    try:
        choose(segment=found, customer=customer, side=side, reason=request.POST.get("reason", ""), by=_person(request), as_of=_as_of())
    except ValidationError as wrong:
        messages.error(request, " ".join(wrong.messages))
    else:
        said = _("%(who)s is put in by hand.") if side == Choice.Side.INCLUDE else _("%(who)s is left out by hand.")
        messages.success(request, said % {"who": customer})
    return redirect("segment", pk)


@require_POST
@owner_only
def put_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a choice by hand back; a second click finds none, and says so."""
    found = _found(pk)
    customer = Customer.objects.filter(pk=_number(request.POST.get("customer", ""))).first()
    if customer and take_back(segment=found, customer=customer, by=_person(request), as_of=_as_of()):
        messages.success(request, _("The rule decides about %(who)s again.") % {"who": customer})
    else:
        messages.info(request, _("There is no choice by hand to take back."))
    return redirect("segment", pk)


@require_POST
@owner_only
def duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    made = saved.duplicate(segment=_found(pk), by=_person(request))
    messages.success(request, _("“%(name)s” is saved.") % {"name": made.name})
    return redirect("segment", made.pk)


@require_POST
@owner_only
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    found = _found(pk)
    try:
        saved.delete_segment(segment=found, by=_person(request))
    except saved.InUse as used:
        messages.error(request, str(used))
        return redirect("segment", pk)
    messages.success(request, _("“%(name)s” is deleted.") % {"name": found.name})
    return redirect("segments")


@require_POST
@owner_only
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """The rule of an earlier version becomes the rule again, as a version of its own."""
    found = _found(pk)
    old = get_object_or_404(SegmentVersion, segment=found, number=_number(request.POST.get("number", "")))
    seen, by = _number(request.POST.get("version", "")), _person(request)
    try:
        saved.save_segment(segment=found, version=seen, by=by, name=found.name, rule=old.rule, purpose=found.purpose)
    except saved.Outdated:
        messages.error(request, _("Somebody saved this segment meanwhile: look at it again, then go back."))
    except ValidationError as wrong:
        messages.error(request, " ".join(wrong.messages))
    else:
        messages.success(request, _("The rule of version %(number)d holds again.") % {"number": old.number})
    return redirect("segment", pk)


@require_POST
@owner_only
def members(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Who is in it, as a CSV file. Sent for, not looked at: who took it is written down."""
    found = _found(pk)
    audit.keep(what="segment.exported", by=_person(request), of=found)
    attached = {"Content-Disposition": f'attachment; filename="segment-{found.key}.csv"'}
    return StreamingHttpResponse(members_file.lines(found), content_type="text/csv; charset=utf-8", headers=attached)


def _found(pk: int) -> Segment:
    return get_object_or_404(Segment.objects.select_related("owner"), pk=pk)


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


def _as_of() -> Any:
    """The day of the figures, or today before there are any."""
    business = Business.load()
    return business.as_of or business.local_date(timezone.now())


def _number(text: str) -> int:
    """A key or a number from outside; 0, which none has, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= MOST else 0


def _fresh(request: HttpRequest) -> SegmentForm:
    """Empty, or with the rule of the address; one that cannot be read is left out with a word."""
    text = request.GET.get("rule", "")
    try:
        return SegmentForm(initial={"rule": loads(text)} if text else None)
    except InvalidRule as wrong:
        messages.error(request, " ".join(wrong.sentences))
        return SegmentForm()


def _form_of(found: Segment) -> SegmentForm:
    return SegmentForm(initial={"rule": found.rule, "name": found.name, "purpose": found.purpose, "version": found.version})


def _is_sent(form: SegmentForm) -> bool:
    """Whether it is right and meant to be saved."""
    return not pressed(form) and form.is_valid()


def _save(request: HttpRequest, found: Segment, form: SegmentForm) -> bool:
    """Whether it is saved; if not, the form says why, and holds what was written."""
    said = form.cleaned_data
    values = {"name": said["name"], "rule": said["rule"], "purpose": said["purpose"]}
    try:
        saved.save_segment(segment=found, version=_number(said["version"]), by=_person(request), **values)
    except saved.Outdated as newer:
        form.add_error(None, str(newer))
        form.see_version(Segment.objects.filter(pk=found.pk).values_list("version", flat=True).first())
        return False
    except ValidationError as wrong:
        form.add_error(None, wrong)
        return False
    messages.success(request, _("Saved."))
    return True


def _page(request: HttpRequest, found: Segment, form: SegmentForm) -> HttpResponse:
    owner = is_owner(request.user)
    page = SegmentPage.of(found, business_of(request), with_money=owner)
    whom = Whom.asked(request.GET) if owner else Whom()
    form.leave_people_out()
    return render(request, "segments/segment.html", {"page": page, "segment": found, "form": form, "whom": whom})
