"""The forms of a task: writing one, changing one, and putting one off."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm.form_fields import OUT_OF_DATE, TOO_LONG, day_field
from crm.models import Customer, Task, User
from crm.models.task import LONGEST_PAUSE, LONGEST_REASON, LONGEST_WHY
from crm.whom import Whom

_PAUSE = gettext_lazy("The number between two turns is a whole one from 1 to 366.")


class TaskForm(forms.Form):
    """What there is to do, by when, for whom and about whom. `key` is of this very form; `seen` is the task as it was before a change."""

    why = forms.CharField(
        max_length=LONGEST_WHY,
        label=gettext_lazy("What to do"),
        widget=forms.Textarea({"rows": 2, "class": "form-control", "dir": "auto"}),
        error_messages={"required": gettext_lazy("Say what there is to do."), **TOO_LONG},
    )
    due_on = day_field(gettext_lazy("By when"), gettext_lazy("Say by when; today will do."))
    assignee = forms.ChoiceField(
        label=gettext_lazy("For whom"),
        widget=forms.Select({"class": "form-select"}),
        error_messages={
            "required": gettext_lazy("Say who is to do it."),
            "invalid_choice": gettext_lazy("There is nobody like that; choose one of those shown."),
        },
    )
    repeats = forms.ChoiceField(
        required=False,
        choices=Task.Repeats.choices,
        label=gettext_lazy("Repeats"),
        widget=forms.Select({"class": "form-select"}),
        error_messages={"invalid_choice": gettext_lazy("A task repeats every so many days, weeks, months or years; choose one of those.")},
    )
    every = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=LONGEST_PAUSE,
        label=gettext_lazy("Every how many"),
        widget=forms.NumberInput({"class": "form-control", "min": 1, "max": LONGEST_PAUSE}),
        error_messages={"invalid": _PAUSE, "min_value": _PAUSE, "max_value": _PAUSE},
    )
    who = forms.CharField(required=False, label=gettext_lazy("About which customer"))
    customer = forms.CharField(required=False)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput, error_messages={"invalid": OUT_OF_DATE})
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput, error_messages={"invalid": OUT_OF_DATE})

    def __init__(self, asked: Mapping[str, Any] | None, people: Sequence[User], begun: Mapping[str, Any] | None = None) -> None:
        """`people` may be given it; `begun` is what a fresh form says."""
        super().__init__(asked, initial={"every": 1} | dict(begun or {}), auto_id="task_%s")
        self.people = {str(user.pk): user for user in people}
        self.fields["assignee"].choices = [(pk, str(user)) for pk, user in self.people.items()]  # type: ignore[attr-defined]
        self.whom = Whom()

    def clean(self) -> None:
        words, chosen = self.cleaned_data.get("who", "").strip(), self.cleaned_data.get("customer", "")
        # Emptied, it is about nobody, whoever was chosen before.
        if not words and (not chosen or "who" in self.data):
            return
        self.whom = Whom.asked({"who": words, "customer": chosen})
        if self.whom.found is None:
            unclear = _("Several fit “%(words)s”: choose who it is about.") % {"words": words}
            self.add_error("who", unclear if self.whom.offered else self.whom.problem or _("That customer is not in the record any more."))

    @property
    def task(self) -> dict[str, Any]:
        """What open_task and change take, of a valid form."""
        read = self.cleaned_data
        repeats = read["repeats"]
        return {
            "why": read["why"],
            "due_on": read["due_on"],
            "assignee": self.people[read["assignee"]],
            "customer": self.whom.found,
            "repeats": repeats,
            "every": (read.get("every") or 1) if repeats else None,
        }

    def renew(self, sentence: ValidationError) -> None:
        """Says what is wrong, and is to be sent once more: with what was written, and a key of its own."""
        self.add_error(None, sentence)
        self.data = dict(self.data.items()) | {"key": uuid4()}

    @property
    def problems(self) -> list[str]:
        return [str(sentence) for sentences in self.errors.values() for sentence in sentences]


def fresh(reader: User, today: date, people: Sequence[User], customer: Customer | None = None) -> TaskForm:
    """For the reader themselves, by today."""
    begun = {"due_on": today, "assignee": str(reader.pk), "who": str(customer or ""), "key": uuid4()}
    return _about(TaskForm(None, people, begun), customer)


def of_task(task: Task, people: Sequence[User]) -> TaskForm:
    """The form in which this task is changed."""
    said = {name: getattr(task, name) for name in ("why", "due_on", "repeats")}
    said |= {"every": task.every or 1, "assignee": str(task.assignee_id or ""), "who": str(task.customer or ""), "seen": task.revision}
    return _about(TaskForm(None, with_whose(task, people), said), task.customer)


def with_whose(task: Task, people: Sequence[User]) -> Sequence[User]:
    """Also whoever has the task, where they are no longer among those who are given one."""
    return people if task.assignee is None or task.assignee in people else [*people, task.assignee]


def _about(form: TaskForm, customer: Customer | None) -> TaskForm:
    form.whom = Whom(str(customer), [customer], customer) if customer else Whom()
    return form


class SnoozeForm(forms.Form):
    """Until when a task is put off, and why."""

    reason = forms.CharField(
        max_length=LONGEST_REASON,
        label=gettext_lazy("Why it is put off"),
        widget=forms.TextInput({"class": "form-control", "dir": "auto"}),
        error_messages={"required": gettext_lazy("Say why it is put off."), **TOO_LONG},
    )
    until = forms.ChoiceField(
        choices=[("tomorrow", ""), ("week", ""), ("day", "")],
        error_messages=dict.fromkeys(["required", "invalid_choice"], gettext_lazy("Say until when: tomorrow, for a week, or until a day.")),
    )
    day = day_field(pgettext_lazy("a task", "Until"))

    def clean(self) -> None:
        if self.cleaned_data.get("until") == "day" and not self.cleaned_data.get("day") and "day" not in self.errors:
            self.add_error("day", _("Say until which day."))

    def day_for(self, task: Task, today: date) -> date:
        """The day to which a valid form puts this task off."""
        until = self.cleaned_data["until"]
        if until == "day":
            return self.cleaned_data["day"]  # type: ignore[no-any-return]
        return today + timedelta(1) if until == "tomorrow" else max(task.due_on, today) + timedelta(7)

    @property
    def problems(self) -> list[str]:
        return [str(sentence) for sentences in self.errors.values() for sentence in sentences]
