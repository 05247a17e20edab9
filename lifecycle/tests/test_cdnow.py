"""CDNOW from the file to the facts, by the commands an owner types, against the pandas oracle; on the engine of this run."""

import csv
import json
from datetime import date

import pandas as pd
import pytest

from crm.tests.installation import Installation
from lifecycle.tests import oracle_pandas
from lifecycle.tests.oracle_kotler import stage_of

pytestmark = pytest.mark.slow
RECORD = [f"SELECT * FROM {table} ORDER BY id" for table in ("crm_customer", "crm_order", "crm_orderline", "crm_changed")]


@pytest.fixture(scope="session")
def transactions():
    """The published rows as they stand: customer, YYYYMMDD, number of CDs, dollars."""

    def read(shared):
        rows = (line.split() for line in (shared / "cdnow" / "CDNOW_master.txt").read_text().splitlines())
        return [row for row in rows if row]

    return read


@pytest.fixture
def cdnow(shared, transactions, tmp_path):
    path = tmp_path / "cdnow.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(transactions(shared))
    return path


def expected(rows, as_of):
    orders = pd.DataFrame(rows[1:], columns=["customer", "ordered_on", "cds", "dollars"])
    cents = orders["dollars"].map(lambda text: int(text.replace(".", "")))
    frame = orders.assign(ordered_on=pd.to_datetime(orders["ordered_on"], format="%Y%m%d"), amount=cents)
    customers = pd.DataFrame({"id": sorted(set(orders["customer"]))})
    return oracle_pandas.facts(frame[["customer", "ordered_on", "amount"]], as_of, customers=customers)


def stages(facts, as_of):
    """The stage of each customer by the plain list of rules."""
    plain = facts.astype(object).where(facts.notna(), None).to_dict("index")
    for row in plain.values():
        for name in ("lost_on", "inactive_on"):
            row[name] = row[name] and row[name].date()
    return pd.Series({customer: stage_of(row, as_of) for customer, row in plain.items()})


def test_two_imports_and_two_nights_leave_the_published_figures_and_the_facts_of_the_oracle(
    installation, installations, shared, transactions, cdnow, tmp_path
):
    shop = Installation(installation)
    first = json.loads(shop.manage("import_orders", cdnow, "--json").stdout)
    record = [shop.rows(table) for table in RECORD]
    other = Installation(installations.copy(shop.environ))
    again = json.loads(shop.manage("import_orders", cdnow, "--json").stdout)

    assert [shop.rows(table) for table in RECORD] == record
    assert (first["rows"], first["customers"], first["error_count"]) == (69_659, {"created": 23_570, "updated": 0}, 0)
    assert first["orders"] == {"created": 69_659, "updated": 0, "unchanged": 0, "anonymous": 0}
    assert again["orders"] == {"created": 0, "updated": 0, "unchanged": 69_659, "anonymous": 0}
    assert again["customers"] == {"created": 0, "updated": 0}
    assert [int(count) for count in shop.rows("SELECT (SELECT COUNT(*) FROM crm_customer), COUNT(*), SUM(amount) FROM crm_order")[0]] == [
        23_570,
        69_659,
        250_031_563,
    ]

    since = {}
    for place, as_of in ((shop, date(1997, 3, 31)), (other, date(1998, 6, 30)), (shop, date(1998, 6, 30))):
        assert place.manage("nightly", "--as-of", as_of).returncode == 0
        assert place.manage("export_facts", tmp_path / "facts.csv").returncode == 0
        exported = oracle_pandas.read_export(tmp_path / "facts.csv")
        assert len(exported) == 23_570
        facts = expected(transactions(shared), as_of)
        assert oracle_pandas.differences(exported, facts) == []
        placed, before = stages(facts, as_of), since.get(place)
        assert exported["stage"].to_dict() == placed.to_dict()
        # One that has had no night places everyone on the day of its first night; later only those who move have another day.
        stays = {} if before is None else {key: day for key, (stage, day) in before.items() if stage == placed[key]}
        assert exported["stage_since"].dt.date.to_dict() == dict.fromkeys(placed.index, as_of) | stays
        since[place] = {key: (stage, stays.get(key, as_of)) for key, stage in placed.items()}


ONE_TIME_TOO = {
    "any": [
        {"fact": "inactive_on", "op": "passed"},
        {"all": [{"fact": "order_days", "op": "=", "value": 1}, {"fact": "last_order_on", "op": "not_last", "value": 60}]},
    ]
}


def test_the_night_moves_exactly_those_whom_the_preview_of_another_inactive_named(installation, shared, cdnow, tmp_path):
    """The first thing that issue 5 wants shown. Its panel is in test_admin.py; here the same edit by its commands, beside plain Python."""
    shop, as_of, rule = Installation(installation), date(1997, 5, 31), tmp_path / "rule.json"
    rule.write_text(json.dumps(ONE_TIME_TOO))
    assert shop.manage("import_orders", cdnow, "--json").returncode == 0
    assert shop.manage("nightly", "--as-of", as_of).returncode == 0
    shop.script("from crm.tests.factories import make_owner; make_owner(email='jana@example.com')").finish()
    stood = where_they_stand(shop)

    told = json.loads(shop.manage("try_rule", rule, "--stage", "kotler/inactive", "--json").stdout)
    assert where_they_stand(shop) == stood
    assert shop.manage("save_stage", "kotler/inactive", "--rule", rule, "--by", "jana@example.com").returncode == 0
    assert shop.manage("nightly", "--as-of", as_of).returncode == 0

    now = where_they_stand(shop)
    once = dict(shop.rows("SELECT customer_id, last_order_on FROM crm_facts WHERE order_days = 1"))
    silent = {pk for pk, last in once.items() if str(last) <= "1997-04-01" and stood[pk] not in {"disqualified", "lost", "inactive"}}
    assert len(silent) > 1_000
    assert {pk for pk in now if now[pk] != stood[pk]} == silent
    assert {now[pk] for pk in silent} == {"inactive"}
    assert [(way["from"], way["to"], way["customers"]) for way in told["matrix"]] == [("first-time", "inactive", len(silent))]


def where_they_stand(shop):
    return dict(
        shop.rows(
            "SELECT customer_id, lifecycle_stage.key FROM lifecycle_position JOIN lifecycle_stage ON stage_id = lifecycle_stage.id"
            " JOIN lifecycle_ladder ON lifecycle_ladder.id = lifecycle_position.ladder_id WHERE lifecycle_ladder.key = 'kotler'"
        )
    )
