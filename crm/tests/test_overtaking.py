"""A newer query of the same asker ends the older one, and none is long. Each on a connection of its own, as two processes have."""

import threading
from time import monotonic, sleep

import pytest
from django.db import connection

from crm import overtaking
from crm.overtaking import Overtaken, TooLong, _Watch, alone

pytestmark = pytest.mark.django_db(transaction=True)
# It would run for hours.
SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000000) SELECT count(*) FROM n"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


class Asking(threading.Thread):
    """Somebody whose query takes very long; `outcome` is how it ended."""

    def __init__(self, asker, longest=60.0):
        super().__init__(daemon=True)
        self.asker, self.longest, self.outcome, self.begun = asker, longest, "", threading.Event()

    def run(self):
        try:
            with alone(self.asker, longest=self.longest), connection.cursor() as cursor:
                self.begun.set()
                cursor.execute(SLOW)
            self.outcome = "ended by itself"
        except (Overtaken, TooLong) as error:
            self.outcome = type(error).__name__
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                self.outcome += f", then {cursor.fetchone()[0]}"
        finally:
            connection.close()


def ask(asker):
    with alone(asker), connection.cursor() as cursor:
        cursor.execute("SELECT 7")
        return cursor.fetchone()[0]


def overtake(slow, asker):
    """Asks again until the slow query, which may not have reached the database yet, is ended."""
    until = monotonic() + 30
    while slow.is_alive() and monotonic() < until:
        assert ask(asker) == 7
        slow.join(0.3)


def test_a_newer_query_of_the_same_asker_ends_the_older_one_whose_connection_is_good_for_the_next():
    slow = Asking("Jana's builder")
    slow.start()
    assert slow.begun.wait(10)

    overtake(slow, "Jana's builder")

    assert slow.outcome == "Overtaken, then 1"


def test_the_query_of_another_asker_goes_on():
    slow = Asking("Jana's builder", longest=2.0)
    slow.start()
    assert slow.begun.wait(10)
    sleep(0.3)

    assert ask("Petr's builder") == 7
    slow.join(0.5)
    assert slow.is_alive()
    slow.join(30)

    assert slow.outcome == "TooLong, then 1"


def test_a_query_that_is_wrong_is_no_query_that_was_ended():
    with pytest.raises(Exception, match="no_such_table"), alone("Jana's builder"), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")


def test_after_the_block_nothing_ends_a_query():
    with alone("Jana's builder", longest=0.01):
        pass
    sleep(0.02)

    with connection.cursor() as cursor:
        cursor.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT count(*) FROM n")
        assert cursor.fetchone()[0] == 200_000


def test_sqlite_looks_into_the_file_now_and_then_and_only_its_own_asker_counts(tmp_path):
    times = iter([0.0, 0.01, 0.06, 0.12, 0.18, 0.24, 9.0])
    slot = tmp_path / "slot"
    slot.write_text("asks a 1")
    watch = _Watch(slot, "asks a", "asks a 1", until=8.0, now=lambda: next(times))

    assert not watch()
    slot.write_text("asks a 2")
    assert not watch()  # it has looked a moment ago
    assert watch()
    slot.write_text("asks b 1")
    assert not watch()
    slot.write_text("")
    assert not watch()
    slot.unlink()
    assert not watch()
    assert watch()  # too long


def test_no_number_of_askers_leaves_more_than_a_few_files(tmp_path):
    for number in range(200):
        ask(f"builder {number}")

    assert len(list((tmp_path / "asking").glob("*"))) <= overtaking._SLOTS
