"""The pages of tasks: the list and what its address asks for, one task with its history, and what one click does."""

import re
from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Audit, Business, Interaction, Task, User
from crm.tasks import lists, writing
from crm.tests.answers import said, text
from crm.tests.factories import make_customer, make_interaction, make_task, make_user

pytestmark = pytest.mark.django_db

DAY = timedelta(1)


@pytest.fixture
def today():
    return Business.load().today()


@pytest.fixture
def gone():
    return make_user(name="Tomáš Dvořák", is_active=False)


def whats(answer):
    return re.findall(r'task-what" dir="auto" href="[^"]*">([^<]*)<', answer.content.decode())


def undo(answer):
    (message,) = get_messages(answer.wsgi_request)
    return message.extra_tags


def at(name, task):
    return reverse(name, args=[task.pk])


def sent(today, petr, **fields):
    return {"why": "Call back", "due_on": today.isoformat(), "assignee": str(petr.pk), "repeats": "", "key": str(uuid4())} | fields


class TestTheList:
    def test_ones_own_stand_in_the_order_of_their_days_under_their_headings(self, staff, petr, today):
        for days in (3, -2, 0, -9):
            make_task(petr, why=f"In {days}", due_on=today + days * DAY)
        make_task(why="Of another", due_on=today)
        make_task(petr, why="Closed", due_on=today, state="done", closed_on=today, closed_at="2026-01-01T00:00Z")

        answer = staff.get("/tasks/")

        assert whats(answer) == ["In -9", "In -2", "In 0", "In 3"]
        assert re.findall(r"<h2[^>]*>([^<]*)<", answer.content.decode().partition("</main>")[0]) == ["Overdue", "Today", "Later"]
        assert "2 tasks are overdue. 1 task is due today." in text(answer) and "9 days overdue" in text(answer)

    def test_the_address_asks_for_others(self, staff, petr, today, gone):
        jana = make_user(name="Jana")
        tasks = {"mine": petr, "hers": jana, "his": gone}
        for why, user in tasks.items():
            make_task(user, why=why, due_on=today)
        deleted = make_task(why="of nobody", due_on=today)
        Task.objects.filter(pk=deleted.pk).update(assignee=None)

        assert set(whats(staff.get("/tasks/?who=all"))) == {"mine", "hers", "his", "of nobody"}
        assert whats(staff.get(f"/tasks/?who={jana.pk}")) == ["hers"]
        own = staff.get(f"/tasks/?who={petr.pk}")
        assert whats(own) == ["mine"] and "There is nobody like that" not in text(own)
        assert set(whats(staff.get("/tasks/?who=left"))) == {"his", "of nobody"}
        assert "For Jana." in text(staff.get("/tasks/?who=all"))

    def test_it_asks_for_a_part_by_day_and_for_what_is_closed(self, staff, petr, today):
        for why, days in {"late": -1, "now": 0, "soon": 1}.items():
            make_task(petr, why=why, due_on=today + days * DAY)
        for why, state in {"did": "done", "gave up": "cancelled"}.items():
            make_task(petr, why=why, due_on=today, state=state, closed_on=today, closed_at="2026-01-01T00:00Z", closed_by=petr)

        assert [whats(staff.get(f"/tasks/?show={part}")) for part in ("overdue", "today", "later")] == [["late"], ["now"], ["soon"]]
        closed = staff.get("/tasks/?show=closed")
        assert whats(closed) == ["gave up", "did"]
        assert "by Petr Malý." in text(closed) and "Open again" in text(closed)

    @pytest.mark.parametrize("asked", ["who=99999", "who=x", "show=never", "page=nonsense", "who=%00"])
    def test_what_it_does_not_understand_it_says_and_shows_ones_own(self, staff, petr, today, asked):
        make_task(petr, why="mine", due_on=today)
        answer = staff.get(f"/tasks/?{asked}")
        assert answer.status_code == 200 and whats(answer) == ["mine"] and 'class="note"' in answer.content.decode()

    @pytest.mark.parametrize("show", ["", "closed"])
    def test_it_goes_on_from_page_to_page_and_back_without_leaving_one_out(self, staff, petr, today, monkeypatch, show):
        monkeypatch.setattr(lists, "ON_A_PAGE", 3)
        ending = {"state": "done", "closed_on": today, "closed_at": "2026-01-01T00:00Z"} if show else {}
        for number in range(8):
            make_task(petr, why=str(number), due_on=today + (number // 3) * DAY, **ending)
        pages, address = [], f"/tasks/?show={show}"
        for _page in range(3):
            answer = staff.get(address)
            pages.append(whats(answer))
            links = re.findall(r'href="(/tasks/\?[^"]*page=[^"]*)"', answer.content.decode())
            address = unescape(links[-1])

        expected = [str(number) for number in range(8)]
        assert sum(pages, []) == (expected[::-1] if show else expected)
        assert whats(staff.get(unescape(links[0]))) == pages[1]

    def test_rows_do_not_cost_statements(self, staff, petr, today, django_assert_num_queries):
        staff.get("/tasks/?who=all")
        for _row in range(3):
            make_task(make_user(), customer=make_customer(), due_on=today)
        with django_assert_num_queries(8):
            assert len(whats(staff.get("/tasks/?who=all"))) == 3
        for _row in range(30):
            make_task(make_user(is_active=False), customer=make_customer(), due_on=today)
        with django_assert_num_queries(8):
            assert len(whats(staff.get("/tasks/?who=all"))) == 33

    def test_nor_do_they_on_the_page_of_their_customer(self, staff, petr, today, django_assert_num_queries):
        customer = make_customer()
        make_task(petr, customer=customer, due_on=today)
        staff.get(f"/customers/{customer.pk}/")
        with CaptureQueriesContext(connection) as one:
            staff.get(f"/customers/{customer.pk}/")
        for _row in range(5):
            make_task(petr, customer=customer, due_on=today)
        with django_assert_num_queries(len(one)):
            assert staff.get(f"/customers/{customer.pk}/").status_code == 200

    def test_what_is_written_in_a_task_is_shown_as_text(self, staff, petr, today):
        customer = make_customer(name="<script>alert(2)</script>")
        task = make_task(petr, why="<script>alert(1)</script> שלום 😀", due_on=today, customer=customer)
        for address in ("/tasks/", "/", f"/tasks/{task.pk}/", f"/customers/{customer.pk}/"):
            answer = staff.get(address)
            assert b"<script>alert" not in answer.content and "<script>alert(1)</script> שלום 😀" in unescape(answer.content.decode())


class TestWriting:
    def test_it_is_written_for_whom_and_about_whom_it_says(self, staff, petr, today):
        martin, jana = make_customer(name="Martin Krejčí"), make_user(name="Jana")
        answer = staff.post("/tasks/new/", sent(today, petr, who="krejci", assignee=str(jana.pk), repeats="weeks", every="2"))

        task = Task.objects.get()
        assert (answer.status_code, answer.url) == (302, "/tasks/")
        assert (task.customer, task.assignee, task.by, task.repeats, task.every) == (martin, jana, petr, "weeks", 2)
        assert said(answer) == ["Jana has a new task: Call back."]
        staff.post(undo(answer))
        task.refresh_from_db()
        assert task.state == "cancelled"

    def test_where_several_fit_it_asks_which_and_keeps_what_was_written(self, staff, petr, today):
        eva, _other = make_customer(name="Eva Nová"), make_customer(name="Eva Stará")
        form = sent(today, petr, who="eva", why="Send <b>the offer</b>")
        answer = staff.post("/tasks/new/", form)
        assert "choose who it is about" in text(answer) and "Send <b>the offer</b>" in unescape(answer.content.decode())
        staff.post("/tasks/new/", form | {"customer": str(eva.pk)})
        assert Task.objects.get().customer == eva

    def test_the_form_of_a_customer_is_about_them_until_their_name_is_taken_out(self, staff, petr, today):
        eva = make_customer(name="Eva Nová")
        assert 'value="Eva Nová"' in staff.get(f"/tasks/new/?customer={eva.pk}").content.decode()
        staff.post("/tasks/new/", sent(today, petr, who="", customer=str(eva.pk)))
        assert Task.objects.get().customer is None

    def test_sent_twice_it_is_written_once_and_another_one_is_asked_for_again(self, staff, petr, today):
        form = sent(today, petr)
        assert [staff.post("/tasks/new/", form).status_code for _ in range(2)] == [302, 302]
        assert Task.objects.count() == 1
        answer = staff.post("/tasks/new/", form | {"why": "Visit"})
        assert "another task was written with it" in text(answer)
        key = re.search(r'name="key" value="([^"]+)"', answer.content.decode())[1]
        staff.post("/tasks/new/", form | {"why": "Visit", "key": key})
        assert set(Task.objects.values_list("why", flat=True)) == {"Call back", "Visit"}

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"why": " "}, "Say what there is to do."),
            ({"why": "x" * 501}, "501 letters"),
            ({"why": "a\0b"}, "Null characters are not allowed."),
            ({"due_on": "2020-01-01"}, "That day has passed"),
            ({"due_on": "31 February"}, "There is no such day"),
            ({"due_on": ""}, "Say by when"),
            ({"assignee": "99999"}, "There is nobody like that"),
            ({"repeats": "weeks", "every": "0"}, "from 1 to 366"),
            ({"repeats": "hours"}, "choose one of those"),
            ({"key": "x"}, "out of date"),
            ({"who": "Nobody Atall"}, "Nobody found"),
        ],
    )
    def test_what_is_wrong_is_said_in_a_sentence(self, staff, petr, today, fields, sentence):
        answer = staff.post("/tasks/new/", sent(today, petr, **fields))
        assert answer.status_code == 200 and sentence in text(answer) and not Task.objects.exists()

    def test_who_has_left_or_only_looks_is_not_offered(self, staff, petr, gone):
        page = staff.get("/tasks/new/").content.decode()
        assert "Petr Malý" in page and "Tomáš Dvořák" not in page


