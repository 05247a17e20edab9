"""What somebody changed in a ladder, in sentences."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _


def in_words(changes: Iterable[Mapping[str, Any]]) -> list[str]:
    """A sentence for each change; names of stages in the reader's language, where they are ours."""
    return [_SAID[change["what"]]() % _words(change) for change in changes if change.get("what") in _SAID]


def _words(change: Mapping[str, Any]) -> dict[str, str]:
    words = {name: _(str(value)) for name, value in change.items() if name in {"stage", "to", "home"}}
    listed = ", ".join(_(str(name)) for name in change.get("stages", []))
    return {**words, "stages": listed, "number": str(change.get("number", ""))}


_SAID: dict[str, Callable[[], str]] = {
    "begun": lambda: _("As it was before the first change."),
    "made": lambda: _("Made the ladder."),
    "restored": lambda: _("Went back to version %(number)s."),
    "added": lambda: _("Added “%(stage)s”."),
    "removed": lambda: _("Took “%(stage)s” off."),
    "retired": lambda: _("Took “%(stage)s” off; its customers went to “%(home)s”."),
    "revived": lambda: _("Brought “%(stage)s” back."),
    "renamed": lambda: _("Renamed “%(stage)s” to “%(to)s”."),
    "rule": lambda: _("Changed the rule of “%(stage)s”."),
    "colour": lambda: _("Changed the colour of “%(stage)s”."),
    "text": lambda: _("Changed the text of “%(stage)s”."),
    "order": lambda: _("Changed the order in which the stages are tried: %(stages)s."),
    "rungs": lambda: _("Changed the rungs, from the lowest up: %(stages)s."),
}
