"""Tags: put on a customer and taken off again; all there are, named otherwise and removed by an owner."""

from typing import cast
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.access import owner_only, writers_only
from crm.models import Tag, User
from crm.money import number
from crm.profile import find
from crm.returning import way_back
from crm.tags.page import TagPage, TagsPanel, lines, removed
from crm.tags.writing import bring_back, put_tag, remove_tag, rename_tag, take_tag


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def put(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts a tag on by its name. Where it cannot be, the form comes again with what was typed."""
    customer, name = find(pk), request.POST.get("name", request.GET.get("name", ""))
    if request.method != "POST":
        return render(request, "crm/tags/put.html", {"panel": TagsPanel.now(customer)})
    try:
        made = put_tag(customer=customer, name=name, by=_by(request))
    except ValidationError as wrong:
        shown = {"panel": TagsPanel.now(customer, name, wrong.messages[0])}
        return render(request, "crm/tags/_put.html" if _is_part(request) else "crm/tags/put.html", shown)
    if made:
        off = reverse("tag_off", args=[pk, made.tag_id])
        messages.success(request, _("%(who)s has the tag “%(tag)s”.") % {"who": customer, "tag": made.tag}, extra_tags=off)
    else:
        messages.info(request, _("They have that tag already."))
    return _back(request, pk)


@require_POST
def take_off(request: HttpRequest, pk: int, tag: int) -> HttpResponse:
    """A second click finds nothing to take off, and says nothing."""
    customer = find(pk)
    if gone := take_tag(customer=customer, tag=tag, by=_by(request)):
        on = f"{reverse('tag_put', args=[pk])}?{urlencode({'name': gone.name})}"
        messages.success(request, _("The tag “%(tag)s” is taken off %(who)s.") % {"who": customer, "tag": gone}, extra_tags=on)
    return _back(request, pk)


def _back(request: HttpRequest, pk: int) -> HttpResponse:
    if _is_part(request):
        return render(request, "crm/tags/_put.html", {"panel": TagsPanel.now(find(pk)), "is_done": True})
    return redirect(way_back(request, otherwise=reverse("customer", args=[pk])))


def _is_part(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request"))


@require_safe
@owner_only
def tags(request: HttpRequest) -> HttpResponse:
    return render(request, "crm/tags/tags.html", {"lines": lines(), "removed": removed()})


@require_http_methods(["GET", "HEAD", "POST"])
@owner_only
def tag(request: HttpRequest, pk: int) -> HttpResponse:
    """Its name, and how many have it."""
    found = get_object_or_404(Tag.objects.present(), pk=pk)
    if request.method != "POST":
        return render(request, "crm/tags/tag.html", {"page": TagPage.of(found)})
    name = request.POST.get("name", "")
    try:
        if rename_tag(tag=found, name=name, by=_by(request)):
            messages.success(request, _("Saved."))
    except ValidationError as wrong:
        return render(request, "crm/tags/tag.html", {"page": TagPage.of(found, name, wrong.messages[0])})
    return redirect("tags")


@require_POST
@owner_only
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Tag.objects.present(), pk=pk)
    try:
        had = remove_tag(tag=found, now=timezone.now(), by=_by(request))
    except ValidationError as wrong:
        messages.error(request, wrong.messages[0])
        return redirect("tag", pk)
    if had is not None:
        said = ngettext(
            "The tag “%(tag)s” is removed; %(number)s customer had it.", "The tag “%(tag)s” is removed; %(number)s customers had it.", had
        )
        messages.success(request, said % {"tag": found, "number": number(had)}, extra_tags=reverse("tag_back", args=[pk]))
    return redirect("tags")


@require_POST
@owner_only
def back(request: HttpRequest, pk: int) -> HttpResponse:
    """Undoes the removal; a second click finds nothing to undo, and says nothing."""
    found = get_object_or_404(Tag, pk=pk)
    try:
        if bring_back(tag=found, by=_by(request)):
            messages.success(request, _("The tag “%(tag)s” is back, with everybody who had it.") % {"tag": found})
    except ValidationError as wrong:
        messages.error(request, wrong.messages[0])
    return redirect("tags")


def _by(request: HttpRequest) -> User:
    return cast(User, request.user)
