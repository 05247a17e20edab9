"""What of pages is printed once and kept: parts that are the same for whoever asks, such as an empty form, and rows, which differ in words.

Django goes through a template node by node, which for the dozens of rows of a page takes longer than all else. A row is gone through once
for all that have the same words, with gaps where these belong; then each row's own are filled in.
"""

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from html import escape
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language


def nothing() -> Mapping[str, Any]:
    return {}


def printed(template: str, shown: Callable[..., Mapping[str, Any]] = nothing, *of: Hashable) -> SafeString:
    """The template with what `shown` makes of `of`, which is all that it depends on beside the language: nothing of a request goes in."""
    return _printed(template, shown, of, get_language())


# In what language is part of the key; of the forms, the day.
@lru_cache(maxsize=256)
def _printed(template: str, shown: Callable[..., Mapping[str, Any]], of: tuple[Hashable, ...], language: str | None) -> SafeString:
    return SafeString(render_to_string(template, dict(shown(*of))))


# Letters of nobody's language, around the name of a gap.
GAP, END = "\ue000", "\ue001"


# What fills a row, by name: a word to be printed, or whether something is so.
Words = Mapping[str, str | bool]


def filled(template: str, words: Words) -> SafeString:
    """The template with these words, escaped as it would escape them.

    It may ask of a word whether there is one, which for an empty word there is not, and print it; of what it is it knows nothing, so it
    applies no filter and compares nothing.
    """
    there = tuple(name for name, word in words.items() if word)
    gaps = {name: _escaped(word) for name, word in words.items() if isinstance(word, str)}
    return SafeString(_with_gaps(template, there, get_language()) % gaps)


def _escaped(word: str) -> str:
    """As Django's conditional_escape, which asks each for much that a word of a row never is."""
    return word if isinstance(word, SafeString) else escape(word)


# In what language is part of the key.
@lru_cache(maxsize=512)
def _with_gaps(template: str, there: tuple[str, ...], language: str | None) -> str:
    """For the % of str. Raises ValueError for a template that does more to a word than print it."""
    text = render_to_string(template, {name: f"{GAP}{name}{END}" for name in there}).replace("%", "%%")
    for name in there:
        text = text.replace(f"{GAP}{name}{END}", f"%({name})s")
    if GAP in text or END in text:
        raise ValueError(f"{template} does more to a word than print it.")
    return text
