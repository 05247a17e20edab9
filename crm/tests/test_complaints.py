"""Complaints: each change once, from the state it was seen in; days of waiting never count; who came back within a week goes on."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.tests import cast
from crm import contact
from crm.complaints import clock, open_of, words, writing
from crm.complaints.clock import Clock
from crm.complaints.page import clock_at
from crm.complaints.writing import Stale
from crm.contact import ContactForm
from crm.models import Audit, Business, Complaint, ComplaintPause, ComplaintStep, Interaction
from crm.tests.factories import make_complaint, make_customer, make_interaction, make_order, make_owner, make_user

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 3)


@pytest.fixture
def how(petr):
    """Who does it, on the n-th day, by a form of its own."""

    def on(days=0, key=None, by=None):
        today = DAY + timedelta(days=days)
        return {"by": by or petr, "today": today, "now": datetime.combine(today, datetime.min.time(), UTC), "key": key or uuid4()}

    return on


@pytest.fixture
def claim(eva, how):
    return writing.open_complaint(customer=eva, nature="claim", what="The grinder broke.", **how())


def _at(day):
    return datetime.combine(day, datetime.min.time(), UTC)


def kinds(complaint):
    return [step.kind for step in complaint.steps.order_by("pk")]


class TestOpening:
    def test_a_claim_has_thirty_days_from_the_day_after(self, claim, petr):
        claim.refresh_from_db()

        assert (claim.opened_on, claim.deadline_on, claim.due_on) == (DAY, date(2026, 12, 3), date(2026, 12, 3))
        assert (claim.state, claim.owner, claim.by, kinds(claim)) == ("open", petr, petr, ["opened"])

    def test_the_days_are_those_of_the_settings(self, eva, how):
        Business.keep(complaint_days=14)

        assert writing.open_complaint(customer=eva, nature="claim", what="x", **how()).deadline_on == date(2026, 11, 17)

    def test_a_grievance_has_the_day_that_was_promised_or_none(self, eva, how):
        plain = writing.open_complaint(customer=eva, nature="grievance", what="Rude on the phone.", **how())
        promised = writing.open_complaint(
            customer=eva, nature="grievance", what="Rude", promised="A call", promised_on=DAY + timedelta(2), **how()
        )

        assert (plain.deadline_on, plain.due_on) == (None, None)
        assert (promised.deadline_on, promised.due_on) == (None, DAY + timedelta(2))

    def test_what_we_promised_sooner_is_due_first(self, eva, how):
        made = writing.open_complaint(customer=eva, nature="claim", what="x", promised="A call", promised_on=DAY, **how())

        assert (made.due_on, made.deadline_on) == (DAY, date(2026, 12, 3))

    def test_a_form_sent_twice_opens_one(self, eva, how):
        key = uuid4()

        first, second = (writing.open_complaint(customer=eva, nature="claim", what="x", **how(key=key)) for _ in range(2))

        assert (first, Complaint.objects.count(), ComplaintStep.objects.count(), Audit.objects.count()) == (second, 1, 1, 1)

    def test_it_is_in_the_audit(self, claim, petr, eva):
        kept = Audit.objects.get(what="complaint.opened")

        assert (kept.by_pk, kept.row, kept.customer_pk, kept.changes["deadline_on"]) == (petr.pk, claim.pk, eva.pk, [None, "2026-12-03"])

    @pytest.mark.parametrize(
        ("promise", "sentence"),
        [
            ({"promised": "", "promised_on": DAY}, "Say what was promised by that day."),
            ({"promised": "A call", "promised_on": DAY - timedelta(1)}, "That day has been: promise something by today or a later day."),
        ],
    )
    def test_a_promise_has_words_and_a_day_to_come(self, eva, how, promise, sentence):
        with pytest.raises(ValidationError) as wrong:
            writing.open_complaint(customer=eva, nature="claim", what="x", **promise, **how())

        assert (wrong.value.messages, Complaint.objects.count()) == ([sentence], 0)


class TestTheClock:
    def test_it_stands_while_we_wait_and_says_so(self, claim, how):
        writing.wait(complaint=claim, text="Asked for a photo.", **how(18))
        claim.refresh_from_db()

        later = clock_at(claim, DAY + timedelta(days=40))
        assert (claim.state, claim.waiting_since, later.left, later.is_overdue) == ("waiting", DAY + timedelta(18), 12, False)
        assert words.clock_of(claim, later) == "The clock has stood since 21 November; 12 days are left."

    def test_it_goes_on_with_the_days_that_were_left(self, claim, how):
        writing.wait(complaint=claim, **how(18))
        writing.go_on(complaint=claim, text="Sent the photo.", **how(40))
        claim.refresh_from_db()

        assert (claim.state, claim.waiting_since, claim.deadline_on) == ("open", None, date(2026, 12, 25))
        assert clock_at(claim, DAY + timedelta(40)).left == 12
        assert list(ComplaintPause.objects.values_list("since", "until")) == [(DAY + timedelta(18), DAY + timedelta(40))]
        assert kinds(claim) == ["opened", "waiting", "goes_on"]

    def test_a_promise_moves_as_the_deadline_does(self, claim, how):
        writing.promise(complaint=claim, promised="A new one", promised_on=DAY + timedelta(10), **how())
        writing.wait(complaint=claim, **how(2))
        writing.go_on(complaint=claim, **how(5))
        claim.refresh_from_db()

        assert (claim.promised_on, claim.deadline_on, claim.due_on) == (DAY + timedelta(13), DAY + timedelta(33), DAY + timedelta(13))

    def test_what_was_promised_while_it_stood_moves_by_the_days_since(self, claim, how):
        writing.wait(complaint=claim, **how(1))
        writing.promise(complaint=claim, promised="A new one", promised_on=DAY + timedelta(15), **how(10))
        writing.go_on(complaint=claim, **how(12))
        claim.refresh_from_db()

        assert (claim.promised_on, claim.deadline_on, claim.due_on) == (DAY + timedelta(17), DAY + timedelta(41), DAY + timedelta(17))

    def test_a_promise_while_it_stands_is_due_by_the_days_from_then_on(self, claim, how):
        """Due on 3 December, it stands from 21 November, with 12 days left; on 1 December we promise for the 10th: 9 days."""
        writing.wait(complaint=claim, **how(18))
        writing.promise(complaint=claim, promised="A new one", promised_on=date(2026, 12, 10), **how(28))
        claim.refresh_from_db()

        standing = clock_at(claim, DAY + timedelta(30))
        assert (standing.left, standing.is_overdue) == (9, False)
        assert words.clock_of(claim, standing) == "The clock has stood since 21 November; 9 days are left."

        # It goes on on the 5th: 14 days that do not count for the law, 4 for the promise.
        writing.go_on(complaint=claim, **how(32))
        claim.refresh_from_db()
        assert (claim.deadline_on, claim.promised_on, claim.due_on) == (date(2026, 12, 17), date(2026, 12, 14), date(2026, 12, 14))
        assert clock_at(claim, DAY + timedelta(32)).left == 9

    def test_one_that_is_later_than_the_law_by_then_leaves_the_days_of_the_law(self, claim, how):
        """5 days left when it stands; a promise for 20 days on, given while it stands, is due later."""
        writing.wait(complaint=claim, **how(25))
        writing.promise(complaint=claim, promised="A new one", promised_on=DAY + timedelta(50), **how(30))
        claim.refresh_from_db()

        assert clock_at(claim, DAY + timedelta(40)).left == 5

    @given(st.integers(1, 40), st.lists(st.tuples(st.sampled_from(["wait", "go on", "promise", "day"]), st.integers(0, 25)), max_size=30))
    def test_any_sequence_of_pauses_and_promises_is_as_counted_day_by_day(self, days, acts):
        """The plain loop: two numbers of days left, one less for each day that runs."""
        today, law, ours = DAY, days, None
        known = Clock(clock.deadline(DAY, days), DAY)
        for act, many in acts:
            if act == "day":
                today += timedelta(many)
                if known.since is None:
                    law, ours = law - many, None if ours is None else ours - many
            elif act == "promise":
                known, ours = replace(known, promised_on=today + timedelta(many), given_on=today), many
            elif act == "wait" and known.since is None:
                known = replace(known, since=today)
            elif act == "go on" and known.since:
                deadline, promised = replace(known, today=today).gone_on()
                known = replace(known, deadline_on=deadline, promised_on=promised, since=None)
            known = replace(known, today=today)
            assert known.left == min(left for left in (law, ours) if left is not None)

    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.tuples(st.sampled_from(["wait", "go_on", "promise", "note"]), st.integers(0, 9), st.integers(0, 20)), max_size=10))
    def test_so_is_what_is_written(self, petr, eva, acts):
        today, law, ours, stands = DAY, 30, None, False
        one = writing.open_complaint(customer=eva, nature="claim", what="x", by=petr, today=DAY, now=_at(DAY), key=uuid4())
        for act, passed, ahead in acts:
            today += timedelta(passed)
            if not stands:
                law, ours = law - passed, None if ours is None else ours - passed
            said = {"note": {"text": "x"}, "promise": {"promised": "x", "promised_on": today + timedelta(ahead)}}.get(act, {})
            try:
                getattr(writing, act)(complaint=one, **said, by=petr, today=today, now=_at(today), key=uuid4())
            except Stale:
                pass
            else:
                stands = {"wait": True, "go_on": False}.get(act, stands)
                ours = ahead if act == "promise" else ours
            one.refresh_from_db()
            assert clock_at(one, today).left == min(left for left in (law, ours) if left is not None)

    @pytest.mark.parametrize("end", ["solve", "close"])
    def test_one_that_ends_while_it_waits_ends_its_pause(self, claim, how, end):
        writing.wait(complaint=claim, **how(1))
        getattr(writing, end)(complaint=claim, **{"solution" if end == "solve" else "reason": "Done"}, **how(4))
        claim.refresh_from_db()

        assert (claim.waiting_since, claim.deadline_on, ComplaintPause.objects.count()) == (None, DAY + timedelta(33), 1)

    def test_a_move_to_another_zone_takes_no_days_away(self, claim, how):
        """At midnight the business moves west: today is yesterday."""
        writing.wait(complaint=claim, **how(3))
        writing.go_on(complaint=claim, **how(2))
        claim.refresh_from_db()

        assert claim.deadline_on == DAY + timedelta(30)
        assert list(ComplaintPause.objects.values_list("since", "until")) == [(DAY + timedelta(3), DAY + timedelta(3))]

    @pytest.mark.parametrize("act", ["wait", "solve", "close", "promise"])
    def test_what_is_done_on_the_day_before_its_opening_is_done_on_that_day(self, claim, how, act):
        said = {
            "wait": {},
            "solve": {"solution": "x"},
            "close": {"reason": "x"},
            "promise": {"promised": "x", "promised_on": DAY - timedelta(1)},
        }[act]

        getattr(writing, act)(complaint=claim, **said, **how(-1))
        claim.refresh_from_db()

        assert {claim.waiting_since, claim.ended_on, claim.promised_on} == {None, DAY}

    @given(st.lists(st.tuples(st.integers(-1, 60), st.integers(-1, 60)), max_size=8), st.integers(1, 366))
    def test_pauses_never_shorten_and_are_whole_days(self, pauses, days):
        first, now = clock.deadline(DAY, days), DAY
        deadline = first
        for before, lasts in pauses:
            since = max(now + timedelta(before), DAY)
            now = since + timedelta(lasts)
            moved = clock.moved(deadline, clock.stood(since, now))
            # As many days are left when it goes on as when it began to stand; one that runs backwards stood for none.
            assert Clock(moved, max(now, since)).left == Clock(deadline, now, since).left
            assert moved >= deadline
            deadline = moved

        assert deadline == first + timedelta(sum(max(lasts, 0) for _, lasts in pauses))

    @given(st.integers(-400, 400), st.integers(0, 400))
    def test_while_it_stands_nobody_is_late_and_nothing_runs(self, ahead, passed):
        due = DAY + timedelta(ahead)

        standing = Clock(due, DAY + timedelta(passed), since=DAY)

        assert (standing.left, standing.is_overdue) == (ahead, False)
        assert Clock(due, DAY + timedelta(passed)).is_overdue == (passed > ahead)

    @pytest.mark.parametrize(
        ("shown", "sentence"),
        [
            (Clock(DAY, DAY), "It is due today."),
            (Clock(DAY, DAY - timedelta(1)), "1 day is left, until 3 November."),
            (Clock(DAY, DAY - timedelta(2)), "2 days are left, until 3 November."),
            (Clock(DAY, DAY + timedelta(1)), "1 day over: it was due on 3 November."),
            (Clock(DAY, DAY + timedelta(9)), "9 days over: it was due on 3 November."),
            (Clock(None, DAY), "No day is set for it."),
            (Clock(DAY, DAY, DAY), "The clock has stood since 3 November; 0 days are left."),
            (Clock(DAY, DAY, DAY + timedelta(1)), "The clock has stood since 4 November; it was 1 day over by then."),
            (Clock(None, DAY, DAY), "Waiting for the customer since 3 November; no day is set for it."),
        ],
    )
    def test_it_says_how_it_stands(self, shown, sentence):
        assert words.clock_of(Complaint(), shown) == sentence


class TestChanges:
    @pytest.mark.parametrize(
        ("act", "said", "from_state"),
        [
            ("note", {"text": "Called."}, "open"),
            ("promise", {"promised": "x", "promised_on": None}, "open"),
            ("wait", {}, "open"),
            ("go_on", {}, "waiting"),
            ("hand_over", {"owner": None}, "open"),
            ("correct", {"nature": "claim", "what": "Other", "deadline_on": None}, "open"),
            ("solve", {"solution": "x"}, "open"),
            ("close", {"reason": "x"}, "waiting"),
        ],
    )
    def test_each_is_done_once_however_often_it_is_sent(self, claim, how, act, said, from_state):
        if from_state == "waiting":
            writing.wait(complaint=claim, **how(1))
        said = said | ({"owner": make_user()} if act == "hand_over" else {})
        key, steps, entries = uuid4(), claim.steps.count(), Audit.objects.count()

        for _ in range(3):
            getattr(writing, act)(complaint=claim, **said, **how(3, key=key))

        assert (claim.steps.count(), Audit.objects.count()) == (steps + 1, entries + 1)
        assert Audit.objects.order_by("-pk").first().what == f"complaint.{claim.steps.order_by('-pk').first().kind}"

    @pytest.mark.parametrize(
        ("act", "said"),
        [("wait", {}), ("solve", {"solution": "x"}), ("close", {"reason": "x"}), ("promise", {"promised": "x", "promised_on": None})],
    )
    def test_what_was_closed_meanwhile_is_not_changed(self, claim, how, act, said):
        writing.close(complaint=claim, reason="Not ours.", **how(1))
        before = list(Complaint.objects.values())

        with pytest.raises(Stale) as stale:
            getattr(writing, act)(complaint=claim, **said, **how(2))

        assert "“Closed without a solution”" in stale.value.messages[0]
        assert (list(Complaint.objects.values()), claim.steps.count()) == (before, 2)

    def test_waiting_twice_is_no_second_pause(self, claim, how):
        writing.wait(complaint=claim, **how(1))

        with pytest.raises(Stale):
            writing.wait(complaint=claim, **how(5))

        claim.refresh_from_db()
        assert claim.waiting_since == DAY + timedelta(1)

    def test_a_form_that_was_used_for_something_else_is_refused(self, claim, how):
        key = uuid4()
        writing.note(complaint=claim, text="x", **how(key=key))

        with pytest.raises(Stale):
            writing.wait(complaint=claim, **how(key=key))

    def test_it_is_solved_with_what_it_cost(self, claim, how):
        writing.solve(complaint=claim, solution="A new grinder", cost=Decimal("1250.50"), **how(5))
        writing.solve(complaint=claim, solution="A new grinder", cost=Decimal("1300"), satisfaction=4, **how(9))
        claim.refresh_from_db()

        assert (claim.state, claim.ended_on, claim.cost, claim.satisfaction) == ("solved", DAY + timedelta(5), Decimal("1300"), 4)
        assert Audit.objects.order_by("-pk").first().changes == {"cost": ["1250.50", "1300.00"], "satisfaction": [None, 4]}

    def test_a_grievance_that_was_a_claim_after_all_gets_the_deadline_with_its_pauses(self, eva, how):
        made = writing.open_complaint(customer=eva, nature="grievance", what="x", **how())
        writing.wait(complaint=made, **how(2))
        writing.go_on(complaint=made, **how(6))

        writing.correct(complaint=made, nature="claim", what="It broke", deadline_on=None, **how(7))
        made.refresh_from_db()

        assert (made.deadline_on, made.due_on, made.what) == (DAY + timedelta(34), DAY + timedelta(34), "It broke")

    def test_a_deadline_before_the_opening_is_refused(self, claim, how):
        with pytest.raises(ValidationError, match="A deadline is not before the day"):
            writing.correct(complaint=claim, nature="claim", what="x", deadline_on=DAY - timedelta(1), **how(1))

    def test_who_it_is_handed_to_sees_to_it(self, claim, how):
        jana = make_user(name="Jana")

        writing.hand_over(complaint=claim, owner=jana, **how(1))
        claim.refresh_from_db()

        assert claim.owner == jana
        assert words.step(claim.steps.order_by("-pk").first()) == "Handed to Jana"

    def test_nothing_is_handed_on_by_itself_when_a_user_is_deleted(self, claim, how):
        jana = make_user()
        writing.hand_over(complaint=claim, owner=jana, **how(1))

        jana.delete()
        claim.refresh_from_db()

        assert claim.owner is None


class TestComingBack:
    @pytest.mark.parametrize("days", [0, 1, 7])
    @pytest.mark.parametrize("end", ["solve", "close"])
    def test_within_a_week_it_is_open_again_and_its_clock_goes_on(self, claim, how, days, end):
        getattr(writing, end)(complaint=claim, **{"solution" if end == "solve" else "reason": "Done"}, **how(5))

        again = writing.came_back(complaint=claim, text="It broke again.", **how(5 + days))
        claim.refresh_from_db()

        assert (again, claim.state, claim.ended_on, claim.reason) == (claim, "open", None, "")
        assert claim.deadline_on == DAY + timedelta(30)
        logged = Interaction.objects.get()
        assert (logged.kind, logged.direction, logged.text, logged.customer_id) == ("complaint", "in", "It broke again.", claim.customer_id)

    def test_later_it_is_another_one_that_refers_to_it(self, claim, how):
        writing.solve(complaint=claim, solution="Done", **how(5))

        later = writing.came_back(complaint=claim, text="It broke again.", **how(13))
        claim.refresh_from_db()

        assert (later.follows, later.what, later.nature, later.opened_on) == (claim, "It broke again.", "claim", DAY + timedelta(13))
        assert (claim.state, later.state, later.contact) == ("solved", "open", Interaction.objects.get())

    @pytest.mark.parametrize("days", [1, 20])
    def test_sent_twice_they_came_back_once(self, claim, how, days):
        writing.solve(complaint=claim, solution="Done", **how(5))
        key = uuid4()

        backs = {writing.came_back(complaint=claim, text="Again", **how(5 + days, key=key)).pk for _ in range(3)}

        assert (len(backs), Interaction.objects.count()) == (1, 1)

    def test_one_that_is_open_cannot_come_back(self, claim, how):
        with pytest.raises(Stale):
            writing.came_back(complaint=claim, text="x", **how(1))

        assert Interaction.objects.count() == 0

    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.sampled_from(["wait", "go_on", "solve", "close", "came_back", "note"]), max_size=12), st.data())
    def test_whatever_happens_the_deadline_is_the_opening_with_the_days_and_the_pauses(self, petr, eva, acts, data):
        today = DAY
        said = {"solve": {"solution": "x"}, "close": {"reason": "x"}, "came_back": {"text": "x"}, "note": {"text": "x"}}

        def how():
            return {"by": petr, "today": today, "now": datetime.combine(today, datetime.min.time(), UTC), "key": uuid4()}

        one = writing.open_complaint(customer=eva, nature="claim", what="x", **how())
        for act in acts:
            today += timedelta(days=data.draw(st.integers(-1, 9)))
            today = max(today, DAY - timedelta(days=1))
            try:
                one = getattr(writing, act)(complaint=one, **said.get(act, {}), **how())
            except Stale:
                continue
            one.refresh_from_db()
            paused = sum((pause.until - pause.since).days for pause in one.pauses.all())
            assert one.deadline_on == one.opened_on + timedelta(days=30 + paused)


class TestLogged:
    def log(self, customer, by, now=None, **fields):
        form = ContactForm({"kind": "complaint", "minutes": "5", "text": "It leaks.", "key": str(uuid4())} | fields)
        assert form.is_valid(), form.problems
        return form, contact.log(customer=customer, contact=form.cleaned_data, by=by, now=now or datetime(2026, 11, 3, 23, 30, tzinfo=UTC))

    def test_a_contact_of_that_kind_opens_one_on_the_business_s_day(self, eva, petr):
        _, logged = self.log(eva, petr)

        made = Complaint.objects.get()
        # Half past midnight in Prague.
        assert (made.what, made.contact, made.opened_on, made.nature) == ("It leaks.", logged, date(2026, 11, 4), "claim")
        assert (made.customer, made.by, made.owner) == (eva, petr, petr)

    def test_a_call_about_a_complaint_opens_one_too(self, eva, petr):
        self.log(eva, petr, kind="call", topic="complaint")

        assert Complaint.objects.get().contact.direction == "in"

    def test_one_that_we_made_opens_none(self, eva, petr):
        self.log(eva, petr, direction="out")

        assert Complaint.objects.count() == 0

    def test_sent_twice_it_opens_one(self, eva, petr):
        form, _ = self.log(eva, petr)

        contact.log(customer=eva, contact=form.cleaned_data, by=petr, now=datetime(2026, 11, 3, 23, 31, tzinfo=UTC))

        assert Complaint.objects.count() == 1

    def test_a_longer_text_is_cut_and_the_contact_keeps_it(self, eva, petr):
        _, logged = self.log(eva, petr, text="x" * 5000)

        assert (len(Complaint.objects.get().what), len(logged.text)) == (2000, 5000)

    def test_undo_takes_it_away(self, eva, petr):
        _, logged = self.log(eva, petr)

        contact.undo(interaction=logged, by=petr, now=logged.created)

        assert (Complaint.objects.count(), Interaction.objects.count()) == (0, 0)
        assert Audit.objects.filter(what="complaint.deleted").count() == 1

    def test_undo_is_refused_once_somebody_has_gone_on_with_it(self, eva, petr, how):
        _, logged = self.log(eva, petr)
        writing.note(complaint=Complaint.objects.get(), text="Called.", **how())

        with pytest.raises(PermissionDenied, match="Somebody has gone on with this complaint"):
            contact.undo(interaction=logged, by=petr, now=logged.created)

        assert (Complaint.objects.count(), Interaction.objects.count()) == (1, 1)


class TestTakenBack:
    """Undo of the contact in which they came back."""

    @pytest.fixture
    def ended(self, claim, how):
        def end(how_it_ended):
            said = {"solve": {"solution": "A new one", "cost": 5, "satisfaction": 4}, "close": {"reason": "Not ours"}}[how_it_ended]
            getattr(writing, how_it_ended)(complaint=claim, **said, **how(5))
            return claim

        return end

    @pytest.mark.parametrize("how_it_ended", ["solve", "close"])
    def test_it_ends_as_it_had_ended(self, ended, how, petr, how_it_ended):
        one = ended(how_it_ended)
        before, steps = list(Complaint.objects.values()), kinds(one)
        writing.came_back(complaint=one, text="Again", **how(9))
        contact_of = Interaction.objects.get()

        contact.undo(interaction=contact_of, by=petr, now=contact_of.created)

        assert list(Complaint.objects.values()) == before
        assert (kinds(one), Interaction.objects.count()) == (steps, 0)
        undone = Audit.objects.get(what="complaint.ended_again")
        assert (undone.changes["state"], undone.note) == (["open", before[0]["state"]], "Again")

    def test_a_second_time_they_came_back_is_as_the_first(self, ended, how, petr):
        one = ended("close")
        for days in (6, 7):
            writing.came_back(complaint=one, text="Again", **how(days))
            contact.undo(interaction=Interaction.objects.get(), by=petr, now=Interaction.objects.get().created)

        one.refresh_from_db()
        assert (one.state, one.ended_on, one.reason) == ("closed", DAY + timedelta(5), "Not ours")

    def test_twice_is_once(self, ended, how, petr):
        writing.came_back(complaint=ended("close"), text="Again", **how(6))
        logged = Interaction.objects.get()

        for clicked in [logged, Interaction.objects.get()]:
            contact.undo(interaction=clicked, by=petr, now=logged.created)

        assert Audit.objects.filter(what__in=["complaint.ended_again", "interaction.deleted"]).count() == 2

    def test_not_once_somebody_has_gone_on_with_it(self, ended, how, petr):
        one = ended("solve")
        writing.came_back(complaint=one, text="Again", **how(6))
        writing.note(complaint=one, text="Rang them.", **how(6))
        logged = Interaction.objects.get()

        with pytest.raises(PermissionDenied, match="Somebody has gone on with this complaint"):
            contact.undo(interaction=logged, by=petr, now=logged.created)

        assert (Complaint.objects.get().state, Interaction.objects.count()) == ("open", 1)

    def test_the_new_one_of_those_who_came_back_late_goes(self, ended, how, petr):
        one = ended("solve")
        writing.came_back(complaint=one, text="Again", **how(30))
        logged = Interaction.objects.get()

        contact.undo(interaction=logged, by=petr, now=logged.created)

        assert (Complaint.objects.get(), Complaint.objects.get().state) == (one, "solved")


def test_who_has_an_open_one_is_one_query(django_assert_num_queries):
    open_, waiting, solved, none = (make_customer() for _ in range(4))
    make_complaint(open_), make_complaint(open_)
    make_complaint(waiting, state="waiting", waiting_since=date(2025, 1, 16))
    make_complaint(solved, state="solved", solution="x", ended_on=date(2025, 1, 16))

    with django_assert_num_queries(1):
        assert open_of([open_.pk, waiting.pk, solved.pk, none.pk]) == {open_.pk, waiting.pk}
    with django_assert_num_queries(0):
        assert open_of([]) == set()


def test_an_order_or_a_contact_that_is_deleted_leaves_the_complaint(eva):
    order, called = make_order(eva), make_interaction(eva)
    made = make_complaint(eva, order=order, contact=called)

    order.delete(), called.delete()
    made.refresh_from_db()

    assert (made.order, made.contact) == (None, None)


@pytest.mark.parametrize("is_reopening", [False, True])
def test_a_contact_that_the_admin_panel_deletes_leaves_the_complaint_open(claim, how, is_reopening):
    if is_reopening:
        writing.solve(complaint=claim, solution="x", **how(1))
        writing.came_back(complaint=claim, text="Again", **how(2))
    else:
        Complaint.objects.update(contact=make_interaction(claim.customer))
    steps = kinds(claim)

    address = reverse("admin:crm_interaction_delete", args=[Interaction.objects.get().pk])
    assert cast.signed_in(make_owner()).post(address, {"post": "yes"}).status_code == 302

    claim.refresh_from_db()
    assert (Interaction.objects.count(), claim.state, claim.contact, kinds(claim)) == (0, "open", None, steps)
