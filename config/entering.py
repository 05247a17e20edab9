"""The steps through the door: the first factor (a password, a link), the second where somebody has set it up, and joining by invitation."""

import math
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from config import guard
from config.forms import CodeForm, JoinForm
from crm import code_guard, factors, invitations, sessions
from crm.models import Business, Invitation, User

BACKEND = "django.contrib.auth.backends.ModelBackend"
# Who has shown the first factor, in the session of nobody: who, since when, how long to be kept and where to go.
PENDING = "awaits a code"
PENDING_FOR = timedelta(minutes=10)


def enter(request: HttpRequest, user: User, *, keep: bool, page: str) -> HttpResponse:
    """After the first factor: in, or on to the second."""
    if not factors.is_on(user):
        return _sign_in(request, user, keep=keep, page=page)
    # Whoever was signed in here is not any more, and the key is new.
    logout(request)
    now = timezone.now()
    request.session[PENDING] = [user.pk, now.timestamp(), user.get_session_auth_hash(), keep, page]
    return redirect("login_code")


def _sign_in(request: HttpRequest, user: User, *, keep: bool, page: str) -> HttpResponse:
    now = timezone.now()
    login(request, user, backend=BACKEND)
    # Kept, the cookie outlives the browser; the session ends on the server all the same (crm/sessions.py).
    request.session.set_expiry(now + timedelta(seconds=settings.SESSION_COOKIE_AGE) if keep else 0)
    sessions.begin(request, user=user, address=guard.address(request), keeps=keep, now=now)
    return redirect(page)


def _pending(request: HttpRequest, now: datetime) -> tuple[User, bool, str] | None:
    """Who stands between the factors: not for long, and not once their password or their account has changed."""
    known = request.session.get(PENDING)
    if known is None:
        return None
    pk, since, proof, keep, page = known
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None or now.timestamp() - since > PENDING_FOR.total_seconds() or user.get_session_auth_hash() != proof:
        del request.session[PENDING]
        return None
    return user, keep, page


@login_not_required
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """The second factor. Too many wrong codes make this person wait, wherever they come from."""
    now = timezone.now()
    pending = _pending(request, now)
    if pending is None:
        return redirect("login")
    user, keep, page = pending
    if pause := code_guard.wait(user, now):
        return _waits(request, pause)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        if factors.passes(user=user, code=form.cleaned_data["code"], now=now):
            code_guard.forget(user)
            return _sign_in(request, user, keep=keep, page=page)
        code_guard.failed(user, now)
        form.add_error("code", _("This code does not fit, or has been used. The app shows a new one every 30 seconds."))
    return _code_page(request, form)


def _waits(request: HttpRequest, pause: timedelta) -> HttpResponse:
    minutes = math.ceil(pause.total_seconds() / 60)
    sentence = ngettext(
        "Too many codes were wrong. Try again in %(minutes)s minute.",
        "Too many codes were wrong. Try again in %(minutes)s minutes.",
        minutes,
    )
    response = _code_page(request, CodeForm(), notice=sentence % {"minutes": minutes}, status=429)
    response.headers["Retry-After"] = str(math.ceil(pause.total_seconds()))
    return response


def _code_page(request: HttpRequest, form: CodeForm, notice: str = "", status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "notice": notice, "page": reverse("login_code"), "languages": settings.LANGUAGES}
    return render(request, "login_code.html", context, status=status)


@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """By invitation: a name and a password, and one is in. To look does not use the link up."""
    now = timezone.now()
    invitation = invitations.find(token, now)
    form = JoinForm(request.POST if request.method == "POST" else None)
    if invitation is None:
        guard.link_failed(request)
        return _join_page(request, None, form, status=410)
    if (user := _join(invitation, form, now)) is not None:
        return enter(request, user, keep=False, page=reverse("home"))
    # Not "no-referrer", under which browsers send a form without saying from where, and it would be refused.
    return _join_page(request, invitation, form)


def _join(invitation: Invitation, form: JoinForm, now: datetime) -> User | None:
    """Who has joined; None where the form is not filled in, and it says what is wrong."""
    if not form.is_bound or not form.is_valid():
        return None
    try:
        return invitations.accept(invitation=invitation, name=form.cleaned_data["name"], password=form.cleaned_data["password"], now=now)
    except ValidationError as wrong:
        form.add_error(None, wrong)
        return None


def _join_page(request: HttpRequest, invitation: Invitation | None, form: JoinForm, status: int = 200) -> HttpResponse:
    context = {
        "invitation": invitation,
        "form": form,
        "business": Business.load().name,
        "page": request.path,
        "languages": settings.LANGUAGES,
    }
    return render(request, "join.html", context, status=status)
