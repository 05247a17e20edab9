"""Where a form or a login leads back to."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def way_back(request: HttpRequest, otherwise: str) -> str:
    """The page asked for, or that the form was sent from, by its `next`, if that is one of ours: a whole path, never a route's name."""
    page = request.POST.get("next", request.GET.get("next", ""))
    ours = page.startswith("/") and url_has_allowed_host_and_scheme(
        page, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return page if ours else otherwise
