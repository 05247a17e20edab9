"""“More about them”: the owner's fields on the page of a customer, and the form in which they are filled in."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import presence
from crm.fields import CENT, LIMIT
from crm.figures import Figures
from crm.fold import fold
from crm.form_fields import NO_SUCH_DAY
from crm.models import Customer, CustomField, FieldOption, FieldValue, User
from crm.models.custom import LONGEST_VALUE
from crm.money import day
from crm.people.values import Given, fields_shown, keep_values, plain, values_of
from crm.people.words import line
from crm.rules.words import figure

Kind = CustomField.Kind
_NO_NUMBER = gettext_lazy("Write a number of at most ten digits, with two decimals at most.")
_NO_CHOICE = gettext_lazy("Choose one of those shown.")
# With which letter the controls of a field and what was seen of it are named.
_FIELD, _SEEN = "f", "s"


def said(value: FieldValue | None) -> str:
    """As people read it; empty for none."""
    match value.value if value else None:
        case None:
            return ""
        case bool() as answer:
            return _("yes") if answer else _("no")
        case Decimal() as number:
            return figure(number)
        case str() as text:
            return text
        case FieldOption() as option:
            return option.name
    return day(value.date) if value and value.date else ""


@dataclass(frozen=True)
class More:
    """`lines` are (name, value) of what is filled in."""

    customer: Customer
    lines: list[tuple[str, str]]

    @classmethod
    def of(cls, customer: Customer, figures: Figures) -> "More | None":
        """Not in the past, nor where the owner asks nothing."""
        if figures.is_past or not presence.is_there(customer, "fields"):
            return None
        fields = fields_shown()
        values = values_of(customer) if fields and presence.is_there(customer, "values") else {}
        return cls(customer, [(field.name, said(values[field.pk])) for field in fields if field.pk in values]) if fields else None


def control(field: CustomField, choices: list[tuple[str, str]]) -> forms.Field:
    """The control in which a value of this field is asked; `choices` are of a choice, and of yes or no."""
    told: dict[str, Any] = {"required": False, "label": field.name}
    attrs = {"class": "form-control"}
    match field.kind:
        case Kind.NUMBER:
            wrong: dict[str, Any] = dict.fromkeys(
                ("invalid", "max_digits", "max_decimal_places", "max_whole_digits", "min_value", "max_value"), _NO_NUMBER
            )
            limits: dict[str, Any] = {"min_value": -LIMIT + CENT, "max_value": LIMIT - CENT, "max_digits": 12, "decimal_places": 2}
            return forms.DecimalField(
                **told,
                **limits,
                localize=True,
                error_messages=wrong,
                widget=forms.TextInput({**attrs, "inputmode": "decimal", "maxlength": 20}),
            )
        case Kind.DATE:
            widget = forms.DateInput({"type": "date", **attrs, "min": "1000-01-01"}, format="%Y-%m-%d")
            return forms.DateField(**told, widget=widget, error_messages={"invalid": NO_SUCH_DAY})
        case Kind.CHOICE | Kind.YES_NO:
            select = forms.Select({"class": "form-select"})
            return forms.ChoiceField(**told, choices=choices, widget=select, error_messages={"invalid_choice": _NO_CHOICE})
    text = forms.TextInput({**attrs, "dir": "auto", "maxlength": LONGEST_VALUE})
    return forms.CharField(**told, widget=text, strip=True)


def checked_text(text: str) -> str:
    """A text as a field keeps it. Raises ValidationError for what cannot be kept, or read."""
    text = line(text, LONGEST_VALUE)
    if not fold(text):
        raise ValidationError(_("Write something that can be read, or leave it empty."))
    return text


class MoreForm(forms.Form):
    """A control for each of the owner's fields. What was shown travels with it: the later of two people overwrites nothing unseen."""

    def __init__(self, customer: Customer, asked: Mapping[str, Any] | None = None) -> None:
        self.customer, self.held = customer, values_of(customer)
        self.by_name = {f"{_FIELD}{field.pk}": field for field in fields_shown()}
        self.options: dict[int, list[FieldOption]] = {}
        for option in FieldOption.objects.filter(field__archived_at=None):
            self.options.setdefault(option.field_id, []).append(option)
        super().__init__(asked, initial={name: self._plain(field) for name, field in self.by_name.items()}, auto_id="more_%s")
        self.fields |= {name: control(field, self._choices(field)) for name, field in self.by_name.items()}
        # What each control was filled with when the person opened the form.
        self.seen = {field.pk: self._seen(field, asked) for field in self.by_name.values()}

    def _plain(self, field: CustomField) -> str:
        return plain(self.held[field.pk].value) if field.pk in self.held else ""

    def _seen(self, field: CustomField, asked: Mapping[str, Any] | None) -> str:
        return str(asked.get(f"{_SEEN}{field.pk}", "")) if asked is not None else self._plain(field)

    def _choices(self, field: CustomField) -> list[tuple[str, str]]:
        """Of a choice, and of yes or no."""
        nothing = ("", _("not known"))
        if field.kind == Kind.YES_NO:
            return [nothing, ("true", _("yes")), ("false", _("no"))]
        # Who has an option that is offered no more keeps it.
        has = self._plain(field)
        offered = [option for option in self.options.get(field.pk, []) if not option.is_retired or option.key == has]
        return [nothing, *((option.key, option.name) for option in offered)]

    def clean(self) -> None:
        for name, field in self.by_name.items():
            text = self.cleaned_data.get(name)
            if field.kind != Kind.TEXT or not text or name in self.errors:
                continue
            try:
                self.cleaned_data[name] = checked_text(text)
            except ValidationError as wrong:
                self.add_error(name, wrong)

    @property
    def given(self) -> dict[CustomField, Given]:
        return {field: self._given(field, self.cleaned_data.get(name)) for name, field in self.by_name.items() if name in self.data}

    def _given(self, field: CustomField, value: Any) -> Given:
        if value in (None, ""):
            return None
        if field.kind == Kind.YES_NO:
            return bool(value == "true")
        if field.kind == Kind.CHOICE:
            return next((option for option in self.options[field.pk] if option.key == value), None)
        given: Given = value
        return given

    def save(self, by: User) -> bool:
        """Of a valid form, whether it is written. Where somebody was quicker it is not, and the form says which values stand there now."""
        clash = keep_values(customer=self.customer, given=self.given, seen=self.seen, by=by)
        for key, now in clash.items():
            here = said(now) or _("nothing")
            sentence = _("Somebody wrote “%(value)s” here while you were editing. Save once more to keep yours.")
            self.add_error(f"{_FIELD}{key}", sentence % {"value": here})
            self.seen[key] = plain(now.value) if now else ""
        return not clash

    @property
    def rows(self) -> list["Asked"]:
        """Each control, with what was seen of its field."""
        return [Asked(self[name], f"{_SEEN}{field.pk}", self.seen[field.pk]) for name, field in self.by_name.items()]


@dataclass(frozen=True)
class Asked:
    control: forms.BoundField
    seen_name: str
    seen: str
