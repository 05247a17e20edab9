"""What the kernel reads, in ranges of customers: the record as sorted arrays, and the facts as they stand."""

from collections.abc import Iterable, Iterator, Sequence, Sized
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from django.db import connection

from crm import arrays
from crm.catalogue import FACTS, Kind
from crm.facts import EMPTY, NAMES, UNPAID, Contacts, Ints, Orders, People
from crm.models import Channel, Facts, FactsRow
from crm.windows import years_before

# A range of customers is read, computed and written at once: about 20 MB of orders for a business with ten a head.
RANGE = 20_000
# So few customers are asked for one by one: they may lie far apart.
LISTED = 1_000
# Orders and contacts that are kept in memory at once: while they are read, some 400 bytes each.
MOST_SHELVED = 1_500_000
MARKS = ("disqualified_on", "lost_marked_on", "partner_on", "only_us_on")
# As CustomerQuerySet.present says it.
PRESENT = "binned_at IS NULL AND merged_into_id IS NULL"
# A favourite channel that is no longer a channel.
GONE = -2


class Channels(NamedTuple):
    """The channels in the order of their keys, by code point: databases sort texts differently from each other."""

    keys: list[str]
    rank_of_id: Ints

    @classmethod
    def load(cls) -> "Channels":
        by_key = sorted(Channel.objects.values_list("key", "id"))
        ranks = np.full(max((pk for _, pk in by_key), default=0) + 1, GONE, dtype=np.int64)
        for rank, (_key, pk) in enumerate(by_key):
            ranks[pk] = rank
        return cls([key for key, _ in by_key], ranks)

    def ranks(self, ids: Ints) -> Ints:
        """Channel ids as ranks; EMPTY stays EMPTY, an unknown id is GONE."""
        known = (ids >= 0) & (ids < len(self.rank_of_id))
        return np.where(ids == EMPTY, EMPTY, np.where(known, self.rank_of_id[np.where(known, ids, 0)], GONE))

    def texts(self, ranks: Ints) -> list[str]:
        """Ranks as keys; "" for EMPTY."""
        return ["" if rank < 0 else self.keys[rank] for rank in ranks.tolist()]


def people() -> Iterator[People]:
    """All customers in ranges, without the hidden ones, by ascending id."""
    after = 0
    while True:
        batch = _people("id > %s ORDER BY id LIMIT %s", [after, RANGE])
        if not len(batch.id):
            return
        yield batch
        after = int(batch.id[-1])


def people_among(customers: Sequence[int]) -> Iterator[People]:
    """Those of `customers` (primary keys, ascending) who are there, LISTED at a time."""
    for start in range(0, len(customers), LISTED):
        asked = customers[start : start + LISTED]
        batch = _people(f"id IN ({_places(asked)}) ORDER BY id", asked)
        if len(batch.id):
            yield batch


def _people(which: str, parameters: Sequence[int]) -> People:
    return People(*arrays.fetch(["id", *map(arrays.day, MARKS)], f"FROM crm_customer WHERE {PRESENT} AND {which}", parameters))


def orders(batch: People, until: str, channels: Channels) -> Orders:
    """The orders of `batch` with a date not after `until` (YYYY-MM-DD)."""
    columns = ["customer_id", arrays.day("ordered_on"), "amount", "refunded", "cost", "channel_id", "status"]
    theirs, ids = _of(batch)
    rest = f"FROM crm_order WHERE {theirs} AND ordered_on <= %s ORDER BY customer_id, ordered_on"
    found = Orders(*arrays.fetch(columns, rest, [*ids, until]))
    return found._replace(channel=channels.ranks(found.channel))


def contacts(batch: People, until: str) -> Contacts:
    """The interactions of `batch` with a date not after `until` (YYYY-MM-DD)."""
    columns = ["customer_id", arrays.day("happened_on"), "COALESCE(minutes, 0)"]
    theirs, ids = _of(batch)
    rest = f"FROM crm_interaction WHERE {theirs} AND happened_on <= %s ORDER BY customer_id, happened_on"
    return Contacts(*arrays.fetch(columns, rest, [*ids, until]))


class Read(NamedTuple):
    """Customers with what the kernel computes their facts from."""

    people: People
    orders: Orders
    contacts: Contacts


