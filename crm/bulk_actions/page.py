"""What the pages of bulk actions show: whom one concerns and what can be done, and then how far it is and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django import forms
from django.db.models import Count
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from crm.bulk_actions.kinds import KINDS, Kind
from crm.bulk_actions.selection import Selection
from crm.figures import Figures
from crm.form_fields import OUT_OF_DATE
from crm.models import BulkAction, BulkChange, Customer, Job
from crm.money import number
from crm.progress import Progress, waiting

NAMED = 10
_DONE = ngettext_lazy("Done for %(number)s customer.", "Done for %(number)s customers.", "n")
_SAME = ngettext_lazy("%(number)s had it already.", "%(number)s had it already.", "n")
_GONE = ngettext_lazy("%(number)s is not there any more.", "%(number)s are not there any more.", "n")
_BACK = ngettext_lazy("Taken back for %(number)s customer.", "Taken back for %(number)s customers.", "n")
_KEPT = ngettext_lazy("%(number)s was changed since, and stays so.", "%(number)s were changed since, and stay so.", "n")


class KindForm(forms.Form):
    """What is to be done, and the key of this very form."""

    kind = forms.ChoiceField(
        error_messages={
            "required": gettext_lazy("Choose what is to be done with them."),
            "invalid_choice": gettext_lazy("That cannot be done with many; choose something from the list."),
        }
    )
    key = forms.UUIDField(
        widget=forms.HiddenInput,
        error_messages={"required": OUT_OF_DATE},
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["kind"].choices = [(kind.key, kind.label) for kind in KINDS.values()]  # type: ignore[attr-defined]


@dataclass
class Asking:
    """The page that asks what is to be done. `names` are the first of those whom it concerns, `people` how many they are."""

    selection: Selection
    people: int
    names: list[Customer]
    form: KindForm
    forms: list[tuple[Kind, forms.Form, bool]]

    @classmethod
    def of(cls, figures: Figures, query: QueryDict, sent: QueryDict | None = None) -> "Asking":
        selection = Selection.of(sent or query)
        facts = selection.facts(figures)
        named = [one.customer for one in facts.select_related("customer").order_by("customer__search_key", "pk")[:NAMED]]
        chosen = (sent or query).get("kind", "")
        asked = [
            (kind, _form(kind, sent if kind.key == chosen else None), kind.key == chosen) for kind in KINDS.values() if kind.is_offered()
        ]
        form = KindForm(sent) if sent else KindForm(initial={"key": uuid4()})
        return cls(selection, facts.count(), named, form, asked)

    @property
    def finding(self) -> str:
        return ngettext("%(number)s customer", "%(number)s customers", self.people) % {"number": number(self.people)}

    @property
    def more(self) -> str:
        rest = self.people - len(self.names)
        return ngettext("and %(number)s more", "and %(number)s more", rest) % {"number": number(rest)} if rest > 0 else ""

    @property
    def said(self) -> tuple[str, dict[str, object], UUID] | None:
        """What was sent, where it is whole: the kind, its arguments, and the key of the form."""
        is_whole, chosen = self.form.is_valid(), next(((kind, form) for kind, form, is_it in self.forms if is_it), None)
        if not (is_whole and chosen and chosen[1].is_valid()):
            return None
        kind, form = chosen
        return kind.key, kind.said(form.cleaned_data), self.form.cleaned_data["key"]

    @property
    def problems(self) -> list[str]:
        return [str(sentence) for sentences in self.form.errors.values() for sentence in sentences] if self.form.is_bound else []


@dataclass(frozen=True)
class Outcome:
    """How far one is, or what came of it."""

    action: BulkAction
    progress: Progress | None
    counts: dict[str, int]
    failed: str

    @classmethod
    def of(cls, action: BulkAction, now: datetime) -> "Outcome":
        counted = dict(action.changes.values_list("state").annotate(number=Count("pk")))
        job = action.job
        is_open = action.state not in {BulkAction.State.DONE, BulkAction.State.UNDONE}
        failed = job.reason if job and job.state == Job.State.FAILED and is_open else ""
        return cls(action, _progress(job, now) if is_open and job and not failed else None, counted, failed)

    @property
    def polls(self) -> bool:
        return self.progress is not None

    @property
    def heading(self) -> str:
        kind = KINDS.get(self.action.kind)
        return kind.words(self.action.arguments) if kind else self.action.kind

    @property
    def can_undo(self) -> bool:
        """Also what failed on its way, as far as it came."""
        is_over = self.action.state == BulkAction.State.DONE or (self.action.state == BulkAction.State.CHOSEN and bool(self.failed))
        return is_over and bool(self.counts.get(BulkChange.State.CHANGED))

    @property
    def words(self) -> str:
        """What came of it, in sentences that stand alone."""
        if self.failed or self.progress:
            return self.failed or (self.progress.words if self.progress else "")
        if self.action.state == BulkAction.State.UNDONE:
            return self._sentences((BulkChange.State.UNDONE, _BACK), (BulkChange.State.KEPT, _KEPT), (BulkChange.State.GONE, _GONE))
        return self._sentences((BulkChange.State.CHANGED, _DONE), (BulkChange.State.SAME, _SAME), (BulkChange.State.GONE, _GONE))

    def _sentences(self, *each: tuple[str, Promise]) -> str:
        """Of each state that there is, and of the first in any case."""
        said = [(words, self.counts.get(state, 0)) for state, words in each]
        return " ".join(words % {"n": count, "number": number(count)} for place, (words, count) in enumerate(said) if count or not place)


def _form(kind: Kind, sent: QueryDict | None) -> forms.Form:
    """A browser must not ask for what belongs to a kind that is not chosen."""
    return kind.form(sent, prefix=kind.key, use_required_attribute=False)


def _progress(job: Job, now: datetime) -> Progress:
    if job.state == Job.State.QUEUED:
        return Progress(waiting(now))
    said = _("%(done)s of %(total)s customers are done.") % {"done": number(job.done), "total": number(job.total)}
    return Progress(said, job.done, job.total)
