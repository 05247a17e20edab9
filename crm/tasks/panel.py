"""Tasks on the page of a customer: those that are open as a panel, the closed ones in the timeline. Loaded by CrmConfig.ready."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import OuterRef, Q, QuerySet

from crm import panels, presence, timeline
from crm.figures import Figures
from crm.models import Customer, Task
from crm.tasks.lists import Row, rows
from crm.timeline import Before, Entry, before_it

# The first number of an entry's key: above the orders, contacts and evidence of its day.
TASKS = 8
MOST_SHOWN = 10
# Of the closed ones, more than a page of the timeline holds.
MOST_CLOSED = 50


@dataclass(frozen=True)
class TasksPanel:
    """`has_more` than are shown."""

    customer: Customer
    rows: list[Row]
    has_more: bool

    @classmethod
    def of(cls, customer: Customer, figures: Figures) -> "TasksPanel | None":
        """Not in the past: what is open now was not then."""
        if figures.is_past:
            return None
        found = sorted((task for task in _tasks_of(customer) if task.is_open), key=lambda task: (task.due_on, task.pk))
        return cls(customer, rows(found[:MOST_SHOWN], figures.business.today(), None), len(found) > MOST_SHOWN)


def _tasks_of(customer: Customer) -> Sequence[Task]:
    """The first that are due and the last that were closed."""

    def read() -> QuerySet[Task]:
        theirs = Task.objects.filter(customer=customer)
        due = theirs.filter(closed_on=None).order_by("due_on", "pk").values("pk")[: MOST_SHOWN + 1]
        last = _closed(customer, None).values("pk")[:MOST_CLOSED]
        shown = theirs.filter(Q(pk__in=due) | Q(pk__in=last)).select_related("assignee", "closed_by")
        return shown.order_by("-closed_on", "-pk")

    return presence.read_once(customer, "tasks", read)


def _closed(customer: Customer, before: Before) -> QuerySet[Task]:
    found = Task.objects.filter(before_it("closed_on", TASKS, before), customer=customer, closed_on__isnull=False)
    return found.order_by("-closed_on", "-pk")


def closed(customer: Customer, before: Before, limit: int) -> list[Entry]:
    """The latest may have been read for the panel already."""
    if before is None and limit <= MOST_CLOSED and presence.was_read(customer, "tasks"):
        found = [task for task in _tasks_of(customer) if not task.is_open][:limit]
    else:
        found = list(_closed(customer, before).select_related("closed_by")[:limit])
    return [
        Entry(task.closed_on, (TASKS, task.pk), "done" if task.state == Task.State.DONE else "close", "crm/tasks/_closed.html", task)
        for task in found
        if task.closed_on
    ]


presence.register("tasks", Task.objects.filter(customer=OuterRef("pk")))
timeline.register(closed)
panels.register(panels.Panel("crm/tasks/_panel.html", TasksPanel.of, order=5))
