"""Any sequence of doing, undoing and putting off: a task is never lost, done twice or followed by two, and the audit tells it all."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from crm.models import Audit, Task
from crm.tasks import writing
from crm.tasks.recurrence import turn_on
from crm.tests.factories import make_user

START = date(2027, 1, 31)


class Story(RuleBasedStateMachine):
    """One series of tasks, as somebody works through it; `tasks` are read anew for each step, as a page does."""

    @initialize(repeats=st.sampled_from(["", "days", "weeks", "months", "years"]), every=st.integers(1, 5))
    def begin(self, repeats, every):
        self.story = transaction.atomic()
        self.story.__enter__()
        self.today, self.petr, self.jana = START, make_user(), make_user()
        self.every = every if repeats else None
        writing.open_task(why="Call", due_on=START, assignee=self.petr, by=self.petr, today=START, repeats=repeats, every=self.every)

    def teardown(self):
        if hasattr(self, "story"):
            transaction.set_rollback(True)
            self.story.__exit__(None, None, None)

    def drawn(self, number):
        tasks = list(Task.objects.order_by("pk"))
        return tasks[number % len(tasks)]

    def now(self):
        return datetime.combine(self.today, datetime.min.time(), UTC) + timedelta(hours=12)

    @rule(days=st.integers(0, 40))
    def time_goes_by(self, days):
        self.today += timedelta(days)

    @rule(number=st.integers(0, 5), twice=st.booleans())
    def finish(self, number, twice):
        task = self.drawn(number)
        stale = Task.objects.get(pk=task.pk)
        if task.state == "cancelled":
            return
        following = writing.finish(task=task, by=self.petr, now=self.now())
        if twice:
            assert writing.finish(task=stale, by=self.jana, now=self.now()) == following
        assert (following is not None) == bool(task.repeats)

    @rule(number=st.integers(0, 5))
    def reopen(self, number):
        writing.reopen(task=self.drawn(number), by=self.jana)

    @rule(number=st.integers(0, 5))
    def cancel(self, number):
        task = self.drawn(number)
        if task.state != "done":
            writing.cancel(task=task, by=self.jana, now=self.now())

    @rule(number=st.integers(0, 5), days=st.integers(-3, 30), undone=st.booleans())
    def snooze(self, number, days, undone):
        task = self.drawn(number)
        was, until = (task.due_on, task.snoozed_because), self.today + timedelta(days)
        try:
            writing.snooze(task=task, until=until, reason="Away", by=self.petr, today=self.today)
        except ValidationError:
            assert not task.is_open or until <= max(task.due_on, self.today)
            return
        if undone:
            writing.unsnooze(task=task, seen=task.revision, due_on=was[0], reason=was[1], by=self.petr)
            assert (task.due_on, task.snoozed_because) == was

    @rule(number=st.integers(0, 5))
    def hand_over(self, number):
        task = self.drawn(number)
        if task.is_open:
            writing.hand_over(task=task, to=self.jana, by=self.jana)

    @rule()
    def all_is_handed_over(self):
        theirs = Task.objects.filter(assignee=self.jana, closed_on=None).count()
        assert writing.hand_over_all(of=self.jana, to=self.petr, by=self.petr) == theirs
        assert not Task.objects.filter(assignee=self.jana, closed_on=None).exists()

    @invariant()
    def the_series_is_one_chain(self):
        tasks = list(Task.objects.order_by("turn"))
        assert tasks, "a task is never lost"
        assert len({task.turn for task in tasks}) == len(tasks)
        for before, after in zip(tasks, tasks[1:], strict=False):
            assert after.previous_id == before.pk
        for task in tasks:
            planned = turn_on(START, task.repeats, task.every, task.turn) if task.repeats else START
            assert task.planned_on == planned and task.due_on >= planned

    @invariant()
    def the_audit_tells_the_state(self):
        for task in Task.objects.all():
            what = [entry.what for entry in Audit.objects.filter(model="crm.Task", row=task.pk).order_by("pk")]
            ended = [each for each in what if each in {"task.done", "task.cancelled", "task.reopened"}]
            expected = {"task.done": "done", "task.cancelled": "cancelled"}.get(ended[-1] if ended else "", "open")
            assert what[0] == "task.opened" and task.state == expected
            assert task.revision == len(what) - 1


@pytest.mark.django_db
def test_a_task_is_never_lost_or_done_twice_whatever_is_done_to_it():
    run_state_machine_as_test(Story, settings=settings(max_examples=25, stateful_step_count=15, deadline=None))
    # Each story was taken back: the next one began with nothing.
    assert not Task.objects.exists()
