"""A real installation in front of a real browser, for the tests that need both; they skip where there is no Chromium."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser

from config.tests.browser import CHROMIUM, FLAGS, Visitor, context_for, login_link
from config.tests.running import Up
from crm.tests.installation import Installation


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """pytest-playwright launches Debian's browser with these."""
    if not CHROMIUM:
        pytest.skip("there is no Chromium: apt-get install chromium")
    return {"executable_path": CHROMIUM, "args": FLAGS}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass
class Site:
    """An installation that runs, and how its browsers got in."""

    shop: Installation
    up: Up
    states: dict[str, Any]

    @property
    def address(self) -> str:
        return self.up.address

    def until(self, reached: Callable[[], bool]) -> None:
        """Waits for what a page says nothing of: a job's work in the database."""
        self.up.until(reached)


@pytest.fixture(scope="session")
def demo(installations) -> dict[str, str]:
    """An installation filled with a small demo, which no process has open; to be copied."""
    environ = installations.copy()
    done = Installation(environ).manage("demo", "--customers", "250", "--seed", "3")
    assert done.returncode == 0, done.stderr
    return environ


@pytest.fixture(scope="session")
def open_site(installations, tmp_path_factory) -> Iterator[Callable[..., Site]]:
    """Starts the processes on a copy of an installation; of an empty one, where none is given."""
    with ExitStack() as stack:

        def start(of: dict[str, str] | None = None) -> Site:
            environ = installations.copy(of) | {"PORT": str(free_port()), "DEMO": "0", "BIND": "127.0.0.1"}
            up = Up(environ, tmp_path_factory.mktemp("site") / "output")
            stack.callback(up.end)
            up.until_it_serves()
            return Site(Installation(environ), up, {})

        yield start


@pytest.fixture(scope="session")
def site(open_site, demo) -> Site:
    """One for all who only look, and log a call."""
    return open_site(demo)


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Callable[..., Visitor]]:
    """Opens a browser of somebody of that role; at the end no page may have complained."""
    with ExitStack() as stack:
        visitors: list[Visitor] = []

        def enter(role: str = "owner", at: Site = site, **options: Any) -> Visitor:
            if role and role not in at.states:
                with context_for(browser) as first:
                    first.new_page().goto(login_link(at.shop, role))
                    at.states[role] = first.storage_state()
            context = stack.enter_context(context_for(browser, storage_state=at.states[role] if role else None, **options))
            visitors.append(Visitor(context.new_page(), at.address, heard="bypass_csp" not in options))
            return visitors[-1]

        yield enter
        assert [complaint for visitor in visitors for complaint in visitor.complaints] == []
