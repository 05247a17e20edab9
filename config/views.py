from datetime import timedelta

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config import health
from config.forms import SignInForm
from crm.models import Business, User


def wanted_page(request: HttpRequest, otherwise: str) -> str:
    """The page asked for before signing in, if it is one of ours."""
    page = request.POST.get("next", request.GET.get("next", ""))
    ours = url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return page if ours else otherwise


def keep_session(request: HttpRequest, keep: bool) -> None:
    """Kept, it ends twelve hours after signing in, used or not; otherwise with the browser, or on the server after as long."""
    end = timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    request.session.set_expiry(end if keep else 0)


@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    page = wanted_page(request, otherwise=reverse("home"))
    if request.user.is_authenticated:
        return redirect(page)
    form = SignInForm(request, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        login(request, form.get_user())
        keep_session(request, form.cleaned_data["keep"])
        return redirect(page)
    context = {"form": form, "page": page, "business": Business.load().name, "languages": settings.LANGUAGES}
    return render(request, "login.html", context)


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("login")


@login_not_required
@require_safe
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """The admin panel has no door of its own. It also sends those here whom it does not let in."""
    page = wanted_page(request, otherwise=reverse("admin:index"))
    if not request.user.is_authenticated:
        return redirect_to_login(page)
    if not request.user.is_staff:
        raise PermissionDenied
    return redirect(page)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    context = {"business": Business.load().name, "opens_admin": request.user.is_staff, "languages": settings.LANGUAGES}
    return render(request, "home.html", context)


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    parts = health.report()
    answer = {part: "ok" if works else "not ok" for part, works in parts.items()}
    return JsonResponse(answer, status=200 if all(parts.values()) else 503)
