import json
import shutil
import socket
import subprocess
import sys
import time
from collections import namedtuple
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from config import health
from crm import jobs
from crm.models import Business
from crm.tests.factories import make_order
from lifecycle.models import NightlyRun

DEAD = "127.0.0.1:1"
Usage = namedtuple("Usage", "total used free")


def ask(client):
    answer = client.get("/healthz")
    return answer.status_code, answer.json()


def parts(settings, **others):
    """Each part with its word; all are well but the given ones."""
    well = {"database": "ok", "disk": "ok", "worker": "ok", "night": "ok"} | ({"broker": "ok"} if settings.REDIS_URL else {})
    return well | others


@pytest.fixture
def worker(db):
    """A worker that has just shown life."""
    jobs.show_life("tick", timezone.now())


def test_all_is_well_with_the_servers_of_this_run(client, worker, settings, django_assert_num_queries):
    with django_assert_num_queries(5):
        assert ask(client) == (200, parts(settings))


def test_without_a_redis_url_there_is_no_broker_to_ask(client, worker, settings):
    settings.REDIS_URL = ""

    assert ask(client) == (200, {"database": "ok", "disk": "ok", "worker": "ok", "night": "ok"})


def test_a_worker_that_was_never_seen_is_not_ok(client, db, settings):
    assert ask(client) == (503, parts(settings, worker="not ok"))


def test_a_worker_that_was_not_seen_for_three_minutes_is_not_ok(client, db, settings):
    jobs.show_life("tick", timezone.now() - timedelta(minutes=3, seconds=5))
    assert ask(client) == (503, parts(settings, worker="not ok"))

    jobs.show_life("tick", timezone.now() - timedelta(minutes=2))
    assert ask(client) == (200, parts(settings))


def test_a_worker_in_the_middle_of_a_long_job_is_ok(client, db, settings):
    jobs.show_life("tick", timezone.now() - timedelta(hours=1))
    jobs.claim(jobs.enqueue("night").pk, timezone.now())

    assert ask(client) == (200, parts(settings))


def test_a_night_that_is_long_due_is_not_ok(client, worker, settings):
    today = Business.load().today()
    make_order(ordered_on=today - timedelta(days=9))
    assert ask(client) == (200, parts(settings))

    Business.keep(as_of=today - timedelta(days=5))
    assert ask(client) == (503, parts(settings, night="not ok"))

    Business.keep(as_of=today - timedelta(days=1))
    assert ask(client) == (200, parts(settings))


def test_a_night_that_is_being_made_good_is_ok(client, worker, settings):
    today = Business.load().today()
    Business.keep(as_of=today - timedelta(days=5))
    NightlyRun.objects.create(as_of=today - timedelta(days=4), state="running", started_at=timezone.now())

    assert ask(client) == (200, parts(settings))


def test_the_answer_is_never_cached_and_sets_nothing(client, worker):
    answer = client.get("/healthz")

    assert "no-store" in answer.headers["Cache-Control"]
    assert not answer.cookies
    assert client.head("/healthz").status_code == 200
    assert client.post("/healthz").status_code == 405


@pytest.mark.parametrize(("free", "status", "word"), [(99_999_999, 503, "not ok"), (100_000_000, 200, "ok")])
def test_less_than_a_hundred_megabytes_of_disk_is_not_ok(client, worker, settings, monkeypatch, free, status, word):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10**12, 0, free))

    assert ask(client) == (status, parts(settings, disk=word))


def test_a_data_folder_that_is_gone_is_not_ok(client, worker, settings, tmp_path):
    settings.DATA_DIR = tmp_path / "gone"

    assert ask(client) == (503, parts(settings, disk="not ok"))


def test_an_empty_database_is_not_ok(empty_installation):
    script = "import config.wsgi; from config import health; print(health.report()['database'])"
    ended = subprocess.run([sys.executable, "-c", script], env=empty_installation, capture_output=True, text=True, check=True)

    assert ended.stdout == "False\n"


def test_a_dead_broker_is_not_ok_and_is_not_waited_for(client, worker, settings):
    settings.REDIS_URL = f"redis://{DEAD}/0"

    started = time.monotonic()
    assert ask(client) == (503, parts(settings, broker="not ok"))
    assert time.monotonic() - started < 1


def test_a_broker_that_says_nothing_is_waited_for_a_second(settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        started = time.monotonic()
        assert not health.broker_answers()
    assert 0.9 < time.monotonic() - started < 3


def test_a_broker_that_talks_nonsense_is_not_ok(settings):
    settings.REDIS_URL = f"redis://user:wrong@{DEAD}/99"

    assert not health.broker_answers()


def test_it_answers_a_signed_in_browser_while_the_database_is_down(installation):
    """In a process of its own, on a database that nothing serves: a port for PostgreSQL, a folder in place of the file for SQLite."""
    environ = installation | {"REDIS_URL": f"redis://{DEAD}/0"}
    if connection.vendor == "postgresql":
        environ["DATABASE_URL"] = f"postgres://nobody:secret@{DEAD}/none"
    else:
        database = Path(environ["DATA_DIR"], "regulars.sqlite3")
        database.unlink()
        database.mkdir()
    script = """
import config.wsgi
from django.test import Client
client = Client(headers={"host": "localhost"})
client.cookies["regulars"] = "a-session-of-before"
answer = client.get("/healthz")
print(answer.status_code, answer.text)
"""
    ended = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)

    status, _, body = ended.stdout.partition(" ")
    assert status == "503"
    assert json.loads(body) == {"database": "not ok", "disk": "ok", "worker": "not ok", "night": "not ok", "broker": "not ok"}
    assert "Traceback" not in ended.stderr and "secret" not in ended.stdout + ended.stderr
