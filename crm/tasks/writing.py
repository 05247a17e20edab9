"""What is done to a task, each by one function: it writes the task, and an entry in the audit, in one transaction.

Whoever writes has seen a task; where somebody else has written it since, nothing is done and ChangedMeanwhile says so.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit, hiding
from crm.evidence import whole_letters
from crm.models import Business, Customer, Interaction, Task, User
from crm.models.task import LONGEST_PAUSE, LONGEST_REASON, LONGEST_WHY
from crm.once import once, say_the_same
from crm.tasks.recurrence import following

Repeats, State = Task.Repeats, Task.State
# Nobody plans further ahead than so many years.
YEARS_AHEAD = 10
# The role of those who are given nothing to do.
ONLY_LOOKS = "reader"
# What two sendings of one form have in common.
SAME = ("customer_id", "assignee_id", "due_on", "why", "repeats", "every", "by_id")

audit.register(
    audit.Action("task.opened", gettext_lazy("Task opened")),
    audit.Action("task.done", gettext_lazy("Task done")),
    audit.Action("task.reopened", gettext_lazy("Task opened again")),
    audit.Action("task.snoozed", gettext_lazy("Task put off")),
    audit.Action("task.unsnoozed", gettext_lazy("Task not put off after all")),
    audit.Action("task.handed_over", gettext_lazy("Task handed over")),
    audit.Action("task.changed", gettext_lazy("Task changed")),
    audit.Action("task.cancelled", gettext_lazy("Task cancelled")),
    audit.Action("task.taken_back", gettext_lazy("Task taken back")),
)


class ChangedMeanwhile(ValidationError):
    """Somebody else has written the task since it was read."""

    def __init__(self) -> None:
        super().__init__(_("Somebody has changed this task in the meantime: look at it again before you change it."))


class AlreadySent(ValidationError):
    """The form was sent before, and said something else."""

    def __init__(self) -> None:
        super().__init__(_("This form is out of date: another task was written with it. To write this one too, send it once more."))


def open_task(
    *,
    why: str,
    due_on: date,
    assignee: User,
    by: User,
    today: date,
    customer: Customer | None = None,
    repeats: str = Repeats.NEVER,
    every: int | None = None,
    interaction: Interaction | None = None,
    key: UUID | None = None,
) -> Task:
    """Writes a new task; where the form of this `key` was sent before, gives what it wrote. `interaction` is the contact that asks for it.

    Raises ValidationError for a day before `today` or too far ahead, for a text that cannot be kept, for somebody who does not sign in any
    more, and for a repetition that is not whole; AlreadySent for a form that said something else before; Hidden for who is not there any
    more.
    """
    why = why.strip()
    _check_text(why, LONGEST_WHY, _("Say what there is to do."))
    check_day(due_on, today)
    _check_assignee(assignee)
    _check_repetition(repeats, every)
    task = Task(
        customer=customer,
        assignee=assignee,
        due_on=due_on,
        planned_on=due_on,
        series_on=due_on,
        why=why,
        repeats=repeats,
        every=every,
        interaction=interaction,
        by=by,
        form_key=key,
    )
    return _added(task, by)


def _added(task: Task, by: User) -> Task:
    """It, or what the same form wrote before. Raises AlreadySent."""
    written = once(lambda: _insert(task, by), lambda: Task.objects.filter(form_key=task.form_key).first() if task.form_key else None)
    if written is not task and not say_the_same(written, task, SAME):
        raise AlreadySent
    return written


def _insert(task: Task, by: User) -> Task:
    if task.customer and task.interaction is None:
        # Whoever logged the contact that asks for it holds them already.
        hiding.locked(task.customer)
    task.save(force_insert=True)
    _keep("task.opened", task, by, audit.differences({}, audit.values(task)))
    return task


@transaction.atomic
def finish(*, task: Task, by: User, now: datetime) -> Task | None:
    """It is done; gives the task of the next turn, where it repeats. Done already, it stays as it is and gives what follows it."""
    if task.is_open:
        today = Business.load().local_date(now)
        try:
            _write("task.done", task, by, state=State.DONE, closed_at=now, closed_on=today, closed_by=by)
        except ChangedMeanwhile:
            # Two clicks at once: the second finds done what it wants done.
            task.refresh_from_db()
            if task.state != State.DONE:
                raise
        else:
            _open_next(task, by, today)
    if task.state == State.CANCELLED:
        raise ValidationError(_("This task was cancelled: open it again first."))
    return Task.objects.filter(previous=task).first()


def _open_next(task: Task, by: User, today: date) -> None:
    """Of a task that repeats the one of its next turn, for the same person; once, however often it is done and opened again."""
    if not task.repeats or Task.objects.filter(previous=task).exists():
        return
    assert task.every  # the database sees to it
    found = following(task.series_on, task.repeats, task.every, task.turn, today)
    if found is None:
        return
    turn, on = found
    following_one = Task(previous=task, turn=turn, due_on=on, planned_on=on, by=by)
    for name in ("customer_id", "assignee_id", "why", "repeats", "every", "series_on"):
        setattr(following_one, name, getattr(task, name))
    _insert(following_one, by)


@transaction.atomic
def reopen(*, task: Task, by: User) -> None:
    """Open again, as if it had not been done or cancelled; what was opened after it goes, if nobody has touched it yet."""
    if task.is_open:
        return
    _write("task.reopened", task, by, state=State.OPEN, closed_at=None, closed_on=None, closed_by=None)
    for one in Task.objects.filter(previous=task, revision=0, state=State.OPEN):
        _take_back(one, by)


@transaction.atomic
def snooze(*, task: Task, until: date, reason: str, by: User, today: date) -> None:
    """Due later, for a reason. Raises ValidationError for a day that is no later, without a reason, and for a task that is closed."""
    reason = reason.strip()
    _refuse_closed(task)
    _check_text(reason, LONGEST_REASON, _("Say why it is put off."))
    if until <= max(task.due_on, today):
        raise ValidationError(_("Put it off to a later day than it is due on, and later than today."))
    check_day(until, today)
    _write("task.snoozed", task, by, note=reason, due_on=until, snoozed_because=reason)


@transaction.atomic
def unsnooze(*, task: Task, seen: int, due_on: date, reason: str, by: User) -> None:
    """Back to the day, and the reason, from before it was put off last; of the task whose revision is still `seen`."""
    _refuse_closed(task)
    _refuse_another(task, seen)
    _write("task.unsnoozed", task, by, due_on=due_on, snoozed_because=reason)


@transaction.atomic
def hand_over(*, task: Task, to: User, by: User) -> None:
    """From now on it is somebody else's."""
    _refuse_closed(task)
    _check_assignee(to)
    if task.assignee_id != to.pk:
        _write("task.handed_over", task, by, note=str(to), assignee=to)


