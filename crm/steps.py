"""The steps of the night on this floor: the facts of every customer; and the same for a few of them, or in scratch (PastFacts).

Each may run twice, reads and computes outside any transaction, and writes in short ones.
"""

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from crm import arrays, bulk, reader
from crm.catalogue import FACTS, Kind
from crm.facts import NAMES, Ints, People, business_gap, compute, days, waits
from crm.failpoints import failpoint
from crm.models import Business, Changed, Customer, Facts, FactsRow, Interaction, Order

# Rows of one transaction: well under a second on SQLite, whose one writer a login waits for.
WRITTEN_AT_ONCE = 5_000
FORGOTTEN_AT_ONCE = 50_000


def add_missing_rows(as_of: date) -> int:
    """A Facts row for each customer who has none and is not hidden, say after a restored or hand-edited database."""
    return add_rows(Customer.objects.present().filter(facts=None), Facts)


def add_rows(missing: QuerySet[Customer], facts: type[FactsRow]) -> int:
    """A row of `facts` for each of `missing`, who have none; how many."""
    added, after, blank = 0, 0, _blank()
    while found := list(missing.order_by("pk").filter(pk__gt=after).values_list("pk", flat=True)[:WRITTEN_AT_ONCE]):
        with transaction.atomic():
            bulk.insert(facts, ["customer", *blank], [(pk, *blank.values()) for pk in found])
        added, after = added + len(found), found[-1]
        failpoint("night.rows")
    return added


def compute_facts(as_of: date) -> int:
    """The kernel over all customers; writes the rows that differ, and forgets the changes noted before it began.

    A customer with something dated after `as_of` keeps a note, or gets one: a refresh that is ahead of this night would be undone by it.
    """
    ahead = _ahead(as_of)
    _note_again(ahead)
    # One by one: a list of them that does not fit into its memory PostgreSQL goes through from the start for each note.
    behind = Changed.objects.exclude(Exists(ahead.filter(pk=OuterRef("customer"))))
    noted = np.array(list(behind.order_by("pk").values_list("pk", flat=True)), dtype=np.int64)
    written = compute_everyone(as_of, Facts, Business.load().gap_days)
    _forget(noted)
    return written


def compute_everyone(as_of: date, facts: type[FactsRow], gap: int) -> int:
    """The kernel over all customers; writes the rows of `facts` that differ. `gap`: the business gap in days."""
    return _compute_read(reader.people(), as_of, facts, gap)


def compute_facts_of(customers: Sequence[int], as_of: date) -> int:
    """The kernel over `customers` (primary keys, ascending) alone; notes are the caller's."""
    return compute_among(customers, as_of, Facts, Business.load().gap_days)


def compute_among(customers: Sequence[int], as_of: date, facts: type[FactsRow], gap: int) -> int:
    """As compute_everyone, over `customers` (primary keys, ascending) alone."""
    return _compute_read(reader.people_among(customers), as_of, facts, gap)


def compute_shelved(shelf: reader.Shelf, customers: Ints | None, as_of: date, facts: type[FactsRow], gap: int) -> int:
    """As compute_among, or as compute_everyone without `customers`, from the record as it lies on the shelf."""
    return _compute(shelf.take(customers, days(as_of).as_of), shelf.channels, as_of, facts, gap)


def _compute_read(people: Iterable[People], as_of: date, facts: type[FactsRow], gap: int) -> int:
    channels = reader.Channels.load()
    return _compute(reader.read(people, as_of.isoformat(), channels), channels, as_of, facts, gap)


def _compute(batches: Iterable[reader.Read], channels: reader.Channels, as_of: date, facts: type[FactsRow], gap: int) -> int:
    written = 0
    for batch in batches:
        written += _write(batch.people, compute(*batch, as_of, gap), channels, facts)
    return written


def _ahead(as_of: date) -> QuerySet[Customer]:
    """Who has an order, a contact or a mark dated after `as_of`."""
    ordered = Exists(Order.objects.filter(customer=OuterRef("pk"), ordered_on__gt=as_of))
    contacted = Exists(Interaction.objects.filter(customer=OuterRef("pk"), happened_on__gt=as_of))
    marked = Q(*((f"{mark}__gt", as_of) for mark in reader.MARKS), _connector=Q.OR)
    return Customer.objects.present().filter(Q(ordered) | Q(contacted) | marked)


def _note_again(customers: QuerySet[Customer]) -> None:
    """A note for each of `customers` who has none."""
    missing, after = customers.exclude(Exists(Changed.objects.filter(customer=OuterRef("pk")))).order_by("pk"), 0
    while found := list(missing.filter(pk__gt=after).values_list("pk", flat=True)[:WRITTEN_AT_ONCE]):
        with transaction.atomic():
            bulk.insert(Changed, ["customer", "why"], [(pk, Changed.Why.CUSTOMER.value) for pk in found])
        after = found[-1]
        failpoint("night.ahead")


