"""A made-up business, always the same for one size: `python -m bench.world 100000 FOLDER` writes its orders as CSV and Parquet.

Customers arrive over three years, buy at rates with a heavy tail and drop out. A day of new orders comes in files of its own.
"""

import os
import sys
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

SEED = 20250101
ORDERS_EACH = 10
FIRST_DAY, LAST_DAY, NEXT_DAY = date(2022, 1, 1), date(2024, 12, 31), date(2025, 1, 1)
# By key, as the facts rank them.
CHANNELS = ("b2b", "counter", "eshop", "market", "phone")
PAID, UNPAID, REFUNDED, CANCELLED = range(4)
STATUSES = ("paid", "unpaid", "refunded", "cancelled")

Ints = NDArray[np.int64]

CSV = """
    COPY (
        SELECT 'C' || customer AS "customer id", 'customer' || customer || '@example.com' AS "e-mail", 'Customer ' || customer AS name,
            strftime(day, '%Y-%m-%d') AS date, {amount} AS amount, 'O' || number AS "order id", {status} AS status, {channel} AS channel,
            {cost} AS cost
        FROM read_parquet('{parquet}') ORDER BY number
    ) TO '{csv}' (HEADER, DELIMITER ',')
"""


def main(size: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(SEED)
    history = _history(size, random)
    following = _next_day(size, history, random)
    for name, frame in (("history", history), ("next", following)):
        parquet = folder / f"{name}.parquet"
        with duckdb.connect() as base:
            base.register("frame", frame)
            days = "CAST('1970-01-01' AS date) + CAST(day AS integer) AS day"
            base.execute(f"COPY (SELECT * REPLACE ({days}) FROM frame ORDER BY number) TO '{parquet}' (FORMAT parquet)")
            base.execute(_csv(parquet, folder / f"{name}.csv"))
    (folder / "complete").touch()


def _history(size: int, random: np.random.Generator) -> pd.DataFrame:
    """All orders up to LAST_DAY: ten times as many as customers, everyone's first one on the day of their arrival."""
    start, end = (day.toordinal() - date(1970, 1, 1).toordinal() for day in (FIRST_DAY, LAST_DAY))
    arrival = random.integers(start, end, size, endpoint=True)
    stay = np.minimum(random.exponential(random.gamma(1.5, 300, size)).astype(np.int64), end - arrival)
    rate = np.minimum(random.lognormal(0, 1.2, size), 60)
    expected = rate * stay
    repeats = random.multinomial((ORDERS_EACH - 1) * size, expected / expected.sum())
    customer = np.concatenate((np.arange(size), np.repeat(np.arange(size), repeats)))
    later = arrival[customer[size:]] + (random.random(len(customer) - size) * (stay[customer[size:]] + 1)).astype(np.int64)
    day = np.concatenate((arrival, later))
    order = np.argsort(day, kind="stable")
    return _orders(customer[order], day[order], 1, end, random)


def _next_day(size: int, history: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """One new order of every hundredth customer."""
    customer = np.sort(random.choice(size, size // 100, replace=False))
    day = np.full(len(customer), NEXT_DAY.toordinal() - date(1970, 1, 1).toordinal())
    return _orders(customer, day, len(history) + 1, int(day[0]), random)


def _orders(customer: Ints, day: Ints, first_number: int, end: int, random: np.random.Generator) -> pd.DataFrame:
    """Amounts and costs in minor units, -1 for no cost; channel -1 for none. What people owe is mostly young."""
    rows = len(customer)
    level = np.exp(np.random.default_rng(SEED).normal(6, 0.8, int(customer.max()) + 1))
    amount = np.rint(level[customer] * random.lognormal(0, 0.5, rows) * 100).astype(np.int64)
    cost = np.rint(amount * random.uniform(0.4, 0.8, rows)).astype(np.int64)
    cost[random.random(rows) < 0.002] = -1
    chance = random.random(rows)
    status = np.select([chance < 0.02, chance < 0.04, chance < 0.06], [REFUNDED, CANCELLED, UNPAID], PAID)
    status[(end - day < 45) & (random.random(rows) < 0.3)] = UNPAID
    # A refund of its own row, with a minus.
    amount[(random.random(rows) < 0.01) & (status == PAID)] *= -1
    amount[random.random(rows) < 0.001] = 0
    usual = (customer * 7919) % len(CHANNELS)
    channel = np.where(random.random(rows) < 0.6, usual, random.integers(0, len(CHANNELS), rows))
    channel[random.random(rows) < 0.02] = -1
    number = np.arange(first_number, first_number + rows)
    columns = {"customer": customer + 1, "day": day, "amount": amount, "cost": cost, "channel": channel, "status": status, "number": number}
    return pd.DataFrame(columns)


def _csv(parquet: Path, csv: Path) -> str:
    channels, statuses = (f"CASE {name} {_whens(values)} END" for name, values in (("channel", CHANNELS), ("status", STATUSES)))
    return CSV.format(
        amount="CAST(amount / 100 AS decimal(18, 2))",
        cost="CASE WHEN cost >= 0 THEN CAST(cost / 100 AS decimal(18, 2)) END",
        status=statuses,
        channel=channels,
        parquet=parquet,
        csv=csv,
    )


def _whens(values: tuple[str, ...]) -> str:
    return " ".join(f"WHEN {place} THEN '{value}'" for place, value in enumerate(values))


if __name__ == "__main__":
    # Others on this machine may be measuring, too.
    os.nice(5)
    main(int(sys.argv[1]), Path(sys.argv[2]))
