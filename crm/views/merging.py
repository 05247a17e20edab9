"""Possible duplicates, two records side by side, and a merge with its way back."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.access import owner_only
from crm.consent_panel import title
from crm.merging import CannotMerge, CannotUnmerge, Unmerged, candidates, merge, unmerge
from crm.merging.duplicates_page import Duplicates
from crm.merging.page import MergePage, SideBySide, labelled
from crm.models import Candidate, Customer, Merge, User
from crm.profile import find
from crm.whom import Whom


@require_http_methods(["GET", "HEAD", "POST"])
@owner_only
def duplicates(request: HttpRequest) -> HttpResponse:
    """Those found last; sent, it asks a worker to look again."""
    if request.method == "POST":
        candidates.ask(by=cast(User, request.user))
        messages.info(request, _("Possible duplicates are looked for; this page shows them in a moment."))
        return redirect("duplicates")
    return render(request, "crm/merging/duplicates.html", {"page": Duplicates.of(request.GET.get("page", ""))})


@require_POST
@owner_only
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Candidate.objects.select_related("first", "second"), pk=pk)
    if candidates.dismiss(candidate=found, by=cast(User, request.user), now=timezone.now()):
        said = _("%(first)s and %(second)s stay two customers.") % {"first": found.first, "second": found.second}
        messages.success(request, said, extra_tags=reverse("duplicate_again", args=[pk]))
    return redirect("duplicates")


@require_POST
@owner_only
def again(request: HttpRequest, pk: int) -> HttpResponse:
    candidates.take_back(candidate=get_object_or_404(Candidate, pk=pk), by=cast(User, request.user))
    return redirect("duplicates")


@require_safe
@owner_only
def whom(request: HttpRequest, pk: int) -> HttpResponse:
    """With whom this customer is to be merged: found by typing."""
    customer, asked = find(pk), Whom.asked(request.GET)
    if asked.found and asked.found != customer:
        return redirect("merge", pk, asked.found.pk)
    return render(request, "crm/merging/whom.html", {"customer": customer, "whom": asked})


@require_http_methods(["GET", "HEAD", "POST"])
@owner_only
def side_by_side(request: HttpRequest, pk: int, other: int) -> HttpResponse:
    """The first stays. What was chosen stays chosen where something is wrong."""
    if request.method != "POST":
        return render(request, "crm/merging/merge.html", {"page": SideBySide.of(find(pk), find(other))})
    stays, goes = find(pk), find(other)
    chosen = {name.removeprefix("keep_"): value for name, value in request.POST.items() if name.startswith("keep_")}
    try:
        made = merge(into=stays, from_=goes, fields=cast(dict[str, str], chosen), by=cast(User, request.user), now=timezone.now())
    except CannotMerge as wrong:
        page = SideBySide.of(stays, goes, cast(dict[str, str], chosen), str(wrong))
        return render(request, "crm/merging/merge.html", {"page": page})
    said = _("%(goes)s is merged into %(stays)s.") % {"goes": goes, "stays": stays}
    messages.success(request, said, extra_tags=reverse("merge_undo", args=[made.pk]))
    return redirect("customer", pk)


@require_safe
@owner_only
def shown(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "crm/merging/shown.html", {"page": MergePage.of(_found(pk))})


@require_POST
@owner_only
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    found = _found(pk)
    try:
        done = unmerge(merge=found, by=cast(User, request.user), now=timezone.now())
    except CannotUnmerge as wrong:
        messages.info(request, str(wrong))
    else:
        messages.success(request, _("%(one)s and %(other)s are two customers again.") % {"one": found.from_customer, "other": found.into})
        for sentence in _told(done, found):
            messages.info(request, sentence)
    return redirect("merge_shown", pk)


def _found(pk: int) -> Merge:
    return get_object_or_404(Merge.objects.select_related("into", "from_customer", "by", "undone_by"), pk=pk)


def _told(done: Unmerged, merge: Merge) -> list[str]:
    """What did not simply go back, each in a sentence."""
    who = {"from": merge.from_customer, "into": merge.into}
    told = [
        (done.came_later, _("Came later by what is known of %(from)s, and went with them: %(what)s.")),
        (done.made_later, _("Made since at %(into)s, and stays there: %(what)s.")),
        (done.elsewhere, _("Given to somebody else since, and stays there: %(what)s.")),
    ]
    said = [sentence % {**who, "what": _listed(numbers)} for numbers, sentence in told if numbers]
    if done.kept:
        names = ", ".join(str(Customer._meta.get_field(name).verbose_name) for name in done.kept)  # type: ignore[union-attr]
        said.append(_("Changed since, and stays as it is: %(what)s.") % {"what": names})
    if done.refused:
        ways = "; ".join(title(one.purpose, one.channel) for one in done.refused)
        said.append(_("Refused while they were one customer, and now refused by both: %(what)s.") % {"what": ways})
    return said


def _listed(numbers: dict[str, int]) -> str:
    return ", ".join(f"{count.label} {count.number}" for count in labelled(numbers))
