"""What the floors above offer for a list of customers as it is filtered now: each adds a link beside the chips."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from crm.listing import Listing


@dataclass(frozen=True)
class Action:
    """One link: its words, where it leads, and its icon by name."""

    label: str
    url: str
    icon: str


Build = Callable[[HttpRequest, Listing], Action | None]
BUILDS: list[Build] = []


def register(build: Build) -> None:
    """`build` gives the link for this reader and this list, or None where there is nothing to offer."""
    BUILDS.append(build)


def actions_for(request: HttpRequest, listing: Listing) -> list[Action]:
    """The links for this list, in the order in which they were registered."""
    return [action for build in BUILDS if (action := build(request, listing))]
