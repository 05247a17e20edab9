"""A rule in a form: the builder's rows, or JSON as text."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput
from django.utils.translation import gettext as _

from crm.rules.builder import RuleBuilder
from crm.rules.text import loads
from crm.rules.tree import InvalidRule, parse, refuse_empty_groups
from crm.rules.typed import Typed


class RuleField(forms.JSONField):
    """A rule as JSON gives it. Reads by crm.rules.loads, for forms.JSONField fails on what is nested too deep.

    Facts that a step of the night named in `forbidden` writes may not be asked. Without it a text is left to the validators of the model.
    """

    widget = RuleBuilder

    def __init__(self, *, forbidden: Collection[str] | None = None, **kwargs: Any) -> None:
        self.is_checked, self.forbidden = forbidden is not None, frozenset(forbidden or ())
        super().__init__(**{"widget": RuleBuilder(forbidden=self.forbidden)} | kwargs)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, Typed):
            return self._built(value)
        if not isinstance(value, str) or not value.strip():
            return super().to_python(value)
        try:
            rule = loads(value)
            refuse_empty_groups(rule)
        except InvalidRule as wrong:
            raise ValidationError(wrong.sentences) from None
        return rule

    def _built(self, typed: Typed) -> Any:
        if typed.pressed:
            # Only where no view has asked `pressed`: the admin panel without script.
            raise ValidationError(_("The rows have changed; save once the rule is whole."))
        if not typed.is_untouched and (wrong := typed.wrong(self.forbidden)):
            # The sentences stand with their rows; here, for who reads from the top.
            raise ValidationError(list(dict.fromkeys(wrong.values())))
        return typed.rule

    def validate(self, value: Any) -> None:
        super().validate(value)
        if not self.is_checked or value in self.empty_values:
            return
        try:
            parse(value, forbidden=self.forbidden)
        except InvalidRule as wrong:
            raise ValidationError(wrong.sentences) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        # A form that the admin panel adds and nobody fills in is no stage.
        if initial is None and isinstance(data, Typed) and data.is_blank:
            return False
        return super().has_changed(initial, data)

    def bound_data(self, data: Any, initial: Any) -> Any:
        if self.disabled or data is None or isinstance(data, Typed):
            return initial if self.disabled else data
        try:
            return loads(data)
        except InvalidRule:
            # Shown again as it was typed.
            return InvalidJSONInput(data)

    def prepare_value(self, value: Any) -> Any:
        """As it is: the builder makes its rows of it."""
        return value