@transaction.atomic
def hand_over_all(*, of: User | None, to: User, by: User, most: int = 1000) -> int:
    """All open tasks of somebody who has left (None: of those who were deleted), at most so many at once; gives how many they are."""
    _check_assignee(to)
    # Those about somebody in the bin wait there with them.
    theirs = Task.objects.select_for_update(of=("self",)).filter(assignee=of, closed_on=None, customer__binned_at=None)
    tasks = list(theirs.order_by("pk")[:most])
    changes: audit.Changes = {"assignee": [of.pk if of else None, to.pk]}
    Task.objects.filter(pk__in=[task.pk for task in tasks]).update(assignee=to, revision=F("revision") + 1)
    audit.keep_each(
        [audit.entry(what="task.handed_over", by=by, of=task, customer=task.customer_id, changes=changes, note=str(to)) for task in tasks]
    )
    return len(tasks)


@transaction.atomic
def change(
    *,
    task: Task,
    seen: int,
    by: User,
    today: date,
    why: str,
    due_on: date,
    assignee: User | None,
    customer: Customer | None,
    repeats: str,
    every: int | None,
) -> None:
    """Says it anew, of the task whose revision is still `seen`; another day, or another pause, begins its series anew."""
    why = why.strip()
    _refuse_closed(task)
    _refuse_another(task, seen)
    _check_text(why, LONGEST_WHY, _("Say what there is to do."))
    _check_repetition(repeats, every)
    if due_on != task.due_on:
        check_day(due_on, today)
    if assignee is None or assignee.pk != task.assignee_id:
        _check_assignee(assignee)
    said: dict[str, Any] = {"why": why, "due_on": due_on, "assignee": assignee, "customer": customer, "repeats": repeats, "every": every}
    if all(getattr(task, name) == value for name, value in said.items()):
        return
    if customer:
        hiding.locked(customer)
    if due_on != task.due_on:
        said |= {"planned_on": due_on, "snoozed_because": "", "series_on": due_on, "turn": 0}
    elif (repeats, every) != (task.repeats, task.every):
        said |= {"series_on": task.planned_on, "turn": 0}
    _write("task.changed", task, by, **said)


