"""What the tasks do, called as functions; as processes that are killed they are in test_faults.py."""

from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from config import worker
from config.celery import app
from crm import jobs, locks
from crm.bin import put_in_bin
from crm.models import Business, Candidate, Changed, Customer, Facts, Job, Pulse, Tag
from crm.tags.writing import put_tag, remove_tag
from crm.tests.factories import make_customer, make_order, make_owner
from lifecycle import nightly
from lifecycle.models import NightlyRun, Transition
from segments.models import Member, Segment
from segments.saved import make_segment

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rung(monkeypatch):
    heard = []
    monkeypatch.setattr(jobs, "ring", lambda *arguments: heard.append(arguments))
    return heard


def yesterday():
    return Business.load().today() - timedelta(days=1)


def test_the_tasks_have_the_names_that_others_ring_by():
    assert {"tick", "refresh", "run_job"} <= set(app.tasks)


def test_a_tick_shows_life_even_where_nothing_is_due():
    worker.tick()

    assert jobs.is_seen(timezone.now())
    assert (Pulse.objects.count(), NightlyRun.objects.count()) == (1, 0)


def test_a_tick_runs_the_night_that_is_due_and_then_refreshes():
    customer = make_customer()
    make_order(customer, ordered_on=yesterday())
    make_order(customer, ordered_on=Business.load().today())

    worker.tick()

    assert NightlyRun.objects.values_list("as_of", "state").get() == (yesterday(), "finished")
    assert (Facts.objects.get().orders, Changed.objects.count()) == (2, 0)


def test_a_tick_deletes_for_good_what_was_deleted_thirty_days_ago():
    by, long_ago, lately = make_owner(), timezone.now() - timedelta(days=31), timezone.now() - timedelta(days=29)
    for when in (long_ago, lately):
        put_in_bin(customer=(customer := make_customer(name=str(when))), by=by, now=when)
        tag = put_tag(customer=make_customer(), name=str(when), by=by).tag
        remove_tag(tag=tag, now=when, by=by)

    worker.tick()

    assert Customer.objects.exclude(binned_at=None).get() == customer and Tag.objects.get() == tag


def test_after_a_night_it_is_looked_for_duplicates_and_at_other_ticks_it_is_not():
    worker.tick()
    assert not Job.objects.filter(kind="duplicates").exists()
    one, other = (make_customer(name="Eva Nováková", phone="602118337", phone_key="420602118337") for _ in range(2))
    make_order(one, ordered_on=yesterday())

    for _ in range(3):
        worker.tick()

    worker.run_job(Job.objects.get(kind="duplicates").pk)
    assert Candidate.objects.values_list("first", "second").get() == (one.pk, other.pk)


def test_a_tick_puts_back_the_jobs_of_the_dead_and_rings_for_all_that_wait(rung):
    dead, waiting = jobs.enqueue("night").pk, jobs.enqueue("night").pk
    jobs.claim(dead, timezone.now() - 2 * jobs.DEAD_AFTER)

    worker.tick()

    assert rung == [("run_job", dead), ("run_job", waiting)]


def test_a_tick_whose_night_fails_still_shows_life_and_does_not_raise(monkeypatch):
    make_order()

    def broken(as_of):
        raise ZeroDivisionError("no customers")

    monkeypatch.setattr(nightly, "STEPS", (("broken", broken),))

    worker.tick()

    assert NightlyRun.objects.get().state == "failed"
    assert jobs.is_seen(timezone.now())


def test_a_night_is_a_job_for_who_does_not_want_to_wait():
    make_order(ordered_on=date(2025, 1, 1))
    told = []
    job = jobs.enqueue("night", {"as_of": "2025-01-02"})
    progress = jobs.progress

    def telling(job, now, **what):
        told.append(tuple(what.values()))
        progress(job, now, **what)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(jobs, "progress", telling)
        worker.run_job(job.pk)

    job.refresh_from_db()
    names = [name for name, _step in nightly.STEPS]
    assert (job.state, job.attempts, NightlyRun.objects.get().as_of) == ("finished", 1, date(2025, 1, 2))
    assert told == [(place, len(names), name) for place, name in enumerate(names)]


