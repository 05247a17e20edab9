"""What an owner says of a stage in Settings."""

from copy import copy
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.form_fields import TOO_LONG
from crm.rules.forms import RuleField
from lifecycle.editing import draft, free_key, put_on_rung, ranked
from lifecycle.models import AFTER_STAGES, Ladder, Stage

# No key holds a colon.
BESIDE, LOWEST, ABOVE = "beside:", "lowest:", "above:"


class StageForm(forms.ModelForm[Stage]):
    """Of a stage that is there, or of a new one, which is put before another; `stages` is the whole ladder with it."""

    rule = RuleField(
        forbidden=AFTER_STAGES,
        label=gettext_lazy("Rule"),
        help_text=gettext_lazy("Of the stages, the first whose rule holds is taken."),
    )
    above = forms.ChoiceField(label=gettext_lazy("Place on the ladder"))
    before = forms.ChoiceField(label=gettext_lazy("Tried before"))

    class Meta:
        model = Stage
        fields = ["name", "rule", "colour", "text"]
        help_texts = {
            "colour": gettext_lazy("Written #rrggbb, such as #0f5a47. Left empty, the stage has the colour of its place."),
            "text": gettext_lazy("In your own words, for whoever reads the ladder."),
        }
        widgets = {"text": forms.Textarea(attrs={"rows": 3})}
        error_messages = dict.fromkeys(("name", "colour", "text"), TOO_LONG)

    field_order = ["name", "before", "above", "rule", "colour", "text"]

    def __init__(self, *args: Any, ladder: Ladder, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ladder, self.others = ladder, [stage for stage in draft(ladder) if stage.pk != self.instance.pk]
        self.is_new = self.instance.pk is None
        self.fields["above"] = self._places()
        if self.is_new:
            self.instance.ladder = ladder
            choices = [(stage.key, str(stage)) for stage in self.others]
            last = self.others[-1].key if self.others else None
            self.fields["before"] = forms.ChoiceField(label=self.fields["before"].label, choices=choices, initial=last)
        else:
            del self.fields["before"]

    def _places(self) -> forms.ChoiceField:
        rungs = sorted((stage for stage in self.others if stage.rung is not None), key=lambda stage: stage.rung or 0)
        choices = [(BESIDE, _("Beside the ladder")), (LOWEST, _("The lowest rung"))]
        choices += [(ABOVE + stage.key, _("Above “%(stage)s”") % {"stage": stage}) for stage in rungs]
        below = [stage for stage in rungs if self.instance.rung is not None and (stage.rung or 0) < self.instance.rung]
        initial = BESIDE if self.instance.rung is None else ABOVE + below[-1].key if below else LOWEST
        return forms.ChoiceField(label=self.fields["above"].label, choices=choices[::-1], initial=initial)

    def stages(self) -> list[Stage]:
        """The whole ladder as it would be; call once it is valid."""
        said, stages = self.cleaned_data, [copy(stage) for stage in draft(self.ladder)]
        if self.is_new:
            keys = set(self.ladder.stages.values_list("key", flat=True))
            self.instance.key = free_key(said["name"], keys, "stage")
            place = next(number for number, stage in enumerate(stages) if stage.key == said["before"])
            stages = ranked([*stages[:place], self.instance, *stages[place:]])
        else:
            stages = [self.instance if stage.pk == self.instance.pk else stage for stage in stages]
        if self.is_new or "above" in self.changed_data:
            above: str = said["above"]
            put_on_rung(stages, self.instance, None if above == BESIDE else above.removeprefix(ABOVE).removeprefix(LOWEST))
        return stages


class HomeForm(forms.Form):
    """Where the customers of a stage go that is taken off."""

    home = forms.ModelChoiceField(
        Stage.objects.none(),
        label=gettext_lazy("Their new home"),
        to_field_name="key",
        error_messages={
            "required": gettext_lazy("Choose the stage to which its customers go."),
            "invalid_choice": gettext_lazy("Choose one of the other stages of this ladder."),
        },
    )

    def __init__(self, *args: Any, stage: Stage, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["home"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Stage.objects.kept().filter(ladder=stage.ladder_id).exclude(pk=stage.pk).order_by("rank")


class LadderForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name of the ladder"), max_length=Ladder._meta.get_field("name").max_length, error_messages=TOO_LONG
    )
