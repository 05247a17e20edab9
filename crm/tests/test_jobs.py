"""Jobs: taken once, put back from the dead, ended by their own attempt alone; and the ring that may be lost."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app
from django.db import InterfaceError, OperationalError, transaction

from crm import jobs
from crm.models import Job, Pulse
from crm.tests.installation import Installation

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)
DEAD = NOON + jobs.DEAD_AFTER + timedelta(seconds=1)


@pytest.fixture
def rung(monkeypatch):
    """What was rung: (task, arguments)."""
    heard = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, expires: heard.append((name, *args)))
    return heard


def as_rows():
    return list(Job.objects.order_by("pk").values_list("state", "attempts"))


@pytest.mark.django_db
class TestEnqueue:
    def test_a_job_waits_and_the_worker_is_rung_when_it_is_committed(self, rung, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            job = jobs.enqueue("night", {"as_of": "2026-01-14"})
            assert rung == []

        assert rung == [("run_job", job.pk)]
        assert Job.objects.values_list("kind", "arguments", "state", "attempts").get() == ("night", {"as_of": "2026-01-14"}, "queued", 0)

    def test_of_two_with_one_key_there_is_one_while_it_is_open(self):
        first = jobs.enqueue("night", key="2026-01-14")

        assert jobs.enqueue("night", key="2026-01-14") == first
        jobs.finish(jobs.claim(first.pk, NOON), NOON)
        assert jobs.enqueue("night", key="2026-01-14") != first
        assert jobs.enqueue("import", key="2026-01-14").kind == "import"

    def test_jobs_without_a_key_are_each_their_own(self):
        assert jobs.enqueue("night") != jobs.enqueue("night")

    def test_a_broker_that_is_down_breaks_no_write(self, monkeypatch, caplog, django_capture_on_commit_callbacks):
        def down(*args, **kwargs):
            raise ConnectionError("no broker")

        monkeypatch.setattr(current_app, "send_task", down)
        with django_capture_on_commit_callbacks(execute=True):
            jobs.enqueue("night")

        assert as_rows() == [("queued", 0)]
        assert "no broker" in caplog.text

    def test_nothing_is_rung_for_what_is_rolled_back(self, rung, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True), pytest.raises(ZeroDivisionError), transaction.atomic():
            jobs.enqueue("night")
            raise ZeroDivisionError

        assert (rung, as_rows()) == ([], [])


@pytest.mark.django_db
class TestAttempt:
    def test_it_is_claimed_once(self):
        pk = jobs.enqueue("night").pk

        claimed = jobs.claim(pk, NOON)

        assert (claimed.state, claimed.attempts, claimed.started_at, claimed.heartbeat) == ("running", 1, NOON, NOON)
        assert jobs.claim(pk, NOON) is None
        assert jobs.claim(pk + 1, NOON) is None

    def test_progress_is_told_with_a_sign_of_life(self):
        job = jobs.claim(jobs.enqueue("night").pk, NOON)

        jobs.progress(job, LATER, done=2, total=6, doing="facts")

        assert Job.objects.values_list("done", "total", "doing", "heartbeat").get() == (2, 6, "facts", LATER)

    def test_it_ends_finished(self):
        with jobs.Attempt(jobs.claim(jobs.enqueue("night").pk, NOON), lambda: LATER):
            pass

        assert Job.objects.values_list("state", "finished_at", "reason").get() == ("finished", LATER, "")

    def test_it_ends_failed_with_what_was_raised_as_its_reason(self):
        with pytest.raises(ZeroDivisionError), jobs.Attempt(jobs.claim(jobs.enqueue("night").pk, NOON), lambda: LATER):
            raise ZeroDivisionError("no customers")

        assert Job.objects.values_list("state", "finished_at", "reason").get() == ("failed", LATER, "no customers")

    def test_a_database_that_went_away_leaves_it_to_be_put_back(self):
        with pytest.raises(OperationalError), jobs.Attempt(jobs.claim(jobs.enqueue("night").pk, NOON)):
            raise OperationalError("the server went away")

        assert as_rows() == [("running", 1)]

    @pytest.mark.parametrize("met", [OperationalError("the server went away"), InterfaceError("closed"), jobs.Lost("gone")])
    def test_neither_does_one_that_a_step_tells_in_its_own_words(self, met):
        with pytest.raises(ValueError), jobs.Attempt(jobs.claim(jobs.enqueue("night").pk, NOON)):
            raise ValueError("The step facts failed") from met

        assert as_rows() == [("running", 1)]

    def test_one_that_finds_in_use_what_it_needs_waits_on_and_that_was_no_attempt(self):
        job = jobs.enqueue("night")
        for _ in range(2 * jobs.MOST_ATTEMPTS):
            with jobs.Attempt(jobs.claim(job.pk, NOON)) as claimed:
                jobs.progress(claimed, NOON, done=1, total=2, doing="facts")
                raise jobs.Busy("another night is running")

        assert Job.objects.values_list("state", "attempts", "done", "total", "doing").get() == ("queued", 0, 0, 0, "")

    def test_one_given_up_for_dead_cannot_write_over_the_next(self):
        job = jobs.claim(jobs.enqueue("night").pk, NOON)
        jobs.requeue_dead(DEAD)
        jobs.claim(job.pk, DEAD)

        with pytest.raises(jobs.Lost):
            jobs.progress(job, DEAD, done=1, total=2, doing="facts")
        with pytest.raises(jobs.Lost):
            jobs.finish(job, DEAD)
        with pytest.raises(jobs.Lost):
            jobs.fail(job, DEAD, "late")
        assert as_rows() == [("running", 2)]


@pytest.mark.django_db
class TestTheDead:
    def test_a_job_whose_worker_shows_no_life_is_put_back(self):
        job = jobs.claim(jobs.enqueue("night").pk, NOON)

        assert jobs.requeue_dead(NOON + jobs.DEAD_AFTER) == 0
        assert jobs.requeue_dead(DEAD) == 1
        assert as_rows() == [("queued", 1)]
        assert jobs.claim(job.pk, DEAD).attempts == 2

    def test_a_sign_of_life_keeps_it(self):
        job = jobs.claim(jobs.enqueue("night").pk, NOON)
        jobs.progress(job, DEAD, done=0, total=1, doing="")

        assert jobs.requeue_dead(DEAD + timedelta(seconds=1)) == 0

    def test_one_that_kills_its_worker_each_time_is_given_up(self):
        pk, now = jobs.enqueue("night").pk, NOON
        for _ in range(jobs.MOST_ATTEMPTS):
            assert jobs.claim(pk, now)
            now += jobs.DEAD_AFTER * 2
            jobs.requeue_dead(now)

        reason = "It was begun 3 times, and its worker or the database was lost each time; look into the worker's log."
        assert Job.objects.values_list("state", "reason").get() == ("failed", reason)

    def test_one_that_died_before_the_clock_was_set_back_is_found_and_one_that_lives_keeps_its_job(self):
        dead, living = (jobs.claim(jobs.enqueue("night").pk, NOON) for _ in range(2))
        before = NOON - timedelta(hours=2)

        for minute in range(5):
            now = before + timedelta(minutes=minute)
            jobs.requeue_dead(now)
            jobs.progress(living, now, done=0, total=1, doing="")

        assert Job.objects.values_list("pk", "state").order_by("pk").get(pk=dead.pk) == (dead.pk, "queued")
        assert Job.objects.values_list("state", "attempts").get(pk=living.pk) == ("running", 1)

    def test_the_waiting_are_rung_for_and_the_others_are_not(self, rung):
        waiting, running = jobs.enqueue("night").pk, jobs.enqueue("night").pk
        jobs.claim(running, NOON)

        jobs.ring_queued()

        assert rung == [("run_job", waiting)]


@pytest.mark.django_db
class TestLife:
    def test_nobody_is_seen_at_first(self):
        assert not jobs.is_seen(NOON)

    def test_a_tick_is_seen_for_three_minutes(self):
        jobs.show_life("tick", NOON - timedelta(hours=1))
        jobs.show_life("tick", NOON)

        assert Pulse.objects.count() == 1
        assert jobs.is_seen(NOON + timedelta(minutes=3))
        assert not jobs.is_seen(NOON + timedelta(minutes=3, seconds=1))

    def test_a_job_at_work_is_seen_where_no_tick_comes_through(self):
        jobs.claim(jobs.enqueue("night").pk, NOON)

        assert jobs.is_seen(LATER)
        assert not jobs.is_seen(DEAD)

    def test_a_sign_from_before_the_clock_was_set_back_is_none(self):
        jobs.show_life("tick", NOON + timedelta(hours=2))
        assert not jobs.is_seen(NOON)

        jobs.show_life("tick", NOON)
        assert jobs.is_seen(NOON)


# In a process on an installation of its own, as the suite's SQLite is in memory, where threads share one lock.
AT_ONCE = """
from datetime import UTC, datetime
from threading import Barrier, Thread
from django.db import connection
from crm import jobs

