"""How the databases find what people wait for: the plan of every query that a page asks of a large table, and which index serves it.

`python -m bench.plans`, on an installation of the environment (DATA_DIR, DATABASE_URL) after a night and `python -m bench.recorded`: prints
each plan, and at last which of them read a large table from end to end. config/tests/test_plans.py holds the same pages to their indexes.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.test import Client

import config.standalone  # noqa: F401  (makes Django ready for the models below)
from bench.recorded import busiest, owner
from config.management.commands import up
from crm.audit_page import LATEST
from crm.customer_search import SORTS
from crm.models import Audit, Business, Customer, Facts, Tag
from crm.paging import Cursor

LARGE = {
    f"crm_{name}"
    for name in (
        *("audit", "candidate", "complaint", "consent", "customer", "customertag", "enquiry", "evidence", "facts", "fieldvalue"),
        *("interaction", "merge", "order", "orderline", "task"),
    )
} | {"lifecycle_position", "lifecycle_transition", "segments_member"}
_AS = re.compile(r'"(\w+)" (?:AS )?"?([A-Z]\w*)"?')
# An automatic index is made of the whole table, for the one query.
_SQLITE_SCAN = re.compile(r"^(?:SCAN (?=\w+$)|SEARCH (?=\w+ USING AUTOMATIC))(\w+)", re.MULTILINE)
_BY_KEY = re.compile(r'ORDER BY (\d+|\S+"id") (A|DE)SC,? .*LIMIT \d+$')
_POSTGRES_SCAN = re.compile(r"Seq Scan on (\w+)")


@dataclass(frozen=True)
class Asked:
    """`by`: the indexes of which each serves one of its queries, on SQLite and on PostgreSQL. `everyone`: that all are read is meant."""

    what: str
    address: str
    by: tuple[str, ...]
    everyone: bool = False


@dataclass(frozen=True)
class Plan:
    sql: str
    lines: str

    @property
    def read_whole(self) -> list[str]:
        """The large tables that are read from end to end."""
        if connection.vendor == "sqlite" and _BY_KEY.search(self.sql) and self.lines.startswith("SCAN ") and "\n" not in self.lines:
            # SQLite says of a table in the order of its keys no more than that; it ends where the page is full.
            return []
        names = {short: table for table, short in _AS.findall(self.sql)}
        scan = _POSTGRES_SCAN if connection.vendor == "postgresql" else _SQLITE_SCAN
        return sorted({names.get(name, name) for name in scan.findall(self.lines)} & LARGE)


def pages() -> Iterator[Asked]:
    """What people open most, and what grows most; each names somebody who is there."""
    someone = Customer.objects.exclude(phone="").order_by("pk").first()
    someone = someone or Customer.objects.order_by("pk")[0]
    yield Asked("list", _list(), ("facts_revenue_idx",))
    yield Asked("list, deep", _list(page=_deep("-revenue")), ("facts_revenue_idx",))
    yield Asked("list by name", _list(sort="name"), ("customer_name_idx",))
    yield Asked("list by last order, deep", _list(sort="last", page=_deep("last")), ("facts_last_idx",))
    yield Asked("list by next order", _list(sort="due"), ("facts_due_idx",))
    yield Asked("list of a stage", _list(stage="lost"), ("facts_stage_revenue_idx",))
    yield Asked("list of a stage by last order", _list(stage="lost", sort="last"), ("facts_stage_last_idx",))
    yield Asked("list of a stage by last order, deep", _list(stage="lost", sort="last", page=_deep("last")), ("facts_stage_last_idx",))
    yield Asked("list of a stage by next order", _list(stage="lost", sort="-due"), ("facts_stage_due_idx",))
    yield Asked("list of the vital few", _list(pareto="vital_few"), ("facts_pareto_revenue_idx",))
    yield Asked("list of the vital few by last order", _list(pareto="vital_few", sort="last"), ("facts_pareto_last_idx",))
    yield Asked("list of the vital few by next order", _list(pareto="vital_few", sort="due"), ("facts_pareto_due_idx",))
    # On PostgreSQL a small table has nearer ways than its index of words.
    yield Asked("search", _list(q=str(someone)), ("VIRTUAL TABLE",) if connection.vendor == "sqlite" else ())
    yield Asked("find by name", _find(str(someone)[:4]), ("customer_name_idx",))
    yield Asked("find by phone", _find(someone.phone or "602118337"), ("customer_phone_idx",))
    yield Asked("find by e-mail", _find(someone.email or "eva@example.com"), ("customer_email_unique",))
    customer = f"/customers/{busiest() or someone.pk}/"
    timeline = ("order_facts_idx", "interaction_facts_idx", "evidence_customer_idx", "complaint_customer_idx", "task_customer_idx")
    yield Asked("customer", customer, timeline)
    yield Asked("history of a customer", f"{customer}history/", ("audit_customer_idx",))
    yield Asked("Today", "/", ("task_own_open_idx",), everyone=True)
    yield Asked("tasks of one's own", "/tasks/", ("task_own_open_idx",))
    yield Asked("tasks of everyone", "/tasks/?who=all", ("task_open_idx",))
    yield Asked("tasks that are done", "/tasks/?who=all&show=closed", ("task_closed_idx",))
    yield Asked("complaints by what is due", "/complaints/", ("complaint_due_idx",))
    yield Asked("complaints of one's own", "/complaints/?whose=mine", ("complaint_mine_idx",))
    yield Asked("queue of the desk", "/desk/", ("enquiry_queue_idx", "enquiry_answered_idx"))
    yield Asked("possible duplicates", "/customers/duplicates/", ("candidate_score_idx",))
    yield from _audits()
    if tag := Tag.objects.first():
        yield Asked("list of a tag", _list(tag=tag.key), ("customer_tag_idx",) if connection.vendor == "sqlite" else ())
    yield Asked(
        "count of a rule", _list(rule='{"all":[{"fact":"orders","op":">","value":2},{"fact":"city","op":"=","value":"Brno"}]}'), (), True
    )


def _audits() -> Iterator[Asked]:
    last = Audit.objects.order_by("-pk").first()
    key, today = ("crm_audit_pkey" if connection.vendor == "postgresql" else "INTEGER PRIMARY KEY|SCAN crm_audit"), Business.load().today()
    day = (last.at.date() if last else today) - timedelta(days=1)
    yield Asked("audit", "/audit/", (key,))
    yield Asked("audit, deep", f"/audit/?{urlencode({'page': _after((last.pk if last else 2) // 2)})}", (key,))
    yield Asked("audit by whom", f"/audit/?who={owner().pk}", ("audit_by_idx",))
    yield Asked("audit by what", "/audit/?what=customer.added", ("audit_what_idx",))
    yield Asked("audit from a day on", f"/audit/?since={day}&until={day}", ("audit_at_idx",))


def _list(**asked: str) -> str:
    return f"/customers/?{urlencode(asked)}"


def _find(q: str) -> str:
    return f"/find/?{urlencode({'q': q})}"


def _deep(sort: str) -> str:
    """The page behind the row in the middle of that list."""
    by, _words = SORTS[sort]
    ordered = (
        Facts.objects.annotate(place=by.by)
        .exclude(place=None)
        .order_by("-place" if by.descending else "place", "-pk" if by.descending else "pk")
    )
    row = ordered[ordered.count() // 2]
    return Cursor(True, str(row.place), row.pk, 50).written(by)


def _after(entry: int) -> str:
    return Cursor(True, str(entry), entry, 50).written(LATEST)


def plans(browser: Client, page: Asked) -> list[Plan]:
    """Of each query of the page that reads a large table."""
    asked: list[tuple[str, Any]] = []

    def keep(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT") and any(f'"{table}"' in sql or f"{table}_search" in sql for table in LARGE):
            asked.append((sql, params))
        return execute(sql, params, many, context)

    browser.get(page.address)
    with connection.execute_wrapper(keep):
        answer = browser.get(page.address)
    if answer.status_code != 200:
        raise RuntimeError(f"{page.address} answers {answer.status_code}")
    return [explained(sql, params) for sql, params in asked]


def explained(sql: str, params: Any) -> Plan:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"EXPLAIN (COSTS OFF) {sql}", params)
            return Plan(sql, "\n".join(line for (line,) in cursor.fetchall()))
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        return Plan(sql, "\n".join(line for *_place, line in cursor.fetchall()))


def main() -> int:
    browser = Client(SERVER_NAME="127.0.0.1")
    browser.force_login(owner())
    whole = []
    for page in pages():
        print(f"## {page.what}\n{page.address[:120]}\n")
        for plan in plans(browser, page):
            print(f"{plan.sql[:100]} …\n{plan.lines}\n")
            if plan.read_whole and not page.everyone:
                whole.append(f"{page.what}: {', '.join(plan.read_whole)}")
    print("\n".join(["## Large tables read from end to end", *whole] if whole else ["No large table is read from end to end."]))
    return len(whole)


if __name__ == "__main__":
    up.collect_static()
    sys.exit(main())