@transaction.atomic
def cancel(*, task: Task, by: User, now: datetime) -> None:
    """It need not be done; a series ends with it. Cancelled already, it stays as it is."""
    if task.state == State.CANCELLED:
        return
    _refuse_closed(task)
    _write("task.cancelled", task, by, state=State.CANCELLED, closed_at=now, closed_on=Business.load().local_date(now), closed_by=by)


@transaction.atomic
def take_back_follow_ups(*, interaction: Interaction, by: User) -> None:
    """Before the contact goes that asked for them: the tasks that are still open go with it."""
    for task in Task.objects.filter(interaction=interaction, state=State.OPEN):
        _take_back(task, by)


def _take_back(task: Task, by: User) -> None:
    _keep("task.taken_back", task, by, {})
    task.delete()


def _write(what: str, task: Task, by: User, *, note: str = "", **values: object) -> None:
    """Sets these fields of the task as it was read, and of `task`. Raises ChangedMeanwhile where it is another by now."""
    before = audit.values(task)
    changed = Task.objects.filter(pk=task.pk, revision=task.revision).update(revision=F("revision") + 1, **values)
    if not changed:
        raise ChangedMeanwhile
    task.revision += 1
    for name, value in values.items():
        setattr(task, name, value)
    _keep(what, task, by, audit.differences(before, audit.values(task)), note)


def _keep(what: str, task: Task, by: User, changes: audit.Changes, note: str = "") -> None:
    audit.keep(what=what, by=by, of=task, customer=task.customer_id, changes=changes, note=note)


def _refuse_another(task: Task, seen: int) -> None:
    if task.revision != seen:
        raise ChangedMeanwhile


def _refuse_closed(task: Task) -> None:
    if task.state == State.DONE:
        raise ValidationError(_("This task is done already: open it again first."))
    if task.state == State.CANCELLED:
        raise ValidationError(_("This task was cancelled: open it again first."))


def _check_text(text: str, longest: int, missing: str) -> None:
    if not text:
        raise ValidationError(missing)
    for refuses in (ProhibitNullCharactersValidator(), MaxLengthValidator(longest), whole_letters):
        refuses(text)


def check_day(day: date, today: date) -> None:
    if day < today:
        raise ValidationError(_("That day has passed: give today or a later one."))
    if day.year > today.year + YEARS_AHEAD:
        raise ValidationError(_("That is more than ten years ahead: give an earlier day."))


def _check_assignee(assignee: User | None) -> None:
    if assignee is None:
        raise ValidationError(_("Say who is to do it."))
    if not assignee.is_active:
        raise ValidationError(_("%(who)s does not sign in any more: give it to somebody else.") % {"who": assignee})
    if assignee.role == ONLY_LOOKS:
        raise ValidationError(_("%(who)s may only look: give it to somebody else.") % {"who": assignee})


def _check_repetition(repeats: str, every: int | None) -> None:
    if repeats not in Repeats.values:
        raise ValidationError(_("A task repeats every so many days, weeks, months or years; choose one of those."))
    if bool(repeats) != (every is not None) or (every is not None and not 1 <= every <= LONGEST_PAUSE):
        raise ValidationError(_("Say how many days, weeks, months or years lie between two turns: from 1 to 366."))