jobs.ring = lambda *arguments: None

def at_once(do):
    barrier, results = Barrier(8), []
    def work():
        barrier.wait()
        results.append(do())
        connection.close()
    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results

for number in range(10):
    pks = at_once(lambda: jobs.enqueue("night", key=str(number)).pk)
    claims = at_once(lambda: jobs.claim(pks[0], datetime.now(UTC)) is not None)
    print(len(pks), len(set(pks)), len(claims), claims.count(True))
"""


# Life shown in the middle of a step, in one that writes for long, and no more once it has ended.
LIFE = """
import threading, time
from datetime import UTC, datetime
from django.db import connection, transaction
from crm import jobs
from crm.models import Job, Pulse

jobs.ring, jobs.BEAT_SECONDS = lambda *arguments: None, 0.05

def seen():
    return Job.objects.get().heartbeat

def beats():
    first, deadline = seen(), time.monotonic() + 30
    while seen() == first and time.monotonic() < deadline:
        time.sleep(0.01)
    return seen() != first

with jobs.Attempt(jobs.claim(jobs.enqueue("night").pk, datetime.now(UTC))):
    print(beats(), threading.active_count())
    with transaction.atomic():
        Pulse.objects.create(name="long", at=datetime.now(UTC))
        time.sleep(0.3)
    print(beats())
    Job.objects.update(attempts=2)  # another worker's
    time.sleep(0.3)
    last = seen()
    time.sleep(0.3)
    print(seen() == last)
    Job.objects.update(attempts=1)
print(Job.objects.get().state, threading.active_count())
"""


@pytest.mark.slow
def test_a_worker_shows_life_however_long_a_step_takes_and_not_for_a_job_that_is_anothers(installation):
    ended = Installation(installation).script(LIFE).finish()

    assert ended.stdout.splitlines() == ["True 2", "True", "True", "finished 1"], ended.stderr


@pytest.mark.slow
def test_of_eight_who_ask_at_once_all_get_one_job_and_of_eight_who_claim_it_one_does(installation):
    ended = Installation(installation).script(AT_ONCE).finish()

    assert ended.stdout.splitlines() == ["8 1 8 1"] * 10, ended.stderr
