"""What the frame of every page shows: the menu, who is signed in, which figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from crm.access import is_owner
from crm.figures import Figures, figures_for
from crm.marks import StageMark, stage_marks
from crm.navigation import Entry, Place, entries_for
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

    @property
    def is_owner(self) -> bool:
        return is_owner(self.request.user)

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
    def links(self) -> list[Link]:
        links = [Link(entry, reverse(entry.route), False) for entry in entries_for(self.is_owner)]
        # Every address begins with that of the home page.
        here = [
            link
            for link in links
            if self.request.path.startswith(link.address) and link.address != "/" or self.request.path == link.address
        ]
        current = max(here, key=lambda link: len(link.address), default=None)
        return [Link(link.entry, link.address, link is current) for link in links]

    @property
    def daily(self) -> list[Link]:
        return self._at(Place.DAILY)

    @property
    def understand(self) -> list[Link]:
        return self._at(Place.UNDERSTAND)

    @property
    def set_up(self) -> list[Link]:
        return self._at(Place.SET_UP)

    def _at(self, place: Place) -> list[Link]:
        return [link for link in self.links if link.entry.place == place]

    @property
    def tabs(self) -> list[Link]:
        """Of the bar at the bottom of a phone, which has room for three."""
        return [link for link in self.links if link.entry.in_tabs][:3]


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"shell": Shell(request)}
