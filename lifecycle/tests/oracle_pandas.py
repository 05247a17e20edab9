"""The facts of DEFINITIONS.md once more, in pandas: an export of the product is held against it, to the last row. Money in minor units."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd

INTEGER, FLOAT, DAY, FLAG, TEXT, MONEY = "Int64", "Float64", "datetime64[s]", "bool", "object", "money"

# Every fact of the table in its order, with its type.
FACTS = {
    "orders": INTEGER,
    "order_days": INTEGER,
    "orders_12m": INTEGER,
    "revenue": MONEY,
    "revenue_12m": MONEY,
    "revenue_prev_12m": MONEY,
    "paid_orders": INTEGER,
    "unpaid_orders": INTEGER,
    "margin_12m": MONEY,
    "average_order": MONEY,
    "first_order_on": DAY,
    "last_order_on": DAY,
    "typical_gap_days": FLOAT,
    "long_gap_days": INTEGER,
    "expected_gap_days": FLOAT,
    "due_on": DAY,
    "inactive_on": DAY,
    "lost_on": DAY,
    "favourite_channel": TEXT,
    "interactions_12m": INTEGER,
    "minutes_12m": INTEGER,
    "last_contact_on": DAY,
    "is_disqualified": FLAG,
    "is_marked_lost": FLAG,
    "is_partner": FLAG,
    "only_us": FLAG,
    "referrals_ordered": INTEGER,
    "pareto_class": TEXT,
    "revenue_share": FLOAT,
    "revenue_rank": INTEGER,
    "stage": TEXT,
    "stage_since": DAY,
}
STAGES = ("stage", "stage_since")
MARKS = {"is_disqualified": "disqualified_on", "is_marked_lost": "lost_marked_on", "is_partner": "partner_on", "only_us": "only_us_on"}
DEFAULT_GAP, RHYTHMS_FOR_A_GAP = 90, 10


def facts(orders, as_of, *, interactions=None, customers=None, share=Decimal("0.80")):
    """One row per customer, in the order of `customers` (their primary keys'), else of first appearance; the stages stay empty.

    orders: customer (empty: anonymous), ordered_on, amount, and where there are any status (paid), refunded (0), cost, channel (key).
    interactions: customer, happened_on, minutes. customers: id and, where there are any, the dates of the marks and referred_by.
    """
    orders = prepared(orders)
    index = customer_index(orders, interactions, customers)
    counting, refunds = parted(orders, as_of)
    days = counting[["customer", "ordered_on"]].drop_duplicates().sort_values(["customer", "ordered_on"])

    out = pd.DataFrame(index=index)
    add_sums(out, counting, refunds, days, as_of)
    add_rhythm(out, days)
    add_dates(out, gap_of_business(out["typical_gap_days"]))
    out["favourite_channel"] = favourite_channels(counting).reindex(index)
    add_contacts(out, interactions, as_of)
    add_marks(out, customers, as_of)
    add_pareto(out, share)
    out["stage"], out["stage_since"] = "", pd.NaT
    return typed(out)


def gap_of_business(typical):
    typical = typical.dropna()
    return int(np.ceil(typical.median())) if len(typical) >= RHYTHMS_FOR_A_GAP else DEFAULT_GAP


def prepared(orders):
    orders = orders[orders["customer"].notna()].copy()
    for name, default in (("status", "paid"), ("refunded", 0), ("cost", None), ("channel", None)):
        if name not in orders:
            orders[name] = default
    orders["ordered_on"] = as_days(orders["ordered_on"])
    orders["cost"] = orders["cost"].astype("Int64")
    orders["net"] = orders["amount"].astype("int64") - orders["refunded"].astype("int64")
    return orders


def customer_index(orders, interactions, customers):
    seen = [orders["customer"]] + ([interactions["customer"]] if interactions is not None else [])
    found = pd.Index(pd.concat(seen).unique(), name="customer")
    if customers is None:
        return found
    index = pd.Index(customers["id"], name="customer")
    if not index.is_unique or len(found.difference(index)):
        raise ValueError("customers lists each id once, and all of them")
    return index


def parted(orders, as_of):
    passed = orders[orders["ordered_on"] <= pd.Timestamp(as_of)]
    counting = passed[passed["status"].isin(["paid", "unpaid"]) & (passed["amount"] >= 0)]
    return counting, passed[(passed["amount"] < 0) & (passed["status"] != "cancelled")]


def window(frame, column, as_of, years_back=0):
    """The rows of (as_of − years_back − 1 years, as_of − years_back]; DateOffset turns 29 February into 28."""
    after = pd.Timestamp(as_of) - pd.DateOffset(years=years_back + 1)
    until = pd.Timestamp(as_of) - pd.DateOffset(years=years_back)
    return frame[(frame[column] > after) & (frame[column] <= until)]


def add_sums(out, counting, refunds, days, as_of):
    money = pd.concat([counting, refunds])
    overdue = counting[(counting["status"] == "unpaid") & (pd.Timestamp(as_of) - counting["ordered_on"] > timedelta(days=30))]
    for name, frame in {
        "orders": counting,
        "order_days": days,
        "orders_12m": window(counting, "ordered_on", as_of),
        "paid_orders": counting[counting["status"] == "paid"],
        "unpaid_orders": overdue,
    }.items():
        out[name] = frame.groupby("customer").size().reindex(out.index, fill_value=0)
    for name, frame in {
        "revenue": money,
        "revenue_12m": window(money, "ordered_on", as_of),
        "revenue_prev_12m": window(money, "ordered_on", as_of, years_back=1),
    }.items():
        out[name] = frame.groupby("customer")["net"].sum().reindex(out.index, fill_value=0)
    recent = window(counting, "ordered_on", as_of).groupby("customer")["cost"]
    costs = recent.sum().where(recent.count() == recent.size())
    out["margin_12m"] = (out["revenue_12m"] - costs.reindex(out.index)).where(out["orders_12m"] > 0, 0)
    # Half away from zero, in whole numbers: ⌊(2 |revenue| + orders) / (2 orders)⌋.
    divisor = out["orders"].astype("Int64").where(out["orders"] > 0)
    out["average_order"] = np.sign(out["revenue"]) * ((2 * out["revenue"].abs() + divisor) // (2 * divisor))
    out["first_order_on"] = days.groupby("customer")["ordered_on"].first().reindex(out.index)
    out["last_order_on"] = days.groupby("customer")["ordered_on"].last().reindex(out.index)


def add_rhythm(out, days):
    gaps = days.assign(gap=days.groupby("customer")["ordered_on"].diff().dt.days).dropna(subset="gap").sort_values(["customer", "gap"])
    number = gaps.groupby("customer")["gap"].transform("size")
    gaps, number = gaps[number >= 2], number[number >= 2]
    out["typical_gap_days"] = gaps.groupby("customer")["gap"].median().reindex(out.index)
    # The position counted from 1 of the ⌈0.9 n⌉-th smallest, in whole numbers.
    at = gaps.groupby("customer").cumcount() + 1 == -(-9 * number // 10)
    out["long_gap_days"] = gaps[at].set_index("customer")["gap"].reindex(out.index)


def add_dates(out, gap):
    ordered, last = out["orders"] > 0, out["last_order_on"]
    expected = out["typical_gap_days"].fillna(gap).where(ordered)
    long = out["long_gap_days"].fillna(0)
    out["expected_gap_days"] = expected
    for name, least, expected_times, long_times in (("due_on", 0, 1, 0), ("inactive_on", 90, 3, 1), ("lost_on", 365, 4, 2)):
        ahead = np.ceil(np.maximum(least, np.maximum(expected_times * expected, long_times * long)))
        out[name] = last + pd.Series(ahead.fillna(0).to_numpy().astype("timedelta64[D]").astype("timedelta64[s]"), out.index)


def favourite_channels(counting):
    named = counting[counting["channel"].notna() & (counting["channel"] != "")]
    claims = named.groupby(["customer", "channel"]).agg(number=("net", "size"), revenue=("net", "sum"), latest=("ordered_on", "max"))
    order = ["customer", "number", "revenue", "latest", "channel"]
    claims = claims.reset_index().sort_values(order, ascending=[True, False, False, False, True])
    return claims.drop_duplicates("customer").set_index("customer")["channel"]


def add_contacts(out, interactions, as_of):
    if interactions is None:
        interactions = pd.DataFrame({"customer": out.index[:0], "happened_on": [], "minutes": []})
    interactions = interactions.assign(happened_on=as_days(interactions["happened_on"]), minutes=interactions["minutes"].astype("Int64"))
    passed = interactions[interactions["happened_on"] <= pd.Timestamp(as_of)]
    recent = window(passed, "happened_on", as_of).groupby("customer")
    out["interactions_12m"] = recent.size().reindex(out.index, fill_value=0)
    out["minutes_12m"] = recent["minutes"].sum().reindex(out.index, fill_value=0)
    out["last_contact_on"] = passed.groupby("customer")["happened_on"].max().reindex(out.index)


def add_marks(out, customers, as_of):
    table = pd.DataFrame({"id": out.index}) if customers is None else customers
    table = table.set_index(out.index)
    for name, column in MARKS.items():
        mark = as_days(table[column]) if column in table else pd.Series(pd.NaT, out.index, dtype=DAY)
        out[name] = mark <= pd.Timestamp(as_of)
        if name == "is_marked_lost":
            out[name] &= out["last_order_on"].isna() | (mark > out["last_order_on"])
    referrers = table.loc[out["orders"] > 0, "referred_by"].dropna() if "referred_by" in table else pd.Series(dtype=object)
    out["referrals_ordered"] = referrers.value_counts().reindex(out.index, fill_value=0)


def add_pareto(out, share):
    # A stable sort keeps the order of the primary keys among equals.
    ranked = out.loc[out["revenue_12m"] > 0, "revenue_12m"].astype("int64").sort_values(ascending=False, kind="stable")
    part, total = Fraction(share), int(ranked.sum())
    # Those before a vital one do not reach the share yet: before / total < part, in whole numbers of any length.
    before = (ranked.cumsum() - ranked).astype(object)
    few = (before * part.denominator < total * part.numerator).astype(bool)
    out["pareto_class"] = few.map({True: "vital_few", False: "useful_many"}).reindex(out.index)
    out["revenue_share"] = (ranked / total).reindex(out.index)
    out["revenue_rank"] = pd.Series(range(1, len(ranked) + 1), ranked.index).reindex(out.index)


def as_days(column):
    return pd.to_datetime(column).astype(DAY)


def typed(out):
    """The columns in the order of the table, each of its type."""
    columns = {}
    for name, kind in FACTS.items():
        column = out[name]
        if kind == TEXT:
            column = column.astype(object).where(column.notna(), "")
        columns[name] = column.astype("Int64" if kind == MONEY else kind)
    return pd.DataFrame(columns, index=out.index)


def read_export(path, key="external_id"):
    """The CSV of export_facts, typed as facts() types it, its rows under `key`; money in minor units again."""
    raw = pd.read_csv(path, dtype=object, keep_default_na=False, encoding="utf-8")
    parsed = {name: parse(raw[name], FACTS.get(name, TEXT)) for name in raw.columns}
    return pd.DataFrame(parsed).set_index(key)


def parse(texts, kind):
    if kind == TEXT:
        return texts
    values = texts.where(texts != "", None)
    if kind == DAY:
        return pd.to_datetime(values, format="%Y-%m-%d").astype(DAY)
    read = {INTEGER: int, FLOAT: float, MONEY: minor, FLAG: flag}[kind]
    dtype = {MONEY: "Int64", FLAG: "bool"}.get(kind, kind)
    return pd.Series([None if text is None else read(text) for text in values.astype(object)], texts.index, dtype=dtype)


def minor(text):
    cents = Decimal(text).scaleb(2)
    if cents != int(cents):
        raise ValueError(f"{text} is not in whole cents")
    return int(cents)


def flag(text):
    return {"true": True, "1": True, "false": False, "0": False}[text.lower()]


def differences(left, right, most=3):
    """Sentences, none where all facts agree: missing rows and columns, then for each fact the first cells that differ. No stages."""
    for side, frame in (("left", left), ("right", right)):
        if not frame.index.is_unique:
            return [f"{side}: a key stands twice, first {frame.index[frame.index.duplicated()][0]!r}"]
    found = missing("row", left.index, right.index, most)
    names = [name for name in FACTS if name not in STAGES]
    found += missing("column", left.columns.intersection(names), right.columns.intersection(names), most)
    both = left.index.intersection(right.index, sort=False)
    for name in names:
        if name in left and name in right:
            found += differing(name, left.loc[both, name], right.loc[both, name], most)
    return found


def missing(what, left, right, most):
    sides = (("right", left.difference(right, sort=False)), ("left", right.difference(left, sort=False)))
    return [f"{len(keys)} {what}s not in {side}, first {list(keys[:most])}" for side, keys in sides if len(keys)]


def differing(name, left, right, most):
    one_empty = left.isna() != right.isna()
    unequal = (left - right).abs() > 1e-9 if name == "revenue_share" else left != right
    keys = left.index[(one_empty | (unequal.fillna(False).astype(bool) & left.notna() & right.notna())).to_numpy()]
    cells = ", ".join(f"{key!r}: {left[key]} and {right[key]}" for key in keys[:most])
    return [f"{name}: {len(keys)} differ, {cells}"] if len(keys) else []
