"""The menu: each floor adds the pages that it has, when the program starts (AppConfig.ready)."""

from dataclasses import dataclass
from enum import IntEnum

from django.utils.functional import Promise


class Place(IntEnum):
    """Where in the menu, from its top."""

    DAILY = 0
    UNDERSTAND = 1
    SET_UP = 2


@dataclass(frozen=True)
class Entry:
    """One page of the menu. `route` names its address, `order` is its place within its part of the menu."""

    route: str
    label: Promise
    icon: str
    place: Place
    order: int
    owners_only: bool = False
    # In the bar at the bottom of a phone.
    in_tabs: bool = False
    # The key that opens it after g.
    key: str = ""


ENTRIES: list[Entry] = []


def register(*entries: Entry) -> None:
    ENTRIES.extend(entries)
    ENTRIES.sort(key=lambda entry: (entry.place, entry.order))


def entries_for(is_owner: bool) -> list[Entry]:
    """What this person may open, in the order of the menu."""
    return [entry for entry in ENTRIES if is_owner or not entry.owners_only]
