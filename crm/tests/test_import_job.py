"""The worker takes an upload in: for whom, behind whom, cut off and gone on with, in the place of the demo."""

from datetime import date, timedelta

import pytest
from django.utils import timezone, translation

from config import worker
from config.tests.crew import Crew, zone_of_a_quiet_hour
from crm import jobs, locks, uploads
from crm.importing import batches, uploaded
from crm.importing.errors import Ask, Refused
from crm.models import Business, Customer, Facts, Import, Job, Order, User
from crm.tests.factories import make_order
from crm.tests.handing_in import BAD, ORDERS, TWO_WAYS, hand_in, page_of, take_in, work
from crm.tests.imports import take
from crm.tests.installation import Installation
from lifecycle import nightly
from lifecycle.demo.empty import DemoRefused
from lifecycle.models import NightlyRun

NOON = timezone.now()


@pytest.fixture(autouse=True)
def rung(monkeypatch, tmp_path, settings):
    heard = []
    monkeypatch.setattr(jobs, "ring", lambda *arguments: heard.append(arguments))
    settings.DATA_DIR = tmp_path
    return heard


class TestWho:
    @pytest.mark.parametrize("change", [{"role": "staff"}, {"is_active": False}, None])
    def test_someone_who_is_no_owner_any_more_imports_nothing(self, owner, change):
        upload = hand_in(owner)
        User.objects.update(**change) if change else User.objects.all().delete()
        work()

        upload.refresh_from_db()
        assert upload.refusal == "Whoever handed in the file may not import any more; nothing was taken."
        assert (Order.objects.count(), Import.objects.count(), uploads.path_of(upload).exists()) == (0, 0, False)

    def test_their_demo_stays_too(self, owner):
        make_order()
        Business.keep(is_demo=True)
        hand_in(owner, replace_demo="on")
        User.objects.update(role=User.Role.STAFF)
        work()

        assert (Business.load().is_demo, Order.objects.count()) == (True, 1)

    def test_the_import_is_theirs_and_goes_by_the_name_of_the_file(self, owner):
        upload = take_in(owner, name="únor.csv", source="till")

        record = Import.objects.get()
        assert (record.by, record.upload, record.file_name, record.source) == (upload.by, upload, "únor.csv", "till")

    def test_sentences_are_written_in_their_language(self, owner, monkeypatch):
        seen = []
        monkeypatch.setattr(uploaded, "import_orders", lambda **_: seen.append(translation.get_language()) or take(ORDERS).record)
        owner.cookies["django_language"] = "cs"
        hand_in(owner)
        with translation.override("en"):
            work()
            assert (seen, translation.get_language()) == (["cs"], "en")


class TestTurn:
    def test_a_second_import_goes_behind_the_first_and_costs_no_attempt(self, owner, rung):
        upload = hand_in(owner)
        with locks.held("import") as got:
            assert got
            worker.run_job(upload.job_id)

        assert Job.objects.filter(kind="import").values_list("state", "attempts", "reason").get() == ("queued", 0, "")
        work()
        assert page_of(owner, upload).count("3 new orders") == 1
        assert Job.objects.filter(kind="import").values_list("state", "attempts").get() == ("finished", 1)

    def test_whoever_ends_rings_for_the_next(self, owner, rung, django_capture_on_commit_callbacks):
        first, second = hand_in(owner), hand_in(owner)
        rung.clear()
        with django_capture_on_commit_callbacks(execute=True):
            worker.run_job(first.job_id)

        assert ("run_job", second.job_id) in rung

    def test_two_of_one_file_are_taken_in_once(self, owner):
        first, second = hand_in(owner), hand_in(owner)
        work()

        assert "3 new orders" in page_of(owner, first) and "0 new orders 3 orders unchanged" in page_of(owner, second)
        assert Order.objects.count() == 3

    def test_a_job_put_back_is_not_written_by_the_one_that_put_it_back(self, db):
        job = jobs.claim(jobs.enqueue("import").pk, NOON)
        jobs.put_back(job)

        for write in (jobs.finish, lambda job, now: jobs.fail(job, now, "late"), lambda job, now: jobs.put_back(job)):
            with pytest.raises(jobs.Lost):
                write(job, NOON)
        assert jobs.claim(job.pk, NOON).attempts == 1


