"""Changing what was logged."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm.access import writers_only
from crm.amending import Amender, ChangedMeanwhile, amend
from crm.amendment import AmendForm, differing
from crm.complaints import logged, words
from crm.hiding import Hidden
from crm.models import Business, Complaint, ComplaintStep, Interaction, User


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def interaction(request: HttpRequest, pk: int) -> HttpResponse:
    """The form; where somebody else was faster, with what they wrote beside it, to be saved once more by who has now seen it."""
    found = get_object_or_404(Interaction.objects.select_related("customer", "by"), pk=pk)
    if found.customer.is_hidden:
        raise Hidden(found.customer)
    by, now = cast(User, request.user), timezone.now()
    Amender(by, now).refuse(found)
    complaint = logged.brought(found)
    form, theirs = AmendForm(request.POST if request.method == "POST" else None, found, Business.load().local_date(now)), None
    if form.is_valid():
        try:
            changed = amend(interaction=found, seen=form.cleaned_data["seen"], said=form.cleaned_data, by=by, now=now)
        except ChangedMeanwhile as wrong:
            found.refresh_from_db()
            theirs = differing(form, found)
            form.show_again(found, wrong)
        else:
            messages.success(request, _("The change is kept.") if changed else _("Nothing was changed."))
            _tell(request, found, complaint)
            return redirect("customer", found.customer_id)
    shown = {"contact": found, "customer": found.customer, "form": form, "theirs": theirs, "complaint": complaint}
    return render(request, "crm/logging/interaction.html", shown)


def _tell(request: HttpRequest, before: Interaction, complaint: Complaint | None) -> None:
    """What the change of the contact means for a complaint: `before` it, with the one that was there."""
    after = Interaction.objects.get(pk=before.pk)
    opened = None if complaint else logged.brought(after)
    if opened:
        messages.success(request, words.said(ComplaintStep.Kind.OPENED, opened))
    elif complaint and logged.complains(before) and not logged.complains(after):
        messages.info(request, _("The complaint that this contact brought is still there: where it was none, close it on its page."))