class TestOneTask:
    def test_it_shows_what_was_done_to_it_and_why(self, staff, petr, today):
        jana = make_user(name="Jana")
        task = writing.open_task(why="Call back", due_on=today, assignee=petr, by=petr, today=today)
        writing.snooze(task=task, until=today + DAY, reason="Nobody answered", by=petr, today=today)
        writing.hand_over(task=task, to=jana, by=petr)

        shown = text(staff.get(at("task", task)))

        assert shown.index("Task handed over") < shown.index("Task put off") < shown.index("Task opened")
        assert "For Jana." in shown and "Put off: Nobody answered" in shown

    def test_it_is_changed(self, staff, petr, today):
        task = make_task(petr, due_on=today, customer=make_customer(name="Eva"))
        answer = staff.post(at("task", task), sent(today, petr, why="Visit", who="", seen="0"))
        task.refresh_from_db()
        assert (answer.status_code, task.why, task.customer, task.revision) == (302, "Visit", None, 1)
        assert Audit.objects.get().what == "task.changed"

    def test_of_two_who_change_it_the_later_sees_it_and_sends_once_more(self, staff, petr, today):
        task = make_task(petr, due_on=today)
        staff.post(at("task", task), sent(today, petr, why="Visit", seen="0"))
        answer = staff.post(at("task", task), sent(today, petr, why="Write", seen="0"))
        assert "Somebody has changed this task in the meantime" in text(answer)
        # What the other wrote as the heading, one's own still in the form.
        assert "Visit" in text(answer) and ">\nWrite</textarea>" in answer.content.decode()
        staff.post(
            at("task", task), sent(today, petr, why="Write", seen=re.search(r'name="seen" value="(\d+)"', answer.content.decode())[1])
        )
        task.refresh_from_db()
        assert task.why == "Write"

    def test_a_form_without_what_was_seen_changes_nothing(self, staff, petr, today):
        task = make_task(petr, due_on=today)
        staff.post(at("task", task), sent(today, petr, why="Write"))
        task.refresh_from_db()
        assert task.why == "Call back"

    def test_an_overdue_one_of_somebody_who_has_left_is_changed_without_losing_them(self, staff, petr, today, gone):
        task = make_task(gone, due_on=today - DAY)
        assert "They have left." in text(staff.get(at("task", task)))
        staff.post(at("task", task), sent(today - DAY, gone, why="Visit", seen="0"))
        task.refresh_from_db()
        assert (task.why, task.assignee) == ("Visit", gone)

    def test_there_is_none_where_there_is_none(self, staff):
        assert staff.get("/tasks/99999/").status_code == 404


