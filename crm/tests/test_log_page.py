"""Logging what happened: once however often it is sent, for the one who is meant, and taken back by who logged it."""

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
from crm.models import Business, Changed, Interaction
from crm.returning import way_back
from crm.tests.factories import make_customer, make_interaction, make_user
from crm.whom import Whom

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)


@pytest.fixture
def petr():
    return cast.staff()


@pytest.fixture
def staff(petr):
    return cast.signed_in(petr)


@pytest.fixture
def martin():
    return make_customer(name="Martin Krejčí")


def sent(**fields):
    return {"kind": "call", "minutes": "5", "text": "", "key": str(uuid4())} | fields


def log_of(customer):
    return reverse("log_of", args=[customer.pk])


def text(answer):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


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

        with pytest.raises(contact.IntegrityError):
            contact.log(customer=martin, contact=form.cleaned_data, by=petr, now=NOW)

    def test_htmx_gets_the_form_anew_and_the_timeline_with_it(self, staff, martin):
        form = sent(text="Told him of the new roast.")

        answer = staff.post(
            log_of(martin), form, headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver/customers/{martin.pk}/"}
        )

        page = answer.content.decode()
        assert "Told him of the new roast." in text(answer)
        assert '<section class="o-tl" id="timeline" hx-swap-oob="true"' in page
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
        assert 'value="visit" id="kind-visit" checked' in page

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
            ("  ", "Write whom it was with: part of a name, an e-mail or a phone number."),
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

    def test_the_page_opens_empty_or_with_somebody(self, staff, martin):
        assert "alert" not in staff.get(reverse("log")).content.decode()
        assert 'value="Martin Krejčí"' in staff.get(f"{reverse('log')}?customer={martin.pk}").content.decode()

    def test_a_mistake_asks_again_for_the_same_person(self, staff, martin):
        answer = staff.post(log_of(martin), sent(minutes="x"))

        assert "It is logged for" in text(answer)
        assert f'name="customer" value="{martin.pk}"' in answer.content.decode()


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
