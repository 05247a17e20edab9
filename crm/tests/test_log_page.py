"""Logging what happened: once however often it is sent, for the one who is meant, and taken back by who logged it."""

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.urls import reverse

from config.tests import cast
from crm import contact
from crm.contact import ContactForm
from crm.models import Business, Changed, Interaction, Task
from crm.money import day
from crm.returning import way_back
from crm.tests.answers import text
from crm.tests.factories import make_customer, make_interaction, make_user
from crm.whom import Whom

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)


def sent(**fields):
    return {"kind": "call", "minutes": "5", "text": "", "key": str(uuid4())} | fields


def log_of(customer):
    return reverse("log_of", args=[customer.pk])


def said(answer):
    return [(str(message), message.extra_tags) for message in get_messages(answer.wsgi_request)]


class TestOnTheCustomersPage:
    def test_it_is_written_with_who_and_when(self, staff, petr, martin, monkeypatch):
        monkeypatch.setattr("crm.views.log.timezone.now", lambda: NOW)

        answer = staff.post(log_of(martin), sent(text="Asked about <b>beans</b>.", minutes="15"))

        kept = Interaction.objects.get()
        assert (answer.status_code, answer.url) == (302, reverse("customer", args=[martin.pk]))
        assert (kept.customer, kept.by, kept.kind, kept.direction, kept.minutes) == (martin, petr, "call", "out", 15)
        # Half past eleven at night in Prague.
        assert (kept.happened_at, kept.happened_on.isoformat(), kept.text) == (NOW, "2026-11-24", "Asked about <b>beans</b>.")
        assert list(Changed.objects.values_list("customer", "why")) == [(martin.pk, "interaction")]

    def test_the_day_is_that_of_the_business(self, staff, martin, monkeypatch):
        Business.keep(zone="Pacific/Auckland")
        monkeypatch.setattr("crm.views.log.timezone.now", lambda: NOW)

        staff.post(log_of(martin), sent())

        assert Interaction.objects.get().happened_on.isoformat() == "2026-11-25"

    def test_the_toast_says_what_was_logged_and_can_take_it_back(self, staff, martin):
        answer = staff.post(log_of(martin), sent(next="/"))

        assert answer.url == "/"
        assert said(answer) == [("Call with Martin Krejčí logged, 5 minutes.", reverse("undo_log", args=[Interaction.objects.get().pk]))]

    @pytest.mark.parametrize(
        ("kind", "direction", "sentence"),
        [
            ("call", "out", "Call with Martin Krejčí logged, 1 minute."),
            ("email", "out", "E-mail with Martin Krejčí logged, 1 minute."),
            ("visit", "in", "Visit of Martin Krejčí logged, 1 minute."),
            ("chat", "in", "Chat with Martin Krejčí logged, 1 minute."),
            ("social", "in", "Contact with Martin Krejčí on a social network logged, 1 minute."),
            ("letter", "out", "Letter with Martin Krejčí logged, 1 minute."),
            ("complaint", "in", "Complaint of Martin Krejčí logged, 1 minute."),
        ],
    )
    def test_each_kind_is_said_and_has_its_usual_direction(self, staff, martin, kind, direction, sentence):
        answer = staff.post(log_of(martin), sent(kind=kind, minutes="1"))

        assert Interaction.objects.get().direction == direction
        assert said(answer)[0][0] == sentence

    def test_a_direction_that_is_said_is_kept(self, staff, martin):
        staff.post(log_of(martin), sent(direction="in"))

        assert Interaction.objects.get().direction == "in"

    def test_the_same_form_sent_twice_is_kept_once(self, staff, martin):
        form = sent(text="Once")

        answers = [staff.post(log_of(martin), form) for _ in range(3)]

        assert Interaction.objects.count() == 1
        assert {answer.status_code for answer in answers} == {302}
        assert said(answers[2])[-1][0] == "Call with Martin Krejčí logged, 5 minutes."
        assert Changed.objects.count() == 1

    @pytest.mark.parametrize("change", [{"text": "Twice"}, {"kind": "visit"}, {"minutes": "15"}, {"direction": "in"}])
    def test_a_form_sent_again_with_something_else_in_it_is_asked_for_once_more(self, staff, martin, change):
        form = sent(text="Once")
        staff.post(log_of(martin), form)

        answer = staff.post(log_of(martin), form | change)

        assert (answer.status_code, Interaction.objects.count(), Interaction.objects.get().text) == (200, 1, "Once")
        assert "This form is out of date: something else was logged with it." in text(answer)
        assert (form | change)["text"] in text(answer)
        again = re.search(r'name="key" value="([^"]+)"', answer.content.decode())[1]
        assert staff.post(log_of(martin), form | change | {"key": again}).status_code == 302
        assert Interaction.objects.count() == 2

    def test_a_form_sent_for_one_is_not_logged_for_another(self, staff, martin):
        eva, form = make_customer(name="Eva"), sent(text="Once")
        staff.post(log_of(martin), form)

        answers = [staff.post(log_of(eva), form), staff.post(reverse("log"), form | {"who": "Eva"})]

        assert all("This form is out of date" in text(answer) and "Once" in text(answer) for answer in answers)
        assert Interaction.objects.get().customer == martin

    def test_a_form_sent_by_one_is_not_logged_by_another(self, staff, petr, martin):
        form = sent()
        staff.post(log_of(martin), form)

        answer = cast.signed_in(make_user()).post(log_of(martin), form, headers={"HX-Request": "true"})

        assert "This form is out of date" in text(answer) and form["key"] not in answer.content.decode()
        assert Interaction.objects.get().by == petr

    def test_two_forms_that_say_the_same_are_two(self, staff, martin):
        staff.post(log_of(martin), sent())
        staff.post(log_of(martin), sent())

        assert Interaction.objects.count() == 2

    def test_imports_have_no_key_and_do_not_get_into_each_others_way(self):
        make_interaction()
        make_interaction()

        assert Interaction.objects.filter(form_key=None).count() == 2

    def test_another_error_of_the_database_is_not_taken_for_a_second_click(self, petr, martin):
        form = ContactForm(sent())
        assert form.is_valid()
        form.cleaned_data["minutes"] = 9999

        with pytest.raises(IntegrityError):
            contact.log(customer=martin, contact=form.cleaned_data, by=petr, now=NOW)

    def test_htmx_gets_the_form_anew_and_the_page_fetches_the_timeline(self, staff, martin):
        form, address = sent(text="Told him of the new roast."), reverse("customer", args=[martin.pk])
        before = staff.get(address).content.decode()

        answer = staff.post(log_of(martin), form, headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{address}"})

        page = answer.content.decode()
        assert json.loads(answer["HX-Trigger"]) == {"logged": {}, f"logged-{martin.pk}": {}}
        assert f'hx-get="{address}" hx-trigger="logged-{martin.pk} from:body" hx-swap="outerHTML"' in before
        timeline = staff.get(address, headers={"HX-Request": "true", "HX-Target": "timeline"})
        assert "Told him of the new roast." in text(timeline)
        assert timeline.content.decode().strip().startswith('<section class="o-tl" id="timeline"')
        assert "Told him of the new roast." not in text(answer) and 'id="timeline"' not in page
        assert "Figures are being brought up to date." in text(answer)
        assert form["key"] not in page
        assert f'name="next" value="/customers/{martin.pk}/"' in page
        assert "<html" not in page

    def test_nobody_is_logged_for_someone_who_is_not_there(self, staff):
        assert staff.post("/customers/987654/log/", sent()).status_code == 404

    def test_looking_is_no_way_to_log(self, staff, martin):
        assert staff.get(log_of(martin)).status_code == 405


class TestBadInput:
    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            ({"kind": "owl"}, "There is no such kind of contact; choose one of those shown."),
            ({"kind": ""}, "Say what kind of contact it was."),
            ({"minutes": "-1"}, "Minutes are a number from 0 to 1440."),
            ({"minutes": "1441"}, "Minutes are a number from 0 to 1440."),
            ({"minutes": "9" * 400}, "Minutes are a number from 0 to 1440."),
            ({"minutes": "soon"}, "Minutes are a whole number."),
            ({"minutes": ""}, "Say how many minutes it took; a guess is fine."),
            ({"direction": "up"}, "It is either they who came to us, or we who went to them."),
            ({"text": "x" * 10_001}, "This is too long: 10001 letters, and at most 10000 are kept."),
            ({"text": "a\0b"}, "Null characters are not allowed."),
            ({"key": "1"}, "This form is out of date: open the page again and send it once more."),
            ({"key": ""}, "This form is out of date: open the page again and send it once more."),
        ],
    )
    @pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
    def test_it_is_a_sentence_and_nothing_is_written(self, staff, martin, wrong, sentence, headers):
        answer = staff.post(log_of(martin), sent(**{"text": "What I wrote"} | wrong), headers=headers)

        assert answer.status_code == 200
        assert sentence in text(answer)
        assert "text" in wrong or "What I wrote" in text(answer)
        assert Interaction.objects.count() == 0

    @pytest.mark.parametrize("words", ["<script>alert(1)</script>", "=1+1", "{{ 7 }}", "\u202eعلي", "x" * 10_000])
    def test_a_text_is_shown_as_text(self, staff, martin, words):
        staff.post(log_of(martin), sent(text=words))
        page = staff.get(reverse("customer", args=[martin.pk])).content.decode()

        assert words in unescape(page)
        assert "<script>alert" not in page

    def test_minutes_beside_those_offered_stay_chosen(self, staff, martin):
        page = staff.post(log_of(martin), sent(minutes="7", kind="owl")).content.decode()

        assert '<option value="7" selected>' in page

    @pytest.mark.parametrize("page", ["//evil.example", "https://evil.example/", "javascript:alert(1)", "\\\\evil", "http:///evil", ""])
    def test_it_leads_back_to_us_only(self, staff, martin, page):
        assert staff.post(log_of(martin), sent(next=page)).url == reverse("customer", args=[martin.pk])

    def test_a_way_back_may_carry_a_question(self, rf):
        assert way_back(rf.post("/", {"next": "/customers/?q=a"}), "/") == "/customers/?q=a"