class TestCutOff:
    def test_a_worker_that_dies_behind_the_import_does_not_import_twice(self, owner, monkeypatch):
        upload = hand_in(owner)
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(uploaded, "_end", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
            work()
        assert Job.objects.filter(kind="import").get().state == "running"

        jobs.requeue_dead(timezone.now() + 2 * jobs.DEAD_AFTER)
        work()

        assert "3 new orders 2 new customers" in page_of(owner, upload)
        assert (Import.objects.count(), uploads.path_of(upload).exists()) == (1, False)

    def test_one_cut_off_by_the_database_says_what_is_in_and_goes_on_when_asked(self, owner, monkeypatch):
        rows = "".join(f"k{n},2025-01-15,1\n" for n in range(7000))
        upload = hand_in(owner, f"customer_id,date,amount\n{rows}")
        works = iter([True, False])
        write = batches._write_beside_others

        def breaks(batch, plan):
            if not next(works):
                raise Refused("The database did not take the orders.")
            write(batch, plan)

        with monkeypatch.context() as patched:
            patched.setattr(batches, "_write_beside_others", breaks)
            work()
        said = page_of(owner, upload)
        assert "The database did not take the orders." in said and "5,000 new orders" in said and "Try this file again" in said

        owner.post(f"/import/{upload.pk}/again/")
        work()
        assert "7,000 new orders" in page_of(owner, upload) and Order.objects.count() == 7000

    def test_a_job_taken_over_stops_where_it_is(self, owner, monkeypatch):
        upload = hand_in(owner)

        def lost(*args, **kwargs):
            raise jobs.Lost("import #1")

        monkeypatch.setattr(jobs, "progress", lost)
        with pytest.raises(jobs.Lost):
            worker.run_job(upload.job_id)

        assert Order.objects.count() == 0


class TestTelling:
    def test_it_writes_at_most_twice_a_second_and_at_each_new_step(self, monkeypatch):
        told, now = [], timezone.now()
        monkeypatch.setattr(jobs, "progress", lambda job, now, **what: told.append(tuple(what.values())))
        tell = worker.Telling(Job())
        for number in range(40):  # a tenth of a second apart
            monkeypatch.setattr(timezone, "now", lambda number=number: now + timedelta(seconds=number / 10))
            tell(number, 100, "reading" if number < 20 else "writing")

        assert told == [(n, 100, "reading") for n in (0, 5, 10, 15)] + [(n, 100, "writing") for n in (20, 25, 30, 35)]

    def test_every_pass_is_told(self, owner, monkeypatch):
        told = []
        monkeypatch.setattr(worker, "Telling", lambda job: lambda done, total, doing: told.append((done, total, str(doing))))
        take_in(owner)

        assert told[:3] == [(3, 0, "counting"), (3, 3, "reading"), (3, 3, "writing")]
        assert {doing for _done, _total, doing in told[3:]} == {"night"}


class TestFirstNight:
    def test_the_first_orders_have_their_figures_at_once(self, owner):
        take_in(owner)

        assert Business.load().as_of == Business.load().today() - timedelta(days=1)
        assert sorted(Facts.objects.values_list("orders", flat=True)) == [1, 2]

    def test_later_ones_wait_for_the_refresh_that_is_rung_for(self, owner, rung, django_capture_on_commit_callbacks):
        Business.keep(as_of=date(2025, 3, 1))
        with django_capture_on_commit_callbacks(execute=True):
            take_in(owner)

        assert (NightlyRun.objects.count(), ("refresh",) in rung) == (0, True)

    def test_a_night_that_fails_is_no_failure_of_the_import(self, owner, monkeypatch):
        monkeypatch.setattr(nightly, "STEPS", (("broken", lambda as_of: 1 / 0),))
        upload = take_in(owner)

        assert Job.objects.filter(kind="import").get().state == "finished"
        assert "The orders are in. The figures are being computed." in page_of(owner, upload)

    def test_where_nothing_was_taken_there_is_no_night(self, owner):
        take_in(owner, TWO_WAYS)

        assert NightlyRun.objects.count() == 0


class TestDemo:
    @pytest.fixture
    def demo(self, owner):
        make_order(key="of the demo")
        Business.keep(is_demo=True, demo_is_whole=True, name="Dvě zrna", as_of=date(2025, 1, 20))

    def test_it_gives_way_to_the_file(self, owner, demo):
        upload = take_in(owner, replace_demo="on")

        assert "3 new orders 2 new customers" in page_of(owner, upload)
        assert (Order.objects.count(), Customer.objects.count(), Business.load().is_demo) == (3, 2, False)
        assert Business.load().as_of == Business.load().today() - timedelta(days=1)

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            ("rubbish\nmore of it\n", "Each order needs a customer"),
            ("customer_id,date,amount\n", "The file has a header and no rows."),
            ("customer_id,date,amount\nk1,never,1\n", "No row of the file could be taken; the record is as it was."),
            ("order_id,customer_id,date,amount\n1,k1,2025-01-15,1\n1,k2,2025-01-15,never\n", "No row of the file could be taken"),
            (TWO_WAYS, "The dates in the column “date” read two ways"),
            ('customer_id,date,amount\nk1,2025-01-15,"1,234"\n', "The numbers in the column “amount” read two ways"),
        ],
    )
    def test_it_stays_where_the_file_is_refused_or_asks(self, owner, demo, content, sentence):
        upload = take_in(owner, content, replace_demo="on")

        assert sentence in page_of(owner, upload)
        assert (Business.load().is_demo, Business.load().name, Order.objects.get().key) == (True, "Dvě zrna", "of the demo")
        assert Job.objects.filter(kind="import").get().state == "finished"

    def test_it_gives_way_once_the_question_is_answered(self, owner, demo):
        upload = take_in(owner, TWO_WAYS, replace_demo="on")
        owner.post(f"/import/{upload.pk}/again/", {"answer": "dmy"})
        work()

        assert "2 new orders" in page_of(owner, upload)
        assert (Order.objects.count(), Business.load().is_demo) == (2, False)

    def test_it_gives_way_to_a_file_with_one_good_row(self, owner, demo):
        upload = take_in(owner, BAD, replace_demo="on")

        assert "1 new order 1 new customer 2 rows with errors" in page_of(owner, upload)
        assert (Order.objects.count(), Business.load().is_demo) == (1, False)

    def test_its_currency_does_not_stand_in_the_way_of_the_file(self, owner, demo):
        upload = take_in(owner, "customer_id,date,amount,currency\nk1,2025-01-15,100,EUR\n", replace_demo="on")

        assert page_of(owner, upload).count("its currency becomes that of the file: EUR.") == 1
        assert (Business.load().currency, Business.load().is_demo, Order.objects.count()) == ("EUR", False, 1)

    def test_nor_do_its_people_and_the_numbers_of_its_orders(self, owner, demo):
        theirs = Customer.objects.get()
        Customer.objects.filter(pk=theirs.pk).update(external_id="of the demo", email="eva@example.com")
        Order.objects.update(source="file", key="7")
        row = "7,k1,eva@example.com,2025-01-15,100"
        take_in(owner, f"order_id,customer_id,email,date,amount\n{row}\n", replace_demo="on")

        assert Order.objects.values_list("key", "customer__external_id", "customer__email").get() == ("7", "k1", "eva@example.com")
        assert Business.load().is_demo is False

    def test_the_file_is_looked_over_behind_another_import_too(self, owner, demo):
        upload = hand_in(owner, replace_demo="on")
        with locks.held("import") as got:
            assert got
            worker.run_job(upload.job_id)
        assert (Job.objects.filter(kind="import").get().state, Business.load().is_demo) == ("queued", True)

        work()
        assert (Order.objects.count(), Business.load().is_demo) == (3, False)

    def test_while_the_file_is_looked_over_nothing_is_said_twice(self, owner, demo, monkeypatch):
        told = []
        monkeypatch.setattr(worker, "Telling", lambda job: lambda done, total, doing: told.append((done, total, str(doing))))
        take_in(owner, replace_demo="on")

        assert told[:3] == [(0, 0, "counting"), (0, 0, "counting"), (0, 0, "removing_demo")]
        assert told[3:6] == [(3, 0, "counting"), (3, 3, "reading"), (3, 3, "writing")]

    def test_it_waits_for_a_night_that_runs(self, owner, demo, monkeypatch):
        answers, remove, slept = iter([True, False]), worker.remove_demo, []

        def busy(*, now):
            if next(answers):
                raise DemoRefused("A night or an import is running.")
            remove(now=now)

        monkeypatch.setattr(worker, "remove_demo", busy)
        monkeypatch.setattr(worker, "sleep", slept.append)
        take_in(owner, replace_demo="on")

        assert (slept, Order.objects.count()) == ([1], 3)

    def test_where_it_came_after_the_upload_the_owner_is_asked(self, owner):
        upload = hand_in(owner)
        make_order()
        Business.keep(is_demo=True)
        work()
        assert "Nothing was taken in yet. The record holds the demo." in page_of(owner, upload)
        assert Order.objects.count() == 1

        owner.post(f"/import/{upload.pk}/again/", {"answer": "remove"})
        work()
        assert "3 new orders" in page_of(owner, upload) and Order.objects.count() == 3

    def test_the_command_does_not_mix_either(self, owner, demo):
        with pytest.raises(Refused) as refused:
            take(ORDERS)

        assert refused.value.ask == Ask.DEMO and "manage.py demo --remove" in str(refused.value)


