"""Settings, Fields: what the owner wants to know of customers beside what everyone does."""

from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.access import owner_only
from crm.models import CustomField, User
from crm.people.field_forms import FieldForm, NewField, lines
from crm.people.fields import archive_field, bring_back, change_field, delete_field, make_field, move_field


@require_http_methods(["GET", "HEAD", "POST"])
@owner_only
def fields(request: HttpRequest) -> HttpResponse:
    form = NewField(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            made = make_field(by=_owner(request), **form.made)
        except ValidationError as wrong:
            form.add_error(None, wrong.messages)
        else:
            messages.success(request, _("“%(field)s” is on the page of every customer now.") % {"field": made})
            return redirect("fields")
    shown, archived = lines()
    return render(request, "crm/people/fields.html", {"shown": shown, "archived": archived, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@owner_only
def field(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(CustomField, pk=pk)
    form = FieldForm(found, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            change_field(field=found, by=_owner(request), **form.changed)
        except ValidationError as wrong:
            form.add_error(None, wrong.messages)
        else:
            messages.success(request, _("Saved."))
            return redirect("fields")
    return render(request, "crm/people/field.html", {"field": found, "form": form})


@require_POST
@owner_only
def move(request: HttpRequest, pk: int) -> HttpResponse:
    move_field(field=get_object_or_404(CustomField, pk=pk), up=request.POST.get("way") == "up", by=_owner(request))
    return redirect("fields")


@require_POST
@owner_only
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(CustomField, pk=pk)
    try:
        archive_field(field=found, now=timezone.now(), by=_owner(request))
    except ValidationError as wrong:
        messages.error(request, wrong.messages[0])
    else:
        messages.success(
            request, _("“%(field)s” is archived; its values are kept.") % {"field": found}, extra_tags=reverse("field_back", args=[pk])
        )
    return redirect("fields")


@require_POST
@owner_only
def back(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(CustomField, pk=pk)
    bring_back(field=found, by=_owner(request))
    messages.success(request, _("“%(field)s” is on the page of every customer now.") % {"field": found})
    return redirect("fields")


@require_POST
@owner_only
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(CustomField, pk=pk)
    try:
        delete_field(field=found, by=_owner(request))
    except ValidationError as wrong:
        messages.error(request, wrong.messages[0])
    else:
        messages.success(request, _("“%(field)s” is deleted.") % {"field": found})
    return redirect("fields")


def _owner(request: HttpRequest) -> User:
    return cast(User, request.user)