class TestForAnyone:
    def test_words_that_fit_one_are_enough(self, staff, martin):
        make_customer(name="Someone")

        answer = staff.post(reverse("log"), sent(who="krejci"))

        assert answer.url == reverse("customer", args=[martin.pk])
        assert Interaction.objects.get().customer == martin

    def test_words_that_fit_several_ask_which_and_keep_what_was_written(self, staff):
        for number in range(3):
            make_customer(name=f"Jan {number}")

        answer = staff.post(reverse("log"), sent(who="jan", text="Kept", kind="visit"))

        page = answer.content.decode()
        assert Interaction.objects.count() == 0
        assert "Whom do you mean?" in text(answer) and "Kept" in text(answer)
        assert page.count('name="customer"') == 3
        assert 'value="visit" id="id_kind-visit" checked' in page

    def test_the_one_chosen_is_logged(self, staff):
        make_customer(name="Jan 1")
        second = make_customer(name="Jan 2")

        staff.post(reverse("log"), sent(who="jan", customer=second.pk))

        assert Interaction.objects.get().customer == second

    def test_words_written_anew_count_more_than_the_one_chosen_before(self, staff, martin):
        eva = make_customer(name="Eva")

        staff.post(reverse("log"), sent(who="eva", customer=martin.pk))

        assert Interaction.objects.get().customer == eva

    def test_at_most_twenty_are_offered(self, staff):
        for number in range(21):
            make_customer(name=f"Jan {number}")

        answer = staff.post(reverse("log"), sent(who="jan"))

        assert answer.content.decode().count('name="customer"') == 20
        assert "There are more of them: write more of the name to see fewer." in text(answer)

    @pytest.mark.parametrize(
        ("who", "problem"),
        [
            ("nobody", "Nobody found for “nobody”: write less of the name, or the e-mail or phone."),
            ("  ", "Write who it is: part of a name, an e-mail or a phone number."),
            ("x" * 300, "Nobody has a name like that; write part of it."),
            ("a\0b", "Nobody has a name like that; write part of it."),
            (" ".join("abcdefghijk"), "Search for at most 10 words at once."),
            ("%", "Nobody found for “%”: write less of the name, or the e-mail or phone."),
        ],
    )
    def test_nobody_found_is_said_and_nothing_written(self, staff, martin, who, problem):
        answer = staff.post(reverse("log"), sent(who=who))

        assert problem in text(answer)
        assert Interaction.objects.count() == 0

    @pytest.mark.parametrize("chosen", ["987654", "-1", "x", "9" * 40, "１", ""])
    def test_a_forged_choice_is_none(self, martin, chosen):
        assert Whom.asked({"who": "", "customer": chosen}).found is None

    @pytest.mark.parametrize("words", ["x" * 100_000, "Novák\0"])
    def test_words_that_nobody_has_are_refused_beside_a_choice_as_well(self, martin, words):
        asked = Whom.asked({"who": words, "customer": str(martin.pk)})

        assert (asked.found, asked.problem) == (None, "Nobody has a name like that; write part of it.")

    def test_the_page_opens_empty_or_with_somebody(self, staff, martin):
        assert 'role="alert"' not in staff.get(reverse("log")).content.decode()
        assert 'value="Martin Krejčí"' in staff.get(f"{reverse('log')}?customer={martin.pk}").content.decode()

    def test_a_mistake_asks_again_for_the_same_person(self, staff, martin):
        answer = staff.post(log_of(martin), sent(minutes="x"))

        assert "It is logged for" in text(answer)
        assert f'name="customer" value="{martin.pk}"' in answer.content.decode()


