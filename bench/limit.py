"""The limit of a night: DuckDB makes the same facts out of a Parquet file of the same orders.

`python -m bench.limit 2024-12-31 history.parquet` prints the seconds as JSON; with `--same FACTS.csv` also how many customers the exported
facts say something else about: a yardstick that computes something else would be none.
"""

import json
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from time import perf_counter

import duckdb

from bench.world import CHANNELS
from crm.facts import NAMES

# Facts in the export's units.
MONEY = {"revenue", "revenue_12m", "revenue_prev_12m", "margin_12m", "average_order"}


def compute(base: duckdb.DuckDBPyConnection, as_of: date, files: list[str]) -> float:
    sql = Path(__file__).with_name("limit.sql").read_text()
    start = perf_counter()
    base.read_parquet(files).create_view("orders")
    base.execute(sql.replace("$as_of", f"DATE '{as_of}'"))
    return perf_counter() - start


def differing(base: duckdb.DuckDBPyConnection, export: Path) -> dict[str, int]:
    """How many customers differ, by fact; those whom only one side knows are counted as "customer"."""
    base.execute(f"CREATE VIEW export AS SELECT * FROM read_csv('{export}', header = true, all_varchar = true)")
    texts = ", ".join(f"{_as_exported(name)} AS {name}" for name in NAMES)
    base.execute(f"CREATE VIEW ours AS SELECT 'C' || customer AS external_id, {texts} FROM facts")
    counts = ", ".join(f"count(*) FILTER (coalesce(ours.{name}, '') <> coalesce(export.{name}, ''))" for name in NAMES)
    lonely = "count(*) FILTER (ours.external_id IS NULL OR export.external_id IS NULL)"
    row = base.execute(f"SELECT {lonely}, {counts} FROM ours FULL JOIN export ON ours.external_id = export.external_id").fetchone()
    assert row is not None
    return {name: count for name, count in zip(("customer", *NAMES), row, strict=True) if count}


def _as_exported(name: str) -> str:
    """SQL for the text by which the export says the fact `name`."""
    if name in MONEY:
        return f"printf('%.2f', {name} / 100)"
    if name == "favourite_channel":
        return "CASE favourite_channel " + " ".join(f"WHEN {rank} THEN '{key}'" for rank, key in enumerate(CHANNELS)) + " END"
    if name in {"typical_gap_days", "expected_gap_days"}:
        return f"regexp_replace(CAST({name} AS varchar), '[.]0$', '')"
    return f"CAST({name} AS varchar)"


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("as_of", type=date.fromisoformat)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--same", type=Path)
    options = parser.parse_args()
    with duckdb.connect() as base:
        result: dict[str, object] = {"seconds": compute(base, options.as_of, options.files)}
        if options.same:
            result["differing"] = differing(base, options.same)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
