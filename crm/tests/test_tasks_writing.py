"""What is done to a task: once however often it is asked, never over what somebody else wrote, and each with its entry in the audit."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError

from crm.models import Audit, Business, Task
from crm.tasks import writing
from crm.tasks.writing import AlreadySent, ChangedMeanwhile
from crm.tests.factories import make_customer, make_interaction, make_task, make_user

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
DAY = timedelta(1)


def opened(by, **said):
    return writing.open_task(**({"why": "Call back", "due_on": TODAY, "assignee": by, "by": by, "today": TODAY} | said))


def kept(task):
    return list(Audit.objects.filter(model="crm.Task", row=task.pk).order_by("pk").values_list("what", flat=True))


def changed(task, **said):
    names = ("why", "due_on", "assignee", "customer", "repeats", "every")
    writing.change(**({"task": task, "seen": task.revision, "today": TODAY} | {name: getattr(task, name) for name in names} | said))


class TestOpening:
    def test_it_is_written_with_who_and_for_whom(self, petr, jana):
        martin = make_customer(name="Martin Krejčí")
        contact = make_interaction(martin)

        task = writing.open_task(
            why="  Ask about the grinder ", due_on=TODAY + DAY, assignee=petr, by=jana, today=TODAY, customer=martin, interaction=contact
        )

        task.refresh_from_db()
        assert (task.why, task.customer, task.assignee, task.by) == ("Ask about the grinder", martin, petr, jana)
        assert (task.due_on, task.planned_on, task.state, task.interaction) == (TODAY + DAY, TODAY + DAY, "open", contact)
        entry = Audit.objects.get()
        assert (entry.what, entry.by_name, entry.customer_pk, entry.row) == ("task.opened", "Jana Horáková", martin.pk, task.pk)
        assert entry.changes["due_on"] == [None, "2026-11-25"] and entry.changes["assignee"] == [None, petr.pk]

    def test_a_form_sent_twice_is_kept_once(self, petr):
        key = uuid4()
        assert opened(petr, key=key) == opened(petr, key=key)
        assert Task.objects.count() == 1 and Audit.objects.count() == 1

    def test_a_form_that_says_something_else_is_refused(self, petr):
        key = uuid4()
        opened(petr, key=key)
        with pytest.raises(AlreadySent, match="another task was written with it"):
            opened(petr, key=key, why="Send the offer")

    @pytest.mark.parametrize(
        ("said", "sentence"),
        [
            ({"why": "  "}, "Say what there is to do"),
            ({"why": "a\0b"}, "Null characters are not allowed"),
            ({"why": "half \ud800"}, "letters that are none"),
            ({"why": "x" * 501}, "at most 500"),
            ({"due_on": TODAY - DAY}, "has passed"),
            ({"due_on": date(2037, 1, 1)}, "ten years"),
            ({"assignee": None}, "Say who is to do it"),
            ({"repeats": "hours", "every": 1}, "choose one of those"),
            ({"repeats": "weeks"}, "from 1 to 366"),
            ({"repeats": "weeks", "every": 367}, "from 1 to 366"),
            ({"repeats": "weeks", "every": 0}, "from 1 to 366"),
            ({"every": 2}, "from 1 to 366"),
        ],
    )
    def test_what_cannot_be_kept_is_refused_with_a_sentence(self, petr, said, sentence):
        with pytest.raises(ValidationError, match=sentence):
            opened(petr, **said)
        assert not Task.objects.exists() and not Audit.objects.exists()

    def test_nobody_who_has_left_is_given_anything(self, petr):
        gone = make_user(name="Tomáš Dvořák", is_active=False)
        with pytest.raises(ValidationError, match="Tomáš Dvořák does not sign in any more"):
            opened(petr, assignee=gone)

    def test_five_hundred_letters_of_any_kind_are_kept(self, petr):
        why = ("שלום <script>😀 " * 60)[:500].strip()
        assert Task.objects.get(pk=opened(petr, why=why).pk).why == why


class TestFinishing:
    def test_it_is_done_with_its_time_and_its_person(self, petr, jana):
        Business.keep(zone="Pacific/Auckland")
        task = opened(petr)
        assert writing.finish(task=task, by=jana, now=NOW.replace(hour=22)) is None

        task.refresh_from_db()
        assert (task.state, task.closed_by, task.closed_at.hour, task.closed_on) == ("done", jana, 22, TODAY + DAY)
        assert kept(task) == ["task.opened", "task.done"]

    def test_done_twice_is_done_once(self, petr, jana):
        task = opened(petr, repeats="weeks", every=1)
        stale = Task.objects.get(pk=task.pk)
        first = writing.finish(task=task, by=petr, now=NOW)
        assert writing.finish(task=stale, by=jana, now=NOW) == first
        assert writing.finish(task=Task.objects.get(pk=task.pk), by=jana, now=NOW) == first

        task.refresh_from_db()
        assert task.closed_by == petr and Task.objects.count() == 2 and kept(task) == ["task.opened", "task.done"]

    def test_one_that_repeats_is_followed_by_its_next_turn(self, petr, jana):
        martin = make_customer()
        task = opened(petr, repeats="months", every=1, due_on=date(2027, 1, 31), customer=martin)
        days = []
        for _turn in range(3):
            task = writing.finish(task=task, by=jana, now=NOW)
            days.append(task.due_on.isoformat())
            assert (task.assignee, task.customer, task.why, task.repeats, task.every) == (petr, martin, "Call back", "months", 1)
        assert days == ["2027-02-28", "2027-03-31", "2027-04-30"]

    def test_one_put_off_is_followed_by_the_turn_of_its_series(self, petr):
        task = opened(petr, repeats="weeks", every=1)
        writing.snooze(task=task, until=TODAY + 3 * DAY, reason="Away", by=petr, today=TODAY)
        assert writing.finish(task=task, by=petr, now=NOW).due_on == TODAY + 7 * DAY

    def test_what_is_cancelled_is_not_done(self, petr):
        task = opened(petr)
        writing.cancel(task=task, by=petr, now=NOW)
        with pytest.raises(ValidationError, match="cancelled"):
            writing.finish(task=task, by=petr, now=NOW)


class TestOpeningAgain:
    def test_it_takes_the_next_turn_with_it(self, petr):
        task = opened(petr, repeats="weeks", every=1)
        writing.finish(task=task, by=petr, now=NOW)
        writing.reopen(task=task, by=petr)

        task.refresh_from_db()
        assert (task.state, task.closed_at, task.closed_on, task.closed_by) == ("open", None, None, None)
        assert list(Task.objects.all()) == [task]
        assert Audit.objects.filter(what="task.taken_back").count() == 1

    def test_a_next_turn_that_somebody_has_touched_stays_and_is_not_made_twice(self, petr):
        task = opened(petr, repeats="weeks", every=1)
        following = writing.finish(task=task, by=petr, now=NOW)
        writing.snooze(task=following, until=TODAY + 9 * DAY, reason="Away", by=petr, today=TODAY)
        writing.reopen(task=task, by=petr)

        assert writing.finish(task=task, by=petr, now=NOW) == following
        assert Task.objects.count() == 2

    def test_what_is_open_stays_as_it_is(self, petr):
        task = opened(petr)
        writing.reopen(task=task, by=petr)
        assert kept(task) == ["task.opened"]


class TestPuttingOff:
    def test_it_is_due_later_for_a_reason(self, petr):
        task = opened(petr)
        writing.snooze(task=task, until=TODAY + DAY, reason=" Nobody answered ", by=petr, today=TODAY)

        task.refresh_from_db()
        assert (task.due_on, task.planned_on, task.snoozed_because, task.is_snoozed) == (TODAY + DAY, TODAY, "Nobody answered", True)
        entry = Audit.objects.get(what="task.snoozed")
        assert entry.changes["due_on"] == ["2026-11-24", "2026-11-25"] and entry.note == "Nobody answered"

    @pytest.mark.parametrize("until", [TODAY - DAY, TODAY, TODAY + 3 * DAY, date(2040, 1, 1)])
    def test_only_to_a_later_day(self, petr, until):
        task = opened(petr, due_on=TODAY + 3 * DAY)
        with pytest.raises(ValidationError):
            writing.snooze(task=task, until=until, reason="Away", by=petr, today=TODAY)

    def test_an_overdue_one_is_put_off_beyond_today(self, petr):
        task = make_task(petr, due_on=TODAY - 9 * DAY)
        with pytest.raises(ValidationError, match="later than today"):
            writing.snooze(task=task, until=TODAY, reason="Away", by=petr, today=TODAY)

    def test_never_without_a_reason(self, petr):
        with pytest.raises(ValidationError, match="Say why"):
            writing.snooze(task=opened(petr), until=TODAY + DAY, reason=" ", by=petr, today=TODAY)

    def test_it_is_taken_back_to_the_day_and_the_reason_before(self, petr):
        task = opened(petr)
        writing.snooze(task=task, until=TODAY + DAY, reason="Away", by=petr, today=TODAY)
        writing.snooze(task=task, until=TODAY + 2 * DAY, reason="Still away", by=petr, today=TODAY)
        writing.unsnooze(task=task, seen=2, due_on=TODAY + DAY, reason="Away", by=petr)
        task.refresh_from_db()
        assert (task.due_on, task.snoozed_because) == (TODAY + DAY, "Away")

    def test_it_is_not_taken_back_once_it_was_put_off_again(self, petr):
        task = opened(petr)
        writing.snooze(task=task, until=TODAY + DAY, reason="Away", by=petr, today=TODAY)
        writing.snooze(task=task, until=TODAY + 2 * DAY, reason="Still away", by=petr, today=TODAY)
        with pytest.raises(ChangedMeanwhile):
            writing.unsnooze(task=task, seen=1, due_on=TODAY, reason="", by=petr)

    def test_what_is_done_is_not_put_off(self, petr):
        task = opened(petr)
        writing.finish(task=task, by=petr, now=NOW)
        with pytest.raises(ValidationError, match="done already"):
            writing.snooze(task=task, until=TODAY + DAY, reason="Away", by=petr, today=TODAY)


class TestHandingOver:
    def test_one_is_somebody_elses_from_now_on(self, petr, jana):
        task = opened(petr)
        writing.hand_over(task=task, to=jana, by=jana)
        writing.hand_over(task=task, to=jana, by=jana)
        task.refresh_from_db()
        assert task.assignee == jana and kept(task) == ["task.opened", "task.handed_over"]

    def test_nothing_moves_by_itself_when_somebody_leaves(self, petr):
        task = opened(petr)
        petr.is_active = False
        petr.save()
        task.refresh_from_db()
        assert task.assignee == petr and task.is_open

    def test_all_that_are_open_go_to_another_each_with_its_entry(self, petr, jana, django_assert_num_queries):
        tasks = [opened(petr, customer=make_customer()) for _ in range(3)]
        writing.finish(task=tasks[0], by=petr, now=NOW)
        mine = opened(jana)
        petr.is_active = False
        petr.save()

        # A transaction and its end, who, what, and the entries in one.
        with django_assert_num_queries(5):
            assert writing.hand_over_all(of=petr, to=jana, by=jana) == 2

        assert set(Task.objects.filter(assignee=jana)) == {tasks[1], tasks[2], mine}
        entries = Audit.objects.filter(what="task.handed_over")
        assert {entry.row for entry in entries} == {tasks[1].pk, tasks[2].pk}
        assert entries[0].changes == {"assignee": [petr.pk, jana.pk]} and entries[0].note == "Jana Horáková"

    def test_those_of_somebody_who_was_deleted_as_well(self, petr, jana):
        task = opened(petr)
        petr.delete()
        assert writing.hand_over_all(of=None, to=jana, by=jana) == 1
        task.refresh_from_db()
        assert task.assignee == jana

    def test_never_to_somebody_who_has_left(self, petr, jana):
        jana.is_active = False
        with pytest.raises(ValidationError, match="any more"):
            writing.hand_over_all(of=petr, to=jana, by=petr)
        with pytest.raises(ValidationError, match="any more"):
            writing.hand_over(task=opened(petr), to=jana, by=petr)


class TestChanging:
    def test_it_says_what_it_said_anew(self, petr, jana):
        task, martin = opened(petr), make_customer()
        changed(task, by=jana, why="Visit", due_on=TODAY + DAY, assignee=jana, customer=martin)
        task.refresh_from_db()
        assert (task.why, task.due_on, task.planned_on, task.assignee, task.customer) == ("Visit", TODAY + DAY, TODAY + DAY, jana, martin)
        assert set(Audit.objects.get(what="task.changed").changes) == {"why", "due_on", "assignee", "customer"}

    def test_nothing_said_anew_is_nothing_written(self, petr):
        task = opened(petr)
        changed(task, by=petr)
        assert kept(task) == ["task.opened"] and task.revision == 0

    def test_another_day_begins_the_series_anew_and_ends_the_putting_off(self, petr):
        task = opened(petr, repeats="months", every=1)
        writing.snooze(task=task, until=TODAY + DAY, reason="Away", by=petr, today=TODAY)
        changed(task, by=petr, due_on=date(2026, 12, 31))
        task.refresh_from_db()
        assert (task.planned_on, task.snoozed_because) == (date(2026, 12, 31), "")
        following = writing.finish(task=task, by=petr, now=NOW)
        assert following.due_on == date(2027, 1, 31)
        assert writing.finish(task=following, by=petr, now=NOW).due_on == date(2027, 2, 28)

    def test_another_pause_counts_from_the_day_it_was_meant_for(self, petr):
        task = opened(petr, repeats="weeks", every=1)
        changed(task, by=petr, every=2)
        assert writing.finish(task=task, by=petr, now=NOW).due_on == TODAY + 14 * DAY

    def test_an_overdue_one_may_keep_its_day_and_its_person_who_has_left(self, petr, jana):
        task = make_task(make_user(is_active=False), due_on=TODAY - 9 * DAY)
        changed(task, by=jana, why="Visit")
        assert task.why == "Visit"
        with pytest.raises(ValidationError, match="has passed"):
            changed(task, by=jana, due_on=TODAY - DAY)

    def test_what_somebody_else_wrote_meanwhile_is_not_written_over(self, petr, jana):
        task = opened(petr)
        stale = Task.objects.get(pk=task.pk)
        changed(task, by=petr, why="Visit")
        with pytest.raises(ChangedMeanwhile, match="look at it again"):
            changed(stale, by=jana, why="Write")
        with pytest.raises(ChangedMeanwhile):
            changed(Task.objects.get(pk=task.pk), seen=0, by=jana, why="Write")
        task.refresh_from_db()
        assert task.why == "Visit"


class TestCancelling:
    def test_it_need_not_be_done_and_nothing_follows(self, petr):
        task = opened(petr, repeats="weeks", every=1)
        writing.cancel(task=task, by=petr, now=NOW)
        writing.cancel(task=task, by=petr, now=NOW)
        assert Task.objects.get().state == "cancelled" and kept(task) == ["task.opened", "task.cancelled"]

    def test_what_is_done_is_done(self, petr):
        task = opened(petr)
        writing.finish(task=task, by=petr, now=NOW)
        with pytest.raises(ValidationError, match="done already"):
            writing.cancel(task=task, by=petr, now=NOW)


class TestTheContactThatAskedForIt:
    def test_what_is_open_goes_with_it_and_what_is_done_stays(self, petr):
        contact = make_interaction()
        open_one, done = (opened(petr, interaction=contact) for _ in range(2))
        writing.finish(task=done, by=petr, now=NOW)

        writing.take_back_follow_ups(interaction=contact, by=petr)
        contact.delete()

        assert list(Task.objects.all()) == [done]
        assert kept(open_one) == ["task.opened", "task.taken_back"]
