"""What the forms of all floors have in common."""

from django import forms
from django.urls import get_resolver

# Those of the panel say what Django says.
OURS = ("config.forms", "crm.", "lifecycle.", "segments.", "surveys.")


def forms_below(form):
    for one in form.__subclasses__():
        yield one
        yield from forms_below(one)


def test_a_text_that_is_too_long_is_answered_in_our_words_everywhere():
    assert get_resolver().url_patterns  # every view is imported, and with it every form
    found = {form for form in forms_below(forms.BaseForm) if form.__module__.startswith(OURS) and ".admin" not in form.__module__}
    limited = {
        f"{form.__name__}.{name}": str(field.error_messages.get("max_length"))
        for form in found
        for name, field in form.base_fields.items()
        if isinstance(field, forms.CharField) and field.max_length and not isinstance(field.widget, forms.HiddenInput)
    }

    assert len(limited) > 20
    # Some set it when they are made.
    later = {name for name in limited if name.split(".")[0].endswith("CustomerForm")}
    assert [name for name, said in limited.items() if "too long" not in said and "at most" not in said and name not in later] == []
