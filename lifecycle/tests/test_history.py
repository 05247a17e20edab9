"""Which days the history holds and who stood where; and the job that replays the past."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.messages import get_messages

from config import worker
from config.tests import cast
from crm import jobs, locks
from crm.models import Business, Import, Job
from crm.tests.factories import make_customer, make_order, make_owner
from lifecycle import history, joining, nightly, replay, replayed, stood
from lifecycle.models import Ladder, NightlyRun, Replay, Stage
from lifecycle.moves import move
from lifecycle.replayed import Span
from lifecycle.tests.test_replay import second_ladder

TODAY, LIVE = date(2032, 1, 1), date(2025, 3, 1)
LATER = datetime(2031, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(joining, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(jobs, "ring", lambda *arguments: None)


@pytest.fixture
def shop():
    """One who ordered on 10 January and 20 February 2025 and was never seen again; the figures stand at 1 March."""
    customer = make_customer(created=LATER)
    for day in (date(2025, 1, 10), date(2025, 2, 20)):
        make_order(customer, ordered_on=day)
    nightly.run(LIVE, today=TODAY)
    return customer


class TestWhatIsCovered:
    def test_nothing_before_a_night(self):
        assert not history.covered(LIVE)

    def test_month_ends_and_the_last_days_and_the_live_date(self, shop):
        make_order(shop, ordered_on=date(2024, 3, 5))
        replay.replay()
        nightly.run(date(2025, 3, 20), today=TODAY)

        held = ["2024-03-31", "2024-10-31", "2024-12-02", "2025-02-14", "2025-03-01", "2025-03-20"]
        not_held = ["2024-02-29", "2024-03-30", "2024-12-01", "2025-03-02", "2025-03-19", "2025-03-21"]
        assert [day for day in held if not history.covered(date.fromisoformat(day))] == []
        assert [day for day in not_held if history.covered(date.fromisoformat(day))] == []

    def test_each_night_from_the_first_scheduled_one_on_and_no_day_that_had_none(self, shop):
        nightly.run(date(2025, 3, 10), today=TODAY)
        NightlyRun.objects.filter(as_of=date(2025, 3, 10)).update(is_scheduled=True)
        for day in (11, 20):
            nightly.run(date(2025, 3, day), today=TODAY)

        covered = [day for day in range(1, 31) if history.covered(date(2025, 3, day))]
        assert covered == [10, 11, 20]

    def test_on_a_ladder_that_was_made_later_a_day_before_it_is_computed(self, shop, tmp_path):
        replay.replay()
        second_ladder()
        nightly.run(date(2025, 3, 10), today=TODAY)

        assert stood.write(tmp_path / "stages.csv", "worth", date(2025, 2, 24)) == 1
        assert (tmp_path / "stages.csv").read_text().splitlines()[1:] == [",few,"]

    def test_of_two_moves_of_one_day_the_later_one_says_where_they_stood(self, shop):
        lost = Stage.objects.get(key="lost")
        move(customer=shop, to=lost, by=make_owner(), reason="Moved away.", as_of=LIVE, today=TODAY)

        ladder = Ladder.objects.get(key="kotler")
        assert list(history.standing(ladder, LIVE).values_list("to_stage__key", flat=True)) == ["lost"]
        assert not history.standing(ladder, LIVE - timedelta(days=1)).exists()


class TestJob:
    @pytest.fixture(autouse=True)
    def few_days(self, monkeypatch):
        monkeypatch.setattr(replayed, "DAILY", 8)

    def test_it_is_asked_for_once_and_one_that_runs_is_followed(self, shop):
        first = replayed.ask()
        assert replayed.ask() == first
        jobs.claim(first.pk, LATER)

        assert replayed.ask() == replayed.ask() != first
        assert replayed.replay_job() == first

    def test_a_worker_does_it_and_tells_how_far_it_is(self, monkeypatch, shop):
        Business.keep(as_of=Business.load().today())
        said = []
        monkeypatch.setattr(worker.Telling, "__call__", lambda self, *what: said.append(what))

        worker.run_job(replayed.ask().pk)

        done = Replay.objects.get()
        assert len(said) == len(replayed.Span(done.first_on, done.until).days) + 1 > 20
        assert replayed.replay_job() is None

    def test_one_that_failed_is_told_until_another_is_asked_for_or_done(self, client, shop):
        Business.keep(as_of=Business.load().today())
        client.force_login(make_owner())
        failed = jobs.claim(replayed.ask().pk, LATER)
        jobs.fail(failed, LATER, "The disk is full.")

        assert replayed.replay_job() == failed
        assert "The past could not be worked out again: The disk is full." in client.get("/ladder/").content.decode()

        replay.replay(clock=lambda: LATER + timedelta(days=1))
        assert replayed.replay_job() is None

    def test_without_a_past_there_is_nothing_to_do(self):
        worker.run_job(replayed.ask().pk)

        assert Job.objects.get().state == "finished"

    def test_beside_another_one_it_waits_for_its_turn(self, shop):
        Business.keep(as_of=Business.load().today())
        with locks.held("replay") as got:
            assert got
            worker.run_job(replayed.ask().pk)

        assert Job.objects.values_list("state", "attempts").get() == ("queued", 0)

    def test_it_is_asked_for_after_an_import_that_brought_orders_and_not_again(self, shop):
        replayed.ask_after_import()
        assert not Job.objects.exists()
        brought = {"source": "file", "file_name": "a.csv", "started_at": LATER, "finished_at": LATER, "state": "finished"}
        Import.objects.create(digest="0" * 64, orders_unchanged=5, **brought)
        replayed.ask_after_import()
        assert not Job.objects.exists()

        Import.objects.create(digest="1" * 64, orders_created=5, **brought)
        for _turn in range(2):
            replayed.ask_after_import()
        worker.run_job(Job.objects.get(kind="replay").pk)
        replayed.ask_after_import()

        assert Job.objects.filter(kind="replay").count() == 1

    def test_an_owner_may_have_it_done_and_is_told_where_there_is_no_past(self):
        owner = cast.signed_in(cast.owner())
        answer = owner.post("/ladder/replay/")
        assert [str(message) for message in get_messages(answer.wsgi_request)] == [Span.due()]
        assert not Job.objects.exists()

        make_order(ordered_on=LIVE)
        Business.keep(as_of=LIVE)
        assert owner.post("/ladder/replay/", {"next": "/ladder/?days=90"}).url == "/ladder/?days=90"
        assert Job.objects.values_list("kind", "state").get() == ("replay", "queued")