class TestTheDialog:
    HTMX = {"HX-Request": "true"}

    def test_it_is_the_same_form_in_a_part_of_a_page(self, staff, martin):
        page = staff.get(f"{reverse('log')}?customer={martin.pk}", headers=self.HTMX).content.decode()

        assert "<html" not in page and 'class="modal-content log-form"' in page
        assert f'value="{martin.pk}" id="log-customer-{martin.pk}" checked' in page

    def test_while_somebody_types_it_offers_who_it_may_be(self, staff, martin):
        answer = staff.get(f"{reverse('log')}?who=krej", headers=self.HTMX | {"HX-Target": "log-found"})

        assert text(answer).strip().startswith("It is logged for Martin Krejčí")
        assert 'data-words="krej"' in answer.content.decode() and "<form" not in answer.content.decode()

    def test_logged_it_says_so_and_closes(self, staff, martin):
        answer = staff.post(reverse("log"), sent(who="krej"), headers=self.HTMX | {"HX-Current-URL": "http://testserver/"})

        assert Interaction.objects.get().customer == martin
        assert json.loads(answer["HX-Trigger"]) == {"logged": {}, f"logged-{martin.pk}": {}}
        assert "Call with Martin Krejčí logged" in text(answer) and 'id="timeline"' not in answer.content.decode()

    def test_on_their_own_page_the_timeline_is_fetched_and_the_figures_lag(self, staff, martin):
        address = f"{reverse('customer', args=[martin.pk])}?show=orders"
        before = staff.get(address).content.decode()

        answer = staff.post(
            reverse("log"), sent(who="krej", text="Of tea"), headers=self.HTMX | {"HX-Current-URL": f"http://testserver{address}"}
        )

        fetched = re.search(rf'hx-get="([^"]+)" hx-trigger="logged-{martin.pk} from:body"', before)[1]
        assert f"logged-{martin.pk}" in json.loads(answer["HX-Trigger"])
        assert "Of tea" in text(staff.get(fetched, headers=self.HTMX | {"HX-Target": "timeline"}))
        assert 'id="fresh" hx-swap-oob="true"' in answer.content.decode()

    def test_on_the_page_of_another_no_figures_lag(self, staff, martin):
        here = {"HX-Current-URL": f"http://testserver{reverse('customer', args=[make_customer(name='Eva').pk])}"}

        answer = staff.post(reverse("log"), sent(who="krej"), headers=self.HTMX | here)

        assert 'id="fresh"' not in answer.content.decode()

    def test_where_it_is_not_clear_who_it_asks_and_keeps_what_was_written(self, staff):
        make_customer(name="Jan 1"), make_customer(name="Jan 2")

        answer = staff.post(reverse("log"), sent(who="jan", text="Kept"), headers=self.HTMX)

        assert "Whom do you mean?" in text(answer) and "Kept" in text(answer) and "HX-Trigger" not in answer
        assert Interaction.objects.count() == 0

    def test_its_fields_have_names_of_their_own_beside_the_quick_log(self, staff, martin):
        ids = re.compile(r' id="([^"]+)"')
        page = staff.get(reverse("customer", args=[martin.pk])).content.decode()
        dialog = staff.get(reverse("log"), headers=self.HTMX).content.decode()

        assert set(ids.findall(page.partition("<template")[0])) & set(ids.findall(dialog)) == set()


