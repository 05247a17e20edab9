"""Setting a customer's stage by hand: the form, and the pins in force that the customer page shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import panels
from crm.figures import Figures
from crm.form_fields import TOO_LONG, day_field
from crm.models import Customer, User
from crm.printed import printed
from lifecycle import moves
from lifecycle.models import LONGEST_REASON, Ladder, PinChange, Position, Stage, Transition
from lifecycle.standing import Pin, Standing


class StageForm(forms.Form):
    """Where to put them, why, and until when. A stage is named by its ladder's key and its own: kotler/client."""

    stage = forms.ChoiceField(
        label=gettext_lazy("Stage"),
        widget=forms.Select({"class": "form-select"}),
        error_messages={
            "required": gettext_lazy("Choose a stage."),
            "invalid_choice": gettext_lazy("There is no such stage; choose one of those shown."),
        },
    )
    reason = forms.CharField(
        max_length=LONGEST_REASON,
        label=gettext_lazy("Why"),
        widget=forms.Textarea({"rows": 2, "class": "form-control", "dir": "auto"}),
        error_messages={
            "required": gettext_lazy("A move by hand needs a reason: say what you know that the figures do not."),
            **TOO_LONG,
        },
    )
    until = day_field(gettext_lazy("Until, if not for good"))

    def __init__(self, asked: Mapping[str, Any] | None, ladders: Sequence[tuple[Ladder, Sequence[Stage]]], here: str, today: date) -> None:
        """`ladders` with their stages, from the highest; `here` is the one in which they stand."""
        super().__init__(asked, initial={"stage": here}, auto_id="stage_%s")
        groups = [(str(ladder), [(f"{ladder.key}/{stage.key}", str(stage)) for stage in stages]) for ladder, stages in ladders]
        field = self.fields["stage"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = groups if len(groups) > 1 else [choice for _name, choices in groups for choice in choices]
        self.fields["until"].widget.attrs["min"] = today.isoformat()
        self.stages = {f"{ladder.key}/{stage.key}": (ladder, stage) for ladder, stages in ladders for stage in stages}

    @property
    def problems(self) -> list[str]:
        return [str(sentence) for sentences in self.errors.values() for sentence in sentences]


def _empty(ladder: str, stages: tuple[tuple[str, str], ...], here: str, today: date) -> dict[str, object]:
    """The form with the stages of one ladder, each by its key and name."""
    shown = [Stage(key=key, name=name) for key, name in stages]
    return {"form": StageForm(None, [(Ladder(key=ladder), shown)], here, today)}


@dataclass(frozen=True)
class ByHand:
    """The pins in force, and what the form of the primary ladder offers."""

    customer: Customer
    pins: Sequence[Pin]
    standing: Standing
    today: date

    @property
    def fields(self) -> SafeString:
        ladder, heights = self.standing.position.ladder, self.standing.heights
        stages = tuple((stage.key, stage.name) for stage in (*reversed(heights.rungs), *heights.beside))
        return printed("lifecycle/_stage_fields.html", _empty, ladder.key, stages, f"{ladder.key}/{self.standing.stage.key}", self.today)

    @classmethod
    def of(cls, customer: Customer, figures: Figures) -> "ByHand | None":
        """None before the first night, and in the past: nobody is moved there."""
        standing = None if figures.is_past or figures.as_of is None else Standing.of(customer, figures.business)
        if standing is None:
            return None
        others = [pin for pin in standing.pins if pin.ladder != standing.position.ladder]
        return cls(customer, others, standing, figures.business.today())


def form_of_all(asked: Mapping[str, Any] | None, customer: Customer, today: date) -> StageForm:
    """With the stages of every ladder, the primary one first."""
    stages: dict[int, list[Stage]] = {}
    for stage in Stage.objects.kept().select_related("ladder").order_by("-ladder__is_primary", "ladder", "-rung", "rank"):
        stages.setdefault(stage.ladder_id, []).append(stage)
    held = Position.objects.filter(customer=customer, ladder__is_primary=True).values_list("ladder__key", "stage__key").first()
    return StageForm(asked, [(some[0].ladder, some) for some in stages.values()], "/".join(held) if held else "", today)


def put(*, customer: Customer, form: StageForm, by: User, today: date) -> Transition | PinChange:
    """Moves them by a valid form; pins them, where they stand there already. Raises ValidationError as `moves` does."""
    ladder, stage = form.stages[form.cleaned_data["stage"]]
    return _put(customer, ladder, stage, by, form.cleaned_data["reason"], form.cleaned_data["until"], today)


def put_back(*, customer: Customer, released: PinChange, by: User, today: date) -> Transition | PinChange:
    """Sets once more the pin that was released: where they stand, or where they stood. Raises ValidationError as `moves` does."""
    return _put(customer, released.ladder, released.stage, by, released.reason, released.until, today)


def _put(
    customer: Customer, ladder: Ladder, stage: Stage, by: User, reason: str, until: date | None, today: date
) -> Transition | PinChange:
    if Position.objects.filter(customer=customer, ladder=ladder, stage=stage).exists():
        return moves.pin(customer=customer, ladder=ladder, by=by, reason=reason, as_of=today, today=today, until=until)
    return moves.move(customer=customer, to=stage, by=by, reason=reason, as_of=today, today=today, until=until)


def said(done: Transition | PinChange, customer: Customer) -> str:
    """That it is done, in a sentence."""
    if isinstance(done, Transition):
        return _("%(who)s is moved to %(stage)s and kept there.") % {"who": customer, "stage": done.to_stage}
    if done.kind == PinChange.Kind.RELEASED:
        return _("%(who)s is not kept in %(stage)s any more: the rules decide.") % {"who": customer, "stage": done.stage}
    return _("%(who)s is kept in %(stage)s.") % {"who": customer, "stage": done.stage}


panels.register(panels.Panel("lifecycle/_by_hand.html", ByHand.of, order=12))
