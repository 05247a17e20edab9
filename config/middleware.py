"""What holds for every request: nobody gets in without signing in, and nothing that is shown stays in a cache."""

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from crm import factors, hidden, money, sessions
from crm.access import is_owner, refuse_readers
from crm.figures import business_of
from crm.hiding import Hidden
from crm.models import User

# The methods by which nothing is written (RFC 9110).
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
# As PostgreSQL counts its errors (appendix A of its manual).
DEADLOCK_DETECTED = "40P01"


class LoginRequired(LoginRequiredMiddleware):
    """Django's, which however reads the user first: the health page has to answer when there is no database to read one from."""

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: tuple[Any, ...], view_kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None
        refusal = super().process_view(request, view_func, view_args, view_kwargs)
        # A part of a page is no place for the login: the page is read again, which leads there.
        return HttpResponseClientRefresh() if refusal and "HX-Request" in request.headers else refusal


class ReadersOnlyRead(MiddlewareMixin):
    """Refuses what would write where a reader asks for it; what is open to strangers is open to them. @readers_too says what else is."""

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: tuple[Any, ...], view_kwargs: dict[str, Any]
    ) -> None:
        is_open = not getattr(view_func, "login_required", True) or getattr(view_func, "readers_too", False)
        if request.method not in SAFE and not is_open:
            refuse_readers(request.user)


def sessions_end(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """A session that has lasted too long is over before anything is answered (crm/sessions.py). The health page needs no database."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.path_info != reverse("healthz"):
            sessions.touch(request, timezone.now())
        return get_response(request)

    return answer


class SecondFactorFirst(MiddlewareMixin):
    """Where owners must use two-factor login, one who has not set it up comes to nothing else before."""

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: tuple[Any, ...], view_kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        is_open = not getattr(view_func, "login_required", True) or getattr(view_func, "before_second_factor", False)
        if is_open or not is_owner(request.user) or not business_of(request).owners_need_code or factors.is_on(cast(User, request.user)):
            return None
        address = reverse("two_factor")
        return HttpResponseClientRedirect(address) if "HX-Request" in request.headers else redirect(address)


class AskedOnceMore(MiddlewareMixin):
    """Of two who wait for each other the database sends one away: what they wrote in that transaction is undone, and their request answered
    once more, as if they had sent it again, which every write bears (crm/once.py). A file that came along has been read by then, and is not
    there for a second time."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        match = request.resolver_match
        if getattr(exception.__cause__, "pgcode", None) != DEADLOCK_DETECTED or match is None or request.FILES:
            return None
        try:
            return cast(HttpResponseBase, match.func(request, *match.args, **match.kwargs))
        except Hidden as gone:
            return hidden.answered(request, gone.customer)


def for_the_business(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Who is signed in reads and writes moments in the business's time zone and amounts in its currency. Strangers see none of them; the
    health page needs no database."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.path_info != reverse("healthz"):
            business = business_of(request)
            money.currency.set(business.currency)
            with timezone.override(business.zone):
                return get_response(request)
        return get_response(request)

    return answer


def no_store(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """After a sign-out the Back button shows nothing. A view that may be cached says so itself; static files never come here."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return answer
