"""Texts that people type here: one line, whole letters, no longer than what is kept. Both databases refuse the same."""

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.fold import fold

LONGEST_KEY = 40
# What a form says of a text, in place of Django's own sentence.
TOO_LONG = {"max_length": gettext_lazy("This is too long: %(show_value)d letters, and at most %(limit_value)d are kept.")}


def line(text: str, longest: int) -> str:
    """`text` without the spaces around it. Raises ValidationError for what cannot be kept."""
    text = " ".join(text.split())
    if any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text):
        raise ValidationError(_("The text holds letters that are none: type it anew."))
    if len(text) > longest:
        sentence = _("This is too long: %(have)d letters, and at most %(most)d are kept.")
        raise ValidationError(sentence % {"have": len(text), "most": longest})
    return text


def name(text: str, longest: int) -> str:
    """A line in which there is something to read."""
    text = line(text, longest)
    if not fold(text):
        raise ValidationError(_("Give it a name with a letter or a digit in it."))
    return text


def free_key(name: str, taken: Collection[str], otherwise: str) -> str:
    """A key that says the name, or `otherwise` where no letter of it can be in one; with a number where it is taken."""
    start = slugify(fold(name)).replace("-", "_")[:LONGEST_KEY].strip("_") or otherwise
    return next(key for number in range(1, len(taken) + 2) if (key := start if number == 1 else f"{start}_{number}") not in taken)