class TestWhatShowsElsewhereToo:
    @pytest.mark.parametrize("more", [{"kind": "complaint", "text": "Torn."}, {"follow_up": "today"}])
    def test_the_page_of_the_customer_is_read_anew_and_says_that_it_is_logged(self, staff, martin, more):
        headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver/customers/{martin.pk}/"}
        more = more | ({"follow_up": Business.load().today().isoformat()} if "follow_up" in more else {})
        for address, who in ((log_of(martin), {}), (reverse("log"), {"customer": martin.pk, "who": martin.name})):
            answer = staff.post(address, sent(**more) | who, headers=headers)

            assert answer.headers["HX-Refresh"] == "true" and answer.headers["HX-Trigger"].startswith('{"logged"')
            assert "logged, " in staff.get(f"/customers/{martin.pk}/").text

    def test_another_page_only_says_that_it_is_logged(self, staff, martin):
        headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/"}
        answer = staff.post(
            reverse("log"), sent(kind="complaint", text="Torn.") | {"customer": martin.pk, "who": martin.name}, headers=headers
        )

        assert "HX-Refresh" not in answer.headers and "logged, " in answer.text


class TestFollowUp:
    def test_it_is_a_task_for_who_logs_it_named_by_the_first_line(self, staff, petr, martin):
        on = Business.load().today() + timedelta(days=3)

        answer = staff.post(log_of(martin), sent(text="\n Send the price list. \nHe asked twice.", follow_up=on.isoformat()))

        task = Task.objects.get()
        assert (task.why, task.due_on, task.assignee, task.by, task.customer) == ("Send the price list.", on, petr, petr, martin)
        assert task.interaction == Interaction.objects.get()
        assert said(answer)[0][0] == f"Call with Martin Krejčí logged, 5 minutes. Follow up on {day(on)}."

    def test_without_a_text_it_is_named_by_the_kind_and_a_long_line_is_cut(self, staff, martin):
        on = Business.load().today().isoformat()

        staff.post(log_of(martin), sent(follow_up=on))
        staff.post(log_of(martin), sent(text="x" * 5_000, follow_up=on))

        assert [len(why) if len(why) > 50 else why for why in Task.objects.order_by("pk").values_list("why", flat=True)] == [
            "Follow up: Call",
            500,
        ]

    @pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            ("2020-01-01", "That day has passed: give today or a later one."),
            ("2990-01-01", "That is more than ten years ahead: give an earlier day."),
            ("soon", "There is no such day: give the day, the month and the year."),
        ],
    )
    def test_a_wrong_day_is_a_sentence_and_nothing_is_logged(self, staff, martin, wrong, sentence, headers):
        answer = staff.post(log_of(martin), sent(text="Kept", follow_up=wrong), headers=headers)

        assert sentence in text(answer) and "Kept" in text(answer)
        assert (Interaction.objects.count(), Task.objects.count()) == (0, 0)

    def test_a_form_sent_twice_asks_once_and_another_day_is_another_form(self, staff, martin):
        today = Business.load().today()
        form = sent(follow_up=today.isoformat())

        answers = [staff.post(log_of(martin), form) for _ in range(2)]
        other = staff.post(log_of(martin), form | {"follow_up": (today + timedelta(days=1)).isoformat()})

        assert [answer.status_code for answer in answers] == [302, 302]
        assert "This form is out of date" in text(other)
        assert (Interaction.objects.count(), Task.objects.count()) == (1, 1)

    def test_to_take_the_contact_back_takes_the_task_back(self, staff, martin):
        staff.post(log_of(martin), sent(follow_up=Business.load().today().isoformat()))

        staff.post(reverse("undo_log", args=[Interaction.objects.get().pk]))

        assert (Interaction.objects.count(), Task.objects.count()) == (0, 0)


