"""What is said of a task: when it is due, how it repeats, what was done to it."""

from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models import Task
from crm.money import day, number

Repeats = Task.Repeats


def due(on: date, today: date) -> str:
    """When it is due, in a sentence."""
    late = (today - on).days
    if late > 0:
        said = ngettext("%(days)s day overdue: it was due on %(day)s.", "%(days)s days overdue: it was due on %(day)s.", late)
        return said % {"days": number(late), "day": day(on)}
    if late == 0:
        return _("Due today.")
    if on == today + timedelta(1):
        return _("Due tomorrow.")
    return _("Due on %(day)s.") % {"day": day(on)}


def repeats(task: Task) -> str:
    """How often it comes back, in a sentence; empty for one that does not."""
    every = task.every or 1
    said = {
        Repeats.DAYS: ngettext("Every day.", "Every %(number)s days.", every),
        Repeats.WEEKS: ngettext("Every week.", "Every %(number)s weeks.", every),
        Repeats.MONTHS: ngettext("Every month.", "Every %(number)s months.", every),
        Repeats.YEARS: ngettext("Every year.", "Every %(number)s years.", every),
    }
    return said[Repeats(task.repeats)] % {"number": number(every)} if task.repeats else ""


def closed(task: Task) -> str:
    """That it is done or cancelled, when and by whom, in a sentence; empty for one that is open."""
    if task.closed_on is None:
        return ""
    told = {"day": day(task.closed_on), "who": task.closed_by}
    if task.state == Task.State.DONE:
        return (_("Done on %(day)s by %(who)s.") if task.closed_by else _("Done on %(day)s.")) % told
    return (_("Cancelled on %(day)s by %(who)s.") if task.closed_by else _("Cancelled on %(day)s.")) % told


def done(task: Task, following: Task | None) -> str:
    """That it was just done, and when it is due again."""
    if following is None or not following.is_open:
        return _("Done: %(what)s") % {"what": short(task)}
    return _("Done: %(what)s It is due again on %(day)s.") % {"what": short(task), "day": day(following.due_on)}


def short(task: Task) -> str:
    """What there is to do, no longer than a line and ended by a full stop."""
    text = " ".join(task.why.split())
    text = text if len(text) <= 80 else f"{text[:79]}…"
    return text if text[-1:] in ".!?…" else f"{text}."


def finding(overdue: int, today: int, *, is_more: bool) -> str:
    """How many tasks wait; `is_more` where they were not counted to their end."""
    if is_more:
        return _("%(tasks)s tasks and more are overdue or due today.") % {"tasks": number(overdue + today)}
    said = []
    if overdue:
        said.append(ngettext("%(tasks)s task is overdue.", "%(tasks)s tasks are overdue.", overdue) % {"tasks": number(overdue)})
    if today:
        said.append(ngettext("%(tasks)s task is due today.", "%(tasks)s tasks are due today.", today) % {"tasks": number(today)})
    return " ".join(said) or _("Nothing is due today.")
