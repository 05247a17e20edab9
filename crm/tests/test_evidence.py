"""What is known beside the orders: recorded once, dated and named, with the customer's own column, and taken back."""

from datetime import date, timedelta

import pytest
from django.contrib.messages import get_messages
from django.core.exceptions import ValidationError
from django.urls import reverse

from config.tests import cast
from crm import evidence_words, timeline
from crm.evidence import MOST_READ, RecordedAlready, held, record_evidence
from crm.evidence_panel import EVIDENCE, EvidenceForm, EvidencePanel, recorded
from crm.figures import Figures
from crm.models import Business, Changed, Customer, Evidence, PastFacts
from crm.profile import find
from crm.tests.answers import said, text
from crm.tests.factories import make_customer, make_interaction, make_order, make_user

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 23)
THEN = date(2024, 2, 14)


@pytest.fixture
def tomas():
    return make_user(name="Tomáš")


@pytest.fixture
def staff(monkeypatch):
    monkeypatch.setattr(Business, "today", lambda self: TODAY)
    return cast.signed_in(cast.staff())


def known(customer):
    return find(customer.pk)


def write(customer, by, kind="only_us", **fields):
    told = {"holds": True, "happened_on": THEN, "text": "In the shop.", "today": TODAY}
    return record_evidence(customer=customer, by=by, kind=kind, **(told | fields))


def sentences(customer):
    return [evidence_words.sentence(one) for one in held(known(customer))]


def written():
    return list(Evidence.objects.values_list()), list(Customer.objects.order_by("pk").values_list()), list(Changed.objects.values_list())


def undo_of(answer):
    """Of the last message: those before it may not have been shown yet."""
    return list(get_messages(answer.wsgi_request))[-1].extra_tags


def sent(customer, client, **fields):
    return client.post(reverse("evidence", args=[customer.pk]), {"kind": "only_us", "happened_on": "2024-02-14", "text": ""} | fields)


class TestRecording:
    @pytest.mark.parametrize(
        ("kind", "column"),
        [("only_us", "only_us_on"), ("partner", "partner_on"), ("disqualified", "disqualified_on"), ("lost", "lost_marked_on")],
    )
    def test_it_sets_the_customers_own_column_and_notes_them(self, martin, tomas, kind, column):
        made = write(martin, tomas, kind)

        assert getattr(known(martin), column) == THEN
        assert (made.kind, made.holds, made.happened_on, made.text, made.by) == (kind, True, THEN, "In the shop.", tomas)
        assert list(Changed.objects.values_list("customer", "why")) == [(martin.pk, "customer")]

    def test_a_recommendation_sets_both_columns_and_notes_both(self, martin, tomas):
        hana = make_customer(name="Hana Veselá")
        write(martin, tomas, "referred", referrer=hana)

        assert (known(martin).referred_by, known(martin).referred_on) == (hana, THEN)
        assert set(Changed.objects.values_list("customer", flat=True)) == {martin.pk, hana.pk}

    def test_taking_back_empties_the_column_and_is_a_row_of_its_own(self, martin, tomas):
        hana = make_customer(name="Hana Veselá")
        write(martin, tomas), write(martin, tomas, "referred", referrer=hana)
        write(martin, tomas, holds=False, happened_on=TODAY, text=""), write(martin, tomas, "referred", holds=False, happened_on=TODAY)

        found = known(martin)
        assert (found.only_us_on, found.referred_by, found.referred_on) == (None, None, None)
        rows = Evidence.objects.order_by("pk").values_list("kind", "holds", "happened_on")
        assert list(rows) == [
            ("only_us", True, THEN),
            ("referred", True, THEN),
            ("only_us", False, TODAY),
            ("referred", False, TODAY),
        ]

    def test_the_other_columns_stay_as_they_are_now_and_not_as_they_were_read(self, martin, tomas):
        stale = known(martin)
        Customer.objects.filter(pk=martin.pk).update(city="Brno", partner_on=THEN)
        write(stale, tomas)

        assert (known(martin).city, known(martin).partner_on, known(martin).only_us_on) == ("Brno", THEN, THEN)

    def test_another_day_and_another_text_are_no_second_sending(self, martin, tomas):
        write(martin, tomas), write(martin, tomas, text="By telephone."), write(martin, tomas, happened_on=TODAY)

        assert (Evidence.objects.count(), known(martin).only_us_on) == (3, TODAY)

    def test_what_an_import_brought_can_be_confirmed(self, martin, tomas):
        Customer.objects.filter(pk=martin.pk).update(only_us_on=THEN)
        write(martin, tomas)

        assert sentences(martin) == ["Told Tomáš on 14 February 2024 that they buy only from us."]

    def test_the_same_again_after_it_was_taken_back_is_written(self, martin, tomas):
        write(martin, tomas), write(martin, tomas, holds=False, happened_on=TODAY), write(martin, tomas)

        assert known(martin).only_us_on == THEN and Evidence.objects.count() == 3


