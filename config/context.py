"""What the frame of every page shows: the menu, who is signed in, which figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from crm.access import is_owner, may_write
from crm.figures import Figures, figures_for
from crm.marks import StageMark, stage_marks
from crm.navigation import Entry, Place, entries_for
from crm.printed import printed
from lifecycle.lookback_banner import Banner, banner

THEMES = ("light", "dark")


@dataclass(frozen=True)
class Link:
    """An entry of the menu as this page shows it."""

    entry: Entry
    address: str
    is_current: bool


class Shell:
    """Computed where a template asks for it, once a request: a fragment asks for little."""

    languages = settings.LANGUAGES

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @property
    def theme(self) -> str:
        """The one chosen; empty follows the system."""
        chosen = self.request.COOKIES.get("theme", "")
        return chosen if chosen in THEMES else ""

    @cached_property
    def is_owner(self) -> bool:
        return is_owner(self.request.user)

    @cached_property
    def may_write(self) -> bool:
        return may_write(self.request.user)

    @cached_property
    def figures(self) -> Figures:
        return figures_for(self.request)

    @cached_property
    def looking(self) -> Banner | None:
        return banner(self.request, self.figures, timezone.now())

    @cached_property
    def stages(self) -> Mapping[str, StageMark]:
        return stage_marks(self.figures.business)

    @cached_property
    def menu(self) -> SafeString:
        return printed("_menu.html", _menu, self.is_owner, _current(self.is_owner, self.request.path), self._has_admin)

    @cached_property
    def tabs(self) -> list[SafeString]:
        """Of the bar at the bottom of a phone, on both sides of the button that logs."""
        current = _current(self.is_owner, self.request.path)
        return [printed("_tabs.html", _tabs, self.is_owner, current, from_, to) for from_, to in ((0, 2), (2, 3))]

    @property
    def _has_admin(self) -> bool:
        return bool(getattr(self.request.user, "is_staff", False))


@cache
def _addresses(is_owner: bool) -> list[tuple[Entry, str]]:
    return [(entry, reverse(entry.route)) for entry in entries_for(is_owner)]


def _current(is_owner: bool, path: str) -> str:
    """The address of the entry that a page belongs to; empty for none. Every address begins with that of the home page."""
    here = [address for _entry, address in _addresses(is_owner) if path.startswith(address) and address != "/" or path == address]
    return max(here, key=len, default="")


def _links(is_owner: bool, current: str) -> list[Link]:
    return [Link(entry, address, address == current) for entry, address in _addresses(is_owner)]


def _menu(is_owner: bool, current: str, has_admin: bool) -> dict[str, object]:
    links = _links(is_owner, current)
    return {"has_admin": has_admin} | {place.name.lower(): [link for link in links if link.entry.place == place] for place in Place}


def _tabs(is_owner: bool, current: str, first: int, end: int) -> dict[str, object]:
    """There is room for three."""
    return {"links": [link for link in _links(is_owner, current) if link.entry.in_tabs][first:end]}


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"shell": Shell(request)}
