"""The vital few: the smallest set of customers that makes a given share of revenue. Pure: a series in, a series out."""

from decimal import Decimal

import pandas as pd

VITAL_FEW, USEFUL_MANY = "vital_few", "useful_many"


def classify(revenue: "pd.Series[int]", share: Decimal) -> "pd.Series[str]":
    """The Pareto class of each customer.

    revenue: whole minor units, indexed by customer. Those with revenue above zero are ranked by revenue, descending, then by index; the
    leading ones whose sum first reaches `share` (0 < share ≤ 1) of the total are the vital few, the others the useful
    many. "" for the rest.
    """
    classes = pd.Series("", index=revenue.index, dtype=object)
    buyers = revenue[revenue > 0].sort_index(kind="stable").sort_values(ascending=False, kind="stable")
    # A customer belongs while those before them fall short of the share: compared in whole numbers, so a tie is a tie.
    whole, parts = share.as_integer_ratio()
    before = buyers.cumsum() - buyers
    short = before < -(-int(buyers.sum()) * whole // parts)
    classes[buyers.index] = short.map({True: VITAL_FEW, False: USEFUL_MANY})
    return classes
