"""How long a browser waits for each page, beside a minimal Django page over the same rows (bench.minimal).

`python -m bench.pages`, on an installation of the environment (DATA_DIR, DATABASE_URL) after a night. Both are served as `manage.py up`
serves, and asked in turn over kept connections. Prints one JSON object.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from socket import create_server
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.crypto import get_random_string

import config.standalone  # noqa: F401  (makes Django ready for the models below)
from bench.recorded import busiest, fill, owner
from config.management.commands import up
from crm.customer_search import SORTS
from crm.listing import ON_A_PAGE
from crm.models import Business, Facts
from crm.paging import Cursor

WARMING, TIMES = 4, 30
# A page that takes so many seconds for all of them is asked less often.
LONGEST = 10.0
AT_ONCE, SECONDS_AT_ONCE = 8, 2.0
# The row in the middle of everything, as far as it takes 1,000 clicks at 100,000 customers.
DEEP_SHARE = 0.5


@dataclass(frozen=True)
class Asked:
    """A page of ours; the minimal one beside it, and how many times as long ours may take, or how many milliseconds.

    One that `writes` is sent the form of a logged call, each time another.
    """

    what: str
    ours: str
    theirs: str = ""
    target: float | None = None
    at_most: float | None = None
    writes: bool = False


class Server:
    """What a browser needs to ask it."""

    def __init__(self, port: int, process: int, headers: dict[str, str]) -> None:
        self.port, self.process, self.headers = port, process, headers

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=60)

    def seconds(self, line: HTTPConnection, path: str, writes: bool = False) -> float:
        body = urlencode(_call()) if writes else None
        form = {"Content-Type": "application/x-www-form-urlencoded"} if writes else {}
        start = perf_counter()
        line.request("POST" if writes else "GET", path, body, self.headers | form)
        answer = line.getresponse()
        answer.read()
        if answer.status != (302 if writes else 200):
            raise RuntimeError(f"{path} answers {answer.status}")
        return perf_counter() - start

    def rate(self, path: str) -> float:
        """Answers a second to several browsers at once."""

        def browse(start: float) -> int:
            with closing(self.connect()) as line:
                answers = 0
                while perf_counter() - start < SECONDS_AT_ONCE:
                    self.seconds(line, path)
                    answers += 1
                return answers

        start = perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as browsers:
            answers = sum(browsers.map(browse, [start] * AT_ONCE))
        return answers / (perf_counter() - start)

    def memory(self) -> float:
        """Of the largest of its workers now, in MB."""
        workers = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
        return max(_resident(Path(f"/proc/{worker}/smaps").read_text()) for worker in workers)


def _call() -> dict[str, Any]:
    return {"kind": "call", "minutes": 5, "text": "Asked about the order.", "key": uuid4()}


def _resident(maps: str) -> float:
    """What is resident, without the database's own file that SQLite maps: that is the system's cache, and all workers share it."""
    held, counts = 0, True
    for line in maps.splitlines():
        name, *rest = line.split()
        if not name.endswith(":"):
            counts = not line.endswith((".sqlite3", ".sqlite3-shm"))
        elif name == "Rss:" and counts:
            held += int(rest[0])
    return held / 1024


def main() -> dict[str, Any]:
    up.collect_static()
    browser = Client(SERVER_NAME="127.0.0.1")
    fill(today=Business.load().today())
    browser.force_login(owner())
    cookie, secret = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}", get_random_string(32)
    headers = {"Cookie": f"{cookie}; {settings.CSRF_COOKIE_NAME}={secret}", "X-CSRFToken": secret}
    with _served("config.wsgi", headers) as ours, _served("bench.minimal", {}) as theirs:
        pages = [_measured(page, ours, theirs) | {"statements": _statements(browser, page)} for page in _pages()]
        rates = [ours.rate("/customers/"), theirs.rate("/")]
        return {"pages": pages, "rates": rates, "memory": [ours.memory(), theirs.memory()]}


def _pages() -> Iterator[Asked]:
    yield Asked("list", "/customers/", "/", 3.5)
    yield Asked("deep page", *_deep(), 5)
    yield Asked("list, a stage by last order", "/customers/?stage=lost&sort=last", "/?stage=lost", 3.5)
    yield Asked("the same, deep", *_deep_in_a_stage(), 5)
    for q in ("customer 12345", "customer12345@example.com", "+123-45", "77", "customer"):
        yield Asked(f"search “{q}”", f"/customers/?{urlencode({'q': q})}", f"/search?{urlencode({'q': q.lstrip('+').replace('-', '')})}", 4)
    for q in ("customer 12345", "customer"):
        yield Asked(f"log for “{q}”", f"/log/?{urlencode({'who': q})}", f"/search?{urlencode({'q': q})}")
    for q in ("customer 12345", "customer12345@example.com", "customer", "77"):
        yield Asked(f"find “{q}”", f"/find/?{urlencode({'q': q})}", f"/search?{urlencode({'q': q})}", 4, at_most=35)
    by_orders = Facts.objects.order_by("orders", "pk")
    typical, most = by_orders[by_orders.count() // 2], by_orders.reverse()[0]
    for what, pk in ((f"customer with {facts.orders} orders", facts.pk) for facts in (typical, most)):
        yield Asked(what, f"/customers/{pk}/", f"/customer/{pk}", 5)
    busy = busiest()
    yield Asked("customer with 10,000 events", f"/customers/{busy}/", f"/customer/{busy}", 5)
    yield Asked("log an interaction", f"/customers/{typical.pk}/log/", f"/log/{typical.pk}", at_most=60, writes=True)
    pages = (("Today", "/"), ("Ladder", "/ladder/"), ("Pareto", "/pareto/"), ("Tasks", "/tasks/"), ("Complaints", "/complaints/"))
    for what, path in (
        *pages,
        ("To answer", "/desk/"),
        ("Possible duplicates", "/customers/duplicates/"),
        ("Audit of 1,000,000", "/audit/"),
    ):
        yield Asked(what, path)


def _deep() -> tuple[str, str]:
    """The page in the middle of the list, to which a browser comes by many clicks, and the minimal one's."""
    sort, _words = SORTS["-revenue"]
    number = int(Facts.objects.count() * DEEP_SHARE) // ON_A_PAGE * ON_A_PAGE
    row = Facts.objects.annotate(place=sort.by).order_by("-place", "-pk")[number - 1]
    cursor = Cursor(True, str(row.revenue_12m), row.pk, number).written(sort)
    return f"/customers/?{urlencode({'page': cursor})}", f"/after/{number}"


