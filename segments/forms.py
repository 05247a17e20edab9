"""What an owner says of a segment."""

from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from crm.form_fields import TOO_LONG
from crm.rules.builder import RuleBuilder
from crm.rules.forms import RuleField
from segments.models import LONGEST_NAME, LONGEST_TEXT, validate_rule


class SegmentForm(forms.Form):
    """`version` is the one that the person has seen."""

    rule = RuleField(
        label=_("Rule"), validators=[validate_rule], error_messages={"required": _("Say whom you mean: a segment needs a rule.")}
    )
    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME, error_messages={"required": _("Give the segment a name."), **TOO_LONG})
    purpose = forms.CharField(
        label=_("What it is for"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        error_messages=TOO_LONG,
        help_text=_("For whoever meets it later: why these people, and what is done with them."),
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("name", "purpose"):
            self.fields[name].widget.attrs |= {"class": "form-control", "dir": "auto"}

    def leave_people_out(self) -> None:
        """Of what the builder of the rule shows: the members are on the page."""
        cast(RuleBuilder, self.fields["rule"].widget).samples = False

    def see_version(self, version: int | None) -> None:
        """Sent once more, it is saved over this version: the person has been told of it."""
        data = cast(QueryDict, self.data).copy()
        data["version"] = str(version or "")
        self.data = data
