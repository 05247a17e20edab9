"""A task for each of many customers: one each, and away again where nobody has touched it."""

from datetime import date
from uuid import uuid4

import pytest
from django.urls import reverse

from config import worker
from config.tests import cast
from crm.bulk_actions import doing
from crm.bulk_actions.selection import Selection
from crm.models import Audit, BulkAction, Task
from crm.tests.factories import make_customer

pytestmark = pytest.mark.django_db

SAID = {"why": "Wish a good new year", "due_on": "2026-12-29"}


def done(by, customers, said):
    selection = Selection(tuple(one.pk for one in customers))
    action = doing.ask(
        kind="task", said=SAID | {"assignee": by.pk} | said, selection=selection, people=len(customers), by=by, form_key=uuid4()
    )
    worker.run_job(action.job_id)
    action.refresh_from_db()
    return action


def test_each_gets_one(jana):
    people = [make_customer() for _ in range(3)]
    done(jana, people, {})

    tasks = Task.objects.order_by("customer")
    assert [task.customer for task in tasks] == people
    assert {(task.why, task.due_on, task.planned_on, task.assignee, task.by) for task in tasks} == {
        ("Wish a good new year", date(2026, 12, 29), date(2026, 12, 29), jana, jana)
    }


def test_taken_back_only_what_nobody_touched_goes(jana):
    touched, _other = people = [make_customer(name="Touched"), make_customer(name="Other")]
    action = done(jana, people, {})
    assert Audit.objects.filter(what="task.opened").count() == 2
    Task.objects.filter(customer=touched).update(revision=1)
    doing.ask_undo(action=action, by=jana)
    action.refresh_from_db()
    worker.run_job(action.job_id)

    assert [task.customer for task in Task.objects.all()] == [touched]
    assert dict(action.changes.values_list("customer__name", "state")) == {"Touched": "kept", "Other": "undone"}


@pytest.mark.parametrize(
    ("day", "sentence"),
    [("9999-12-31", "That is more than ten years ahead"), ("0001-01-01", "That day has passed")],
)
def test_a_day_that_no_task_may_have_is_none_for_many(jana, day, sentence):
    """One on the last day of all days would break each list: it cannot be put off."""
    owner, anna = cast.signed_in(jana), make_customer()
    form = {"customer": anna.pk, "kind": "task", "task-why": "Call", "task-due_on": day, "task-assignee": jana.pk, "key": uuid4()}

    assert sentence in owner.post(reverse("bulk_action"), form).content.decode()
    assert not BulkAction.objects.exists()


def test_the_page_asks_for_what_a_task_needs(jana):
    owner, anna = cast.signed_in(jana), make_customer()
    form = {"customer": anna.pk, "kind": "task", "task-why": "", "task-due_on": "2026-12-29", "task-assignee": jana.pk, "key": uuid4()}

    assert "Say what there is to do." in owner.post(reverse("bulk_action"), form).content.decode()
    owner.post(reverse("bulk_action"), form | {"task-why": "Call"})
    action = BulkAction.objects.get()
    assert action.arguments == {"why": "Call", "due_on": "2026-12-29", "assignee": jana.pk}
    assert "A task by" in owner.get(reverse("bulk_action_result", args=[action.pk])).content.decode()
