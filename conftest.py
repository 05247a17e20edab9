"""What every test stands on: settings of its own, a data folder of its own, and installations that a test may start processes on."""

import gc
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import hypothesis
import psycopg2
import pytest
from django.conf import settings
from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).resolve().parent
SHARED = ROOT.parent / "shared" / "data"
OURS = ("BIND", "PORT", "ALLOWED_HOSTS", "TRUSTED_PROXIES", "CERT_FILE", "KEY_FILE", "FAILPOINT", "SECRET_KEY", "DEMO")

# The server goes when the tests have ended (config/tests/servers.py): to drop a hundred databases before would take a minute.
THROWN_AWAY = bool(os.environ.get("REGULARS_THROWN_AWAY"))


class BrowserTogether(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return "browser" if "/test_browser_" in nodeid else str(super()._split_scope(nodeid))


# One folder for each process of pytest, before the settings are read; pytest.ini names no settings module, so that they are read only now.
DATA_DIR = Path(tempfile.mkdtemp(prefix="regulars-"))
os.environ.update(DATA_DIR=str(DATA_DIR), DJANGO_SETTINGS_MODULE="config.settings")
# Playwright keeps a loop running in the thread of the tests, and Django would take them for asynchronous.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
for name in OURS:
    os.environ.pop(name, None)

# The same examples on every machine and in every run.
hypothesis.settings.register_profile("regulars", deadline=None, database=None, derandomize=True)
hypothesis.settings.load_profile("regulars")


def pytest_configure() -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    # WhiteNoise warns of a folder that is not there.
    settings.STATIC_ROOT.mkdir(exist_ok=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """The fixtures that need models: Django is ready now."""
    session.config.pluginmanager.import_plugin("config.tests.cast")
    session.config.pluginmanager.import_plugin("config.tests.site")
    session.config.pluginmanager.import_plugin("config.tests.flushing")


def pytest_collection_finish() -> None:
    """What is loaded by now stays: to look through it again and again for garbage is a tenth of the suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def pytest_unconfigure() -> None:
    shutil.rmtree(DATA_DIR, ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """A worker that inherits the name would read the settings before its own conftest has given it a folder."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One process takes a whole file, as the fixtures that take long belong to a file; and all files of the browser, which share an
    installation. The slow ones come first, as they are named in pytest.ini. `--dist loadgroup` does nothing with pytest 9.2:
    pytest-xdist, issue 1386.
    """
    return BrowserTogether(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "shared" in getattr(item, "fixturenames", ()):
            item.add_marker("shared")


Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def refused(report: Report) -> Report:
    """The report of a skip turned into a failure, where REGULARS_NO_SKIPS asks for it, as .ci/run does."""
    if os.environ.get("REGULARS_NO_SKIPS") and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"Skipped, which REGULARS_NO_SKIPS forbids: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    without_shared = item.get_closest_marker("shared") and not SHARED.is_dir()
    return report if without_shared else refused(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return refused((yield))


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Also the one that Django makes, which it fails to drop while PostgreSQL itself vacuums it."""
    return THROWN_AWAY


@pytest.fixture
def shared() -> Path:
    """The folder with the data sets and goldens; it marks the test `shared`."""
    if not SHARED.is_dir():
        pytest.skip("../shared/data is not here")
    return SHARED


def administer(url: str, statement: str) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement)


def named(url: str, name: str) -> str:
    """`url` with another database in it."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


class Installations:
    """Copies of one migrated installation, on the engine of this run; each is the environment of a process."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.url, self.made = folder, os.environ.get("DATABASE_URL", ""), list[str]()
        self.template = self.empty()
        command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(command, cwd=ROOT, env=self.template, check=True)

    def empty(self, template: str = "template0") -> dict[str, str]:
        name = f"own_{secrets.token_hex(4)}"
        environ = os.environ | {"DATA_DIR": str(self.folder / name), "DJANGO_SETTINGS_MODULE": "config.settings"}
        environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)  # of this process alone
        if self.url:
            administer(self.url, f"CREATE DATABASE {name} TEMPLATE {template}")
            self.made.append(name)
            environ["DATABASE_URL"] = named(self.url, name)
        return environ

    def copy(self, of: dict[str, str] | None = None) -> dict[str, str]:
        """A copy of the migrated, empty installation, or of another one that no process has open."""
        original = of or self.template
        environ = self.empty(urlsplit(original.get("DATABASE_URL", "")).path.strip("/") or "template0")
        shutil.copytree(original["DATA_DIR"], environ["DATA_DIR"])
        return environ

    def remove(self) -> None:
        for name in [] if THROWN_AWAY else self.made:
            administer(self.url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def installations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installations]:
    made = Installations(tmp_path_factory.mktemp("installations"))
    yield made
    made.remove()


@pytest.fixture
def installation(installations: Installations) -> dict[str, str]:
    """The environment of a process that finds an installation of its own, migrated and empty: `subprocess.run(…, env=installation)`."""
    return installations.copy()


@pytest.fixture
def empty_installation(installations: Installations) -> dict[str, str]:
    """The same before the first migration."""
    return installations.empty()
