"""Settings, Fields: the forms in which a field is made and changed, and the page that lists them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Count
from django.utils.translation import gettext_lazy

from crm.form_fields import TOO_LONG
from crm.models import CustomField, FieldOption
from crm.models.custom import LONGEST_NAME
from crm.people.fields import MOST_OPTIONS, fact_name
from crm.people.uses import rules, uses_of

# Of the options as they are typed, with their ends of lines.
LONGEST_OPTIONS = MOST_OPTIONS * (LONGEST_NAME + 2)


def _options_asked(label: Any) -> forms.CharField:
    return forms.CharField(
        required=False,
        max_length=LONGEST_OPTIONS,
        label=label,
        help_text=gettext_lazy("One on each line; only for a choice."),
        widget=forms.Textarea({"rows": 4, "dir": "auto"}),
        error_messages=TOO_LONG,
    )


class NewField(forms.Form):
    name = forms.CharField(
        max_length=LONGEST_NAME,
        label=gettext_lazy("Name"),
        widget=forms.TextInput({"dir": "auto", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Give it a name with a letter or a digit in it."), **TOO_LONG},
    )
    kind = forms.ChoiceField(
        choices=CustomField.Kind.choices,
        label=gettext_lazy("Kind"),
        error_messages={
            "required": gettext_lazy("Say what it holds."),
            "invalid_choice": gettext_lazy("There is no such kind of field; choose one of those shown."),
        },
    )
    options = _options_asked(gettext_lazy("Options"))

    @property
    def made(self) -> dict[str, Any]:
        """What make_field takes, of a valid form."""
        return {**self.cleaned_data, "options": self.cleaned_data["options"].splitlines()}


class FieldForm(forms.Form):
    """The name of a field; of a choice each option with its name, whether it is offered, and new ones."""

    name = forms.CharField(
        max_length=LONGEST_NAME,
        label=gettext_lazy("Name"),
        widget=forms.TextInput({"dir": "auto", "class": "form-control"}),
        error_messages=TOO_LONG,
    )
    more = _options_asked(gettext_lazy("More options"))

    def __init__(self, field: CustomField, asked: Mapping[str, Any] | None = None) -> None:
        super().__init__(asked, initial={"name": field.name})
        self.field = field
        self.options = list(field.options.all()) if field.kind == CustomField.Kind.CHOICE else []
        if field.kind != CustomField.Kind.CHOICE:
            del self.fields["more"]
        else:
            self.fields["more"].widget.attrs["class"] = "form-control"

    @property
    def asked(self) -> "list[AskedOption]":
        if not self.is_bound:
            return [AskedOption(option, option.name, not option.is_retired) for option in self.options]
        return [
            AskedOption(option, str(self.data.get(f"name-{option.key}", option.name)), bool(self.data.get(f"kept-{option.key}")))
            for option in self.options
        ]

    @property
    def changed(self) -> dict[str, Any]:
        """What change_field takes, of a valid form."""
        return {
            "name": self.cleaned_data["name"],
            "options": {one.option.key: one.name for one in self.asked},
            "kept": [one.option.key for one in self.asked if one.is_kept],
            "more": self.cleaned_data.get("more", "").splitlines(),
        }


@dataclass(frozen=True)
class AskedOption:
    option: FieldOption
    name: str
    is_kept: bool


@dataclass(frozen=True)
class Line:
    """One field as the page of fields prints it. `uses` are the rules that ask it; `filled` is how many customers have a value."""

    field: CustomField
    filled: int
    uses: list[str]
    is_first: bool
    is_last: bool

    @property
    def may_go(self) -> bool:
        return not self.uses


def lines() -> tuple[list[Line], list[Line]]:
    """Those that are shown, and those that are archived."""
    fields, asking = list(CustomField.objects.annotate(filled=Count("values")).order_by("rank", "pk")), rules()
    shown = [field for field in fields if field.archived_at is None]
    archived = [field for field in fields if field.archived_at]

    def line(field: CustomField, among: Sequence[CustomField]) -> Line:
        filled: int = getattr(field, "filled")  # noqa: B009 (annotated)
        return Line(field, filled, uses_of(fact_name(field), asking), field == among[0], field == among[-1])

    return [line(field, shown) for field in shown], [line(field, archived) for field in archived]