# Signs an owner in and hands in so many files of 12,000 orders, all the same.
HAND_IN = """
import sys
from django.conf import settings
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from crm.models import Business, User

Business.keep(zone=sys.argv[1])
client = Client(headers={"host": "localhost"})
client.force_login(User.objects.create_user("jana@example.com", role="owner"))
rows = "".join(f"k{n % 900},2025-01-{n % 28 + 1:02},{n}\\n" for n in range(12000))
for _ in range(int(sys.argv[2])):
    file = SimpleUploadedFile("orders.csv", ("customer_id,date,amount\\n" + rows).encode())
    assert client.post("/import/", {"file": file}).status_code == 302
"""


@pytest.fixture
def crew(installation):
    made = Crew(Installation(installation | {"REDIS_URL": ""}))
    yield made
    made.kill()


def handed_in(crew, files):
    done = crew.shop.script(HAND_IN, zone_of_a_quiet_hour(), files).finish()
    assert done.returncode == 0, done.stderr


def imported(crew):
    return sorted(crew.shop.rows("SELECT state, orders_created, orders_unchanged FROM crm_import"))


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_is_followed_by_one_that_goes_on(crew):
    handed_in(crew, 1)
    crew.failpoint.write_text("import.committed:2")
    crew.start()
    crew.until(lambda: not crew.failpoint.exists())
    assert 0 < crew.shop.rows("SELECT count(*) FROM crm_order")[0][0] < 12000

    crew.shop.write("UPDATE crm_job SET heartbeat = '2025-01-01 00:00:00+00:00' WHERE state = 'running'")
    crew.until(crew.is_quiet, ringing="tick")

    assert imported(crew) == [("finished", 12000, 0)]
    assert crew.shop.rows("SELECT count(*), max(attempts), max(state) FROM crm_job WHERE kind = 'import'") == [(1, 2, "finished")]
    assert crew.shop.rows("SELECT count(*), sum(orders) FROM crm_facts") == [(900, 12000)]


@pytest.mark.slow
def test_two_at_once_are_taken_in_one_behind_the_other(crew):
    handed_in(crew, 2)
    crew.start()
    crew.until(crew.is_quiet, ringing="tick")

    assert imported(crew) == [("finished", 0, 12000), ("finished", 12000, 0)]
    assert crew.shop.rows("SELECT state, reason FROM crm_job WHERE kind = 'import'") == [("finished", "")] * 2


def test_all_of_cdnow_comes_in_by_the_browser(owner, shared):
    lines = (shared / "cdnow" / "CDNOW_master.txt").read_text().splitlines()
    rows = [line.split() for line in lines if line.split()[0].isdigit()]
    upload = take_in(owner, "customer_id,date,quantity,amount\n" + "".join(f"{who},{day},{n},{amount}\n" for who, day, n, amount in rows))

    assert "69,659 new orders 23,570 new customers" in page_of(owner, upload)
    assert Order.objects.count() == 69_659 and "row" not in page_of(owner, upload)
    assert Business.load().as_of == Business.load().today() - timedelta(days=1)
