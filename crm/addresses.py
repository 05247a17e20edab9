"""Addresses of that of which a page shows dozens: Django looks each up anew, which takes longer than to print the row around it."""

from functools import cache

from django.urls import reverse


def by_key(route: str, pk: int) -> str:
    """As reverse gives it, of a route that takes one number."""
    before, after = _around(route)
    return f"{before}{pk}{after}"


@cache
def _around(route: str) -> tuple[str, str]:
    before, _zero, after = reverse(route, args=(0,)).rpartition("0")
    return before, after
