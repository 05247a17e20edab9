"""Two people at one complaint: whoever is later is told what happened and by whom, sees both versions and chooses; nothing is lost."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from uuid import uuid4

import pytest
from django.urls import reverse

from crm.complaints import writing
from crm.complaints.page import DEEDS
from crm.complaints.seen import Meanwhile, Seen
from crm.models import Audit, Business, Complaint, ComplaintStep, Interaction
from crm.tests.answers import text
from crm.tests.factories import make_customer, make_user

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
DAY = date(2026, 11, 3)


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr("crm.views.complaints.timezone.now", lambda: NOW)
    monkeypatch.setattr(Business, "today", lambda self: DAY)


@pytest.fixture
def jana():
    return make_user(name="Jana Rychlá")


def how(by):
    return {"by": by, "today": DAY, "now": NOW, "key": uuid4()}


@pytest.fixture
def claim(petr):
    return writing.open_complaint(customer=make_customer(name="Eva Nováková"), nature="claim", what="It broke.", **how(petr))


def opened(client, complaint, name):
    """The hidden fields of that form on the page of the complaint, as somebody has it open."""
    page = client.get(reverse("complaint", args=[complaint.pk])).content.decode()
    return hidden(page, complaint, name)


def hidden(page, complaint, name):
    form = page[page.index(f'action="{reverse("complaint_act", args=[complaint.pk, name])}"') :]
    form = form[: form.index("</form>")]
    found = {field: re.search(rf'name="{field}" value="([^"]*)"', form) for field in ("key", "seen")}
    return {field: unescape(match[1]) for field, match in found.items()}


def send(client, complaint, name, carried, **said):
    return client.post(reverse("complaint_act", args=[complaint.pk, name]), carried | said)


def state():
    return list(Complaint.objects.values()), ComplaintStep.objects.count(), Audit.objects.count(), Interaction.objects.count()


SAID = {
    "note": {"text": "Rang the maker."},
    "wait": {"text": "Needs the receipt."},
    "promise": {"promised": "The money back", "promised_on": "2026-11-09"},
    "solve": {"solution": "Gave the money back.", "cost": "900", "satisfaction": "2"},
    "close": {"reason": "Broken by a fall."},
    "hand": {},
    "correct": {"nature": "claim", "what": "It broke, twice.", "deadline_on": "2026-12-03"},
}


@pytest.mark.parametrize("name", SAID)
def test_a_state_that_changed_is_told_with_who_did_it_and_what_was_typed_stays(staff, claim, jana, name):
    said = SAID[name] | ({"owner": jana.pk} if name == "hand" else {})
    carried = opened(staff, claim, name)
    writing.solve(complaint=claim, solution="Gave a new one.", **how(jana))
    before = state()

    answer = send(staff, claim, name, carried, **said)

    assert state() == before
    assert "Jana Rychlá , 3 November: Solved Gave a new one." in text(answer)
    shown = unescape(answer.content.decode())
    assert all(f">\n{typed}</textarea>" in shown or f'value="{typed}"' in shown for typed in map(str, said.values()))


@pytest.mark.parametrize("name", ["note", "solve", "promise", "close", "hand", "correct"])
def test_once_it_is_known_it_is_done_where_it_still_can_be(staff, claim, jana, name):
    said = SAID[name] | ({"owner": jana.pk} if name == "hand" else {})
    carried = opened(staff, claim, name)
    writing.wait(complaint=claim, text="Asked for a photo.", **how(jana))

    told = send(staff, claim, name, carried, **said)
    sentence = "Somebody was faster: this is what happened since you opened the form. Send it once more if it still holds."
    assert sentence in text(told) and "Asked for a photo." in text(told)
    again = send(staff, claim, name, hidden(told.content.decode(), claim, name), **said)

    assert (again.status_code, ComplaintStep.objects.order_by("-pk").first().kind) == (302, DEEDS[name].form.kind)


def test_what_turned_and_turned_back_is_told_too(staff, claim, jana):
    carried = opened(staff, claim, "solve")
    writing.wait(complaint=claim, text="Asked for a photo.", **how(jana))
    writing.go_on(complaint=claim, text="Here it is.", **how(jana))

    told = text(send(staff, claim, "solve", carried, **SAID["solve"]))

    assert "Asked for a photo." in told and "Here it is." in told and Complaint.objects.get().state == "open"


def test_a_step_beside_a_step_is_no_news(staff, claim, jana):
    """Both are added: neither writes over the other."""
    carried = opened(staff, claim, "note")
    writing.note(complaint=claim, text="Rang them.", **how(jana))

    assert send(staff, claim, "note", carried, text="Rang the maker.").status_code == 302
    assert list(claim.steps.order_by("pk").values_list("text", flat=True)) == ["", "Rang them.", "Rang the maker."]


class TestCorrecting:
    def test_both_versions_are_shown_and_the_later_one_chooses(self, staff, claim, jana):
        carried = opened(staff, claim, "correct")
        writing.correct(complaint=claim, nature="claim", what="The blade broke.", deadline_on=date(2026, 12, 1), **how(jana))
        before = state()

        told = send(staff, claim, "correct", carried, nature="claim", what="The motor broke.", deadline_on="2026-12-03")

        assert state() == before
        assert "Somebody else has changed this complaint since you opened the form. Nothing is saved yet." in text(told)
        assert "They wrote The blade broke." in text(told) and "You wrote The motor broke." in text(told)
        # What only the other changed is filled in, and is no question.
        assert 'value="2026-12-01"' in told.content.decode() and "keep-deadline_on" not in told.content.decode()

        again = hidden(told.content.decode(), claim, "correct")
        said = {"nature": "claim", "what": "The motor broke.", "deadline_on": "2026-12-01"}
        unsaid = send(staff, claim, "correct", again, **said)
        assert state() == before and "They wrote The blade broke." in text(unsaid)

        chosen = send(staff, claim, "correct", hidden(unsaid.content.decode(), claim, "correct"), **said | {"keep-what": "mine"})
        claim.refresh_from_db()
        assert (chosen.status_code, claim.what, claim.deadline_on) == (302, "The motor broke.", date(2026, 12, 1))

    def test_who_takes_what_the_other_wrote_changes_nothing(self, staff, claim, jana):
        carried = opened(staff, claim, "correct")
        writing.correct(complaint=claim, nature="claim", what="The blade broke.", deadline_on=date(2026, 12, 3), **how(jana))
        said = {"nature": "claim", "what": "The motor broke.", "deadline_on": "2026-12-03"}
        again = hidden(send(staff, claim, "correct", carried, **said).content.decode(), claim, "correct")
        before = state()

        answer = staff.post(reverse("complaint_act", args=[claim.pk, "correct"]), again | said | {"keep-what": "theirs"}, follow=True)

        assert state() == before and "Nothing was changed." in text(answer)

    def test_what_two_change_in_two_fields_is_both_kept(self, staff, claim, jana):
        carried = opened(staff, claim, "correct")
        writing.correct(complaint=claim, nature="claim", what="The blade broke.", deadline_on=date(2026, 12, 3), **how(jana))

        assert send(staff, claim, "correct", carried, nature="claim", what="It broke.", deadline_on="2026-12-10").status_code == 302

        claim.refresh_from_db()
        assert (claim.what, claim.deadline_on) == ("The blade broke.", date(2026, 12, 10))

    def test_a_deadline_that_moved_meanwhile_is_not_moved_back(self, staff, claim, jana):
        writing.wait(complaint=claim, **how(jana))
        carried = opened(staff, claim, "correct")
        writing.go_on(complaint=claim, **how(jana) | {"today": DAY + timedelta(9)})
        said = {"nature": "claim", "what": "It broke, twice.", "deadline_on": "2026-12-03"}

        told = send(staff, claim, "correct", carried, **said)
        assert 'value="2026-12-12"' in told.content.decode()
        send(staff, claim, "correct", hidden(told.content.decode(), claim, "correct"), **said | {"deadline_on": "2026-12-12"})

        claim.refresh_from_db()
        assert (claim.what, claim.deadline_on) == ("It broke, twice.", date(2026, 12, 12))

    def test_ends_of_lines_and_spaces_are_no_other_words(self, staff, claim, jana):
        """A browser sends lines in its own way; who did not touch the field has not written it."""
        writing.correct(complaint=claim, nature="claim", what="One\nTwo", deadline_on=date(2026, 12, 3), **how(jana))
        carried = opened(staff, claim, "correct")
        writing.correct(complaint=claim, nature="claim", what="Three", deadline_on=date(2026, 12, 3), **how(jana))

        assert send(staff, claim, "correct", carried, nature="claim", what="One\r\nTwo", deadline_on="2026-12-05").status_code == 302

        claim.refresh_from_db()
        assert (claim.what, claim.deadline_on) == ("Three", date(2026, 12, 5))


class TestPromising:
    def test_a_promise_is_chosen_with_its_day(self, staff, claim, jana):
        carried = opened(staff, claim, "promise")
        writing.promise(complaint=claim, promised="A new one", promised_on=DAY + timedelta(2), **how(jana))
        before = state()

        told = send(staff, claim, "promise", carried, **SAID["promise"])

        assert state() == before
        assert "They wrote A new one, 5 November" in text(told) and "You wrote The money back, 9 November" in text(told)
        again = hidden(told.content.decode(), claim, "promise")
        send(staff, claim, "promise", again, **SAID["promise"], **{"keep-promised": "mine"})
        claim.refresh_from_db()
        assert (claim.promised, claim.promised_on) == ("The money back", date(2026, 11, 9))

    def test_another_day_for_the_same_words_is_another_promise(self, staff, claim, jana):
        """Never the day of one with the words of the other."""
        writing.promise(complaint=claim, promised="A new one", promised_on=DAY + timedelta(2), **how(jana))
        carried = opened(staff, claim, "promise")
        writing.promise(complaint=claim, promised="The money back", promised_on=DAY + timedelta(2), **how(jana))
        before = state()

        told = send(staff, claim, "promise", carried, promised="A new one", promised_on="2026-11-20")

        assert state() == before and "You wrote A new one, 20 November" in text(told)


class TestHandingOver:
    def test_who_hands_over_what_was_handed_over_chooses(self, staff, claim, jana):
        marek = make_user(name="Marek")
        carried = opened(staff, claim, "hand")
        writing.hand_over(complaint=claim, owner=jana, **how(jana))

        told = send(staff, claim, "hand", carried, owner=marek.pk)

        assert Complaint.objects.get().owner == jana
        assert "They wrote Jana Rychlá" in text(told) and "You wrote Marek" in text(told)
        send(staff, claim, "hand", hidden(told.content.decode(), claim, "hand"), owner=marek.pk, **{"keep-owner": "mine"})
        assert Complaint.objects.get().owner == marek

    def test_to_the_same_one_it_is_handed_over_once(self, staff, claim, jana):
        carried = opened(staff, claim, "hand")
        writing.hand_over(complaint=claim, owner=jana, **how(jana))

        answer = staff.post(reverse("complaint_act", args=[claim.pk, "hand"]), carried | {"owner": jana.pk}, follow=True)

        assert "Nothing was changed." in text(answer) and claim.steps.filter(kind="handed").count() == 1


class TestRating:
    @pytest.fixture
    def solved(self, claim, petr):
        return writing.solve(complaint=claim, solution="Gave a new one.", **how(petr))

    def test_two_ratings_are_shown_and_one_is_chosen(self, staff, solved, jana):
        carried = opened(staff, solved, "solve")
        writing.solve(complaint=solved, solution="Gave a new one.", satisfaction=5, **how(jana))

        told = send(staff, solved, "solve", carried, solution="Gave a new one.", satisfaction="2")

        assert Complaint.objects.get().satisfaction == 5
        assert "They wrote 5" in text(told) and "You wrote 2" in text(told)
        again = hidden(told.content.decode(), solved, "solve")
        send(staff, solved, "solve", again, solution="Gave a new one.", satisfaction="2", **{"keep-satisfaction": "mine"})
        assert Complaint.objects.get().satisfaction == 2

    def test_what_it_cost_and_how_content_they_are_are_two_things(self, staff, solved, jana):
        carried = opened(staff, solved, "solve")
        writing.solve(complaint=solved, solution="Gave a new one.", satisfaction=5, **how(jana))

        assert send(staff, solved, "solve", carried, solution="Gave a new one.", cost="1250.5").status_code == 302

        assert Complaint.objects.values_list("satisfaction", "cost").get() == (5, Decimal("1250.50"))

    @pytest.mark.parametrize(("language", "shown"), [("en", "1250.50"), ("cs", "1250,50")])
    def test_an_amount_of_the_other_is_filled_in_as_the_language_writes_it(self, staff, solved, jana, language, shown):
        staff.cookies["django_language"] = language
        carried = opened(staff, solved, "solve")
        writing.solve(complaint=solved, solution="Another one.", cost=Decimal("1250.50"), **how(jana))

        told = send(staff, solved, "solve", carried, solution="Mine.")

        assert re.search(r'name="cost" value="([^"]*)"', told.content.decode())[1] == shown
        again = hidden(told.content.decode(), solved, "solve")
        assert send(staff, solved, "solve", again, solution="Mine.", cost=shown, **{"keep-solution": "mine"}).status_code == 302
        assert Complaint.objects.values_list("solution", "cost").get() == ("Mine.", Decimal("1250.50"))

    def test_two_solutions_are_both_shown(self, staff, claim, jana):
        carried = opened(staff, claim, "solve")
        writing.solve(complaint=claim, solution="Gave a new one.", **how(jana))

        told = send(staff, claim, "solve", carried, **SAID["solve"])

        assert "They wrote Gave a new one." in text(told) and "You wrote Gave the money back." in text(told)
        assert "Jana Rychlá , 3 November: Solved" in text(told) and Complaint.objects.get().solution == "Gave a new one."


def test_who_comes_back_twice_is_opened_once(staff, claim, petr, jana):
    writing.solve(complaint=claim, solution="x", **how(petr))
    carried = opened(staff, claim, "back")
    writing.came_back(complaint=claim, text="Broke again.", **how(jana))
    before = state()

    told = send(staff, claim, "back", carried, text="It broke once more.")

    assert state() == before
    assert "Jana Rychlá , 3 November: Opened again Broke again." in text(told) and "It broke once more." in text(told)


class TestWhatAFormCarries:
    @pytest.mark.parametrize("wrong", ["", "x", "a:b:c"])
    def test_what_was_not_written_here_is_refused_and_what_was_typed_stays(self, staff, claim, wrong):
        before = state()

        answer = send(staff, claim, "solve", {"key": str(uuid4()), "seen": wrong}, **SAID["solve"])

        assert state() == before and "This form is out of date" in text(answer) and "Gave the money back." in text(answer)

    def test_so_is_what_belongs_to_another_complaint_or_form(self, staff, claim, petr):
        other = writing.open_complaint(customer=make_customer(), nature="claim", what="x", **how(petr))
        kinds = ((other, "solve"), (claim, "correct"), (claim, "note"))

        for of, name in kinds:
            carried = {"key": str(uuid4()), "seen": Seen.of(of, DEEDS[name].form.kind).signed()}
            assert "This form is out of date" in text(send(staff, claim, "solve", carried, **SAID["solve"]))

    def test_a_program_that_has_seen_nothing_writes(self, claim, petr, jana):
        writing.solve(complaint=claim, solution="One", **how(jana))
        writing.solve(complaint=claim, solution="Two", **how(petr))

        assert Complaint.objects.get().solution == "Two"

    def test_of_two_at_once_one_is_later(self, claim, petr, jana):
        both = Seen.of(claim, ComplaintStep.Kind.SOLVED)
        writing.solve(complaint=claim, solution="One", seen=both, **how(jana))

        with pytest.raises(Meanwhile):
            writing.solve(complaint=claim, solution="Two", seen=both, **how(petr))

        assert Complaint.objects.get().solution == "One"

    @pytest.mark.parametrize("keep", ["", "whim", "theirs\0", "mine"])
    def test_a_choice_of_what_did_not_clash_chooses_nothing(self, staff, claim, jana, keep):
        carried = opened(staff, claim, "correct")
        writing.correct(complaint=claim, nature="claim", what="The blade broke.", deadline_on=date(2026, 12, 3), **how(jana))

        send(staff, claim, "correct", carried, nature="claim", what="Mine", deadline_on="2026-12-03", **{"keep-what": keep})

        assert Complaint.objects.get().what == "The blade broke."

    def test_what_others_wrote_is_shown_as_text(self, staff, claim, jana):
        carried = opened(staff, claim, "correct")
        writing.correct(complaint=claim, nature="claim", what="<script>alert(1)</script>", deadline_on=date(2026, 12, 3), **how(jana))

        told = send(staff, claim, "correct", carried, nature="claim", what="<script>alert(2)", deadline_on="2026-12-03")

        assert "<script>alert" not in told.content.decode() and "They wrote <script>alert(1)</script>" in unescape(
            told.content.decode()
        ).replace('<span class="dim">', "").replace('</span> <b dir="auto">', " ")
