"""Consents: the latest row holds, whoever may be written to is asked of in one place, and `not` is its exact complement."""

from datetime import date, timedelta

import pytest
from django.contrib.messages import get_messages
from django.core.exceptions import ValidationError
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from config.tests import cast
from crm import rules
from crm.consent_panel import ConsentPanel
from crm.consents import SaidAlready, may_send, may_send_q, object_to_marketing, record_consent, refused, standing
from crm.figures import Figures
from crm.models import Audit, Business, Changed, Consent, ConsentText, Customer, Facts, PastFacts
from crm.profile import find
from crm.rules.words import described
from crm.tests.answers import text
from crm.tests.factories import make_customer, make_user

TODAY = date(2026, 11, 23)
pytestmark = pytest.mark.django_db


def say(customer, given=True, purpose="marketing", channel="email", on=TODAY, by=None, how="phone", text="", today=TODAY):
    by = by or make_user()
    return record_consent(customer=customer, purpose=purpose, channel=channel, given=given, how=how, on=on, by=by, today=today, text=text)


@pytest.fixture
def eva():
    return make_customer(name="Eva", email="eva@example.com")


@pytest.fixture
def staff(monkeypatch):
    monkeypatch.setattr(Business, "today", lambda self: TODAY)
    return cast.signed_in(cast.staff())


class TestRecording:
    def test_it_is_kept_with_when_how_by_which_text_and_by_whom(self, eva):
        tomas = make_user(name="Tomáš")
        made = say(eva, by=tomas, text=" May we write to you? ")

        assert (made.on, made.how, made.by, made.text.version, made.text.text) == (TODAY, "phone", tomas, 1, "May we write to you?")
        assert list(Audit.objects.order_by("pk").values_list("what", "customer_pk")) == [("consent.text", None), ("consent.given", eva.pk)]
        assert Changed.objects.filter(customer=eva).exists()

    def test_the_same_words_are_one_version_and_others_the_next(self, eva):
        hana = make_customer()
        assert say(eva, text="May we?").text == say(hana, text="May we?").text
        assert say(eva, channel="sms", text="May we please?").text.version == 2
        assert say(eva, purpose="opinion", text="May we?").text.version == 1
        assert ConsentText.objects.count() == 3

    def test_withdrawing_is_a_row_and_the_latest_holds(self, eva):
        say(eva), say(eva, given=False), say(eva)
        assert [one.given for one in standing(eva)] == [True] and Consent.objects.count() == 3

    @pytest.mark.parametrize("given", [True, False])
    def test_the_same_again_is_not_recorded(self, eva, given):
        say(eva, given)
        with pytest.raises(SaidAlready):
            say(eva, given)
        assert Consent.objects.count() == 1

    def test_a_no_of_somebody_who_never_agreed_is_recorded(self, eva):
        assert say(eva, given=False).given is False

    @pytest.mark.parametrize(
        "fields",
        [
            {"purpose": "spam"},
            {"channel": "pigeon"},
            {"how": "telepathy"},
            {"on": TODAY + timedelta(days=1)},
            {"on": date(1969, 12, 31)},
            {"text": "a\0b"},
            {"text": "\ud83e"},
            {"text": "x" * 4001},
        ],
    )
    def test_bad_input_is_one_sentence_and_nothing_is_written(self, eva, fields):
        with pytest.raises(ValidationError) as refused:
            say(eva, **fields)
        assert len(refused.value.messages) == 1
        assert not Consent.objects.exists() and not ConsentText.objects.exists() and not Audit.objects.exists()

    def test_an_objection_withdraws_all_marketing_and_profiling_and_nothing_else(self, eva):
        say(eva), say(eva, purpose="opinion"), say(eva, purpose="profiling", channel="post")
        made = object_to_marketing(customer=eva, how="phone", on=TODAY, by=make_user(), today=TODAY)

        assert {one.purpose for one in made} == {"marketing", "profiling"} and len(made) == 10
        assert not may_send([eva], "marketing", "email") and may_send([eva], "opinion", "email") == {eva.pk}
        assert object_to_marketing(customer=eva, how="phone", on=TODAY, by=make_user(), today=TODAY) == []


class TestWhoMayBeWrittenTo:
    def test_only_who_agreed_but_for_messages_about_their_orders(self, eva):
        hana = make_customer()
        say(eva)
        assert may_send([eva, hana], "marketing", "email") == {eva.pk}
        assert may_send([eva, hana], "marketing", "phone") == set()
        assert may_send([eva, hana.pk], "service", "email") == {eva.pk, hana.pk}
        say(hana, given=False, purpose="service")
        assert may_send([eva, hana], "service", "email") == {eva.pk}

    def test_on_a_day_it_is_as_was_said_until_then(self, eva):
        say(eva, on=TODAY - timedelta(days=10)), say(eva, given=False, on=TODAY)
        assert may_send([eva], "marketing", "email", TODAY - timedelta(days=1)) == {eva.pk}
        assert may_send([eva], "marketing", "email", TODAY - timedelta(days=11)) == set() == may_send([eva], "marketing", "email", TODAY)

    def test_it_is_one_query_for_any_number(self, django_assert_num_queries):
        people = [make_customer() for _ in range(5)]
        with django_assert_num_queries(1):
            may_send(people, "marketing", "email")
        assert may_send([], "marketing", "email") == set()

    def test_a_rule_asks_it_and_not_is_the_complement(self, eva):
        hana, jan = make_customer(), make_customer()
        say(eva), say(hana), say(hana, given=False), say(jan, channel="sms")

        def found(rule):
            return set(Facts.objects.filter(rules.compiled(rules.parse(rule), TODAY)).values_list("pk", flat=True))

        asks = {"fact": "may_be_sent_marketing", "op": "=", "value": "email"}
        assert found(asks) == {eva.pk}
        assert found({"not": asks}) == found(asks | {"op": "!="}) == {hana.pk, jan.pk}
        assert found({"fact": "may_be_sent_marketing", "op": "in", "value": ["email", "sms"]}) == {eva.pk, jan.pk}
        assert "News and offers" in str(described(rules.parse(asks)))


