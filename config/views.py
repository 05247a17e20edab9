import math
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config import guard, health
from config.context import THEMES
from config.entering import enter
from config.forms import SignInForm
from crm import links
from crm.access import before_second_factor, readers_too, refuse_all_but_owners
from crm.models import Business
from crm.returning import way_back


def door(request: HttpRequest, form: SignInForm, notice: str = "", status: int = 200) -> HttpResponse:
    """The login page; `notice` says why somebody stands before it again."""
    context = {
        "form": form,
        "notice": notice,
        "page": way_back(request, otherwise=reverse("home")),
        "business": Business.load().name,
        "languages": settings.LANGUAGES,
    }
    return render(request, "login.html", context, status=status)


@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    page = way_back(request, otherwise=reverse("home"))
    if request.user.is_authenticated:
        return redirect(page)
    form = SignInForm(request, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        return enter(request, form.get_user(), keep=form.cleaned_data["keep"], page=page)
    return door(request, form)


@login_not_required
@require_safe
def sign_in_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Signs in at once, or leads to the second factor. HEAD, by which programs only look at an address, does not use it up."""
    if request.method == "HEAD":
        return HttpResponse()
    if user := links.redeem(token, timezone.now()):
        response = enter(request, user, keep=False, page=reverse("home"))
        response.headers["Referrer-Policy"] = "no-referrer"
    else:
        # Not so here: under that policy a browser sends the form without saying from where, and it would be refused.
        guard.link_failed(request)
        response = door(request, SignInForm(request), _("This link is no longer good. A link works once, within 15 minutes."), 410)
    return response


def locked(request: HttpRequest, refused: HttpResponse, credentials: dict[str, Any] | None) -> HttpResponse:
    """What django-axes answers in place of whatever else it would be. It reads the same whether there is such a person or not."""
    pause = guard.wait(request, credentials, timezone.now()).total_seconds()
    minutes = math.ceil(pause / 60)
    sentence = ngettext(
        "Too many tries to sign in have failed. Try again in %(minutes)s minute.",
        "Too many tries to sign in have failed. Try again in %(minutes)s minutes.",
        minutes,
    )
    response = door(request, SignInForm(request), sentence % {"minutes": minutes}, 429)
    response.headers["Retry-After"] = str(math.ceil(pause))
    return response


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("login")


@before_second_factor
@readers_too
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remembers the theme asked for; without script, the one that is not shown now."""
    shown = request.COOKIES.get("theme", "light")
    theme = request.POST.get("theme") or ("light" if shown == "dark" else "dark")
    response = redirect(way_back(request, otherwise=reverse("home")))
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=settings.LANGUAGE_COOKIE_AGE, secure=settings.HTTPS, samesite="Lax")
    return response


@login_not_required
@require_safe
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """The admin panel has no door of its own. It also sends those here whom it does not let in."""
    page = way_back(request, otherwise=reverse("admin:index"))
    if not request.user.is_authenticated:
        return redirect_to_login(page)
    refuse_all_but_owners(request.user)
    return redirect(page)


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    parts = health.report()
    answer = {part: "ok" if works else "not ok" for part, works in parts.items()}
    return JsonResponse(answer, status=200 if all(parts.values()) else 503)
