"""A task for each of many customers at once."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit
from crm.bulk_actions import kinds
from crm.bulk_actions.kinds import Done, Said
from crm.models import Audit, Business, Customer, Task, User
from crm.money import day
from crm.tasks.forms import TaskForm
from crm.tasks.writing import check_day


class ManyForm(forms.Form):
    """What there is to do, by when and for whom; about whom is chosen in the list."""

    why, due_on = TaskForm.base_fields["why"], TaskForm.base_fields["due_on"]
    assignee = forms.ModelChoiceField(
        User.objects.filter(is_active=True).order_by("name", "email"),
        label=gettext_lazy("For whom"),
        widget=forms.Select({"class": "form-select"}),
        error_messages={
            "required": gettext_lazy("Say who is to do it."),
            "invalid_choice": gettext_lazy("There is nobody of that name here; choose somebody from the list."),
        },
    )

    def clean_due_on(self) -> date:
        on: date = self.cleaned_data["due_on"]
        check_day(on, Business.load().today())
        return on


def _said(data: Said) -> dict[str, Any]:
    return {"why": data["why"], "due_on": data["due_on"].isoformat(), "assignee": data["assignee"].pk}


def _words(said: Said) -> str:
    return _("A task by %(day)s: %(why)s") % {"day": day(date.fromisoformat(said["due_on"])), "why": said["why"]}


def _open(customers: Sequence[Customer], said: Said, by: User | None) -> Done:
    on = date.fromisoformat(said["due_on"])
    assignee = User.objects.filter(pk=said["assignee"]).first()
    fields: dict[str, Any] = {"due_on": on, "planned_on": on, "series_on": on, "why": said["why"], "assignee": assignee, "by": by}
    made = Task.objects.bulk_create(Task(customer=one, **fields) for one in customers)
    audit.keep_each([_entry("task.opened", task, by, audit.differences({}, audit.values(task))) for task in made])
    return {one.pk: ({"task": None}, {"task": task.pk}) for one, task in zip(customers, made, strict=True)}


def _away(befores: Mapping[Customer, Mapping[str, Any]], afters: Mapping[int, Mapping[str, Any]], by: User | None) -> set[int]:
    """Those that nobody has touched."""
    untouched = Task.objects.filter(pk__in=[after["task"] for after in afters.values()], state=Task.State.OPEN, revision=0)
    found = list(untouched)
    audit.keep_each([_entry("task.taken_back", task, by, {}) for task in found])
    Task.objects.filter(pk__in=[task.pk for task in found]).delete()
    return {task.customer_id for task in found if task.customer_id}


def _entry(what: str, task: Task, by: User | None, changes: audit.Changes) -> Audit:
    return audit.entry(what=what, by=by, of=task, customer=task.customer_id, changes=changes)


kinds.register(kinds.Kind("task", gettext_lazy("A task for each"), ManyForm, _said, _words, _open, _away))