class TestOneClick:
    def test_it_is_done_and_opened_again(self, staff, petr, today):
        task = make_task(petr, due_on=today, repeats="weeks", every=1)
        answer = staff.post(at("task_done", task), {"next": "/"})
        assert answer.url == "/" and said(answer)[0].startswith("Done: Call back. It is due again on ")
        answer = staff.post(undo(answer))
        task.refresh_from_db()
        assert task.is_open and Task.objects.count() == 1 and said(answer)[-1] == "It is open again: Call back."

    def test_done_twice_it_is_done_once(self, staff, petr, today):
        task = make_task(petr, due_on=today, repeats="days", every=1)
        assert [staff.post(at("task_done", task)).status_code for _ in range(2)] == [302, 302]
        assert Task.objects.count() == 2 and Audit.objects.filter(what="task.done").count() == 1

    @pytest.mark.parametrize(("until", "days"), [("tomorrow", 1), ("week", 7)])
    def test_it_is_put_off_and_that_is_taken_back(self, staff, petr, today, until, days):
        task = make_task(petr, due_on=today - 3 * DAY)
        answer = staff.post(at("task_snooze", task), {"until": until, "reason": "Away", "next": "/"})
        task.refresh_from_db()
        assert (answer.url, task.due_on, task.snoozed_because) == ("/", today + days * DAY, "Away")
        staff.post(undo(answer))
        task.refresh_from_db()
        assert (task.due_on, task.snoozed_because) == (today - 3 * DAY, "")

    def test_it_is_put_off_until_a_day(self, staff, petr, today):
        task = make_task(petr, due_on=today + 3 * DAY)
        staff.post(at("task_snooze", task), {"until": "day", "day": (today + 5 * DAY).isoformat(), "reason": "Away"})
        task.refresh_from_db()
        assert task.due_on == today + 5 * DAY

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"reason": ""}, "Say why it is put off."),
            ({"until": "never"}, "Say until when"),
            ({"until": "day"}, "Say until which day."),
            ({"until": "day", "day": "2020-01-01"}, "Put it off to a later day"),
            ({"until": "day", "day": "x"}, "There is no such day"),
            ({"reason": "x" * 201}, "at most 200"),
        ],
    )
    def test_what_is_wrong_with_putting_off_is_said_and_what_was_written_is_kept(self, staff, petr, today, fields, sentence):
        task = make_task(petr, due_on=today)
        answer = staff.post(at("task_snooze", task), {"until": "week", "reason": "They are away"} | fields)
        assert sentence in text(answer) and (fields.get("reason") is not None or 'value="They are away"' in answer.content.decode())
        task.refresh_from_db()
        assert task.due_on == today

    @pytest.mark.parametrize("was", ["", "?was=nonsense"])
    def test_an_undo_that_was_not_written_here_undoes_nothing(self, staff, petr, today, was):
        task = make_task(petr, due_on=today)
        assert said(staff.post(at("task_snooze_undo", task) + was)) == ["It is too late to undo that: change the day of the task."]

    def test_it_is_cancelled(self, staff, petr, today):
        task = make_task(petr, due_on=today)
        staff.post(undo(staff.post(at("task_cancel", task))))
        task.refresh_from_db()
        assert task.is_open

    def test_what_cannot_be_done_is_said(self, staff, petr, today):
        task = make_task(petr, due_on=today, state="cancelled", closed_on=today, closed_at="2026-01-01T00:00Z")
        assert said(staff.post(at("task_done", task))) == ["This task was cancelled: open it again first."]

    @pytest.mark.parametrize("act", ["task_done", "task_reopen", "task_cancel", "task_hand_over", "task_snooze_undo"])
    def test_a_task_that_is_not_there_any_more_leads_to_the_list(self, staff, act):
        answer = staff.post(reverse(act, args=[99999]), {"next": "/tasks/99999/"})
        assert answer.url == "/tasks/" and said(answer) == ["That task is not there any more."]

    @pytest.mark.parametrize("act", ["task_done", "task_reopen", "task_cancel", "task_hand_over", "task_snooze_undo", "task_snooze"])
    def test_looking_does_nothing(self, staff, petr, today, act):
        assert staff.get(at(act, make_task(petr, due_on=today))).status_code == 405


