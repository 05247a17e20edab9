"""How long it takes to place everyone, and how long the longest transaction of it keeps others from writing: none, 1 % and all changed.

`python -m bench.placing CUSTOMERS [few]`, on an empty, migrated installation of the environment (DATA_DIR, DATABASE_URL); `few` leaves out
the one that changes all. The facts are drawn, not computed: placing reads nothing else. Beside it, in the same process, one UPDATE of every
facts row. Prints one JSON object.
"""

import json
import sys
from datetime import date, timedelta
from time import perf_counter
from typing import Any

import numpy as np
from django.db import connection, transaction

import config.standalone  # noqa: F401  (makes Django ready for the models below)
from bench.watched import Watch
from crm import bulk
from crm.models import Customer, Facts
from lifecycle import stages

AS_OF = date(2026, 6, 30)
WRITTEN_AT_ONCE = 5_000
DATES = ("first_order_on", "last_order_on", "due_on", "inactive_on", "lost_on")
NUMBERS = ("orders", "order_days", "orders_12m", "paid_orders", "unpaid_orders", "referrals_ordered")
FLAGS = ("is_disqualified", "is_marked_lost", "is_partner", "only_us")
# What a customer holds who was imported with an id alone.
BLANK = {"name": "", "email": "", "phone": "", "city": "", "country": "", "language": "", "source": "", "search_key": ""}
KEPT = {"entity": "person", "market": "b2c", "kind": "external", **BLANK, "created": "2026-01-01 00:00:00"}


def main(customers: int, *, only_few: bool = False) -> dict[str, Any]:
    """Each placing: how many moved, seconds, the longest transaction; and the seconds of the yardstick."""
    everyone = np.arange(1, customers + 1)
    draw = np.random.default_rng(1)
    _record(everyone, draw)
    watch = Watch()
    watch.transactions()
    measured = {"placing everyone for the first time": _measure(AS_OF, watch)}
    measured["placing, none changed"] = _measure(AS_OF, watch)
    _order(draw.choice(everyone, customers // 100, replace=False))
    measured["placing, 1 % changed"] = _measure(AS_OF + timedelta(days=1), watch)
    if only_few:
        return {"placings": measured, "update": _update_everyone()}
    # Ten years without an order: all but the disqualified are lost.
    Facts.objects.update(lost_on=AS_OF, is_disqualified=False, paid_orders=1)
    Facts.objects.filter(stage="lost").update(is_disqualified=True)
    measured["placing, all changed"] = _measure(AS_OF + timedelta(days=2), watch)
    return {"placings": measured, "update": _update_everyone()}


def _update_everyone() -> float:
    """The seconds of the least that writes every row."""
    start = perf_counter()
    Facts.objects.update(stage_since=AS_OF)
    return round(perf_counter() - start, 3)


def _record(everyone: "np.ndarray[Any, Any]", draw: np.random.Generator) -> None:
    rows = [(key, str(key), *KEPT.values()) for key in everyone.tolist()]
    _write(Customer, ["id", "external_id", *KEPT], rows)
    size = len(everyone)
    days = np.datetime64(AS_OF) - draw.integers(0, 900, size)
    dates = [np.datetime_as_string(days + ahead).tolist() for ahead in (-200, 0, 40, 120, 365)]
    orders = draw.geometric(0.4, size)
    numbers = [orders, orders, orders // 2, orders - 1, draw.integers(0, 2, size), draw.integers(0, 3, size)]
    flags = [(draw.random(size) < share).tolist() for share in (0.01, 0.01, 0.02, 0.3)]
    columns = [everyone.tolist(), *(number.tolist() for number in numbers), *dates, *flags]
    facts = {field.name: field.default for field in Facts._meta.concrete_fields if field.has_default()}
    rest = {name: value for name, value in facts.items() if name not in {*NUMBERS, *FLAGS}}
    rows = [(*row, *rest.values()) for row in zip(*columns, strict=True)]
    _write(Facts, ["customer", *NUMBERS, *DATES, *FLAGS, *rest], rows)


def _write(model: type[Customer] | type[Facts], names: list[str], rows: list[Any]) -> None:
    for start in range(0, len(rows), WRITTEN_AT_ONCE):
        with transaction.atomic():
            bulk.insert(model, names, rows[start : start + WRITTEN_AT_ONCE])


def _order(customers: "np.ndarray[Any, Any]") -> None:
    """What leaves nobody of them where they stood: who was lost or inactive comes back, the others are marked."""
    chosen = Facts.objects.filter(pk__in=customers.tolist())
    gone = list(chosen.filter(stage__in=["lost", "inactive", "disqualified"]).values_list("pk", flat=True))
    chosen.exclude(pk__in=gone).update(is_disqualified=True)
    later = AS_OF + timedelta(days=400)
    chosen.filter(pk__in=gone).update(is_disqualified=False, is_marked_lost=False, paid_orders=1, inactive_on=later, lost_on=later)


def _measure(as_of: date, watch: Watch) -> dict[str, Any]:
    watch.longest = 0.0
    start = perf_counter()
    with connection.execute_wrapper(watch.statement):
        moved = stages.place_everyone(as_of)
    return {"moved": moved, "seconds": round(perf_counter() - start, 3), "longest": round(watch.longest, 3)}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), only_few="few" in sys.argv[2:])))
