"""What was done to a task, from the audit: the latest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from crm import audit
from crm.models import Audit, Task, User
from crm.money import day

MOST_SHOWN = 100


@dataclass(frozen=True)
class Event:
    at: datetime
    title: str
    by: str
    # From what to what, where that can be said in a line; the reason given.
    said: str
    note: str


def history(task: Task) -> list[Event]:
    """Two queries at most."""
    entries = list(Audit.objects.filter(model=Task._meta.label, row=task.pk).order_by("-pk")[:MOST_SHOWN])
    assigned = {pk for entry in entries for pk in entry.changes.get("assignee", []) if pk}
    people = {user.pk: str(user) for user in User.objects.filter(pk__in=assigned)} if assigned else {}
    return [_event(entry, people) for entry in entries]


def _event(entry: Audit, people: Mapping[int, str]) -> Event:
    action = audit.ACTIONS.get(entry.what)
    # Handed over, the note only names whom it went to.
    note = entry.note if entry.what == "task.snoozed" else ""
    return Event(entry.at, str(action.words) if action else entry.what, entry.by_name, _said(entry.changes, people), note)


def _said(changes: Mapping[str, list[object]], people: Mapping[int, str]) -> str:
    said = []
    if "due_on" in changes:
        before, after = (day(date.fromisoformat(str(value))) if value else "" for value in changes["due_on"])
        said.append(_("Due on %(after)s, before on %(before)s.") if before else _("Due on %(after)s."))
        said[-1] %= {"before": before, "after": after}
    if "assignee" in changes:
        after = people.get(changes["assignee"][1], "")  # type: ignore[call-overload]
        said += [_("For %(who)s.") % {"who": after}] if after else []
    if changes.get("why", [None])[0]:
        said.append(_("It was: %(what)s") % {"what": changes["why"][0]})
    return " ".join(said)
