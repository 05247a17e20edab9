"""Who waits for an answer: the oldest first, taken by one, answered once; and how long first answers take, said honestly."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from config.tests import cast
from crm import contact
from crm.contact import ContactForm
from crm.desk import answering
from crm.desk.answering import Taken
from crm.desk.queue import first_answers, waited
from crm.models import Audit, Business, Enquiry, Interaction, Task
from crm.money import day
from crm.tests.answers import text
from crm.tests.factories import make_customer, make_enquiry, make_interaction, make_user

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    for view in ("desk", "log"):
        monkeypatch.setattr(f"crm.views.{view}.timezone.now", lambda: NOW)


def sent(**fields):
    return {"kind": "call", "minutes": "5", "text": "Do you have decaf?", "key": str(uuid4())} | fields


def valid(**fields):
    form = ContactForm(sent(**fields))
    assert form.is_valid(), form.problems
    return form.cleaned_data


class TestLogging:
    @pytest.mark.parametrize("page", ["log_of", "log"])
    def test_what_is_still_to_be_answered_waits(self, staff, eva, page):
        address = reverse("log_of", args=[eva.pk]) if page == "log_of" else reverse("log")

        staff.post(address, sent(topic="question", waits="on", who="Eva"))

        waits = Enquiry.objects.get()
        # A call is ours as a rule; one that waits for us came from them.
        assert (waits.interaction.direction, waits.interaction.topic, waits.asked_at, waits.answered_at) == ("in", "question", NOW, None)
        assert Audit.objects.filter(what="enquiry.asked", customer_pk=eva.pk).count() == 1

    def test_what_was_answered_at_once_does_not(self, staff, eva):
        staff.post(reverse("log_of", args=[eva.pk]), sent(topic="order"))

        assert (Interaction.objects.get().topic, Enquiry.objects.count()) == ("order", 0)

    def test_a_contact_of_which_nothing_is_said_is_as_before(self, staff, eva):
        staff.post(reverse("log_of", args=[eva.pk]), sent())

        assert (Interaction.objects.get().topic, Interaction.objects.get().direction) == ("", "out")

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            ({"waits": "on", "direction": "out"}, "What they wanted is said of a contact in which they came to us: change who began."),
            ({"topic": "whim"}, "There is no such choice; choose one of those shown."),
        ],
    )
    def test_a_mistake_is_a_sentence_and_keeps_what_was_chosen(self, staff, eva, wrong, sentence):
        answer = staff.post(reverse("log_of", args=[eva.pk]), sent(**{"topic": "order"} | wrong))

        assert sentence in text(answer)
        assert Interaction.objects.count() == 0
        assert '<details class="enquiry" open>' in answer.content.decode()

    def test_sent_twice_it_waits_once(self, staff, eva):
        form = sent(waits="on")

        staff.post(reverse("log_of", args=[eva.pk]), form), staff.post(reverse("log_of", args=[eva.pk]), form)

        assert Enquiry.objects.count() == 1

    def test_undo_takes_it_out_of_the_queue(self, staff, eva):
        staff.post(reverse("log_of", args=[eva.pk]), sent(waits="on"))

        contact.undo(interaction=Interaction.objects.get(), by=Interaction.objects.get().by, now=NOW)

        assert Enquiry.objects.count() == 0
        assert Audit.objects.filter(what="enquiry.deleted", customer_pk=eva.pk).count() == 1

    @pytest.mark.parametrize("goes_on", ["take", "answer", "end"])
    def test_undo_is_refused_once_somebody_has_gone_on_with_it(self, staff, petr, eva, goes_on):
        staff.post(reverse("log_of", args=[eva.pk]), sent(waits="on"))
        asked, jana = Enquiry.objects.get(), cast.owner()
        said = {"take": {}, "answer": {"said": valid(text="We do.")}, "end": {"reason": "Spam"}}[goes_on]
        getattr(answering, goes_on)(enquiry=asked, by=jana, now=NOW, **said)

        with pytest.raises(PermissionDenied, match="Somebody answers this, or has done so"):
            contact.undo(interaction=asked.interaction, by=petr, now=NOW)
        assert Enquiry.objects.filter(pk=asked.pk).exists()


class TestTheQueue:
    def test_the_oldest_stands_first_with_how_long_it_waits(self, staff):
        for hours in (1, 50, 3):
            make_enquiry(make_customer(name=f"Waits {hours}"), asked_at=NOW - timedelta(hours=hours))
        make_enquiry(make_customer(name="Done"), asked_at=NOW - timedelta(hours=9), answered_at=NOW, no_answer="Spam")

        shown = text(staff.get(reverse("desk")))

        assert re.findall(r"Waits \d+", shown) == ["Waits 50", "Waits 3", "Waits 1"]
        assert "3 wait for an answer." in shown and "Call, waits 2 days" in shown and "Call, waits 1 hour " in shown
        assert "Done" not in shown

    def test_an_empty_one_says_so(self, staff):
        assert "Nobody waits for an answer. No first answer was given in the last 30 days." in text(staff.get(reverse("desk")))

    @pytest.mark.parametrize("rows", [1, 49])
    def test_rows_do_not_cost_statements(self, staff, rows, django_assert_num_queries):
        for number in range(rows):
            make_enquiry(asked_at=NOW - timedelta(minutes=number))

        with django_assert_num_queries(7):
            assert staff.get(reverse("desk")).status_code == 200

    def test_it_is_paged(self, staff):
        for number in range(60):
            make_enquiry(make_customer(name=f"No {number:02}."), asked_at=NOW - timedelta(minutes=100 - number // 2))

        first = staff.get(reverse("desk"))
        on = unescape(re.search(r'rel="next" href="([^"]+)"', first.content.decode())[1])
        found = re.findall(r"No (\d\d)\.\s", text(first)) + re.findall(r"No (\d\d)\.\s", text(staff.get(reverse("desk") + on)))

        assert list(dict.fromkeys(found)) == [f"{number:02}" for number in range(60)]

    @pytest.mark.parametrize(
        ("minutes", "words"),
        [(-5, "0 minutes"), (1, "1 minute"), (59, "59 minutes"), (60, "1 hour"), (47 * 60 + 59, "47 hours"), (48 * 60, "2 days")],
    )
    def test_it_says_how_long_in_words(self, minutes, words):
        assert waited(timedelta(minutes=minutes)) == words


class TestTaking:
    def test_one_takes_it_and_the_other_is_told(self, staff, petr):
        waits, jana = make_enquiry(asked_at=NOW), make_user(name="Jana")
        other = cast.signed_in(jana)

        assert other.post(reverse("desk_take", args=[waits.pk])).url == reverse("desk_answer", args=[waits.pk])
        assert staff.post(reverse("desk_take", args=[waits.pk])).url == reverse("desk")
        waits.refresh_from_db()

        assert waits.taken_by == jana
        shown = text(staff.get(reverse("desk")))
        assert "Jana is answering this. Take it over first, if that is agreed." in shown and "Jana answers it" in shown

    def test_it_is_taken_over_from_whom_one_saw(self, petr):
        jana, marie = make_user(), make_user()
        waits = make_enquiry(taken_by=jana, taken_at=NOW)

        with pytest.raises(Taken):
            answering.take(enquiry=waits, by=petr, now=NOW, held_by=marie.pk)
        answering.take(enquiry=waits, by=petr, now=NOW, held_by=jana.pk)
        waits.refresh_from_db()

        assert waits.taken_by == petr
        assert Audit.objects.get().changes == {"taken_by": [jana.pk, petr.pk]}

    def test_a_second_click_changes_nothing(self, petr):
        waits = make_enquiry()

        for _ in range(3):
            answering.take(enquiry=waits, by=petr, now=NOW)
            waits.refresh_from_db()

        assert Audit.objects.count() == 1

    def test_it_is_given_back_to_all(self, staff, petr):
        waits = make_enquiry(taken_by=petr, taken_at=NOW)

        staff.post(reverse("desk_give_up", args=[waits.pk])), staff.post(reverse("desk_give_up", args=[waits.pk]))
        waits.refresh_from_db()

        assert (waits.taken_by, waits.taken_at, Audit.objects.count()) == (None, None, 1)

    def test_nobody_gives_back_what_another_has(self, staff):
        jana = make_user()
        waits = make_enquiry(taken_by=jana, taken_at=NOW)

        staff.post(reverse("desk_give_up", args=[waits.pk]))
        waits.refresh_from_db()

        assert waits.taken_by == jana

    @pytest.mark.parametrize("held", ["x", "-1", "9" * 40, "１"])
    def test_a_forged_holder_is_nobody(self, staff, held):
        waits = make_enquiry(taken_by=make_user(), taken_at=NOW)

        assert staff.post(reverse("desk_take", args=[waits.pk]), {"held_by": held}).url == reverse("desk")


class TestAnswering:
    def test_the_form_is_filled_in_for_an_answer_and_looking_takes_nothing(self, staff, eva):
        waits = make_enquiry(eva, interaction={"kind": "email", "text": "Do you have decaf?"})

        page = staff.get(reverse("desk_answer", args=[waits.pk]))

        assert "Do you have decaf?" in text(page)
        assert 'value="email" id="id_kind-email" checked' in page.content.decode()
        waits.refresh_from_db()
        assert waits.taken_by is None

    @pytest.mark.parametrize("came_by", ["visit", "complaint"])
    def test_who_came_in_person_is_called(self, staff, came_by):
        waits = make_enquiry(interaction={"kind": came_by})

        assert 'value="call" id="id_kind-call" checked' in staff.get(reverse("desk_answer", args=[waits.pk])).content.decode()

    def test_the_answer_is_a_contact_and_ends_the_waiting(self, staff, petr, eva):
        waits = make_enquiry(eva, asked_at=NOW - timedelta(minutes=95))

        answer = staff.post(reverse("desk_answer", args=[waits.pk]), sent(text="Yes.", direction="out"))
        waits.refresh_from_db()

        logged = waits.answer
        assert answer.url == reverse("desk")
        assert (logged.customer, logged.direction, logged.text, logged.by) == (eva, "out", "Yes.", petr)
        assert (waits.answered_at, waits.answered_by, waits.taken_by) == (NOW, petr, petr)

    def test_the_toast_of_an_answer_says_its_follow_up_too(self, staff, eva):
        waits, on = make_enquiry(eva), Business.load().today() + timedelta(days=2)
        assert 'name="follow_up"' in staff.get(reverse("desk_answer", args=[waits.pk])).content.decode()

        answer = staff.post(reverse("desk_answer", args=[waits.pk]), sent(direction="out", follow_up=on.isoformat()))

        assert [str(message) for message in get_messages(answer.wsgi_request)] == [
            f"Call with Eva Nováková logged, 5 minutes. Follow up on {day(on)}."
        ]
        assert Task.objects.get().due_on == on

    def test_the_same_form_twice_is_one_answer(self, staff):
        waits, form = make_enquiry(), sent(direction="out")

        answers = [staff.post(reverse("desk_answer", args=[waits.pk]), form) for _ in range(3)]

        assert {answer.status_code for answer in answers} == {302}
        assert Interaction.objects.filter(direction="out").count() == 1
        assert Audit.objects.filter(what="enquiry.answered").count() == 1

    def test_two_do_not_answer_the_same(self, staff):
        waits = make_enquiry()
        cast.signed_in(make_user()).post(reverse("desk_answer", args=[waits.pk]), sent(direction="out"))

        late = staff.post(reverse("desk_answer", args=[waits.pk]), sent(text="What I wrote", direction="out"))

        assert "This does not wait any more: somebody was faster." in text(late) and "What I wrote" in text(late)
        assert Interaction.objects.filter(direction="out").count() == 1

    def test_what_another_has_taken_is_not_answered(self, staff):
        waits = make_enquiry(taken_by=make_user(name="Jana"), taken_at=NOW)

        answer = staff.post(reverse("desk_answer", args=[waits.pk]), sent(direction="out"))

        assert "Jana is answering this." in text(answer)
        assert Interaction.objects.filter(direction="out").count() == 0

    def test_an_answer_that_is_taken_back_leaves_it_waiting(self, staff, petr):
        waits = make_enquiry()
        staff.post(reverse("desk_answer", args=[waits.pk]), sent(direction="out"))
        logged = Interaction.objects.get(direction="out")

        staff.post(reverse("undo_log", args=[logged.pk]))
        waits.refresh_from_db()

        assert (waits.answer, waits.answered_at, waits.answered_by, waits.taken_by) == (None, None, None, petr)
        assert Audit.objects.filter(what="enquiry.waits_again").count() == 1

    def test_a_clock_that_ran_ahead_makes_no_negative_wait(self, petr):
        waits = make_enquiry(asked_at=NOW + timedelta(minutes=5))

        answering.answer(enquiry=waits, said=valid(direction="out"), by=petr, now=NOW)
        waits.refresh_from_db()

        assert waits.answered_at == waits.asked_at


class TestWithoutAnAnswer:
    def done(self, client, waits, reason):
        return client.post(reverse("desk_done", args=[waits.pk]), {"reason": reason})

    def test_it_ends_with_the_reason_and_counts_as_no_first_answer(self, staff, petr):
        waits = make_enquiry()

        assert self.done(staff, waits, "Spam").url == reverse("desk")
        assert self.done(staff, waits, "Spam").url == reverse("desk")
        waits.refresh_from_db()

        assert (waits.no_answer, waits.answered_by, waits.answered_at) == ("Spam", petr, NOW)
        assert Audit.objects.filter(what="enquiry.done").count() == 1
        assert "No first answer was given" in first_answers(NOW)

    @pytest.mark.parametrize(("reason", "sentence"), [("", "Say why it needs no answer."), ("x" * 201, "This is too long: 201 letters")])
    def test_a_mistake_is_a_sentence(self, staff, reason, sentence):
        waits = make_enquiry()

        assert sentence in text(self.done(staff, waits, reason))
        waits.refresh_from_db()
        assert waits.answered_at is None

    def test_what_another_answers_is_not_ended(self, staff):
        waits = make_enquiry(taken_by=make_user(name="Jana"), taken_at=NOW)

        assert "Jana is answering this." in text(self.done(staff, waits, "Spam"))

    def test_it_is_undone(self, staff):
        waits = make_enquiry()
        self.done(staff, waits, "Spam")

        for _ in range(2):
            assert staff.post(reverse("desk_undo", args=[waits.pk])).url == reverse("desk")
        waits.refresh_from_db()

        assert (waits.answered_at, waits.no_answer) == (None, "")
        assert Audit.objects.filter(what="enquiry.waits_again").count() == 1

    @pytest.mark.parametrize("ended", [{"no_answer": "Spam"}, {}])
    def test_nobody_undoes_what_another_ended_or_an_answer(self, petr, ended):
        waits = make_enquiry(asked_at=NOW, answered_at=NOW, answered_by=make_user() if ended else petr, **ended)

        with pytest.raises(PermissionDenied):
            answering.undo_end(enquiry=waits, by=petr, now=NOW)

    def test_it_is_too_late_after_an_hour(self, petr):
        waits = make_enquiry(asked_at=NOW, answered_at=NOW, answered_by=petr, no_answer="Spam")

        with pytest.raises(PermissionDenied):
            answering.undo_end(enquiry=waits, by=petr, now=NOW + timedelta(minutes=61))


class TestFirstAnswers:
    def answered(self, minutes, ago=timedelta(days=1)):
        make_enquiry(asked_at=NOW - ago - timedelta(minutes=minutes), answered_at=NOW - ago, answer=make_interaction(direction="out"))

    def test_half_of_them_are_said(self):
        for minutes in (1, 30, 90, 120, 9000):
            self.answered(minutes)
        self.answered(1, ago=timedelta(days=31))

        assert first_answers(NOW) == "Half of the 5 first answers of the last 30 days came within 1 hour."

    @pytest.mark.parametrize("count", [1, 4])
    def test_of_few_nothing_is_concluded(self, count):
        for _ in range(count):
            self.answered(30)

        assert first_answers(NOW).startswith(f"Only {count} first answer")
        assert "too few to say" in first_answers(NOW)

    def test_it_reads_no_more_than_so_many(self, monkeypatch, django_assert_num_queries):
        monkeypatch.setattr("crm.desk.queue.MOST_READ", 6)
        for minutes in (10, 10, 10, 10, 10, 10):
            self.answered(minutes)
        self.answered(9000, ago=timedelta(days=2))

        with django_assert_num_queries(1):
            assert first_answers(NOW) == "Half of the latest 6 first answers came within 10 minutes."


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", "{{ 7 }}", "\u202eعلي", "x" * 5000])
def test_what_is_written_is_shown_as_text(staff, words):
    waits = make_enquiry(make_customer(name=words[:200]), interaction={"text": words})

    for page in (reverse("desk"), reverse("desk_answer", args=[waits.pk]), reverse("desk_done", args=[waits.pk])):
        shown = staff.get(page).content.decode()
        assert "<script>alert" not in shown and words[:50] in unescape(shown)
