"""Critical incidents: what was remarkably good or bad for a customer, and what caused it."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.form_fields import TOO_LONG
from crm.models import Interaction
from crm.models.interaction import LONGEST_CAUSE


class IncidentFields(forms.Form):
    """Of a form that says what happened."""

    incident = forms.ChoiceField(
        required=False,
        choices=Interaction.Incident.choices,
        label=gettext_lazy("Critical incident"),
        widget=forms.Select({"class": "form-select"}),
        error_messages={"invalid_choice": gettext_lazy("It was remarkably good, remarkably bad, or nothing out of the ordinary.")},
    )
    incident_cause = forms.CharField(
        required=False,
        max_length=LONGEST_CAUSE,
        label=gettext_lazy("What caused it"),
        widget=forms.TextInput({"class": "form-control", "dir": "auto", "autocomplete": "off"}),
        error_messages=TOO_LONG,
    )

    def clean(self) -> dict[str, Any] | None:
        read = super().clean()
        if self.cleaned_data.get("incident_cause") and not self.cleaned_data.get("incident") and "incident" not in self.errors:
            self.add_error("incident", _("Say whether what it caused was remarkably good or bad."))
        return read
