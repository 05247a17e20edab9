"""The people of the business: who is in, in which role, who is invited."""

from collections.abc import Callable
from typing import cast

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from crm import invitations
from crm import team as people
from crm.access import owner_only
from crm.figures import business_of
from crm.form_fields import TOO_LONG
from crm.models import Invitation, User
from crm.team import Team


class InviteForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        error_messages={
            "required": gettext_lazy("Enter the e-mail of the person to invite."),
            "invalid": gettext_lazy("This is not a whole e-mail address: it should look like jana@example.com."),
            **TOO_LONG,
        },
        widget=forms.EmailInput({"class": "form-control", "autocomplete": "off"}),
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=User.Role.choices,
        initial=User.Role.STAFF,
        error_messages={"invalid_choice": gettext_lazy("Choose one of the roles in the list.")},
        widget=forms.Select({"class": "form-select"}),
    )


def _me(request: HttpRequest) -> User:
    return cast(User, request.user)


@owner_only
@require_safe
def team(request: HttpRequest) -> HttpResponse:
    return _page(request, InviteForm())


def _page(request: HttpRequest, form: InviteForm, link: str = "", invited: Invitation | None = None) -> HttpResponse:
    now = timezone.now()
    context = {"team": Team.now(business_of(request)), "form": form, "roles": User.Role.choices, "now": now, "invited": invited}
    return render(request, "crm/team.html", context | {"link": request.build_absolute_uri(link) if link else ""})


@owner_only
@require_POST
def invite(request: HttpRequest) -> HttpResponse:
    """The link is in this answer, and nowhere after."""
    form = InviteForm(request.POST)
    if form.is_valid():
        try:
            made, link = invitations.invite(**form.cleaned_data, by=_me(request), now=timezone.now())
        except ValidationError as wrong:
            form.add_error(None, wrong)
        else:
            return _page(request, InviteForm(), link, made)
    return _page(request, form)


@owner_only
@require_POST
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation, pk=pk)
    if link := invitations.renew(invitation=invitation, by=_me(request), now=timezone.now()):
        return _page(request, InviteForm(), link, invitation)
    messages.info(request, _("That invitation has been accepted or withdrawn."))
    return redirect("team")


@owner_only
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    if invitations.withdraw(invitation=get_object_or_404(Invitation, pk=pk), by=_me(request), now=timezone.now()):
        messages.success(request, _("The invitation is withdrawn; its link is no longer good."))
    else:
        messages.info(request, _("That invitation has been accepted or withdrawn."))
    return redirect("team")


@owner_only
@require_POST
def role(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    return _done(
        request, user, lambda: people.change_role(user=user, role=request.POST.get("role", ""), by=_me(request)), _("Role changed.")
    )


@owner_only
@require_POST
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    said = _("%(person)s may no longer sign in. What is theirs stays theirs.") % {"person": user}
    return _done(request, user, lambda: people.deactivate(user=user, by=_me(request)), said)


@owner_only
@require_POST
def reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    said = _("%(person)s may sign in again.") % {"person": user}
    return _done(request, user, lambda: people.reactivate(user=user, by=_me(request)), said)


@owner_only
@require_POST
def sign_out(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    said = _("%(person)s is signed out everywhere.") % {"person": user}
    return _done(request, user, lambda: bool(people.sign_out(user=user, by=_me(request))), said)


@owner_only
@require_POST
def two_factor(request: HttpRequest) -> HttpResponse:
    people.require_code(of_owners=request.POST.get("owners") == "on", by=_me(request))
    return redirect("team")


def _done(request: HttpRequest, user: User, act: Callable[[], bool], said: str) -> HttpResponse:
    """Says what was done, that there was nothing to do, or why not."""
    try:
        if act():
            messages.success(request, said)
        else:
            messages.info(request, _("Nothing changed for %(person)s.") % {"person": user})
    except ValidationError as wrong:
        messages.error(request, wrong.messages[0])
    return redirect("team")