class TestThePage:
    def test_the_panel_says_what_holds_with_dates_and_names(self, eva):
        say(eva, by=make_user(name="Tomáš"), text="May we?"), say(eva, given=False, channel="phone", by=make_user(name="Jana"))
        panel = ConsentPanel.of(find(eva.pk), Figures(Business.load(), TODAY, PastFacts, is_past=False))

        said = {(one.purpose, one.channel): (one.holds, one.reason, one.text) for one in panel.said}
        assert said["marketing", "email"] == (True, "Agreed on 23 November, By phone; recorded by Tomáš.", "Version 1: May we?")
        assert said["marketing", "phone"] == (False, "Said no on 23 November, By phone; recorded by Jana.", "")
        assert said["opinion", "email"][0] is None
        assert ConsentPanel.of(find(eva.pk), Figures(Business.load(), TODAY, PastFacts, is_past=True)) is None

    def test_recording_withdrawing_and_undoing_are_one_press_each(self, eva, staff):
        page, pressed = (
            reverse("consent", args=[eva.pk]),
            {"purpose": "marketing", "channel": "email", "how": "counter", "on": "2026-11-23"},
        )
        staff.post(page, pressed | {"given": "yes"})
        assert may_send([eva], "marketing", "email")
        answer = staff.post(page, pressed | {"given": "no"})
        assert not may_send([eva], "marketing", "email")

        undo = list(get_messages(answer.wsgi_request))[-1].extra_tags
        staff.post(undo), staff.post(undo)
        assert may_send([eva], "marketing", "email") and Consent.objects.count() == 3

    def test_an_objection_and_its_undo_are_one_press_each_and_marked(self, eva, staff):
        say(eva)
        answer = staff.post(reverse("consent_objection", args=[eva.pk]))
        assert "No marketing e-mails" in text(staff.get(reverse("customer", args=[eva.pk])))
        assert refused([eva.pk]) == {eva.pk: ["No marketing e-mails", "No marketing calls", "No marketing messages"]}

        staff.post(list(get_messages(answer.wsgi_request))[-1].extra_tags)
        assert may_send([eva], "marketing", "email") and not may_send([eva], "marketing", "sms")

    def test_an_undo_that_is_made_up_or_of_another_does_nothing(self, eva, staff):
        answer = staff.post(
            reverse("consent", args=[eva.pk]),
            {"purpose": "marketing", "channel": "email", "how": "form", "on": "2026-11-23", "given": "yes"},
        )
        undo = list(get_messages(answer.wsgi_request))[-1].extra_tags
        other = make_customer()
        for address in (undo.replace(f"/{eva.pk}/", f"/{other.pk}/"), reverse("consent_undo", args=[eva.pk]) + "?made=x"):
            assert staff.post(address).status_code == 302
        assert Consent.objects.count() == 1

    def test_what_is_wrong_is_said(self, eva, staff):
        answer = staff.post(
            reverse("consent", args=[eva.pk]), {"purpose": "spam", "channel": "email", "how": "form", "on": "2027-01-01", "given": "yes"}
        )
        assert "none of the consents" in text(answer)
        answer = staff.post(
            reverse("consent", args=[eva.pk]), {"purpose": "opinion", "channel": "email", "how": "form", "on": "2027-01-01", "given": "yes"}
        )
        assert "has not come yet" in text(answer) and not Consent.objects.exists()


SAID = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["email", "sms"]), st.booleans(), st.integers(0, 3)), max_size=12)


class TestAnyHistory(TestCase):
    @given(SAID, st.sampled_from(["marketing", "service"]), st.integers(0, 4))
    def test_it_is_as_a_plain_reading_of_the_rows_says(self, said, purpose, ago):
        people = [make_customer() for _ in range(3)]
        day = TODAY - timedelta(days=ago)
        for who, channel, given_, days in said:
            on = TODAY - timedelta(days=days)
            Consent.objects.create(customer=people[who], purpose=purpose, channel=channel, given=given_, how="phone", on=on)
        expected = set()
        for number, person in enumerate(people):
            then = [g for who, channel, g, days in said if (who, channel) == (number, "email") and days >= ago]
            if (then or [purpose == "service"])[-1]:
                expected.add(person.pk)
        keys = Customer.objects.filter(pk__in=[one.pk for one in people])
        assert set(keys.filter(may_send_q(purpose, "email", day)).values_list("pk", flat=True)) == expected
        assert set(keys.filter(~may_send_q(purpose, "email", day)).values_list("pk", flat=True)) == {one.pk for one in people} - expected