def test_a_night_that_is_refused_fails_with_the_reason():
    Business.keep(as_of=date(2025, 1, 2))
    job = jobs.enqueue("night", {"as_of": "2025-01-01"})

    with pytest.raises(nightly.NightRefused):
        worker.run_job(job.pk)

    job.refresh_from_db()
    assert job.state == "failed"
    assert "never go back" in job.reason


@pytest.mark.parametrize("live", [date(2025, 1, 2), None])
def test_a_night_without_a_date_is_that_of_the_figures_wherever_they_stand_by_then(live):
    make_order(ordered_on=date(2025, 1, 1))
    job = jobs.enqueue("night")
    Business.keep(as_of=live)

    worker.run_job(job.pk)

    job.refresh_from_db()
    assert job.state == "finished"
    assert list(NightlyRun.objects.values_list("as_of", "state")) == ([(live, "finished")] if live else [])


@pytest.mark.parametrize("lock", ["night", "nightly"])
def test_a_night_that_finds_the_figures_in_use_waits_for_the_next_tick_and_is_not_failed(lock, rung, monkeypatch):
    monkeypatch.setattr(nightly, "PATIENCE_SECONDS", 0)
    job = jobs.enqueue("night", {"as_of": "2025-01-02"})
    for _ in range(jobs.MOST_ATTEMPTS + 1):
        with locks.held(lock):
            worker.run_job(job.pk)
        assert Job.objects.values_list("state", "attempts").get() == ("queued", 0)

    worker.tick()
    assert rung == [("run_job", job.pk)]
    worker.run_job(job.pk)

    assert Job.objects.values_list("state", "attempts").get(pk=job.pk) == ("finished", 1)


def test_a_night_whose_database_went_away_in_a_step_is_put_back(monkeypatch):
    def broken(as_of):
        raise OperationalError("the server went away")

    monkeypatch.setattr(nightly, "STEPS", (("broken", broken),))
    job = jobs.enqueue("night", {"as_of": "2025-01-02"})

    with pytest.raises(nightly.NightFailed):
        worker.run_job(job.pk)
    assert Job.objects.values_list("state", "attempts").get() == ("running", 1)
    worker.tick(lambda: timezone.now() + 2 * jobs.DEAD_AFTER)

    assert Job.objects.values_list("state", "attempts").get() == ("queued", 1)


def test_a_night_taken_from_its_worker_does_not_stay_running(monkeypatch):
    def slow(as_of):
        jobs.requeue_dead(timezone.now() + 2 * jobs.DEAD_AFTER)
        return 0

    monkeypatch.setattr(nightly, "STEPS", (("slow", slow), ("next", slow)))
    job = jobs.enqueue("night", {"as_of": "2025-01-02"})

    with pytest.raises(nightly.NightFailed, match="was given to another worker"):
        worker.run_job(job.pk)
    assert NightlyRun.objects.get().state == "failed"
    monkeypatch.undo()
    worker.run_job(job.pk)

    assert Job.objects.values_list("state", "attempts").get(pk=job.pk) == ("finished", 2)
    assert NightlyRun.objects.get().state == "finished"


def test_a_tick_closes_the_night_that_was_cut_off_by_hand():
    NightlyRun.objects.create(as_of=Business.load().today(), state="running", started_at=timezone.now())

    worker.tick()

    assert NightlyRun.objects.get().state == "failed"


