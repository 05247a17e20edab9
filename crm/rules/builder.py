"""The builder of rules: a form widget of ordinary controls, which works without script and is made livelier by htmx.

A view that has a form with a RuleField tells a press of one of the builder's buttons from a save, and shows the form again as it then is:

    form = SegmentForm(request.POST)
    if not pressed(form) and form.is_valid():
        …
    return render(request, …)
"""

import json
from collections.abc import Collection, Mapping
from typing import Any as Anything

from django import forms
from django.core import signing
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from crm.rules.controls import Group, Line, is_there, shown
from crm.rules.rows import Rows
from crm.rules.typed import Typed, typed

_SALT = "crm.rules.builder"


class RuleBuilder(forms.Widget):
    """The value is a rule as JSON gives it, or Typed; a text is JSON that no rows can show, and is shown as that text.

    `forbidden` names the steps of the night whose facts are not offered; `samples` says whether the people are shown, too.
    """

    template_name = "crm/rules/builder.html"
    use_fieldset = True

    class Media:
        # For the admin panel; our own pages have them all.
        css = {"all": ["css/rules.css", "css/rules-admin.css"]}
        js = ["django_htmx/htmx-2.min.js", "js/htmx-settings.js", "js/rules.js"]

    def __init__(self, attrs: dict[str, Anything] | None = None, *, forbidden: Collection[str] = (), samples: bool = True) -> None:
        super().__init__(attrs)
        self.forbidden, self.samples = frozenset(forbidden), samples

    def value_from_datadict(self, data: Mapping[str, Anything], files: Anything, name: str) -> Anything:
        """JSON text where it was posted under the field's own name; else Typed, or None where nothing was."""
        if name in data:
            return data[name]
        return typed(data, name)

    def value_omitted_from_data(self, data: Mapping[str, Anything], files: Anything, name: str) -> bool:
        return name not in data and not is_there(data, name)

    def id_for_label(self, id_: str | None) -> str:
        # There is no one control that the label is of.
        return ""

    def format_value(self, value: Anything) -> Anything:
        return value

    def get_context(self, name: str, value: Anything, attrs: dict[str, Anything] | None) -> dict[str, Anything]:
        context = super().get_context(name, value, attrs)
        typed_in = value if isinstance(value, Typed) else self._stored(value)
        text = value if isinstance(value, str) else "" if typed_in else json.dumps(value, ensure_ascii=False)
        rows = Rows(name, typed_in, self.forbidden) if typed_in and not text else None
        return context | {"rows": rows, "name": name, "text": text, "samples": self.samples, "forbidden": signed(self.forbidden)}

    @staticmethod
    def _stored(value: Anything) -> Typed | None:
        if value is None:
            return Typed(Group(parts=[Line()]), pressed=True)
        root = shown(value)
        return Typed(root, was=json.dumps(value)) if root else None

    def render(self, name: str, value: Anything, attrs: dict[str, Anything] | None = None, renderer: Anything = None) -> SafeString:
        # By the project's templates, which Django's renderer of forms does not look for.
        return SafeString(render_to_string(self.template_name, self.get_context(name, value, attrs)))


def pressed(form: forms.BaseForm) -> bool:
    """Whether a button of a builder in the form was pressed, and not the form's own. Its errors are then cleared: nothing was to be saved.

    Ask before `is_valid`, and show the form again where it is true.
    """
    for name, each in form.fields.items():
        if isinstance(each.widget, RuleBuilder):
            value = each.widget.value_from_datadict(form.data, form.files, form.add_prefix(name))
            if isinstance(value, Typed) and value.pressed:
                form.errors.clear()
                return True
    return False


def signed(forbidden: Collection[str]) -> str:
    """What may not be asked, to travel through a page and back; empty for nothing."""
    return signing.Signer(salt=_SALT).sign(",".join(sorted(forbidden))) if forbidden else ""


def unsigned(text: str) -> frozenset[str]:
    """What `signed` made; nothing for what it did not."""
    try:
        return frozenset(signing.Signer(salt=_SALT).unsign(text).split(","))
    except signing.BadSignature:
        return frozenset()