class TestIncident:
    def test_it_is_marked_with_what_caused_it_in_the_timeline(self, staff, martin):
        staff.post(log_of(martin), sent(incident="good", incident_cause="Roasted for him on a Sunday"))

        page = text(staff.get(reverse("customer", args=[martin.pk])))
        assert "Remarkably good" in page and "Caused by: Roasted for him on a Sunday" in page

    def test_a_cause_of_nothing_is_asked_about(self, staff, martin):
        answer = staff.post(log_of(martin), sent(incident_cause="The courier"))

        assert "Say whether what it caused was remarkably good or bad." in text(answer)
        assert Interaction.objects.count() == 0


class TestUndo:
    def undo(self, client, interaction, **fields):
        return client.post(reverse("undo_log", args=[interaction.pk]), fields)

    def test_what_was_just_logged_is_taken_back(self, staff, martin):
        staff.post(log_of(martin), sent())

        answer = self.undo(staff, Interaction.objects.get(), next="/customers/")

        assert (answer.status_code, answer.url) == (302, "/customers/")
        assert Interaction.objects.count() == 0
        assert Changed.objects.count() == 2
        assert said(answer)[-1][0] == "Taken back: it is not in the record any more."

    def test_a_second_click_finds_nothing_and_says_so(self, staff, petr):
        logged = make_interaction(by=petr)
        self.undo(staff, logged)

        answer = self.undo(staff, logged)

        assert (answer.status_code, answer.url) == (302, reverse("home"))
        assert said(answer)[-1][0] == "That is not in the record any more."

    def test_what_another_logged_is_theirs(self, staff):
        logged = make_interaction(by=make_user())

        answer = self.undo(staff, logged)

        assert answer.status_code == 403
        assert "You can take back what you logged yourself, within an hour." in text(answer)
        assert Interaction.objects.filter(pk=logged.pk).exists()

    @pytest.mark.parametrize("role", ["owner", "staff"])
    def test_what_an_import_brought_is_nobodys_to_take_back(self, role):
        logged = make_interaction()

        assert self.undo(cast.signed_in(make_user(role)), logged).status_code == 403

    @pytest.mark.parametrize(("ago", "is_gone"), [(timedelta(hours=1), True), (timedelta(hours=1, microseconds=1), False)])
    def test_it_can_be_taken_back_for_an_hour(self, petr, ago, is_gone):
        logged = make_interaction(by=petr, created=NOW - ago)

        if is_gone:
            contact.undo(interaction=logged, by=petr, now=NOW)
        else:
            with pytest.raises(PermissionDenied):
                contact.undo(interaction=logged, by=petr, now=NOW)

        assert Interaction.objects.exists() is not is_gone

    def test_looking_takes_nothing_back(self, staff, petr):
        logged = make_interaction(by=petr)

        assert staff.get(reverse("undo_log", args=[logged.pk])).status_code == 405
        assert Interaction.objects.exists()


def test_each_form_that_is_shown_has_a_key_of_its_own(staff, martin):
    keys = {re.search(r'name="key" value="([^"]+)"', staff.get(reverse("log")).content.decode())[1] for _ in range(2)}

    assert len(keys) == 2
