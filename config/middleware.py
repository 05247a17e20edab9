"""What holds for every request: nobody gets in without signing in, and nothing that is shown stays in a cache."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRefresh

from crm import money
from crm.figures import business_of


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
