"""Facts as a pandas frame, and columns back: the one reader and the one writer for the pure modules of this floor.

A frame has one row per customer, indexed by primary key ascending; money is in minor units.
"""

from collections.abc import Sequence

import pandas as pd
from django.db import connection, transaction

from crm import bulk
from crm.models import Facts, FactsRow

READ_AT_ONCE, WRITTEN_AT_ONCE = 50_000, 5_000


def read(names: Sequence[str], facts: type[FactsRow] = Facts) -> pd.DataFrame:
    """The columns `names` of all rows, as stored."""
    columns = ", ".join(bulk.column(facts, name) for name in names)
    blocks = []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT customer_id, {columns} FROM {facts._meta.db_table} ORDER BY customer_id")
        while rows := cursor.fetchmany(READ_AT_ONCE):
            blocks.append(pd.DataFrame.from_records(rows, columns=["customer", *names], index="customer"))
    return pd.concat(blocks) if blocks else pd.DataFrame({name: [] for name in names}, index=pd.Index([], name="customer", dtype="int64"))


def write(name: str, before: pd.Series, after: pd.Series, facts: type[FactsRow] = Facts) -> int:
    """Stores the column `name` for the customers whose value differs from `before`; how many did."""
    # Two empty values are the same here, though not in pandas; and the database's empty value is None.
    differing = after[(after != before) & ~(after.isna() & before.isna())].astype(object)
    rows = list(zip(differing.index.tolist(), differing.where(differing.notna(), None).tolist(), strict=True))
    for start in range(0, len(rows), WRITTEN_AT_ONCE):
        with transaction.atomic():
            bulk.update(facts, [name], rows[start : start + WRITTEN_AT_ONCE])
    return len(rows)