class TestThoseOfPeopleWhoHaveLeft:
    def test_the_list_tells_everyone_and_nothing_has_moved(self, staff, petr, today, gone):
        make_task(gone, why="his", due_on=today)
        assert "open tasks of people who have left" in text(staff.get("/tasks/"))
        shown = text(staff.get("/tasks/?who=left"))
        assert "Tomáš Dvořák 1 open task" in shown and "They have left." in shown

    def test_one_is_taken_over(self, staff, petr, today, gone):
        task = make_task(gone, due_on=today)
        staff.post(at("task_hand_over", task), {"to": str(petr.pk)})
        task.refresh_from_db()
        assert task.assignee == petr

    def test_all_are_handed_over_at_once(self, staff, petr, today, gone):
        for _ in range(3):
            make_task(gone, due_on=today)
        answer = staff.post("/tasks/hand-over/", {"of": str(gone.pk), "to": str(petr.pk)})
        assert said(answer) == ["3 tasks are handed over to Petr Malý."]
        assert Task.objects.filter(assignee=petr).count() == 3 == Audit.objects.filter(what="task.handed_over").count()

    def test_those_of_somebody_who_was_deleted_as_well(self, staff, petr, today, gone):
        make_task(gone, due_on=today)
        gone.delete()
        assert "Somebody whose account was deleted" in text(staff.get("/tasks/?who=left"))
        staff.post("/tasks/hand-over/", {"of": "", "to": str(petr.pk)})
        assert Task.objects.get().assignee == petr

    @pytest.mark.parametrize("to", ["", "x", "99999"])
    def test_never_to_nobody(self, staff, today, gone, to):
        make_task(gone, due_on=today)
        assert said(staff.post("/tasks/hand-over/", {"of": str(gone.pk), "to": to})) == ["Say who is to do it."]

    def test_never_those_of_somebody_who_is_here(self, staff, petr, today):
        jana = make_user()
        make_task(jana, due_on=today)
        answer = staff.post("/tasks/hand-over/", {"of": str(jana.pk), "to": str(petr.pk)})
        assert "Only what people who have left" in said(answer)[0] and Task.objects.get().assignee == jana


