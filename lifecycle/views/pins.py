"""A customer's stage set by hand, and released again."""

from datetime import timedelta
from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.access import writers_only
from crm.models import Business, Customer, User
from crm.profile import find
from crm.returning import way_back
from lifecycle import moves
from lifecycle.models import Ladder, PinChange, Position
from lifecycle.pins import StageForm, form_of_all, put, put_back, said

UNDONE_WITHIN = timedelta(hours=1)


@writers_only
@require_http_methods(["GET", "HEAD", "POST"])
def stage(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of the customer's page with the stages of every ladder; where something is wrong with what was sent, it says so."""
    customer, today = find(pk), Business.load().today()
    form = form_of_all(request.POST if request.method == "POST" else None, customer, today)
    if form.is_valid() and _put(request, customer, form):
        return redirect("customer", pk)
    return render(request, "lifecycle/by_hand.html", {"customer": customer, "form": form})


def _put(request: HttpRequest, customer: Customer, form: StageForm) -> bool:
    """Whether it is so now; if not, the form says why."""
    was_pinned = Position.objects.filter(customer=customer, pinned=True).values_list("ladder", flat=True)
    before = set(was_pinned)
    try:
        done = put(customer=customer, form=form, by=cast(User, request.user), today=Business.load().today())
    except moves.DoneAlready as twice:
        messages.info(request, twice.messages[0])
    except ValidationError as wrong:
        form.add_error(None, wrong)
        return False
    else:
        # Where another pin was before, releasing this one would not bring that one back.
        undo = "" if done.ladder_id in before else reverse("release", args=[customer.pk, done.ladder.key])
        messages.success(request, said(done, customer), extra_tags=undo)
    return True


@require_POST
def release(request: HttpRequest, pk: int, ladder: str) -> HttpResponse:
    """The rules decide again, within seconds."""
    customer, on = find(pk), get_object_or_404(Ladder, key=ladder)
    today = Business.load().today()
    try:
        done = moves.release(customer=customer, ladder=on, by=cast(User, request.user), as_of=today, today=today)
    except ValidationError as wrong:
        messages.info(request, wrong.messages[0])
    else:
        undo = reverse("undo_release", args=[pk, ladder]) if done.reason else ""
        messages.success(request, said(done, customer), extra_tags=undo)
    return redirect(way_back(request, otherwise=reverse("customer", args=[pk])))


@require_POST
def undo_release(request: HttpRequest, pk: int, ladder: str) -> HttpResponse:
    """Sets once more the pin that this person released a moment ago."""
    customer, on = find(pk), get_object_or_404(Ladder, key=ladder)
    last = PinChange.objects.filter(customer=customer, ladder=on).select_related("stage", "ladder").order_by("-pk").first()
    theirs = last is not None and last.by_id == request.user.pk and last.recorded_at > timezone.now() - UNDONE_WITHIN
    try:
        if last is None or not theirs or last.kind != PinChange.Kind.RELEASED:
            raise ValidationError(_("It is too late to undo that: set the stage by hand once more."))
        done = put_back(customer=customer, released=last, by=cast(User, request.user), today=Business.load().today())
    except ValidationError as wrong:
        messages.info(request, wrong.messages[0])
    else:
        messages.success(request, said(done, customer))
    return redirect(way_back(request, otherwise=reverse("customer", args=[pk])))
