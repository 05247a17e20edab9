"""The page on which somebody changes what was logged, and what of it was changed before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.amending import SAID
from crm.contact import Telling
from crm.evidence import EARLIEST
from crm.form_fields import NO_SUCH_DAY, OUT_OF_DATE, day_field
from crm.models import Audit, Interaction
from crm.money import day, number

# Of one contact, in the timeline.
MOST_VERSIONS = 20


class AmendForm(Telling):
    """What is in the record, to be said anew. `seen` is the revision that its reader has seen."""

    direction = forms.ChoiceField(
        choices=Interaction.Direction.choices,
        label=gettext_lazy("Who began"),
        widget=forms.Select({"class": "form-select"}),
        error_messages={
            "required": gettext_lazy("It is either they who came to us, or we who went to them."),
            "invalid_choice": gettext_lazy("It is either they who came to us, or we who went to them."),
        },
    )
    happened_on = day_field(gettext_lazy("Day"), NO_SUCH_DAY)
    seen = forms.IntegerField(widget=forms.HiddenInput, error_messages={"required": OUT_OF_DATE, "invalid": OUT_OF_DATE})

    def __init__(self, asked: Mapping[str, Any] | None, interaction: Interaction, today: date) -> None:
        kept = {name: getattr(interaction, name) for name in SAID} | {"seen": interaction.revision}
        super().__init__(asked, initial=kept)
        self.interaction, self.today = interaction, today
        # An import may have said nothing of it.
        self.fields["minutes"].required = interaction.minutes is not None
        self.fields["happened_on"].widget.attrs |= {"min": EARLIEST.isoformat(), "max": today.isoformat()}

    def clean_happened_on(self) -> date:
        on: date = self.cleaned_data["happened_on"]
        if on != self.interaction.happened_on and on > self.today:
            raise forms.ValidationError(_("That day is still to come: give today or an earlier one."))
        if on != self.interaction.happened_on and on < EARLIEST:
            raise forms.ValidationError(_("That is too long ago: give a day after 1970."))
        return on

    def show_again(self, interaction: Interaction, sentence: forms.ValidationError) -> None:
        """Says what is wrong; to be sent once more, by somebody who has now seen what is in the record, with what they wrote."""
        self.add_error(None, sentence)
        self.data = dict(self.data.items()) | {"seen": interaction.revision}


@dataclass(frozen=True)
class Said:
    """One thing that was said of a contact, in words."""

    label: str
    words: str


@dataclass(frozen=True)
class Version:
    """What a contact said before somebody changed it."""

    by: str
    at: datetime
    said: list[Said]


def differing(form: AmendForm, interaction: Interaction) -> list[Said]:
    """What is in the record, of that which this valid form says otherwise."""
    return [said(name, getattr(interaction, name)) for name in SAID if form.cleaned_data[name] != getattr(interaction, name)]


def versions(interactions: Iterable[Interaction]) -> dict[int, list[Version]]:
    """Of each that was changed what it said before, the latest first. No query where none was."""
    changed = [one.pk for one in interactions if one.revision]
    if not changed:
        return {}
    found: dict[int, list[Version]] = {}
    kept_of = Audit.objects.filter(model=Interaction._meta.label, row__in=changed, what="interaction.changed")
    for entry in kept_of.order_by("-pk")[: MOST_VERSIONS * len(changed)]:
        before = [said(name, entry.changes[name][0]) for name in SAID if name in entry.changes]
        kept = found.setdefault(entry.row or 0, [])
        if before and len(kept) < MOST_VERSIONS:
            kept.append(Version(entry.by_name, entry.at, before))
    return found


def said(name: str, value: object) -> Said:
    """By the name of a field; its value as the model or the audit has it."""
    field = Interaction._meta.get_field(name)
    label = str(field.verbose_name)  # type: ignore[union-attr]
    return Said(label[:1].upper() + label[1:], _words(name, value))


def _words(name: str, value: object) -> str:
    if value is None or (value == "" and name != "incident"):
        return _("nothing")
    if name in _CHOICES:
        return str(dict(_CHOICES[name]).get(str(value), value))
    if name == "happened_on":
        return day(value if isinstance(value, date) else date.fromisoformat(str(value)))
    return _("%(number)s min") % {"number": number(int(str(value)))} if name == "minutes" else str(value)


_CHOICES: dict[str, list[tuple[str, Any]]] = {
    "kind": Interaction.Kind.choices,
    "direction": Interaction.Direction.choices,
    "incident": Interaction.Incident.choices,
}
