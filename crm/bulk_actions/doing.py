"""Asking for a bulk action, doing it a stretch at a time, and taking it back."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import audit, bulk, jobs
from crm.bulk_actions.kinds import KINDS, Done
from crm.bulk_actions.selection import Selection
from crm.figures import Figures
from crm.models import BulkAction, BulkChange, Business, Customer, Facts, Job, User
from crm.once import once

DO, UNDO = "bulk", "bulk_undo"
AT_ONCE = 500
# What is told while it works: how many are done, of how many.
Tell = Callable[[int, int, str], None]
_Change = BulkChange.State

audit.register(
    audit.Action("bulk.asked", _("Many customers changed at once")),
    audit.Action("bulk.changed", _("Changed together with others")),
    audit.Action("bulk.undone", _("Change to many taken back")),
)


def ask(*, kind: str, said: dict[str, Any], selection: Selection, people: int, by: User, form_key: UUID) -> BulkAction:
    """The action, with a job that does it; where this very form was sent already, what it asked for.

    Raises ValidationError, with nothing written, where what was said cannot be begun.
    """
    fields = {"kind": kind, "selection": selection.keeps, "people": people, "by": by, "form_key": form_key}

    def write() -> BulkAction:
        arguments = KINDS[kind].begin(said, by)
        action = BulkAction.objects.create(arguments=arguments, **fields)
        action.job = jobs.enqueue(DO, {"action": action.pk, "by": by.pk}, key=str(action.pk))
        action.save(update_fields=["job"])
        audit.keep(what="bulk.asked", by=by, of=action, changes={"arguments": [None, arguments], "people": [None, people]})
        return action

    return once(write, BulkAction.objects.filter(form_key=form_key).first)


@transaction.atomic
def ask_undo(*, action: BulkAction, by: User) -> bool:
    """Whether it is being taken back now: one that is still on its way, or was taken back already, is not."""
    at_an_end = Q(state=BulkAction.State.DONE) | Q(state=BulkAction.State.CHOSEN, job__state=Job.State.FAILED)
    if not BulkAction.objects.filter(at_an_end, pk=action.pk).update(state=BulkAction.State.UNDOING):
        return False
    job = jobs.enqueue(UNDO, {"action": action.pk, "by": by.pk}, key=str(action.pk))
    BulkAction.objects.filter(pk=action.pk).update(job=job)
    audit.keep(what="bulk.undone", by=by, of=action)
    return True


@transaction.atomic
def go_on(*, action: BulkAction) -> bool:
    """Whether one that failed on its way is taken up again."""
    open_ = {BulkAction.State.ASKED: DO, BulkAction.State.CHOSEN: DO, BulkAction.State.UNDOING: UNDO}
    kind = open_.get(BulkAction.State(action.state))
    if kind is None or action.job is None or action.job.state != Job.State.FAILED:
        return False
    job = jobs.enqueue(kind, action.job.arguments, key=str(action.pk))
    return bool(BulkAction.objects.filter(pk=action.pk).update(job=job))


def do(action: BulkAction, tell: Tell, now: Callable[[], datetime] = timezone.now) -> None:
    """Goes on where it was cut off: each stretch is one transaction, and leaves word of itself."""
    if action.state == BulkAction.State.ASKED:
        choose(action)
    if action.state != BulkAction.State.CHOSEN:
        return
    _each_stretch(action, _Change.WAITING, _do_stretch, tell, action.by)
    BulkAction.objects.filter(pk=action.pk, state=BulkAction.State.CHOSEN).update(state=BulkAction.State.DONE, ended_at=now())


@transaction.atomic
def choose(action: BulkAction) -> None:
    """Writes down whom it concerns, once."""
    business = Business.load()
    figures = Figures(business, business.as_of, Facts)
    bulk.insert_found(
        BulkChange,
        ["customer", "action", "state", "before", "after"],
        Selection.kept(action.selection).facts(figures).order_by().values_list("pk"),
        [action.pk, BulkChange.State.WAITING, "{}", "{}"],
    )
    action.state = BulkAction.State.CHOSEN
    action.save(update_fields=["state"])


def undo(action: BulkAction, tell: Tell, by: User | None, now: Callable[[], datetime] = timezone.now) -> None:
    if action.state != BulkAction.State.UNDOING:
        return
    _each_stretch(action, _Change.CHANGED, _undo_stretch, tell, by)
    BulkAction.objects.filter(pk=action.pk, state=BulkAction.State.UNDOING).update(state=BulkAction.State.UNDONE, ended_at=now())


def _each_stretch(
    action: BulkAction,
    state: BulkChange.State,
    stretch: Callable[[BulkAction, Sequence[BulkChange], User | None], None],
    tell: Tell,
    by: User | None,
) -> None:
    left = action.changes.filter(state=state)
    total, done = left.count(), 0
    tell(done, total, "")
    while changes := list(left.order_by("customer")[:AT_ONCE]):
        with transaction.atomic():
            stretch(action, changes, by)
        done += len(changes)
        tell(min(done, total), total, "")


def _customers(changes: Sequence[BulkChange]) -> dict[int, Customer]:
    """Those that are there, locked: whoever saves one of them meanwhile waits, or is waited for."""
    found = Customer.objects.present().select_for_update().filter(pk__in=[change.customer_id for change in changes]).order_by("pk")
    return {customer.pk: customer for customer in found}


def _do_stretch(action: BulkAction, changes: Sequence[BulkChange], by: User | None) -> None:
    customers = _customers(changes)
    done = KINDS[action.kind].do(list(customers.values()), action.arguments, by)
    for change in changes:
        if made := done.get(change.customer_id):
            change.before, change.after = made
            change.state = _Change.CHANGED
        else:
            change.state = _Change.SAME if change.customer_id in customers else _Change.GONE
    _write(changes)
    _tell_audit(action, customers, done, by, "bulk.changed")


def _undo_stretch(action: BulkAction, changes: Sequence[BulkChange], by: User | None) -> None:
    customers = _customers(changes)
    there = [change for change in changes if change.customer_id in customers]
    befores = {customers[change.customer_id]: change.before for change in there}
    afters = {change.customer_id: change.after for change in there}
    back = KINDS[action.kind].undo(befores, afters, by)
    done: Done = {change.customer_id: (change.after, change.before) for change in there if change.customer_id in back}
    for change in changes:
        is_there = change.customer_id in customers
        change.state = _Change.UNDONE if change.customer_id in back else _Change.KEPT if is_there else _Change.GONE
    _write(changes)
    _tell_audit(action, customers, done, by, "bulk.undone")


def _write(changes: Sequence[BulkChange]) -> None:
    """Set-based: the rows are there, and are replaced."""
    BulkChange.objects.bulk_create(changes, update_conflicts=True, unique_fields=["id"], update_fields=["state", "before", "after"])


def _tell_audit(action: BulkAction, customers: dict[int, Customer], done: Done, by: User | None, what: str) -> None:
    entries = [
        audit.entry(what=what, by=by, of=customers[pk], changes=KINDS[action.kind].tells(before, after), note=f"#{action.pk}")
        for pk, (before, after) in done.items()
    ]
    audit.keep_each(entries)
