"""The two commands' other half: real processes, started and stopped as a person or a service manager does."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from config import supervisor
from config.management.commands.up import collect_static
from config.supervisor import Child, Group

ROOT = Path(__file__).resolve().parents[2]
COLLECT = "import django; django.setup(); from config.management.commands.up import collect_static; collect_static()"
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
PATIENCE_SECONDS = 60


class Up:
    """`manage.py up` in a session of its own, as `setsid make run` gives it."""

    def __init__(self, environ: dict[str, str], output: Path) -> None:
        self.output = output
        with output.open("wb") as sink:
            command = [sys.executable, "manage.py", "up"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=sink, stderr=sink, start_new_session=True)
        self.address = f"http://127.0.0.1:{environ['PORT']}"

    def get(self, path: str, **headers: str) -> int:
        """The status, redirects not followed."""
        opener = urllib.request.build_opener(Unfollowed)
        with opener.open(urllib.request.Request(self.address + path, headers=headers), timeout=30) as answer:
            return answer.status

    def until(self, reached) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not reached():
            assert time.monotonic() < deadline and self.process.poll() is None, self.output.read_text()
            time.sleep(0.05)

    def until_it_serves(self) -> None:
        self.until(lambda: "until Ctrl-C" in self.output.read_text())
        # The socket is there already; the answer waits for the web process, and to be well for the worker's first tick.
        self.until(self.is_well)

    def is_well(self) -> bool:
        try:
            return self.get("/healthz") == 200
        except urllib.error.HTTPError as error:
            with error:
                assert error.code == 503
            return False

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Unfollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, answer, code, reason, headers, url):
        return None


def all_gone(processes: list[psutil.Process]) -> bool:
    return not [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture(scope="module")
def collected(installations) -> Path:
    """A data folder whose static files are collected: compressing them is most of a first start."""
    environ = installations.copy()
    subprocess.run([sys.executable, "-c", COLLECT], cwd=ROOT, env=environ, check=True)
    return Path(environ["DATA_DIR"])


@pytest.fixture
def environ(installation, collected, free_port) -> dict[str, str]:
    shutil.copytree(collected / "static", Path(installation["DATA_DIR"]) / "static", dirs_exist_ok=True)
    shutil.copy(collected / "static.stamp", installation["DATA_DIR"])
    return installation | {"PORT": str(free_port)}


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture
def up(environ, tmp_path) -> Iterator:
    """Starts it with `environ` and what else is given."""
    started: list[Up] = []

    def start(**more: str) -> Up:
        started.append(Up(environ | more, tmp_path / f"output{len(started)}"))
        return started[-1]

    yield start
    for one in started:
        one.end()


def refusal(environ: dict[str, str]) -> str:
    """What it says when it does not start."""
    ended = subprocess.run(
        [sys.executable, "manage.py", "up"], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert ended.returncode == 1 and ended.stdout == ""
    return ended.stderr.removeprefix("CommandError: ").removesuffix("\n")


def test_it_serves_and_ends_without_a_word_on_ctrl_c(up):
    one = up()
    one.until_it_serves()
    assert one.get("/login/") == 200
    processes = one.children()
    os.killpg(one.process.pid, signal.SIGINT)
    assert one.process.wait(PATIENCE_SECONDS) == 0 and all_gone(processes)
    assert one.output.read_text() == f"Regulars runs at {one.address}/ until Ctrl-C.\n"


def test_it_answers_to_ctrl_c_though_started_in_the_background_of_a_script(environ, tmp_path):
    output = tmp_path / "output"
    start = f'"{sys.executable}" manage.py up >"{output}" 2>&1 & child=$!'
    script = f'{start}; until grep -q Ctrl-C "{output}"; do sleep 0.1; done; kill -INT $child; wait $child'
    assert subprocess.run(["sh", "-c", script], cwd=ROOT, env=environ, timeout=PATIENCE_SECONDS).returncode == 0


def test_it_stops_its_children_when_it_is_told_to_end(up):
    one = up()
    one.until_it_serves()
    processes = one.children()
    assert len(processes) == 7  # web, worker with two each below them, clock
    one.process.terminate()
    assert one.process.wait(PATIENCE_SECONDS) == 0 and all_gone(processes)


def test_it_starts_its_dead_children_again_and_says_so(up):
    one = up()
    one.until_it_serves()
    children = psutil.Process(one.process.pid).children()
    for child in children:
        child.kill()
    for name in ("web", "worker", "clock"):
        one.until(lambda name=name: f"The process “{name}” ended with code -9; it starts again in 1 s." in one.output.read_text())
    one.until(lambda: len(one.children()) == 7)
    one.until_it_serves()


@pytest.mark.skipif(sys.platform != "linux", reason="no other system ends a child with its parent")
def test_its_children_do_not_outlive_it(up):
    one = up()
    one.until_it_serves()
    processes = one.children()
    one.process.kill()
    one.process.wait()
    psutil.wait_procs(processes, timeout=PATIENCE_SECONDS)
    assert all_gone(processes)


def test_it_migrates_an_empty_installation(up, empty_installation, collected):
    shutil.copytree(collected, empty_installation["DATA_DIR"], ignore=shutil.ignore_patterns("*.sqlite3*"))
    one = up(**{name: empty_installation[name] for name in ("DATA_DIR", "DATABASE_URL") if name in empty_installation})
    one.until_it_serves()
    assert one.get("/login/") == 200


def test_it_believes_a_forwarded_scheme_from_a_trusted_proxy_only(up):
    one = up(TRUSTED_PROXIES="127.0.0.1", ALLOWED_HOSTS="127.0.0.1")
    one.until(lambda: "until Ctrl-C" in one.output.read_text())
    assert one.get("/login/", **{"X-Forwarded-Proto": "https"}) == 200
    one.end()
    other = up(TRUSTED_PROXIES="192.0.2.1", ALLOWED_HOSTS="127.0.0.1")
    other.until(lambda: "until Ctrl-C" in other.output.read_text())
    with pytest.raises(urllib.error.HTTPError) as caught:
        other.get("/login/", **{"X-Forwarded-Proto": "https"})
    caught.value.close()
    assert caught.value.code == 301


def test_it_serves_https_with_a_certificate(up, environ, tmp_path):
    (tmp_path / "key.pem").write_text(KEY)
    (tmp_path / "cert.pem").write_text(CERTIFICATE)
    one = up(CERT_FILE=str(tmp_path / "cert.pem"), KEY_FILE=str(tmp_path / "key.pem"))
    one.until(lambda: "until Ctrl-C" in one.output.read_text())
    assert f"https://127.0.0.1:{environ['PORT']}/" in one.output.read_text()
    context = ssl.create_default_context(cafile=tmp_path / "cert.pem")
    with urllib.request.urlopen(f"https://127.0.0.1:{environ['PORT']}/login/", context=context, timeout=30) as answer:
        assert answer.status == 200 and "max-age" in answer.headers["Strict-Transport-Security"]


def test_it_refuses_bad_settings_in_a_sentence(environ):
    assert refusal(environ | {"PORT": "eighty"}) == "PORT has to be a number from 1 to 65535, not eighty."
    assert refusal(environ | {"BIND": "0.0.0.0", "TRUSTED_PROXIES": "10.0.0.1"}).startswith(
        "BIND=0.0.0.0 lets other machines in: set ALLOWED_HOSTS"
    )
    assert refusal(environ | {"DATABASE_URL": "postgres"}).startswith("DATABASE_URL has to read ")


def test_it_refuses_a_port_in_use_in_a_sentence(environ):
    with socket.create_server(("127.0.0.1", int(environ["PORT"]))):
        said = refusal(environ)
    assert said == f"127.0.0.1 port {environ['PORT']} cannot be served (Address already in use): set BIND and PORT to a free address."


def test_it_refuses_a_database_that_does_not_answer_in_a_sentence(environ):
    said = refusal(environ | {"DATABASE_URL": "postgres://nobody@/none?host=/nowhere"})
    assert said.startswith("The database cannot be used: ") and "/nowhere" in said and "\n" not in said


def test_it_collects_static_files_only_when_they_changed(settings, tmp_path):
    source, settings.DATA_DIR, settings.STATIC_ROOT = tmp_path / "source", tmp_path, tmp_path / "static"
    source.mkdir()
    settings.STATICFILES_DIRS, settings.STATICFILES_FINDERS = [source], ["django.contrib.staticfiles.finders.FileSystemFinder"]
    page, copy = source / "page.css", settings.STATIC_ROOT / "page.css"
    page.write_text("a {}")
    collect_static()
    copy.write_text("untouched")
    collect_static()
    assert copy.read_text() == "untouched"
    page.write_text("a { color: red }")
    os.utime(page, (time.time() + 60,) * 2)
    collect_static()
    assert copy.read_text() == "a { color: red }"
    shutil.rmtree(settings.STATIC_ROOT)
    collect_static()
    assert copy.exists()


def test_a_child_that_keeps_dying_comes_back_ever_later():
    child = Child("short", [sys.executable, "-c", "raise SystemExit(3)"])
    pauses = []
    for _ in range(7):
        child.start(ROOT)
        assert child.bury() == 3
        pauses.append(child.pause)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_a_child_that_has_lived_comes_back_soon():
    child = Child("long", [sys.executable, "-c", ""], pause=30)
    child.start(ROOT)
    child.started -= supervisor.STEADY_SECONDS
    child.bury()
    assert child.pause == 1


def test_a_child_that_does_not_listen_is_killed(monkeypatch, tmp_path):
    monkeypatch.setattr(supervisor, "GRACE_SECONDS", 0.1)
    ready = tmp_path / "ready"
    deaf = "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    deaf += f"; pathlib.Path({str(ready)!r}).touch(); time.sleep(600)"
    group = Group([Child("deaf", [sys.executable, "-c", deaf]), Child("quiet", SLEEP)], ROOT, print)
    for child in group.children:
        group.look_after(child)
    while not ready.exists():
        time.sleep(0.05)
    group.stop()
    assert [child.process.returncode for child in group.children] == [-signal.SIGKILL, -signal.SIGTERM]


def test_the_supervisor_promises_less_than_ten_seconds():
    assert supervisor.GRACE_SECONDS + supervisor.LOOK_SECONDS < 10


# For localhost and 127.0.0.1, to the year 2126: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500
KEY = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg6U7Ke0ye9IvlTxP8
nPsY4DxqNufY0kwaVXDqyQCzB+qhRANCAASN8/hVAQk7TadPOVwmatffreANZMyu
uM/KgrZBJA2p+MdKeBUsYRI8+G7M/cC6ulsBDpuaUK4+BGODaO5sYOSd
-----END PRIVATE KEY-----
"""
CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUcgamrCJn+QKNE2kFMZFGVw1LDxUwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDE0MTA1MloYDzIxMjYxMDMx
MTQxMDUyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASN8/hVAQk7TadPOVwmatffreANZMyuuM/KgrZBJA2p+MdKeBUsYRI8
+G7M/cC6ulsBDpuaUK4+BGODaO5sYOSdo28wbTAdBgNVHQ4EFgQUXhS9L2uDgYT+
ytLCT+V2HdOoDK0wHwYDVR0jBBgwFoAUXhS9L2uDgYT+ytLCT+V2HdOoDK0wDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAMK4mu1AxIrxw8RrXY67mbpEQsfpUeG2vWLO2I3pCtWsAiEA
qe0bC6cElWFDQMg9XNBT0mTC3HSfhw8ABsVWpG8TjaU=
-----END CERTIFICATE-----
"""