class TestTheClockSetBack:
    """At nine in the morning by five hours, and on from there: one job died before, one lives, one waits, a customer has changed."""

    NINE = datetime(2026, 1, 15, 9, tzinfo=UTC)

    @pytest.fixture
    def ticks(self, rung):
        order = make_order(ordered_on=date(2026, 1, 14))
        worker.tick(lambda: self.NINE)
        # What is looked for after a night is done before the clock is set back.
        worker.run_job(Job.objects.get(kind="duplicates").pk)
        self.before = (list(NightlyRun.objects.values()), list(Transition.objects.values()), list(Facts.objects.values()))
        self.dead, self.living = (jobs.claim(jobs.enqueue("night", {"as_of": "2026-01-14"}).pk, self.NINE) for _ in range(2))
        self.waiting = jobs.enqueue("night", {"as_of": "2026-01-14"})
        Changed.objects.create(customer=order.customer, why="order")
        rung.clear()

        def run(minutes):
            for minute in minutes:
                now = self.NINE - timedelta(hours=5) + timedelta(minutes=minute)
                jobs.progress(self.living, now, done=0, total=1, doing="")
                worker.tick(lambda now=now: now)
                assert jobs.is_seen(now)

        return run

    def after(self):
        return list(NightlyRun.objects.values()), list(Transition.objects.values()), list(Facts.objects.values())

    def test_nothing_runs_twice_and_no_figure_goes_back(self, ticks):
        ticks(range(0, 300, 7))

        assert self.after() == self.before
        assert not Changed.objects.exists()
        assert Job.objects.values_list("state", "attempts").get(pk=self.living.pk) == ("running", 1)

    def test_the_job_of_a_dead_worker_comes_back_and_the_waiting_one_is_rung_for(self, ticks, rung):
        ticks([0])
        assert rung == [("run_job", self.waiting.pk)]

        ticks([1, 2, 3, 4])
        assert rung[-2:] == [("run_job", self.dead.pk), ("run_job", self.waiting.pk)]
        assert Job.objects.values_list("state", "attempts").get(pk=self.dead.pk) == ("queued", 1)

    def test_a_night_that_had_failed_is_tried_again(self, ticks):
        NightlyRun.objects.update(state="failed", failed_at=self.NINE, finished_at=None, reason="x")
        Business.keep(as_of=date(2026, 1, 13))

        ticks([0])

        assert NightlyRun.objects.values_list("as_of", "state").get() == (date(2026, 1, 14), "finished")


def test_a_job_of_an_unknown_kind_fails_in_words():
    job = jobs.enqueue("dance")

    with pytest.raises(LookupError):
        worker.run_job(job.pk)

    assert Job.objects.values_list("state", "reason").get() == ("failed", "No worker knows how to do “dance”.")


def test_a_job_that_is_not_there_or_taken_is_left_alone():
    job = jobs.enqueue("dance")
    jobs.claim(job.pk, timezone.now())

    worker.run_job(job.pk)
    worker.run_job(job.pk + 1)

    assert Job.objects.values_list("state", "attempts").get() == ("running", 1)


class TestCountingASegment:
    """What saving a segment asks a worker for."""

    @pytest.fixture
    def job(self, db):
        make_customer(facts={"orders": 3})
        segment = make_segment(by=make_owner(), name="Regulars", rule={"fact": "orders", "op": ">=", "value": 3})
        return Job.objects.get(kind="segment", key=f"{segment.pk}:1")

    def test_it_is_counted_as_of_the_date_of_the_figures(self, job):
        Business.keep(as_of=date(2026, 6, 30))

        worker.run_job(job.pk)

        assert [member.since for member in Member.objects.all()] == [date(2026, 6, 30)]
        job.refresh_from_db()
        assert job.state == Job.State.FINISHED

    def test_before_the_first_night_there_is_nothing_to_count(self, job):
        worker.run_job(job.pk)

        assert not Member.objects.exists() and not Segment.objects.get().is_counted

    def test_while_figures_are_written_it_waits_its_turn(self, job, monkeypatch):
        Business.keep(as_of=date(2026, 6, 30))
        monkeypatch.setattr(locks, "held", lambda name: nullcontext(False))

        worker.run_job(job.pk)

        job.refresh_from_db()
        assert (job.state, job.attempts, Member.objects.count()) == (Job.State.QUEUED, 0, 0)

    def test_of_a_segment_that_is_gone_there_is_nothing_left_to_do(self, job):
        Business.keep(as_of=date(2026, 6, 30))
        Segment.objects.all().delete()

        worker.run_job(job.pk)

        job.refresh_from_db()
        assert job.state == Job.State.FINISHED
