"""Changing what was logged: by whom and how long, never over what somebody else wrote, with what it said before."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from config.tests import cast
from crm import amending
from crm.amending import SAID, Amender, ChangedMeanwhile
from crm.amendment import MOST_VERSIONS, versions
from crm.complaints import writing
from crm.models import Audit, Changed, Complaint, Customer, Interaction
from crm.tests.answers import text
from crm.tests.factories import make_complaint, make_customer, make_interaction, make_owner, make_user

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = date(2026, 11, 20)


@pytest.fixture
def logged(petr):
    return make_interaction(make_customer(name="Eva"), by=petr, text="Asked about tea.", minutes=5, happened_on=DAY, direction="out")


def said(interaction, **anew):
    return {name: getattr(interaction, name) for name in SAID} | anew


def sent(interaction, **anew):
    return {
        name: "" if value is None else str(value) for name, value in said(interaction, **({"seen": interaction.revision} | anew)).items()
    }


def page(interaction):
    return reverse("interaction", args=[interaction.pk])


def amend(interaction, by, now=None, seen=None, **anew):
    seen = interaction.revision if seen is None else seen
    return amending.amend(interaction=interaction, seen=seen, said=said(interaction, **anew), by=by, now=now or timezone.now())


class TestWho:
    @pytest.mark.parametrize(("ago", "may"), [(timedelta(days=1), True), (timedelta(days=1, microseconds=1), False)])
    def test_its_author_may_for_a_day(self, petr, ago, may):
        made = make_interaction(by=petr, created=NOW - ago)

        assert Amender(petr, NOW).may(made) is may
        if may:
            assert amend(made, petr, NOW, text="New")
        else:
            with pytest.raises(PermissionDenied):
                amend(made, petr, NOW, text="New")
        assert (Interaction.objects.get().text == "New") is may

    def test_an_owner_may_after_that_and_what_an_import_brought(self, petr):
        owner = make_owner()

        assert amend(make_interaction(by=petr, created=NOW - timedelta(days=400)), owner, NOW, text="New")
        assert amend(make_interaction(by=None), owner, NOW, text="New")

    @pytest.mark.parametrize("by", ["another", "nobody"])
    def test_what_is_not_theirs_is_refused_with_a_sentence(self, staff, by):
        made = make_interaction(by=make_user() if by == "another" else None)

        for answer in (staff.get(page(made)), staff.post(page(made), sent(made, text="Mine"))):
            assert answer.status_code == 403
            assert "You can change what you logged yourself, within a day. After that an owner can." in text(answer)
        assert Interaction.objects.get().text == ""

    def test_what_is_not_there_is_not_found(self, staff):
        assert staff.get("/interactions/987654/").status_code == 404


class TestWhatIsKept:
    def test_the_change_is_in_the_record_the_audit_and_the_timeline(self, staff, petr, logged):
        answer = staff.post(page(logged), sent(logged, text="Asked about coffee.", minutes=10), follow=True)

        kept = Interaction.objects.get()
        assert (kept.text, kept.minutes, kept.by, kept.revision) == ("Asked about coffee.", 10, petr, 1)
        assert Audit.objects.get(what="interaction.changed").changes == {
            "text": ["Asked about tea.", "Asked about coffee."],
            "minutes": [5, 10],
        }
        assert list(Changed.objects.values_list("why", flat=True)) == ["interaction"]
        assert "The change is kept." in text(answer)
        assert f"Changed by {petr} on " in text(answer)
        assert "Before that it said:" in text(answer) and "Asked about tea." in text(answer) and "5 min" in text(answer)

    def test_nothing_new_is_no_change(self, staff, logged):
        answer = staff.post(page(logged), sent(logged), follow=True)

        assert "Nothing was changed." in text(answer)
        assert Interaction.objects.get().revision == 0
        assert not Audit.objects.filter(what="interaction.changed").exists()

    def test_its_moment_stays_while_its_day_does(self, petr):
        made = make_interaction(by=petr, happened_at=datetime(2026, 11, 20, 9, tzinfo=UTC), happened_on=DAY)

        amend(made, petr, text="New")
        assert Interaction.objects.get().happened_at is not None

        amend(Interaction.objects.get(), petr, happened_on=DAY - timedelta(days=1))
        kept = Interaction.objects.get()
        assert (kept.happened_at, kept.happened_on) == (None, DAY - timedelta(days=1))

    def test_what_it_said_is_read_without_a_query_where_nothing_was_changed(self, logged, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert versions([logged]) == {}

    def test_the_versions_of_many_are_one_query_and_the_latest_of_each_come_first(self, petr, django_assert_num_queries):
        made = [make_interaction(by=petr) for _ in range(3)]
        for number in range(3):
            for one in Interaction.objects.all():
                amend(one, petr, text=f"Version {number}")
        changed = list(Interaction.objects.order_by("pk"))

        with django_assert_num_queries(1):
            found = versions(changed)

        assert [[one.words for version in found[each.pk] for one in version.said] for each in made] == [
            ["Version 1", "Version 0", "nothing"]
        ] * 3

    def test_no_more_versions_are_shown_than_fit(self, petr, logged):
        for number in range(MOST_VERSIONS + 2):
            amend(Interaction.objects.get(), petr, text=str(number))

        assert len(versions([Interaction.objects.get()])[logged.pk]) == MOST_VERSIONS


class TestTwoAtOnce:
    def test_the_later_sees_both_and_nothing_is_overwritten(self, staff, petr, logged):
        late = sent(logged, text="Mine")
        amend(logged, make_owner(), text="Theirs", minutes=30)

        answer = staff.post(page(logged), late)

        assert (answer.status_code, Interaction.objects.get().text) == (200, "Theirs")
        assert "Somebody has changed this in the meantime." in text(answer)
        assert "Theirs" in text(answer) and "30 min" in text(answer) and ">Mine</textarea>" in answer.content.decode()

    def test_having_seen_both_they_choose(self, staff, logged):
        late = sent(logged, text="Mine")
        amend(logged, make_owner(), text="Theirs")
        shown = staff.post(page(logged), late).content.decode()
        seen = re.search(r'name="seen" value="(\d+)"', shown)[1]

        answer = staff.post(page(logged), late | {"seen": seen})

        assert (answer.status_code, Interaction.objects.get().text) == (302, "Mine")

    def test_a_change_in_the_admin_panel_counts_as_one(self, petr, logged):
        late = logged.revision
        row = Interaction.objects.get()
        row.text = "By the panel"
        amending.record.save_interaction(interaction=row, by=None)

        with pytest.raises(ChangedMeanwhile):
            amend(logged, petr, seen=late, text="Mine")


class TestBadInput:
    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            ({"happened_on": "2999-01-01"}, "That day is still to come: give today or an earlier one."),
            ({"happened_on": "1969-12-31"}, "That is too long ago: give a day after 1970."),
            ({"happened_on": "2026-02-30"}, "There is no such day: give the day, the month and the year."),
            ({"minutes": "1441"}, "Minutes are a number from 0 to 1440."),
            ({"minutes": ""}, "Say how many minutes it took; a guess is fine."),
            ({"kind": "owl"}, "There is no such kind of contact; choose one of those shown."),
            ({"direction": ""}, "It is either they who came to us, or we who went to them."),
            ({"incident": "odd"}, "It was remarkably good, remarkably bad, or nothing out of the ordinary."),
            ({"incident_cause": "The courier"}, "Say whether what it caused was remarkably good or bad."),
            ({"incident": "bad", "incident_cause": "x" * 201}, "This is too long: 201 letters, and at most 200 are kept."),
            ({"seen": "x"}, "This form is out of date: open the page again and send it once more."),
            ({"text": "a\0b"}, "Null characters are not allowed."),
        ],
    )
    def test_it_is_a_sentence_and_nothing_is_written(self, staff, logged, wrong, sentence):
        answer = staff.post(page(logged), sent(logged, **({"text": "What I wrote"} | wrong)))

        assert answer.status_code == 200
        assert sentence in text(answer)
        assert "text" in wrong or "What I wrote" in text(answer)
        assert Interaction.objects.get().text == "Asked about tea."

    def test_minutes_that_nobody_said_may_stay_unsaid(self, logged):
        Interaction.objects.update(minutes=None)
        made = Interaction.objects.get()

        cast.signed_in(make_owner()).post(page(made), sent(made, text="New"))

        assert (Interaction.objects.get().text, Interaction.objects.get().minutes) == ("New", None)

    @pytest.mark.parametrize("words", ["<script>alert(1)</script>", "\u202eعلي", "🫖" * 100, "x" * 200])
    def test_a_cause_is_shown_as_text(self, staff, logged, words):
        staff.post(page(logged), sent(logged, incident="bad", incident_cause=words))

        shown = staff.get(reverse("customer", args=[logged.customer_id])).content.decode()
        assert words in unescape(shown) and "Remarkably bad" in shown
        assert "<script>alert" not in shown


class TestTheLink:
    def shown(self, client, interaction):
        return page(interaction) in client.get(reverse("customer", args=[interaction.customer_id])).content.decode()

    def test_it_is_there_for_those_who_may(self, staff, logged):
        assert self.shown(staff, logged)
        assert self.shown(cast.signed_in(make_owner()), logged)
        assert not self.shown(cast.signed_in(make_user()), logged)


class TestComplaints:
    """What was logged as something else was a complaint after all, or was none."""

    def test_one_that_was_a_complaint_after_all_opens_one_from_its_day(self, staff, petr, logged):
        answer = staff.post(page(logged), sent(logged, kind="complaint", direction="in", text="It leaks."), follow=True)

        made = Complaint.objects.get()
        assert (made.contact, made.what, made.opened_on, made.deadline_on) == (logged, "It leaks.", DAY, DAY + timedelta(days=30))
        assert (made.nature, made.by, made.owner, made.state) == ("claim", petr, petr, "open")
        assert "A complaint of Eva is open." in text(answer)
        assert Audit.objects.filter(what="complaint.opened").count() == 1

    @pytest.mark.parametrize("anew", [{"kind": "complaint", "direction": "out"}, {"kind": "visit", "direction": "in"}])
    def test_what_is_none_opens_none(self, petr, logged, anew):
        assert amend(logged, petr, **anew)

        assert not Complaint.objects.exists()

    def test_one_that_they_made_after_all_opens_one(self, petr):
        made = make_interaction(by=petr, kind="complaint", direction="out", happened_on=DAY)

        amend(made, petr, direction="in")

        assert Complaint.objects.get().contact == made

    def test_a_complaint_that_an_import_brought_opens_none_by_another_text(self, petr):
        made = make_interaction(by=petr, kind="complaint", direction="in", happened_on=DAY)

        amend(made, petr, text="New")

        assert not Complaint.objects.exists()

    def test_there_and_back_and_there_again_is_one(self, petr, logged):
        for kind in ("complaint", "call", "complaint", "visit", "complaint"):
            logged.refresh_from_db()
            amend(logged, petr, kind=kind, direction="in")

        assert Complaint.objects.count() == 1

    def test_the_kind_taken_back_leaves_the_complaint_and_says_so(self, staff, petr, logged):
        amend(logged, petr, kind="complaint", direction="in")
        logged.refresh_from_db()
        assert "This contact brought a complaint; what you change here does not change that." in text(staff.get(page(logged)))

        answer = staff.post(page(logged), sent(logged, kind="call"), follow=True)

        assert (Complaint.objects.get().state, Interaction.objects.get().kind) == ("open", "call")
        assert "The complaint that this contact brought is still there: where it was none, close it on its page." in text(answer)

    def test_another_text_says_nothing_of_the_complaint(self, staff, petr, logged):
        amend(logged, petr, kind="complaint", direction="in", text="It leaks.")
        logged.refresh_from_db()

        answer = staff.post(page(logged), sent(logged, text="It leaks badly."), follow=True)

        assert Complaint.objects.get().what == "It leaks."
        assert "is still there" not in text(answer) and "is open." not in text(answer)

    def test_the_contact_in_which_they_came_back_opens_no_other(self, petr):
        solved = make_complaint(make_customer(), state="solved", solution="x", ended_on=DAY)
        came = {"by": petr, "today": DAY, "now": NOW, "key": uuid4()}
        writing.came_back(complaint=solved, text="Again.", **came)
        contact = Interaction.objects.get()

        for kind in ("call", "complaint"):
            contact.refresh_from_db()
            amend(contact, petr, NOW, kind=kind)

        assert Complaint.objects.get() == solved

    def test_where_it_cannot_be_written_neither_is(self, petr, logged, monkeypatch):
        monkeypatch.setattr("crm.complaints.writing._step", lambda *_said: 1 / 0)

        with pytest.raises(ZeroDivisionError):
            amend(logged, petr, kind="complaint", direction="in")

        assert (Interaction.objects.get().kind, Complaint.objects.count()) == ("call", 0)

    def test_that_of_a_customer_who_is_gone_is_not_changed_and_shows_what_was_typed(self, staff, logged):
        Customer.objects.update(binned_at=NOW)

        answer = staff.post(page(logged), sent(logged, text="Typed while they went."))

        assert answer.status_code == 410 and "Typed while they went." in text(answer)
        assert Interaction.objects.get().text == "Asked about tea."