class TestRefusing:
    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"kind": "friend"}, "That is none of the things that are recorded"),
            ({"kind": "lost_marked_on"}, "That is none of the things that are recorded"),
            ({"happened_on": TODAY + timedelta(days=1)}, "That day has not come yet"),
            ({"happened_on": date(1969, 12, 31)}, "before 1970"),
            ({"text": "a\0b"}, "Null characters are not allowed"),
            ({"text": "\ud83e"}, "letters that are none"),
            ({"text": "x" * 2001}, "at most 2000"),
            ({"lost_reason": "price"}, "Why they left is said of those who have left us."),
            ({"kind": "lost", "holds": False, "lost_reason": "price"}, "Why they left is said of those who have left us."),
            ({"kind": "lost", "lost_reason": "boredom"}, "There is no such reason"),
            ({"kind": "referred"}, "Say who recommended them"),
            ({"holds": False}, "there is nothing to take back"),
        ],
    )
    def test_bad_input_is_one_sentence_and_nothing_is_written(self, martin, tomas, fields, sentence):
        before = written()
        with pytest.raises(ValidationError) as refused:
            write(martin, tomas, **fields)

        assert len(refused.value.messages) == 1 and sentence in refused.value.messages[0]
        assert written() == before

    def test_the_same_twice_is_recorded_once(self, martin, tomas):
        write(martin, tomas)
        before = written()
        with pytest.raises(RecordedAlready, match="That is recorded already"):
            write(martin, make_user(), text=" In the shop. ")

        assert written() == before

    def test_nobody_recommends_themselves(self, martin, tomas):
        before = written()
        with pytest.raises(ValidationError, match="Nobody recommends themselves"):
            write(martin, tomas, "referred", referrer=martin)

        assert written() == before

    def test_nobody_is_recommended_by_whom_they_brought(self, martin, tomas):
        hana, eva = make_customer(name="Hana"), make_customer(name="Eva")
        write(hana, tomas, "referred", referrer=martin), write(eva, tomas, "referred", referrer=hana)
        before = written()
        with pytest.raises(ValidationError, match="Eva came to us through Martin Krejčí"):
            write(martin, tomas, "referred", referrer=known(eva))

        assert written() == before

    def test_a_circle_that_is_there_already_ends_the_search(self, martin, tomas):
        hana, eva = make_customer(), make_customer()
        Customer.objects.filter(pk=hana.pk).update(referred_by=eva, referred_on=THEN)
        Customer.objects.filter(pk=eva.pk).update(referred_by=hana, referred_on=THEN)
        write(martin, tomas, "referred", referrer=known(hana))

        assert known(martin).referred_by == hana


class TestWhatHolds:
    def test_each_is_a_sentence_that_can_be_checked(self, martin, tomas):
        hana = make_customer(name="Hana Veselá")
        for kind in ("only_us", "partner", "disqualified"):
            write(martin, tomas, kind)
        write(martin, tomas, "lost", lost_reason="price"), write(martin, tomas, "referred", referrer=hana)

        assert sentences(martin) == [
            "Told Tomáš on 14 February 2024 that they buy only from us.",
            "Takes part in the business since 14 February 2024, recorded by Tomáš.",
            "Disqualified by Tomáš on 14 February 2024: cannot pay, or is not profitable.",
            "Left us on 14 February 2024, recorded by Tomáš.",
            "Recommended to us by Hana Veselá on 14 February 2024, recorded by Tomáš.",
        ]

    def test_what_an_import_brought_and_who_has_left_have_no_name(self, martin, tomas):
        write(martin, tomas), Customer.objects.filter(pk=martin.pk).update(partner_on=THEN)
        tomas.delete()

        assert sentences(martin) == ["Buys only from us since 14 February 2024.", "Takes part in the business since 14 February 2024."]

    def test_evidence_of_another_day_is_not_that_of_the_column(self, martin, tomas):
        write(martin, tomas), Customer.objects.filter(pk=martin.pk).update(only_us_on=TODAY - timedelta(days=400))

        assert sentences(martin) == ["Buys only from us since 19 October 2025."]

    def test_a_mark_of_having_left_before_an_order_is_said_to_count_no_more(self, martin, tomas):
        dates = dict.fromkeys(("first_order_on", "last_order_on", "due_on", "inactive_on", "lost_on"), THEN)
        customer = make_customer(facts=dates)
        write(customer, tomas, "lost", lost_reason="price")

        assert [one.is_outdated for one in held(known(customer))] == [True]

    def test_in_the_past_there_is_no_panel(self, martin):
        assert EvidencePanel.of(martin, Figures(Business.load(), THEN, PastFacts, is_past=True)) is None


