"""The two commands' other half: real processes, started and stopped as a person or a service manager does."""

import hashlib
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
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from django.core.management import call_command

from config import supervisor
from config.management.commands import up as commands
from config.management.commands.up import collect_static
from config.supervisor import Child, Group
from config.tests.running import PATIENCE_SECONDS, ROOT, Up
from crm.models import Business, Link
from crm.tests.factories import make_order, make_owner, make_user

COLLECT = "import django; django.setup(); from config.management.commands.up import collect_static; collect_static()"
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
MAKE_OWNER = "from crm.models import User; User.objects.create_user('jana@example.com', role='owner')"
SMALL_DEMO = """
import django; django.setup()
from datetime import UTC, datetime
from lifecycle.demo import fill
fill.YEARS, fill.WEEKLY, fill.DAILY = 1, 4, 3
fill.fill_demo(now=datetime.now(UTC), customers=50)
"""
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
NOBODY = "Nobody can sign in yet: run manage.py createsuperuser in another window, or manage.py login_link E-MAIL after it."


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
    return installation | {"PORT": str(free_port), "DEMO": "0"}


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
    assert one.output.read_text().splitlines() == [f"Regulars runs at {one.address}/ until Ctrl-C.", NOBODY]


def test_it_answers_to_ctrl_c_though_started_in_the_background_of_a_script(environ, tmp_path):
    output = tmp_path / "output"
    start = f'"{sys.executable}" manage.py up >"{output}" 2>&1 & child=$!'
    script = f'{start}; until grep -q Ctrl-C "{output}"; do sleep 0.1; done; kill -INT $child; wait $child'
    assert subprocess.run(["sh", "-c", script], cwd=ROOT, env=environ, timeout=PATIENCE_SECONDS).returncode == 0


def test_it_starts_its_dead_children_again_and_says_so_and_stops_them_when_it_is_told_to_end(up):
    one = up()
    one.until_it_serves()
    for child in psutil.Process(one.process.pid).children():
        child.kill()
    for name in ("web", "worker", "clock"):
        one.until(lambda name=name: f"The process “{name}” ended with code -9; it starts again in 1 s." in one.output.read_text())
    one.until(lambda: len(one.children()) == 7)  # web, worker with two each below them, clock
    one.until_it_serves()
    processes = one.children()
    one.process.terminate()
    assert one.process.wait(PATIENCE_SECONDS) == 0 and all_gone(processes)


@pytest.mark.skipif(sys.platform != "linux", reason="no other system ends a child with its parent")
def test_its_children_do_not_outlive_it(up):
    one = up()
    one.until_it_serves()
    processes = one.children()
    one.process.kill()
    one.process.wait()
    psutil.wait_procs(processes, timeout=PATIENCE_SECONDS)
    assert all_gone(processes)


def test_it_migrates_an_empty_installation_and_reads_addresses_as_long_as_gunicorn_can(up, empty_installation, collected):
    shutil.copytree(collected, empty_installation["DATA_DIR"], ignore=shutil.ignore_patterns("*.sqlite3*"))
    one = up(**{name: empty_installation[name] for name in ("DATA_DIR", "DATABASE_URL") if name in empty_installation})
    one.until_it_serves()
    longest = commands.LONGEST_REQUEST_LINE - len("GET /login/?a= HTTP/1.1")

    assert one.get(f"/login/?a={'x' * longest}") == 200
    with pytest.raises(urllib.error.HTTPError) as caught:
        one.get(f"/login/?a={'x' * (longest + 1)}")
    caught.value.close()
    assert caught.value.code == 414


def test_a_login_link_signs_in_once_and_its_token_is_nowhere_to_be_found(up, environ):
    subprocess.run([sys.executable, "manage.py", "shell", "-v0", "-c", MAKE_OWNER], cwd=ROOT, env=environ, check=True)
    one = up()
    one.until_it_serves()
    made = subprocess.run(
        [sys.executable, "manage.py", "login_link", "jana@example.com"], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    link = made.stdout.strip()
    token = link.split("/")[-2]
    with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(link, timeout=30) as page:
        assert page.status == 200 and page.url == f"{one.address}/"
    with pytest.raises(urllib.error.HTTPError) as caught:
        one.get(f"/login/{token}/")
    caught.value.close()
    assert caught.value.code == 410
    one.process.terminate()
    one.process.wait(PATIENCE_SECONDS)  # or files would come and go while they are read
    kept = [one.output, *(path for path in Path(environ["DATA_DIR"]).rglob("*") if path.is_file() and "static" not in path.parts)]
    assert len(token) == 22 and [path for path in kept if token.encode() in path.read_bytes()] == []
    if not environ.get("DATABASE_URL"):
        digest = hashlib.sha256(token.encode()).hexdigest().encode()
        assert any(digest in path.read_bytes() for path in kept), "the search finds nothing at all"


def test_on_the_demo_it_prints_a_link_that_signs_the_owner_in(up, environ):
    subprocess.run([sys.executable, "-c", SMALL_DEMO], cwd=ROOT, env=environ, check=True)
    one = up(DEMO="1")
    one.until_it_serves()
    (line,) = [line for line in one.output.read_text().splitlines() if "login" in line]
    link = line.split(" open ")[1].split()[0]
    assert line == f"To look around as Jana Horáková, open {link} within 15 minutes; it works once."
    with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(link, timeout=30) as page:
        assert page.status == 200 and page.url == f"{one.address}/"


def test_it_refuses_to_guess_whether_the_demo_is_wanted(environ):
    assert refusal(environ | {"DEMO": "yes"}).startswith("DEMO has to be 1, ")


def test_it_fills_an_empty_database_before_it_serves(db, settings, monkeypatch, capfd):
    settings.DEMO, order = True, []
    monkeypatch.setattr(commands, "fill_with_demo", lambda: order.append("fill"))
    monkeypatch.setattr(Group, "run", lambda self: order.append("serve"))
    for name in ("reserve", "migrate", "collect_static"):
        monkeypatch.setattr(commands, name, nullcontext)
    monkeypatch.setattr(commands.connections, "close_all", lambda: None)
    monkeypatch.setattr(commands, "web", lambda address: Child("web", []))
    call_command("up")
    assert order == ["fill", "serve"]
    assert capfd.readouterr().err.startswith("The empty database is filled with a made-up roastery, ")


def test_what_gunicorn_accepts_sends_at_once():
    with socket.create_server(("127.0.0.1", 0)) as address:
        commands.web(address)
        with socket.create_connection(address.getsockname()), address.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_it_wants_the_demo_at_the_first_start_only_and_where_it_was_cut_off(db, settings):
    settings.DEMO = True
    assert commands.wants_demo()
    settings.DEMO = False
    assert not commands.wants_demo()
    settings.DEMO = True
    Business.keep(is_demo=True)
    make_owner()
    make_order()
    assert commands.wants_demo()
    Business.keep(demo_is_whole=True)
    assert not commands.wants_demo()


@pytest.mark.parametrize("make", [make_owner, make_order])
def test_it_leaves_a_database_alone_in_which_there_is_somebody_or_something(db, settings, make):
    settings.DEMO = True
    make()
    assert not commands.wants_demo()


def test_without_a_demo_it_prints_no_link(db):
    assert commands.welcome(NOW) == NOBODY
    make_owner()
    assert commands.welcome(NOW) == "" and not Link.objects.exists()


def test_an_owner_who_may_not_sign_in_is_given_no_link(db):
    Business.keep(is_demo=True)
    make_owner(is_active=False)
    make_user()
    assert commands.welcome(NOW) == NOBODY


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
