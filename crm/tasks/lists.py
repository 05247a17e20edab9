"""Lists of tasks: somebody's own, a colleague's, everyone's, and those of people who have left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Count, F, Q, QuerySet
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from crm.models import Task, User
from crm.paging import Cursor, Page, Sort, page
from crm.tasks import words
from crm.tasks.writing import ONLY_LOOKS

ON_A_PAGE, ON_TODAY = 50, 8
# So many colleagues are offered; so many who have left are shown at once; so far is counted.
MOST_PEOPLE, MOST_LEAVERS, MOST_COUNTED = 200, 20, 100
EVERYONE, LEFT = "all", "left"
OPEN = Q(closed_on=None)
BY_DUE = Sort("due", F("due_on"))
BY_CLOSED = Sort("closed", F("closed_on"), descending=True)


def colleagues() -> list[User]:
    """Who may be given a task: whoever signs in, and does more than look."""
    return list(User.objects.filter(is_active=True).exclude(role=ONLY_LOOKS).order_by("name", "email", "pk")[:MOST_PEOPLE])


def of_leavers() -> Q:
    """The tasks of those who do not sign in any more, or were deleted."""
    return Q(assignee=None) | Q(assignee__in=User.objects.filter(is_active=False).values("pk"))


@dataclass(frozen=True)
class Row:
    """A task as a list shows it, on this day; whose it is, is said where it is not the reader's."""

    task: Task
    today: date
    reader: User | None

    @property
    def is_overdue(self) -> bool:
        return self.task.is_open and self.task.due_on < self.today

    @property
    def icon(self) -> str:
        if not self.task.is_open:
            return "done" if self.task.state == Task.State.DONE else "close"
        return "repeat" if self.task.repeats else "due"

    @property
    def when(self) -> str:
        return words.due(self.task.due_on, self.today) if self.task.is_open else words.closed(self.task)

    @property
    def repeats(self) -> str:
        return words.repeats(self.task)

    @property
    def of_another(self) -> str:
        if self.reader and self.task.assignee_id == self.reader.pk:
            return ""
        return str(self.task.assignee) if self.task.assignee else _("somebody who is not here any more")

    @property
    def has_left(self) -> bool:
        return self.task.assignee is not None and not self.task.assignee.is_active

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The days, as addresses and words, to which one click puts it off."""
        tomorrow = [("tomorrow", _("Until tomorrow"))] if self.task.due_on <= self.today else []
        return [*tomorrow, ("week", _("For a week"))]

    @property
    def earliest(self) -> date:
        """The first day to which it can be put off."""
        return max(self.task.due_on, self.today) + timedelta(1)


def shown() -> QuerySet[Task]:
    """Not of a customer in the bin: those wait there with them."""
    return Task.objects.filter(customer__binned_at=None)


@dataclass(frozen=True)
class Stretch:
    """Rows of a list under one heading; empty where they need none."""

    heading: str
    rows: list[Row]


def rows(tasks: list[Task], today: date, reader: User | None) -> list[Row]:
    return [Row(task, today, reader) for task in tasks]


def stretches(shown: list[Row], today: date) -> list[Stretch]:
    """What is overdue, due today, and later; what is closed stands together."""
    parts = [
        (pgettext("tasks", "Overdue"), [row for row in shown if row.is_overdue]),
        (_("Today"), [row for row in shown if row.task.is_open and row.task.due_on == today]),
        (pgettext("tasks", "Later"), [row for row in shown if row.task.is_open and row.task.due_on > today]),
        (pgettext("tasks", "Closed"), [row for row in shown if not row.task.is_open]),
    ]
    return [Stretch(heading, found) for heading, found in parts if found]


class TaskSearch(forms.Form):
    """What the address of the list asks for. A part that cannot be understood is said in `errors` and left out."""

    who = forms.ChoiceField(
        required=False,
        label=pgettext_lazy("tasks", "Whose"),
        error_messages={"invalid_choice": gettext_lazy("There is nobody like that; here are your own tasks.")},
    )
    show = forms.ChoiceField(
        required=False,
        label=pgettext_lazy("tasks", "Which"),
        choices=[
            ("", pgettext_lazy("tasks", "All that are open")),
            ("overdue", pgettext_lazy("tasks", "Overdue")),
            ("today", pgettext_lazy("tasks", "Due today")),
            ("later", pgettext_lazy("tasks", "Later")),
            ("closed", pgettext_lazy("tasks", "Done or cancelled")),
        ],
        error_messages={"invalid_choice": gettext_lazy("There is no such choice; here is all that is open.")},
    )
    page = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, asked: Mapping[str, Any], reader: User, today: date, people: Sequence[User]) -> None:
        # Who names themselves means their own.
        super().__init__(dict(asked.items()) | {"who": ""} if asked.get("who") == str(reader.pk) else asked)
        self.reader, self.today, self.people = reader, today, people
        others = [(str(user.pk), str(user)) for user in people if user.pk != reader.pk]
        self.fields["who"].choices = [  # type: ignore[attr-defined]
            *([] if reader.role == ONLY_LOOKS else [("", pgettext("tasks", "Mine"))]),
            (EVERYONE, pgettext("tasks", "Everyone’s")),
            *others,
            (LEFT, _("Of people who have left")),
        ]
        for name in ("who", "show"):
            self.fields[name].widget.attrs["class"] = "form-select form-select-auto"

    def clean(self) -> None:
        """Last of all, for a cursor belongs to an order of rows."""
        text = self.cleaned_data.get("page", "")
        self.cursor = Cursor.read(text, self.order) if text else None
        if text and self.cursor is None:
            self.add_error("page", ValidationError(_("This page of the list is no longer there; here is the first one.")))

    @property
    def whose(self) -> str:
        """Who only looks has no tasks of their own."""
        return self.cleaned_data.get("who") or (EVERYONE if self.reader.role == ONLY_LOOKS else "")

    @property
    def shows_closed(self) -> bool:
        return self.cleaned_data.get("show") == "closed"

    @property
    def order(self) -> Sort:
        return BY_CLOSED if self.shows_closed else BY_DUE

    def of_whom(self, tasks: QuerySet[Task]) -> QuerySet[Task]:
        if self.whose == EVERYONE:
            return tasks
        return tasks.filter(of_leavers()) if self.whose == LEFT else tasks.filter(assignee_id=int(self.whose or self.reader.pk))

    def filter(self, tasks: QuerySet[Task]) -> QuerySet[Task]:
        if self.shows_closed:
            return self.of_whom(tasks).filter(closed_on__isnull=False)
        due = {"overdue": Q(due_on__lt=self.today), "today": Q(due_on=self.today), "later": Q(due_on__gt=self.today)}
        return self.of_whom(tasks).filter(OPEN, due.get(self.cleaned_data.get("show") or "", Q()))

    def address(self, cursor: str) -> str:
        """Of another page of the same list, behind the question mark."""
        asked = {"who": self.whose, "show": self.cleaned_data.get("show"), "page": cursor}
        return urlencode({name: value for name, value in asked.items() if value})


@dataclass(frozen=True)
class Leaver:
    """Somebody who does not sign in any more, with how many open tasks they have; without a key and a name for those who were deleted."""

    pk: int | None
    name: str
    tasks: int


@dataclass(frozen=True)
class TaskList:
    """The page of tasks."""

    form: TaskSearch
    found: Page[Task]
    stretches: list[Stretch]
    finding: str
    leavers: list[Leaver]

    @classmethod
    def asked(cls, asked: Mapping[str, Any], reader: User, today: date, people: Sequence[User]) -> "TaskList":
        form = TaskSearch(asked, reader, today, people)
        form.is_valid()
        tasks = shown().select_related("customer", "assignee", "closed_by")
        found = page(form.filter(tasks), form.order, form.cursor, ON_A_PAGE)
        said = "" if form.shows_closed else _finding(form.of_whom(shown()), today)
        return cls(form, found, stretches(rows(found.rows, today, reader), today), said, leavers())

    @property
    def problems(self) -> list[str]:
        return [str(sentence) for sentences in self.form.errors.values() for sentence in sentences]

    @property
    def shows_leavers(self) -> bool:
        return self.form.whose == LEFT

    @property
    def next(self) -> str:
        return self.form.address(self.found.next) if self.found.next else ""

    @property
    def previous(self) -> str:
        return self.form.address(self.found.previous) if self.found.previous else ""


def _finding(tasks: QuerySet[Task], today: date) -> str:
    """Counted no further than MOST_COUNTED, the most overdue first."""
    due = list(tasks.filter(OPEN, due_on__lte=today).order_by("due_on", "pk").values_list("due_on", flat=True)[:MOST_COUNTED])
    overdue = sum(day < today for day in due)
    return words.finding(overdue, len(due) - overdue, is_more=len(due) == MOST_COUNTED)


def leavers() -> list[Leaver]:
    """Who has left with tasks still open, the first MOST_LEAVERS of them. One query."""
    theirs = shown().filter(OPEN).filter(of_leavers()).values("assignee", "assignee__name", "assignee__email").order_by("assignee__name")
    found = theirs.annotate(tasks=Count("pk"))[:MOST_LEAVERS]
    return [Leaver(each["assignee"], each["assignee__name"] or each["assignee__email"] or "", each["tasks"]) for each in found]


@dataclass(frozen=True)
class DueTasks:
    """What Today shows: the tasks that are overdue or due, one's own or everyone's; `has_more` than are shown."""

    rows: list[Row]
    has_more: bool
    is_everyones: bool

    @classmethod
    def of(cls, reader: User, today: date, *, everyones: bool = False) -> "DueTasks":
        """One query. Who only looks has none of their own."""
        everyones = everyones or reader.role == ONLY_LOOKS
        due = shown().filter(OPEN, due_on__lte=today).select_related("customer", "assignee")
        due = due if everyones else due.filter(assignee=reader)
        found = list(due.order_by("due_on", "pk")[: ON_TODAY + 1])
        return cls(rows(found[:ON_TODAY], today, reader), len(found) > ON_TODAY, everyones)
