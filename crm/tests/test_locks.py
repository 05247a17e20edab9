import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from crm import locks

ROOT = Path(__file__).resolve().parents[2]
# On the data folder and the database of this test run.
HOLD = """
import sys, django
from django.conf import settings
django.setup()
settings.DATABASES["default"]["NAME"] = sys.argv[2]
from crm import locks
with locks.held(sys.argv[1]) as got:
    print(got, flush=True)
    sys.stdin.read()
"""


class Holder:
    """Another process that takes the lock `name`, and keeps it until it is let go or killed."""

    def __init__(self, name):
        command = [sys.executable, "-c", HOLD, name, str(connection.settings_dict["NAME"])]
        environ = os.environ | {"DATA_DIR": str(settings.DATA_DIR)}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.got = self.process.stdout.readline().strip()

    def let_go(self):
        self.process.communicate(timeout=20)
        return self.process.returncode

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=20)
        return self.process.returncode


@pytest.fixture
def holder():
    made = []

    def hold(name):
        made.append(Holder(name))
        return made[-1]

    yield hold
    for each in made:
        each.kill()


def is_free(name):
    with locks.held(name) as got:
        return got


pytestmark = pytest.mark.django_db(transaction=True)


def test_a_lock_that_nobody_has_is_taken_again_and_again():
    assert is_free("free")
    assert is_free("free")


def test_it_is_not_taken_while_another_process_has_it(holder):
    other = holder("night")

    assert other.got == "True"
    assert not is_free("night")
    assert not is_free("night")


def test_another_process_does_not_take_ours(holder):
    with locks.held("ours") as got:
        other = holder("ours")

    assert (got, other.got) == (True, "False")


def test_a_process_that_did_not_get_it_does_not_free_it_by_leaving(holder):
    with locks.held("ours"):
        holder("ours").let_go()

        assert not is_free("ours")


def test_it_is_free_when_its_holder_lets_go(holder):
    assert holder("night").let_go() == 0

    assert is_free("night")


def test_it_is_free_when_its_holder_is_killed(holder):
    other = holder("killed")
    assert not is_free("killed")

    assert other.kill() == -signal.SIGKILL

    assert is_free("killed")


def test_two_names_are_two_locks(holder):
    holder("night")

    assert is_free("import")
    with locks.held("one") as one, locks.held("two") as two:
        assert (one, two) == (True, True)


def test_it_is_not_taken_twice_by_one_process():
    with locks.held("once") as first, locks.held("once") as second:
        assert (first, second) == (True, False)


def test_it_is_free_after_an_error_inside():
    with pytest.raises(BlockingIOError), locks.held("broken"):
        raise BlockingIOError("as the lock itself raises")

    assert is_free("broken")


def test_it_outlives_the_connection_that_the_work_is_done_on():
    with locks.held("long"):
        connection.close()

        assert not is_free("long")


def test_its_file_is_for_its_owner_alone():
    with locks.held("private"):
        file = settings.DATA_DIR / "private.lock"
        # PostgreSQL needs none.
        assert file.stat().st_mode & 0o777 == 0o600 if connection.vendor == "sqlite" else not file.exists()


@pytest.mark.django_db
def test_a_lock_let_go_can_be_taken_at_once_again():
    for _turn in range(200):
        with locks.held("night") as got:
            assert got


@pytest.mark.django_db(transaction=True)
def test_who_insists_is_told_of_a_lock_that_has_gone_unseen():
    with locks.held("kept") as got:
        assert got
        locks.insist("kept")
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                ours = "locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                cursor.execute(f"SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE {ours}")
            with pytest.raises(locks.LockLost, match="has ended"):
                locks.insist("kept")
    with locks.held("kept") as got:
        assert got
