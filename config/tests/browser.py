"""A real browser on a real installation: what a visitor sees, and everything that a page may not do.

The fixtures of site.py: `site` is an installation with the demo and its processes, `visit` opens a browser where somebody is signed in.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Route

from crm.tests.installation import Installation

CHROMIUM = shutil.which("chromium")
# As a container allows; nothing calls home.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
WIDTHS = {1440: 900, 390: 844}
# What the policy refuses is told to the page, not only to the console.
LISTEN = "document.addEventListener('securitypolicyviolation', e => console.error('POLICY ' + e.violatedDirective + ' ' + e.blockedURI))"
# The words of Chromium and of htmx on an answer that has not come, or is a refusal.
UNANSWERED = re.compile(r"Failed to load resource|Response Status Error Code|htmx:(sendError|afterRequest)")


@dataclass
class Visitor:
    """Somebody in front of a browser. `complaints` holds each console message, each error and each request to elsewhere."""

    page: Page
    address: str
    heard: bool = True
    complaints: list[str] = field(default_factory=list)
    forgiven: bool = False

    def __post_init__(self) -> None:
        if not self.heard:
            return
        self.page.add_init_script(LISTEN)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if self.forgiven and UNANSWERED.search(message.text):
            return
        self.complaints.append(f"{self.page.url} {message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.address, "blob:", "data:")):
            self.complaints.append(f"asked elsewhere: {request.url}")

    def forgive(self) -> None:
        """What is said in the console of an answer that a test has made fail: before this, or late."""
        self.forgiven = True
        self.complaints[:] = [one for one in self.complaints if not UNANSWERED.search(one)]

    def open(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def hold(self, what: str, then: Callable[[Route], object], method: str = "POST") -> None:
        """Each request of that method is given to `then`. Before the page is opened: one that stands may send its next one past it."""
        self.page.route(what, lambda route: then(route) if route.request.method == method else route.continue_())

    def barriers(self) -> list[str]:
        """What axe finds on the page as it is now. It offends against the policy itself: open the page with `bypass_csp` for it."""
        found = Axe().run(self.page).response["violations"]
        return [f"{self.page.url} {one['id']}: {[node['html'][:200] for node in one['nodes'][:3]]}" for one in found]

    def is_wider_than_the_screen(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def context_for(browser: Browser, *, width: int = 1440, dark: bool = False, language: str = "en", **options: Any) -> BrowserContext:
    return browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]},
        color_scheme="dark" if dark else "light",
        locale=language,
        has_touch=width < 1000,
        reduced_motion="reduce",
        **options,
    )


def login_link(shop: Installation, role: str) -> str:
    """A link that signs in somebody of that role, once."""
    done = shop.manage("demo_user", "--role", role, "--json")
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["link"])


def paths_of(links: Iterable[str | None], address: str) -> list[str]:
    """Those of our own pages, each once, in their order."""
    return list(dict.fromkeys(link.removeprefix(address) for link in links if link and link.startswith((address, "/"))))
