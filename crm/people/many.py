"""One of the owner's fields set, or emptied, for many customers at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit
from crm.bulk_actions import kinds
from crm.bulk_actions.kinds import Done, Said
from crm.form_fields import TOO_LONG
from crm.models import Customer, CustomField, FieldOption, FieldValue, User
from crm.models.custom import LONGEST_VALUE
from crm.people.more import checked_text, control
from crm.people.values import Given, fields_shown, from_plain, plain, said, write_many

Kind = CustomField.Kind
# How a choice of the form ends: after the key of the field comes a value that it names, the one that is written below, or none.
_VALUE, _WRITTEN, _NOTHING = "=", "+", "-"


class FieldForm(forms.Form):
    """One list holds what can be set: each option of a choice, and what is typed for the other kinds."""

    what = forms.ChoiceField(
        label=gettext_lazy("Field, and what it is to hold"),
        widget=forms.Select({"class": "form-select"}),
        error_messages={
            "required": gettext_lazy("Say which field."),
            "invalid_choice": gettext_lazy("There is no such field or option any more; choose one from the list."),
        },
    )
    value = forms.CharField(
        required=False,
        max_length=LONGEST_VALUE,
        label=gettext_lazy("The value, for a text, a number or a date"),
        widget=forms.TextInput({"class": "form-control", "dir": "auto", "autocomplete": "off"}),
        error_messages=TOO_LONG,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by_key = {field.pk: field for field in fields_shown()}
        offered: dict[int, list[FieldOption]] = {}
        for option in FieldOption.objects.filter(field__in=self.by_key, is_retired=False):
            offered.setdefault(option.field_id, []).append(option)
        groups = [(field.name, _choices(field, offered.get(field.pk, []))) for field in self.by_key.values()]
        self.fields["what"].choices = groups  # type: ignore[attr-defined]

    def clean(self) -> None:
        what = self.cleaned_data.get("what", "")
        if not what or "value" in self.errors:
            return
        digits = len(what) - len(what.lstrip("0123456789"))
        field, mark, named = self.by_key[int(what[:digits])], what[digits], what[digits + 1 :]
        try:
            value = self._typed(field) if mark == _WRITTEN else from_plain(field, named if mark == _VALUE else "")
        except ValidationError as wrong:
            self.add_error("value", wrong)
        else:
            self.cleaned_data |= {"field": field, "given": value}

    def _typed(self, field: CustomField) -> Given:
        text = self.cleaned_data["value"]
        value = control(field, []).clean(text)
        if value in (None, ""):
            raise ValidationError(_("Write what “%(field)s” is to hold, or choose to empty it.") % {"field": field})
        given: Given = checked_text(value) if field.kind == Kind.TEXT else value
        return given


def _choices(field: CustomField, options: Sequence[FieldOption]) -> list[tuple[str, str]]:
    named = [(option.key, option.name) for option in options]
    if field.kind == Kind.YES_NO:
        named = [("true", _("yes")), ("false", _("no"))]
    said = [(f"{field.pk}{_VALUE}{key}", _pair(field, name)) for key, name in named]
    if not named:
        said = [(f"{field.pk}{_WRITTEN}", _pair(field, _("what is written below")))]
    return [*said, (f"{field.pk}{_NOTHING}", _pair(field, _("nothing, emptied")))]


def _pair(field: CustomField, value: str) -> str:
    return _("%(field)s: %(value)s") % {"field": field, "value": value}


def _said(data: Said) -> dict[str, Any]:
    field, given = data["field"], data["given"]
    return {"field": field.pk, "name": field.name, "value": plain(given), "said": said(given)}


def _words(told: Said) -> str:
    return _("%(field)s: %(value)s") % {"field": told["name"], "value": told["said"] or _("nothing, emptied")}


def _set(customers: Sequence[Customer], told: Said, by: User | None) -> Done:
    field = CustomField.objects.select_for_update().filter(pk=told["field"], archived_at=None).first()
    if field is None:
        raise LookupError(_("The field “%(field)s” was archived or deleted meanwhile.") % {"field": told["name"]})
    value, held = from_plain(field, told["value"]), _held(field.pk, customers)
    after = _kept(field, value)
    done: Done = {one.pk: (_kept(field, held.get(one.pk)), after) for one in customers if plain(held.get(one.pk)) != told["value"]}
    write_many(field=field, given=dict.fromkeys(done, value))
    return done


def _back(befores: Mapping[Customer, Mapping[str, Any]], afters: Mapping[int, Mapping[str, Any]], by: User | None) -> set[int]:
    keys = {before["field"] for before in befores.values()}
    field = CustomField.objects.select_for_update().filter(pk__in=keys).first()
    if field is None:
        return set()
    held = _held(field.pk, list(befores))
    still = {one.pk: before["value"] for one, before in befores.items() if plain(held.get(one.pk)) == afters[one.pk]["value"]}
    read = {text: from_plain(field, text) for text in set(still.values())}
    write_many(field=field, given={pk: read[text] for pk, text in still.items()})
    return set(still)


def _held(field: int, customers: Sequence[Customer]) -> dict[int, object]:
    rows = FieldValue.objects.filter(field=field, customer__in=[one.pk for one in customers]).select_related("option")
    return {row.customer_id: row.value for row in rows}


def _kept(field: CustomField, value: object) -> dict[str, Any]:
    return {"field": field.pk, "name": field.name, "value": plain(value), "said": said(value)}


def _tells(before: Mapping[str, Any], after: Mapping[str, Any]) -> audit.Changes:
    return {after["name"]: [before["said"], after["said"]]}


kinds.register(
    kinds.Kind(
        "field",
        gettext_lazy("A field of our own"),
        FieldForm,
        _said,
        _words,
        _set,
        _back,
        is_offered=CustomField.objects.filter(archived_at=None).exists,
        tells=_tells,
    )
)