class TestOnOtherPages:
    def test_today_shows_ones_own_that_are_due_first(self, staff, petr, today):
        make_customer()
        make_task(petr, why="mine", due_on=today - DAY), make_task(petr, why="later", due_on=today + DAY)
        make_task(why="of another", due_on=today)
        assert whats(staff.get("/")) == ["mine"] and "Your tasks 1" in text(staff.get("/"))
        assert whats(staff.get("/?tasks=all")) == ["mine", "of another"]

    def test_today_shows_so_many_and_says_that_there_are_more(self, staff, petr, today):
        make_customer()
        for _ in range(lists.ON_TODAY + 1):
            make_task(petr, due_on=today)
        assert len(whats(staff.get("/"))) == lists.ON_TODAY and "Your tasks 8+" in text(staff.get("/"))

    def test_the_page_of_a_customer_shows_what_is_open_and_tells_what_was_done(self, staff, petr, today):
        eva = make_customer(name="Eva")
        task = make_task(petr, why="Send the offer", due_on=today, customer=eva)
        make_task(petr, why="about nobody", due_on=today)
        address = f"/customers/{eva.pk}/"
        assert whats(staff.get(address)) == ["Send the offer"]
        staff.post(at("task_done", task), {"next": address})
        shown = staff.get(address)
        assert whats(shown) == [] and "Task done" in text(shown) and "Send the offer" in text(shown)

    def test_taking_back_a_contact_takes_back_what_it_asked_for(self, staff, petr, today):
        contact = make_interaction(make_customer(), by=petr)
        writing.open_task(why="Call back", due_on=today, assignee=petr, by=petr, today=today, interaction=contact)
        staff.post(reverse("undo_log", args=[contact.pk]))
        assert not Interaction.objects.exists() and not Task.objects.exists()

    def test_a_customer_who_is_deleted_for_good_takes_their_tasks_along(self, petr, today):
        eva = make_customer()
        make_task(petr, due_on=today, customer=eva)
        eva.delete()
        assert not Task.objects.exists() and User.objects.filter(pk=petr.pk).exists()
