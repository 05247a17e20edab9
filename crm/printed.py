"""Parts of pages that are the same for whoever asks, such as an empty form: printed once in each language, and kept."""

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
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
