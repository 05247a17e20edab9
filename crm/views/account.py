"""One's own account: password, two-factor login, and where one is signed in."""

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import code_guard, factors, sessions
from crm.access import before_second_factor, readers_too
from crm.account import CodeProof, PasswordForm, change_password
from crm.models import User, UserSession

# In the session: the secret that is being set up.
SECRET = "secret of two-factor login"


def _me(request: HttpRequest) -> User:
    return cast(User, request.user)


@before_second_factor
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, **forms: object) -> HttpResponse:
    me, now = _me(request), timezone.now()
    has_factor = factors.is_on(me)
    context = {
        "password_form": PasswordForm(None, me, now),
        "off_form": CodeProof(None, me, now, "off"),
        "codes_form": CodeProof(None, me, now, "codes"),
        "has_factor": has_factor,
        "codes_left": factors.codes_left(me) if has_factor else 0,
        "signed": sessions.of(me, request, now),
    }
    return render(request, "crm/account.html", context | forms)


@before_second_factor
@readers_too
@sensitive_post_parameters()
@require_POST
def password(request: HttpRequest) -> HttpResponse:
    me, now = _me(request), timezone.now()
    form = PasswordForm(request.POST, me, now)
    if not form.is_valid():
        return _page(request, password_form=form)
    change_password(request, user=me, new=form.cleaned_data["new"], now=now)
    messages.success(request, _("Your password is changed. Everywhere else you are signed out."))
    return redirect("account")


@before_second_factor
@readers_too
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def two_factor(request: HttpRequest) -> HttpResponse:
    """Sets it up: a picture for the app, and a code of its to confirm. The recovery codes are in the answer to that, and nowhere after."""
    me, now = _me(request), timezone.now()
    if factors.is_on(me):
        return redirect("account")
    secret = request.session.get(SECRET)
    form = CodeProof(request.POST if request.method == "POST" else None, me, now)
    if form.is_bound and secret and form.is_valid():
        if codes := factors.switch_on(by=me, secret=secret, code=form.cleaned_data["code"], now=now):
            del request.session[SECRET]
            code_guard.forget(me)
            sessions.renew(request, me, now)
            return render(request, "crm/recovery_codes.html", {"codes": codes})
        form.refuse()
    if not secret:
        secret = request.session[SECRET] = factors.new_secret()
    return render(
        request, "crm/two_factor.html", {"form": form, "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))}
    )


@before_second_factor
@require_safe
def picture(request: HttpRequest) -> HttpResponse:
    """The QR code of the secret that is being set up; none afterwards."""
    secret = request.session.get(SECRET)
    if not secret:
        raise Http404
    return HttpResponse(factors.picture_of(_me(request), secret), content_type="image/svg+xml")


@readers_too
@sensitive_post_parameters()
@require_POST
def codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes in place of the old."""
    me, now = _me(request), timezone.now()
    form = CodeProof(request.POST, me, now, "codes")
    if form.is_valid() and factors.passes(user=me, code=form.cleaned_data["code"], now=now):
        return render(request, "crm/recovery_codes.html", {"codes": factors.renew_codes(by=me)})
    if form.is_valid():
        form.refuse()
    return _page(request, codes_form=form)


@readers_too
@sensitive_post_parameters()
@require_POST
def off(request: HttpRequest) -> HttpResponse:
    me, now = _me(request), timezone.now()
    form = CodeProof(request.POST, me, now, "off")
    if form.is_valid() and factors.passes(user=me, code=form.cleaned_data["code"], now=now):
        factors.switch_off(user=me, by=me)
        sessions.renew(request, me, now)
        messages.success(request, _("Two-factor login is off. Everywhere else you are signed out."))
        return redirect("account")
    if form.is_valid():
        form.refuse()
    return _page(request, off_form=form)


@before_second_factor
@readers_too
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """One of one's own; somebody else's is not there."""
    sessions.end([get_object_or_404(UserSession, pk=pk, user=_me(request))])
    messages.success(request, _("Signed out there."))
    return redirect("account")


@before_second_factor
@readers_too
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    places = sessions.end_others(request, _me(request))
    sentence = ngettext("Signed out in %(places)d other place.", "Signed out in %(places)d other places.", places)
    messages.success(request, sentence % {"places": places})
    return redirect("account")
