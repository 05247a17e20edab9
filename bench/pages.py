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

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import config.standalone  # noqa: F401  (makes Django ready for the models below)
from config.management.commands import up
from crm.listing import ON_A_PAGE, SORTS
from crm.models import Facts, User
from crm.paging import Cursor

WARMING, TIMES = 4, 30
# A page that takes so many seconds for all of them is asked less often.
LONGEST = 10.0
AT_ONCE, SECONDS_AT_ONCE = 8, 2.0
# The row in the middle of everything, as far as it takes 1,000 clicks at 100,000 customers.
DEEP_SHARE = 0.5


@dataclass(frozen=True)
class Asked:
    """A page of ours; the minimal one beside it, and how many times as long ours may take."""

    what: str
    ours: str
    theirs: str = ""
    target: float | None = None


class Server:
    """What a browser needs to ask it."""

    def __init__(self, port: int, process: int, headers: dict[str, str]) -> None:
        self.port, self.process, self.headers = port, process, headers

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=60)

    def seconds(self, line: HTTPConnection, path: str) -> float:
        start = perf_counter()
        line.request("GET", path, headers=self.headers)
        answer = line.getresponse()
        answer.read()
        if answer.status != 200:
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
        return max(_resident(Path(f"/proc/{worker}/status").read_text()) for worker in workers)


def _resident(status: str) -> float:
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


def main() -> dict[str, Any]:
    up.collect_static()
    browser = Client(SERVER_NAME="127.0.0.1")
    browser.force_login(User.objects.create_user("bench@example.com", role=User.Role.OWNER))
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
    with _served("config.wsgi", {"Cookie": cookie}) as ours, _served("bench.minimal", {}) as theirs:
        pages = [_measured(page, ours, theirs) | {"statements": _statements(browser, page.ours)} for page in _pages()]
        rates = [ours.rate("/customers/"), theirs.rate("/")]
        return {"pages": pages, "rates": rates, "memory": [ours.memory(), theirs.memory()]}


def _pages() -> Iterator[Asked]:
    yield Asked("list", "/customers/", "/", 3.5)
    yield Asked("list, a stage by last order", "/customers/?stage=lost&sort=last", "/?stage=lost", 3.5)
    yield Asked("deep page", *_deep(), 5)
    for q in ("customer 12345", "customer12345@example.com", "+123-45", "77", "customer"):
        yield Asked(f"search “{q}”", f"/customers/?{urlencode({'q': q})}", f"/search?{urlencode({'q': q.lstrip('+').replace('-', '')})}", 4)
    for q in ("customer 12345", "customer"):
        yield Asked(f"log for “{q}”", f"/log/?{urlencode({'who': q})}", f"/search?{urlencode({'q': q})}")
    by_orders = Facts.objects.order_by("orders", "pk")
    typical, busiest = by_orders[by_orders.count() // 2], by_orders.reverse()[0]
    for what, pk in ((f"customer with {facts.orders} orders", facts.pk) for facts in (typical, busiest)):
        yield Asked(what, f"/customers/{pk}/", f"/customer/{pk}", 5)
    for what, path in (("Today", "/"), ("Ladder", "/ladder/"), ("Pareto", "/pareto/")):
        yield Asked(what, path)


def _deep() -> tuple[str, str]:
    """The page in the middle of the list, to which a browser comes by many clicks, and the minimal one's."""
    sort, _words = SORTS["-revenue"]
    number = int(Facts.objects.count() * DEEP_SHARE) // ON_A_PAGE * ON_A_PAGE
    row = Facts.objects.annotate(place=sort.by).order_by("-place", "-pk")[number - 1]
    cursor = Cursor(True, str(row.revenue_12m), row.pk, number).written(sort)
    return f"/customers/?{urlencode({'page': cursor})}", f"/after/{number}"


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
            seconds.append(server.seconds(line, path))
    for line in lines:
        line.close()
    medians = [1000 * median(seconds[WARMING:]) for seconds in took]
    return {"what": page.what, "ours": medians[0], "theirs": medians[1] if page.theirs else None, "target": page.target}


def _statements(browser: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        browser.get(path)
    return len(captured)


if __name__ == "__main__":
    print(json.dumps(main()))
