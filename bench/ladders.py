"""What an owner waits for who changes a rule, and the page of the ladder: `python -m bench.ladders`, on the installation that bench.placing
drew (DATA_DIR, DATABASE_URL). In one process, without a browser; the yardstick is one exact count of everyone. Prints one JSON object.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import config.standalone  # noqa: F401  (makes Django ready for the models below)
from bench.placing import AS_OF
from config.management.commands import up
from crm.figures import Figures
from crm.models import Business, Facts, User
from crm.rules import compiled, parse
from crm.rules.live import counted, sample
from lifecycle import stages
from lifecycle.models import Ladder
from lifecycle.preview import Preview
from lifecycle.rungs import keep_ladders

TIMES = 5
# Bought often, not silent for long, few unpaid: three comparisons of three columns.
RULE = {
    "all": [
        {"fact": "orders", "op": ">=", "value": 3},
        {"fact": "last_order_on", "op": "last", "value": 365},
        {"fact": "unpaid_orders", "op": "=", "value": 0},
    ]
}
# Inactive also who bought once, and not in the last 60 days.
EDITED = {
    "any": [
        {"fact": "inactive_on", "op": "passed"},
        {"all": [{"fact": "order_days", "op": "=", "value": 1}, {"fact": "last_order_on", "op": "not_last", "value": 60}]},
    ]
}
THIRD_NIGHT = AS_OF + timedelta(days=2)


def main() -> dict[str, Any]:
    """Of each thing: the median seconds, and its target where the issue gives one."""
    Business.keep(as_of=THIRD_NIGHT)
    figures = Figures(Business.load(), THIRD_NIGHT, Facts)
    node = parse(RULE)
    found = counted(node, figures)
    ladder = Ladder.objects.get(is_primary=True)
    edited = list(ladder.stages.kept().order_by("rank"))
    next(stage for stage in edited if stage.key == "inactive").rule = EDITED
    measured = {
        "count of everyone": (_median(Facts.objects.count), None),
        "count of a rule of three comparisons": (_median(Facts.objects.filter(compiled(node, THIRD_NIGHT)).count), 0.3),
        "live count with the people after each row": (_median(lambda: counted(node, figures)), None),
        "ten of them by revenue": (_median(lambda: sample(node, figures, found.people)), None),
        "preview of a changed stage": (_median(lambda: Preview.of(ladder, edited, THIRD_NIGHT)), 3.0),
        "placing everyone on all ladders, none changed": (_median(lambda: stages.place_everyone(THIRD_NIGHT)), 15.0),
        "numbers of all ladders, at night": (_median(lambda: keep_ladders(THIRD_NIGHT), 1), None),
    }
    seconds, statements = _page("/ladder/?days=365")
    measured["Ladder page"] = (seconds, 0.2)
    return {"measured": measured, "statements": statements, "ladders": Ladder.objects.count(), "found": found.people}


def _median(work: Callable[[], Any], times: int = TIMES) -> float:
    return round(median(_seconds(work) for _ in range(times)), 4)


def _seconds(work: Callable[[], Any]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def _page(path: str) -> tuple[float, int]:
    up.collect_static()
    browser = Client(SERVER_NAME="127.0.0.1")
    browser.force_login(User.objects.create_user("bench@example.com", role=User.Role.OWNER))
    with CaptureQueriesContext(connection) as asked:
        _open(browser, path)
    # Counted at once: the requests that follow empty the list.
    statements = len(asked)
    return _median(lambda: _open(browser, path)), statements


def _open(browser: Client, path: str) -> None:
    status = browser.get(path).status_code
    if status != 200:
        raise RuntimeError(f"{path} answers {status}")


if __name__ == "__main__":
    print(json.dumps(main()))
