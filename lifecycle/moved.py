"""The list of moves behind a number of Today or the Ladder page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from crm.figures import Figures
from crm.paging import Cursor, Page, Sort, page
from lifecycle import history
from lifecycle.choice import Choice
from lifecycle.heights import Heights
from lifecycle.ladder import made_within, span
from lifecycle.leaving import codes, with_reason
from lifecycle.models import Stage, Transition
from lifecycle.overnight import made
from lifecycle.past import PastDay
from lifecycle.reasons import Told
from lifecycle.rungs import SPANS

ON_A_PAGE = 50
LATEST = Sort("moves", F("effective_on"), descending=True)


class MovesSearch(forms.Form):
    """What the address asks for: from and to which stage, which way, why, in how many days, or on one day. Else it is said."""

    way = forms.ChoiceField(required=False, choices=[("", ""), ("up", _("Up")), ("down", _("Down"))])
    days = forms.CharField(required=False)
    on = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    page = forms.CharField(required=False)

    def __init__(self, asked: Mapping[str, Any], heights: Heights, past: date | None) -> None:
        """`past` is the day that the reader looks back at, if any: what came later is not for them."""
        super().__init__(asked)
        self.heights, self.past = heights, past
        stages = [("", ""), *((stage.key, stage.name) for stage in heights.every)]
        wrong = {"invalid_choice": _("There is no such stage.")}
        for name in ("from", "to"):
            self.fields[name] = forms.ChoiceField(required=False, choices=stages, error_messages=wrong)
        reasons, wrong = [("", ""), *codes().items()], {"invalid_choice": _("There is no such reason.")}
        self.fields["reason"] = forms.ChoiceField(required=False, choices=reasons, error_messages=wrong)

    def clean_days(self) -> int:
        return span(self.cleaned_data["days"])

    def clean_on(self) -> date | None:
        on: date | None = self.cleaned_data["on"]
        if on and self.past and on > self.past:
            raise forms.ValidationError(_("That night came after the day you are looking at; here are the moves up to that day."))
        return on

    def clean_page(self) -> Cursor | None:
        text = self.cleaned_data["page"]
        cursor = Cursor.read(text, LATEST) if text else None
        if text and cursor is None:
            raise forms.ValidationError(_("This page of the list is no longer there; here is the first one."))
        return cursor

    @property
    def span(self) -> int:
        days: int = self.cleaned_data.get("days", SPANS[0])
        return days

    def stage(self, name: str) -> Stage | None:
        return self.heights.find(self.cleaned_data.get(name, ""))

    def filter(self, figures: Figures, as_of: date) -> QuerySet[Transition]:
        asked = self.cleaned_data
        if asked.get("on"):
            moves = made(self.heights).filter(effective_on=asked["on"], source=Transition.Source.NIGHT)
        else:
            moves = made_within(self.heights, figures, as_of, self.span, is_past=self.past is not None)
        for name, column in (("from", "from_stage"), ("to", "to_stage")):
            if stage := self.stage(name):
                moves = moves.filter(**{column: stage})
        if way := asked.get("way"):
            moves = moves.filter(self.heights.moves(up=way == "up"))
        if reason := asked.get("reason"):
            moves = with_reason(moves, self.heights, figures.facts).filter(Q(why=reason))
        return moves


@dataclass(frozen=True)
class MovesPage:
    form: MovesSearch
    page: Page[Transition]
    count: int
    # Whether the ladder was there at all by the day looked at: when looking back it may have begun later.
    is_kept: bool
    choice: Choice
    # The day of the history that the address asks for, if any.
    asked_day: PastDay

    @classmethod
    def of(cls, asked: Mapping[str, Any], figures: Figures, as_of: date, choice: Choice) -> "MovesPage":
        heights = choice.heights
        begun = history.begun(heights.ladder)
        chosen = PastDay.of(asked.get("as_of", ""), as_of, begun)
        as_of = chosen.day or as_of
        is_past = figures.is_past or chosen.day is not None
        form = MovesSearch(asked, heights, as_of if is_past else None)
        form.is_valid()
        found = form.filter(figures, as_of)
        shown = found.select_related("customer", "from_stage", "to_stage", "by")
        is_kept = not is_past or (begun is not None and begun <= as_of)
        rows = page(shown, LATEST, form.cleaned_data.get("page"), ON_A_PAGE)
        return cls(form, rows, found.count(), is_kept, choice, chosen)

    @property
    def moves(self) -> list[Told]:
        return [Told.of(move) for move in self.page.rows]

    @property
    def problems(self) -> list[str]:
        said = [self.choice.problem, self.asked_day.problem]
        said += [str(sentence) for sentences in self.form.errors.values() for sentence in sentences]
        return [sentence for sentence in said if sentence]

    @property
    def past(self) -> date | None:
        return self.form.past

    @property
    def on(self) -> date | None:
        return self.form.cleaned_data.get("on")

    @property
    def days(self) -> int:
        return self.form.span

    @property
    def before(self) -> Stage | None:
        return self.form.stage("from")

    @property
    def after(self) -> Stage | None:
        return self.form.stage("to")

    @property
    def way(self) -> str:
        return str(self.form.cleaned_data.get("way", ""))

    @property
    def reason(self) -> str:
        """Why they left, in words; empty where that is not asked."""
        return codes().get(self.form.cleaned_data.get("reason", ""), "")

    @property
    def query(self) -> str:
        """What the way back to the ladder carries."""
        day = self.asked_day.day
        named = {"ladder": self.choice.key} if self.choice.key else {}
        return urlencode({"days": self.days} | named | ({"as_of": day.isoformat()} if day else {}))
