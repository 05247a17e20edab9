"""A rule in a form: JSON as text, until the builder of rules takes its place."""

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput

from crm.rules.text import loads
from crm.rules.tree import InvalidRule


class RuleField(forms.JSONField):
    """Reads by crm.rules.loads, for forms.JSONField fails on what is nested too deep; the model's validators check the rule itself."""

    widget = forms.Textarea(attrs={"rows": 6, "spellcheck": "false"})

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str) or not value.strip():
            return super().to_python(value)
        try:
            return loads(value)
        except InvalidRule as wrong:
            raise ValidationError(wrong.sentences) from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        if self.disabled or data is None:
            return super().bound_data(data, initial)
        try:
            return loads(data)
        except InvalidRule:
            # Shown again as it was typed.
            return InvalidJSONInput(data)

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, InvalidJSONInput) else json.dumps(value, ensure_ascii=False, indent=2)