def _forget(noted: Ints) -> None:
    """Deletes these notes and no others: an unbroken run of keys as a range, which a list of keys takes ten times as long for."""
    for run in np.split(noted, np.flatnonzero(np.diff(noted) != 1) + 1):
        for part in np.array_split(run, len(run) // FORGOTTEN_AT_ONCE + 1):
            if len(part):
                Changed.objects.filter(pk__range=(int(part[0]), int(part[-1]))).delete()
                failpoint("night.changed")


def settle_business_gap(as_of: date) -> int:
    """Where the business gap has moved, it moves the expectations of all who have no rhythm of their own: one statement."""
    gap = own_gap(Facts)
    if gap == Business.load().gap_days:
        return 0
    failpoint("night.gap")
    with transaction.atomic():
        moved = expect(Facts, gap)
        Business.keep(gap_days=gap)
        failpoint("night.gap.inside")
    return moved


def own_gap(facts: type[FactsRow]) -> int:
    """The business gap that follows from the rhythms in `facts`."""
    (typical,) = arrays.fetch(["2 * typical_gap_days"], f"FROM {facts._meta.db_table} WHERE typical_gap_days IS NOT NULL")
    return business_gap(typical, Business.DEFAULT_GAP_DAYS)


def expect(facts: type[FactsRow], gap: int) -> int:
    """The expectations of all who have no rhythm of their own, by a business gap of `gap` days; how many."""
    moved_by = waits(np.array([2 * gap]), np.array([0]))
    dates = ", ".join(f"{name} = {arrays.later('last_order_on', int(wait[0]))}" for name, wait in moved_by.items())
    theirs = "typical_gap_days IS NULL AND last_order_on IS NOT NULL"
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {facts._meta.db_table} SET expected_gap_days = %s, {dates} WHERE {theirs}", [gap])
        return int(cursor.rowcount)


def count_referrals(as_of: date, facts: type[FactsRow] = Facts) -> int:
    """How many of the people each customer referred have a counting order."""
    concerned = facts.objects.filter(Q(referrals_ordered__gt=0) | Exists(Customer.objects.filter(referred_by=OuterRef("pk"))))
    failpoint("night.referrals")
    return _count_referrals(concerned)


def count_referrals_of(customers: Sequence[int], facts: type[FactsRow] = Facts) -> int:
    return _count_referrals(facts.objects.filter(pk__in=bulk.among(customers)))


def _count_referrals(concerned: QuerySet[FactsRow]) -> int:
    ordered = concerned.model.objects.filter(customer__referred_by=OuterRef("pk"), orders__gt=0).order_by().values("customer__referred_by")
    count = Coalesce(Subquery(ordered.annotate(n=Count("pk")).values("n")), 0)
    return concerned.annotate(count=count).exclude(referrals_ordered=F("count")).update(referrals_ordered=F("count"))


def _write(batch: People, fresh: dict[str, Ints], channels: reader.Channels, facts: type[FactsRow]) -> int:
    """Writes the rows of `fresh` that differ from the stored ones; a customer who has no row in `facts` is left out."""
    ids, now = reader.stored(batch, channels, facts)
    rows = np.searchsorted(batch.id, ids)
    fresh = {name: values[rows] for name, values in fresh.items()}
    differs = np.any([fresh[name] != now[name] for name in NAMES], axis=0) if len(ids) else np.zeros(0, dtype=np.bool_)
    columns = [ids[differs].tolist(), *(_stored(name, fresh[name][differs], channels) for name in NAMES)]
    changed = list(zip(*columns, strict=True))
    for start in range(0, len(changed), WRITTEN_AT_ONCE):
        with transaction.atomic():
            bulk.update(facts, NAMES, changed[start : start + WRITTEN_AT_ONCE])
            failpoint("night.facts.inside")
        failpoint("night.facts")
    return len(changed)


def _stored(name: str, values: Ints, channels: reader.Channels) -> list[object]:
    """The kernel's numbers as the database stores the fact `name`."""
    match FACTS[name].kind:
        case Kind.DATE:
            return list(arrays.stored_dates(values))
        case Kind.CHANNEL:
            return list(channels.texts(values))
        case Kind.HALF_DAYS:
            return [None if value is None else value / 2 for value in arrays.stored_numbers(values)]
        case _:
            return list(arrays.stored_numbers(values))


def _blank() -> dict[str, object]:
    """The columns of a new row of facts but its key, as stored."""
    row = Facts()
    return {
        field.name: field.get_db_prep_save(getattr(row, field.attname), connection)
        for field in Facts._meta.concrete_fields
        if not field.primary_key
    }
