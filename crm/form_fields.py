"""Fields that many forms have, and the sentences that all of them say of what cannot be taken."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

# In place of Django's own sentence of a text.
TOO_LONG = {"max_length": gettext_lazy("This is too long: %(show_value)d letters, and at most %(limit_value)d are kept.")}
NO_SUCH_DAY = gettext_lazy("There is no such day: give the day, the month and the year.")
OUT_OF_DATE = gettext_lazy("This form is out of date: open the page again and send it once more.")


def day_field(label: Any, missing: Any = None) -> forms.DateField:
    """`missing` is the sentence said where it is empty; without one it may be."""
    return forms.DateField(
        required=missing is not None,
        label=label,
        widget=forms.DateInput({"type": "date", "class": "form-control"}, format="%Y-%m-%d"),
        error_messages={"invalid": NO_SUCH_DAY} | ({} if missing is None else {"required": missing}),
    )


def key_field() -> forms.UUIDField:
    """Of this very form, so that one sent twice is done once."""
    return forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": OUT_OF_DATE, "invalid": OUT_OF_DATE})