def _deep_in_a_stage() -> tuple[str, str]:
    """The page in the middle of one stage by last order, and the minimal one's."""
    sort, _words = SORTS["last"]
    lost = Facts.objects.filter(stage="lost", last_order_on__isnull=False)
    number = int(lost.count() * DEEP_SHARE) // ON_A_PAGE * ON_A_PAGE
    row = lost.order_by("last_order_on", "pk")[number - 1]
    cursor = Cursor(True, str(row.last_order_on), row.pk, number).written(sort)
    return f"/customers/?{urlencode({'stage': 'lost', 'sort': 'last', 'page': cursor})}", f"/after/{number}"


@contextmanager
def _served(application: str, headers: dict[str, str]) -> Iterator[Server]:
    """By the command of `manage.py up`, so with as many workers and threads."""
    with create_server(("127.0.0.1", 0)) as address:
        child = up.web(address)
        child.command = [part.replace("config.wsgi", application) for part in child.command]
        child.start(settings.BASE_DIR)
        assert child.process
        try:
            yield Server(address.getsockname()[1], child.process.pid, headers)
        finally:
            child.process.terminate()
            child.process.wait()


def _measured(page: Asked, ours: Server, theirs: Server) -> dict[str, Any]:
    """In turn, so that whatever else the machine does falls on both."""
    asked = [(ours, page.ours), *([(theirs, page.theirs)] if page.theirs else [])]
    lines = [server.connect() for server, _path in asked]
    took: list[list[float]] = [[] for _ in asked]
    start = perf_counter()
    for turn in range(WARMING + TIMES):
        if turn > 2 * WARMING and perf_counter() - start > LONGEST:
            break
        for (server, path), line, seconds in zip(asked, lines, took, strict=True):
            seconds.append(server.seconds(line, path, page.writes))
    for line in lines:
        line.close()
    medians = [1000 * median(seconds[WARMING:]) for seconds in took]
    return {
        "what": page.what,
        "ours": medians[0],
        "theirs": medians[1] if page.theirs else None,
        "target": page.target,
        "at_most": page.at_most,
    }


def _statements(browser: Client, page: Asked) -> int:
    with CaptureQueriesContext(connection) as captured:
        browser.post(page.ours, _call()) if page.writes else browser.get(page.ours)
    return len(captured)


if __name__ == "__main__":
    print(json.dumps(main()))
