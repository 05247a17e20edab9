"""Looking back: what a night of that day would have left, in scratch; the live figures stay as they are."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis.extra.django import TestCase

from config import worker
from crm import jobs, locks, record
from crm.models import Business, Changed, Customer, Facts, Interaction, Job, PastFacts
from crm.tests.factories import make_customer, make_interaction, make_order
from lifecycle import lookback, nightly
from lifecycle.lookback import look_back
from lifecycle.models import Ladder, NightlyRun, Position, Stage, Transition
from lifecycle.refresh import refresh
from lifecycle.tests.test_nightly import record as write
from lifecycle.tests.worlds import worlds

DAY, LIVE, TODAY = date(1998, 6, 30), date(2025, 3, 1), date(2032, 1, 1)
LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)


def rows(model):
    """{customer: values}, but the day since, which scratch does not know."""
    found = model.objects.order_by("pk").values()
    return {row["customer_id"]: {name: value for name, value in row.items() if name != "stage_since"} for row in found}


def live():
    """Everything that belongs to the live figures."""
    return [list(model.objects.order_by("pk").values()) for model in (Facts, Position, Transition, NightlyRun, Ladder, Stage, Changed)]


class LookedBack(TestCase):
    @given(worlds())
    @settings(max_examples=40)
    def test_it_leaves_in_scratch_what_a_first_night_of_that_day_leaves_and_the_live_figures_alone(self, drawn):
        world, as_of = drawn
        write(world)
        Customer.objects.update(created=LONG_AGO)
        nightly.run(as_of, today=TODAY)
        then = rows(Facts)
        nightly.run(as_of + timedelta(days=100), today=TODAY)
        before = live(), Business.load().gap_days, Business.load().as_of

        assert look_back(as_of)

        assert rows(PastFacts) == then
        assert (live(), Business.load().gap_days, Business.load().as_of) == before
        assert Business.load().past_as_of == as_of
        assert not PastFacts.objects.exclude(stage_since=None).exists()

    @given(worlds())
    @settings(max_examples=15)
    def test_it_leaves_the_same_whatever_day_was_looked_at_before(self, drawn):
        world, as_of = drawn
        write(world)
        look_back(as_of)
        first = rows(PastFacts)

        look_back(as_of + timedelta(days=500))
        look_back(as_of)

        assert rows(PastFacts) == first


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rung(monkeypatch):
    monkeypatch.setattr(jobs, "ring", lambda *arguments: None)


@pytest.fixture
def shop():
    """Bought on that day, the live figures far from it."""
    customer = make_customer(created=LONG_AGO)
    make_order(customer, ordered_on=DAY)
    nightly.run(LIVE, today=TODAY)
    return customer


class TestWho:
    def test_a_customer_is_known_from_being_entered_the_first_order_or_the_first_contact(self):
        # The day ends at 22:00 UTC: Prague keeps summer time.
        entered = make_customer(created=datetime(1998, 6, 30, 21, 59, tzinfo=UTC))
        make_customer(created=datetime(1998, 6, 30, 22, 0, tzinfo=UTC))
        ordered, contacted = make_customer(), make_customer()
        make_order(ordered, ordered_on=DAY, status=3)
        make_order(ordered, ordered_on=LIVE)
        make_interaction(contacted, happened_on=DAY)
        make_order(ordered_on=DAY + timedelta(days=1))
        make_interaction(happened_on=DAY + timedelta(days=1))

        look_back(DAY)

        assert set(PastFacts.objects.values_list("pk", flat=True)) == {entered.pk, ordered.pk, contacted.pk}
        assert set(PastFacts.objects.values_list("stage", flat=True)) == {"prospect"}

    def test_nobody_known_leaves_nobody(self):
        look_back(date(1970, 1, 1))

        assert (PastFacts.objects.count(), Business.load().past_as_of) == (0, date(1970, 1, 1))

    def test_a_customer_who_goes_takes_their_row_along(self, shop):
        look_back(DAY)
        lonely = make_customer()
        PastFacts.objects.create(customer=lonely)

        lonely.delete()

        assert list(PastFacts.objects.values_list("pk", flat=True)) == [shop.pk]


class TestFigures:
    def test_what_came_later_is_not_in_them(self, shop):
        make_order(shop, ordered_on=DAY + timedelta(days=1))
        make_order(shop, ordered_on=DAY - timedelta(days=7))

        look_back(DAY)

        row = PastFacts.objects.get()
        assert (row.orders, row.first_order_on, row.last_order_on, row.stage) == (2, DAY - timedelta(days=7), DAY, "repeat")
        assert (row.pareto_class, Facts.objects.get().stage) == ("vital_few", "lost")

    def test_the_business_gap_is_that_of_the_day_and_the_live_one_stays(self, shop):
        Business.keep(gap_days=33)
        for _number in range(10):
            customer = make_customer()
            for turn in range(3):
                make_order(customer, ordered_on=DAY - timedelta(days=7 * turn))

        look_back(DAY)

        # Ten have a rhythm of 7 days; who has none is due after as many.
        assert (PastFacts.objects.get(pk=shop.pk).due_on, Business.load().gap_days) == (date(1998, 7, 7), 33)

    def test_it_goes_in_ranges_as_the_night_does(self, monkeypatch, shop):
        monkeypatch.setattr("crm.steps.WRITTEN_AT_ONCE", 2)
        monkeypatch.setattr("crm.reader.RANGE", 3)
        monkeypatch.setattr("lifecycle.stages.LOOKED_AT_ONCE", 3)
        monkeypatch.setattr("lifecycle.stages.MOVED_AT_ONCE", 2)
        for place in range(7):
            make_order(ordered_on=DAY - timedelta(days=place))

        look_back(DAY)

        assert PastFacts.objects.filter(orders=1, stage="first-time").count() == 8

    def test_a_pin_of_today_does_not_hold_in_the_past(self, shop):
        Position.objects.update(stage=Stage.objects.get(key="partner"), pinned=True)

        look_back(DAY)

        assert PastFacts.objects.get().stage == "first-time"

    def test_a_rule_on_the_customer_s_own_data_places_there_too(self, shop):
        record.save_customer(customer=make_customer(created=LONG_AGO, city="Łódź"), by=None)
        Stage.objects.create(
            ladder=Ladder.objects.get(is_primary=True), key="near", name="Near", rank=1, rule={"fact": "city", "op": "=", "value": "Lodz"}
        )

        look_back(DAY)

        assert sorted(PastFacts.objects.values_list("stage", flat=True)) == ["first-time", "near"]

    def test_without_a_night_before_it_there_is_a_ladder_all_the_same(self):
        make_order(ordered_on=DAY)

        look_back(DAY)

        assert (PastFacts.objects.get().stage, Position.objects.count()) == ("first-time", 0)


class TestBesideOthers:
    def test_beside_a_night_it_does_nothing(self, shop):
        look_back(DAY)
        with locks.held("nightly") as got:
            assert got
            assert not look_back(DAY + timedelta(days=1))

        assert (Business.load().past_as_of, PastFacts.objects.count()) == (DAY, 1)

    def test_a_night_beside_it_does_not_run(self, monkeypatch, shop):
        monkeypatch.setattr(nightly, "PATIENCE_SECONDS", 0)
        outcomes = []

        look_back(DAY, tell=lambda *_: outcomes.append(nightly.run(LIVE, today=TODAY).ran))

        assert outcomes == [False] * len(lookback.STEPS)

    def test_no_date_is_told_until_the_last_row_is_written(self, shop):
        look_back(DAY)
        told = []

        look_back(DAY, tell=lambda done, total, name: told.append((done, total, name, Business.load().past_as_of)))

        names = ["rows", "facts", "business_gap", "referrals", "pareto", "stages", "ladders", "headline"]
        assert told == [(place, 8, name, None) for place, name in enumerate(names)]
        # Who is in a segment is kept for the live figures alone.
        assert [name for name, _step in nightly.STEPS if name != "segments"] == names

    def test_where_a_step_fails_no_date_is_told(self, monkeypatch, shop):
        look_back(DAY)

        def broken(as_of):
            raise ZeroDivisionError

        monkeypatch.setattr(lookback, "STEPS", (*lookback.STEPS[:6], ("headline", broken)))
        with pytest.raises(ZeroDivisionError):
            look_back(DAY)

        assert Business.load().past_as_of is None


class TestHowLongItHolds:
    def test_until_the_next_night(self, shop):
        look_back(DAY)

        nightly.run(LIVE, today=TODAY)

        assert Business.load().past_as_of is None

    def test_until_an_order_has_changed(self, shop):
        Business.keep(as_of=Business.load().today())
        look_back(DAY)
        record.note_changed(Changed.Why.ORDER, shop.pk)

        assert refresh() == 1
        assert Business.load().past_as_of is None

    def test_a_call_logged_meanwhile_does_not_end_it(self, shop):
        today = Business.load().today()
        Business.keep(as_of=today)
        look_back(DAY)
        record.save_interaction(interaction=Interaction(customer=shop, kind="call", happened_on=today), by=None)

        assert refresh() == 1
        assert Business.load().past_as_of == DAY


class TestJob:
    def test_it_is_done_with_its_progress_told(self, monkeypatch, shop):
        Business.keep(as_of=Business.load().today())
        told, progress = [], jobs.progress

        def telling(job, now, **what):
            told.append(tuple(what.values()))
            progress(job, now, **what)

        monkeypatch.setattr(jobs, "progress", telling)
        worker.run_job(jobs.enqueue("lookback", {"as_of": "1998-06-30"}, key="1998-06-30").pk)

        assert (Job.objects.get().state, Business.load().past_as_of) == ("finished", DAY)
        assert told == [(place, 8, name) for place, (name, _step) in enumerate(lookback.STEPS)]

    def test_the_night_that_is_due_and_what_has_changed_come_first_or_they_would_end_it(self):
        record.save_order(order=make_order(ordered_on=DAY), by=None)

        worker.run_job(jobs.enqueue("lookback", {"as_of": "1998-06-30"}).pk)
        worker.tick()

        assert NightlyRun.objects.count() == 1
        assert not Changed.objects.exists()
        assert (Business.load().past_as_of, PastFacts.objects.get().orders) == (DAY, 1)

    def test_it_waits_for_a_night_that_runs(self, monkeypatch, shop):
        Business.keep(as_of=Business.load().today())
        waited = []
        with locks.held("nightly") as got:
            assert got

            def wait(seconds):
                waited.append(Job.objects.values_list("state", "doing").get())
                raise KeyboardInterrupt

            monkeypatch.setattr(worker, "sleep", wait)
            with pytest.raises(KeyboardInterrupt):
                worker.run_job(jobs.enqueue("lookback", {"as_of": "1998-06-30"}).pk)

        assert waited == [("running", "night")]
        assert Business.load().past_as_of is None

    def test_an_argument_that_is_no_date_fails_in_words(self):
        job = jobs.enqueue("lookback", {"as_of": "yesterday"})

        with pytest.raises(ValueError, match="yesterday"):
            worker.run_job(job.pk)

        assert "yesterday" in Job.objects.get().reason