class TestTheTimeline:
    def test_it_shows_what_came_and_what_went_with_who_and_why(self, martin, tomas):
        write(martin, tomas, "lost", lost_reason="price", text="Said so."), write(martin, tomas, "lost", holds=False, happened_on=TODAY)
        entries = recorded(known(martin), None, 10)

        assert [(entry.on, entry.key[0], entry.of.title, entry.of.reason, entry.of.by) for entry in entries] == [
            (TODAY, EVIDENCE, "Not marked as lost any more", "", "Tomáš"),
            (THEN, EVIDENCE, "Has left us", "Too expensive", "Tomáš"),
        ]

    def test_it_goes_on_where_it_ended(self, martin, tomas):
        for letter in "abc":
            write(martin, tomas, text=letter)
        make_order(martin, ordered_on=THEN), make_interaction(martin, happened_on=THEN)

        found, before = [], None
        while some := timeline.merged(known(martin), before, 2):
            found += [entry.key for entry in some]
            before = (some[-1].on, some[-1].key)
        assert found == [entry.key for entry in timeline.merged(known(martin), None, 100)]
        assert [key[0] for key in found] == [3, 3, 3, 2, 1]

    def test_it_is_bounded(self, martin, tomas):
        rows = [Evidence(customer=martin, kind="only_us", happened_on=THEN, by=tomas) for _ in range(MOST_READ + 5)]
        Evidence.objects.bulk_create(rows)

        assert len(recorded(known(martin), None, 1000)) == MOST_READ