class Shelf(NamedTuple):
    """All of the record in memory, for who computes one date after the other: read once, and the same to the end."""

    channels: Channels
    rows: Read

    @classmethod
    def load(cls, until: str) -> "Shelf | None":
        """With the orders and contacts up to `until` (YYYY-MM-DD); None where they are too many to be kept."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT (SELECT COUNT(*) FROM crm_order) + (SELECT COUNT(*) FROM crm_interaction)")
            if cursor.fetchone()[0] > MOST_SHELVED:
                return None
        everybody, channels = _people("id > %s ORDER BY id", [0]), Channels.load()
        if not len(everybody.id):
            return None
        return cls(channels, Read(everybody, orders(everybody, until, channels), contacts(everybody, until)))

    def take(self, customers: Ints | None, as_of: int) -> Iterator[Read]:
        """Those of `customers` (ascending; all without) who are there, RANGE at a time, with what is dated not after `as_of` (in days)."""
        people, bought, met = self.rows
        at = np.arange(len(people.id)) if customers is None else np.flatnonzero(np.isin(people.id, customers, assume_unique=True))
        for start in range(0, len(at), RANGE):
            batch = People(*(values[at[start : start + RANGE]] for values in people))
            ordered, talked = _rows_of(batch.id, bought.customer), _rows_of(batch.id, met.customer)
            ordered, talked = ordered[bought.day[ordered] <= as_of], talked[met.day[talked] <= as_of]
            yield Read(batch, Orders(*(values[ordered] for values in bought)), Contacts(*(values[talked] for values in met)))


def _rows_of(keys: Ints, customer: Ints) -> Ints:
    """The places in `customer`, which ascends, of those of `keys`."""
    first, last = np.searchsorted(customer, keys, "left"), np.searchsorted(customer, keys, "right")
    sizes = last - first
    ends = np.cumsum(sizes)
    return np.repeat(first - (ends - sizes), sizes) + np.arange(ends[-1] if len(ends) else 0)


def read(batches: Iterable[People], until: str, channels: Channels) -> Iterator[Read]:
    """Each batch with its orders and contacts not after `until` (YYYY-MM-DD)."""
    for batch in batches:
        yield Read(batch, orders(batch, until, channels), contacts(batch, until))


def stored(batch: People, channels: Channels, facts: type[FactsRow] = Facts) -> tuple[Ints, dict[str, Ints]]:
    """The ids of the rows of `batch` in `facts`, ascending, and their columns in the kernel's units."""
    columns = ["customer_id", *map(_as_number, NAMES)]
    theirs, asked = _of(batch)
    found = arrays.fetch(columns, f"FROM {facts._meta.db_table} WHERE {theirs} ORDER BY customer_id", asked)
    # A range also holds whoever is not of the batch: not asked for, or come since it was read.
    theirs_alone = np.isin(found[0], batch.id, assume_unique=True)
    ids, *values = (column[theirs_alone] for column in found)
    now = dict(zip(NAMES, values, strict=True))
    now["favourite_channel"] = channels.ranks(now["favourite_channel"])
    return ids, now


def touched(before: date, until: date) -> Ints:
    """Whose facts the kernel may find different at the later of two dates, ascending: something of theirs has come, or left a window."""
    spans = [(years_before(before, years).isoformat(), years_before(until, years).isoformat()) for years in range(3)]
    orders = [_customers("crm_order", ["ordered_on"], [span]) for span in spans]
    # Unpaid for more than 30 days.
    late = ((before - timedelta(days=31)).isoformat(), (until - timedelta(days=31)).isoformat())
    orders.append(_customers("crm_order", ["ordered_on"], [late], f"status = {UNPAID} AND"))
    contacts = _customers("crm_interaction", ["happened_on"], spans[:2])
    marks = _customers("crm_customer", MARKS, spans[:1], key="id")
    return np.unique(np.concatenate([*orders, contacts, marks]))


def _customers(table: str, days: Sequence[str], spans: Sequence[tuple[str, str]], which: str = "", key: str = "customer_id") -> Ints:
    """Of whom `table` has a row with one of its `days` after the first and not after the last of one of `spans`."""
    within = " OR ".join(f"({day} > %s AND {day} <= %s)" for day in days for _span in spans)
    bounds = [bound for _day in days for span in spans for bound in span]
    return arrays.fetch([key], f"FROM {table} WHERE {which} {key} IS NOT NULL AND ({within})", bounds)[0]


def _of(batch: People) -> tuple[str, list[int]]:
    """SQL for "a customer of `batch`", with its parameters: each by name, or, where they are many, the range that they fill."""
    if len(batch.id) <= LISTED:
        return f"customer_id IN ({_places(batch.id)})", batch.id.tolist()
    return "customer_id BETWEEN %s AND %s", [int(batch.id[0]), int(batch.id[-1])]


def _places(values: Sized) -> str:
    return ", ".join(["%s"] * len(values))


def _as_number(name: str) -> str:
    """SQL for the fact `name` in the kernel's units."""
    match FACTS[name].kind:
        case Kind.DATE:
            return arrays.day(name)
        case Kind.HALF_DAYS:
            return f"2 * {name}"
        case Kind.YES_NO:
            # PostgreSQL casts a boolean to integer, and to nothing wider.
            return f"CAST({name} AS integer)"
        case Kind.CHANNEL:
            known = f"COALESCE((SELECT id FROM crm_channel WHERE key = {name}), {GONE})"
            return f"CASE WHEN {name} = '' THEN NULL ELSE {known} END"
        case _:
            return name