class TestThePage:
    def test_one_step_records_and_one_click_takes_back_and_undo_brings_it_again(self, staff, martin):
        recording = sent(martin, staff, text="She told me.")
        assert recording.url == f"/customers/{martin.pk}/"
        assert said(recording) == ["Recorded: Martin Krejčí buys only from us."]
        page = text(staff.get(f"/customers/{martin.pk}/"))
        assert "Told Petr Malý on 14 February 2024 that they buy only from us." in page and page.count("She told me.") == 2

        back = staff.post(undo_of(recording))
        assert said(back)[-1] == "Taken back: it stays in the timeline."
        assert known(martin).only_us_on is None

        again = staff.post(undo_of(back))
        assert known(martin).only_us_on == THEN and again.url == f"/customers/{martin.pk}/"
        assert list(Evidence.objects.order_by("pk").values_list("holds", "text")) == [
            (True, "She told me."),
            (False, ""),
            (True, "She told me."),
        ]

    def test_undo_brings_back_who_recommended_them_and_why_they_left(self, staff, martin, tomas):
        hana = make_customer(name="Hana")
        write(martin, tomas, "referred", referrer=hana), write(martin, tomas, "lost", lost_reason="moved")
        for kind in ("referred", "lost"):
            back = staff.post(reverse("evidence_back", args=[martin.pk, kind]))
            staff.post(undo_of(back))

        assert (known(martin).referred_by, known(martin).lost_marked_on) == (hana, THEN)
        assert Evidence.objects.filter(kind="lost", holds=True).latest("pk").lost_reason == "moved"

    def test_sent_twice_it_is_there_once(self, staff, martin):
        sent(martin, staff)
        again = sent(martin, staff)

        assert (again.status_code, said(again)[-1], Evidence.objects.count()) == (302, "That is recorded already.", 1)

    def test_taking_back_twice_says_that_there_is_nothing(self, staff, martin, tomas):
        write(martin, tomas)
        staff.post(reverse("evidence_back", args=[martin.pk, "only_us"]))
        again = staff.post(reverse("evidence_back", args=[martin.pk, "only_us"]))

        assert said(again)[-1] == "That does not hold any more, so there is nothing to take back."
        assert Evidence.objects.count() == 2

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"kind": "friend"}, "That is none of the things that are recorded; choose one of those shown."),
            ({"kind": ""}, "Say what it is that you know."),
            ({"happened_on": "2026-11-24"}, "That day has not come yet: give today or a day that has been."),
            ({"happened_on": "1969-12-31"}, "Nothing is recorded of the time before 1970: give a later day."),
            ({"happened_on": "2026-02-30"}, "There is no such day: give the day, the month and the year."),
            ({"happened_on": "99999-01-01"}, "There is no such day: give the day, the month and the year."),
            ({"happened_on": ""}, "Say since when; today will do."),
            ({"text": "a\0b"}, "Null characters are not allowed."),
            ({"text": "x" * 2001}, "This is too long: 2001 letters, and at most 2000 are kept."),
            ({"kind": "lost"}, "Say why they left; another reason will do."),
            ({"kind": "lost", "lost_reason": "boredom"}, "There is no such reason; choose one of those shown."),
            ({"kind": "referred"}, "Say who recommended them: part of a name, an e-mail or an id."),
            ({"kind": "referred", "who": "Nobody Here"}, "Nobody found for “Nobody Here”"),
            ({"kind": "referred", "who": "a\0b"}, "Null characters are not allowed."),
            ({"kind": "referred", "who": "x" * 10_000}, "Nobody has a name like that"),
            ({"kind": "referred", "referrer": "9" * 30}, "Say who recommended them: part of a name, an e-mail or an id."),
            ({"kind": "referred", "who": "Martin Krejčí"}, "Nobody recommends themselves: name somebody else."),
        ],
    )
    def test_what_is_wrong_is_one_sentence_and_nothing_is_written(self, staff, martin, fields, sentence):
        before = written()
        answer = sent(martin, staff, **fields)

        assert answer.status_code == 200 and sentence in text(answer)
        assert answer.content.decode().count('role="alert"') == 1
        assert written() == before

    def test_fields_that_are_not_of_the_kind_are_not_written(self, staff, martin):
        hana = make_customer(name="Hana")
        sent(martin, staff, lost_reason="price", who="Hana", referrer=str(hana.pk), holds="", by="1", only_us_on="2020-01-01")

        (row,) = Evidence.objects.all()
        assert (row.kind, row.lost_reason, known(martin).referred_by, known(martin).only_us_on) == ("only_us", "", None, THEN)

    def test_several_of_a_name_are_offered_and_the_chosen_one_is_taken(self, staff, martin):
        make_customer(name="Hana Veselá", city="Brno")
        second = make_customer(name="Hana Nová", city="Praha")
        asked = sent(martin, staff, kind="referred", who="hana")
        assert "Several fit “hana”: choose who it was." in text(asked) and "Praha" in text(asked)
        assert known(martin).referred_by is None

        sent(martin, staff, kind="referred", who="hana", referrer=str(second.pk))
        assert known(martin).referred_by == second

    @pytest.mark.parametrize("words", ["12", "hana@example.com", "HANA@example.com"])
    def test_an_id_or_an_e_mail_is_clear_though_others_hold_it_as_a_part(self, staff, martin, words):
        hana = make_customer(name="Hana", external_id="12", email="hana@example.com")
        make_customer(name="Other", external_id="112", email="xhana@example.com")
        sent(martin, staff, kind="referred", who=words)

        assert known(martin).referred_by == hana

    def test_the_form_stands_on_the_page_and_by_itself_with_today_in_it(self, staff, martin):
        for address in (f"/customers/{martin.pk}/", f"/customers/{martin.pk}/evidence/"):
            page = staff.get(address).content.decode()
            assert f'action="/customers/{martin.pk}/evidence/"' in page and 'value="2026-11-23"' in page and 'max="2026-11-23"' in page

    def test_words_are_text(self, staff, martin):
        sent(martin, staff, text="<script>alert(1)</script> {% now %}")
        page = staff.get(f"/customers/{martin.pk}/").content.decode()

        assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page

    @pytest.mark.parametrize("was", ["", "forged", "a:b:c"])
    def test_a_forged_undo_is_refused(self, staff, martin, was):
        answer = staff.post(f"/customers/{martin.pk}/evidence/again/?was={was}")

        assert said(answer) == ["It is too late to undo that: record it once more."] and not Evidence.objects.exists()

    def test_the_undo_of_another_customer_and_an_old_one_are_refused(self, staff, martin, tomas, monkeypatch):
        write(martin, tomas)
        undo = undo_of(staff.post(reverse("evidence_back", args=[martin.pk, "only_us"])))
        other = make_customer()
        staff.post(undo.replace(f"/{martin.pk}/", f"/{other.pk}/"))
        monkeypatch.setattr("django.core.signing.time.time", lambda: 4_000_000_000)
        staff.post(undo)

        assert (known(martin).only_us_on, known(other).only_us_on, Evidence.objects.count()) == (None, None, 2)

    def test_a_kind_that_is_none_is_refused_in_an_address(self, staff, martin):
        assert said(staff.post(f"/customers/{martin.pk}/evidence/friend/back/")) == [
            "That is none of the things that are recorded; choose one of those shown."
        ]


def test_the_form_asks_for_nothing_that_its_kind_does_not_need():
    form = EvidenceForm({"kind": "partner", "happened_on": "2024-02-14", "who": "", "text": ""}, TODAY)

    assert form.is_valid() and form.evidence["referrer"] is None and form.problems == []
