"""Looking for possible duplicates among all customers: the worker's."""

from datetime import datetime

from django.db import transaction

from crm import bulk
from crm.fold import fold
from crm.merging.likeness import Known, Pair, find_alike
from crm.models import Candidate, Customer

# So many are kept, the most alike first: more than people look through.
MOST_KEPT = 10_000
WRITTEN_AT_ONCE = 5_000
READ_AT_ONCE = 5_000

# In the order of Known.
_READ = ("pk", "name", "email", "phone_key", "phone", "company_number", "works_at", "city_key")
_STORED = ("pk", "first", "second", "why", "score")


def look(now: datetime) -> int:
    """Writes who may be one, and takes out who is not alike any more; what a person has dismissed stays. How many blocks were cut."""
    people = Customer.objects.present().order_by("pk").values_list(*_READ).iterator(READ_AT_ONCE)
    found = find_alike(Known(pk, fold(name), *rest) for pk, name, *rest in people)
    kept = sorted(found.pairs, key=lambda pair: (-pair.score, pair))[:MOST_KEPT]
    _take_out(kept)
    stored = {(first, second): (pk, why, score) for pk, first, second, why, score in Candidate.objects.values_list(*_STORED)}
    fresh = [pair for pair in kept if pair[:2] not in stored]
    _tell_anew([(stored[pair[:2]][0], *pair[2:]) for pair in kept if pair[:2] in stored and stored[pair[:2]][1:] != pair[2:]])
    for start in range(0, len(fresh), WRITTEN_AT_ONCE):
        _write(fresh[start : start + WRITTEN_AT_ONCE], now)
    return found.cut


@transaction.atomic
def _write(pairs: list[Pair], now: datetime) -> None:
    """Of those who are still there: somebody may be deleted for good while it is looked."""
    asked = sorted({pk for pair in pairs for pk in pair[:2]})
    there = set(Customer.objects.present().filter(pk__in=bulk.among(asked)).values_list("pk", flat=True))
    rows = [
        Candidate(first_id=first, second_id=second, why=why, score=score, found_at=now)
        for first, second, why, score in pairs
        if {first, second} <= there
    ]
    Candidate.objects.bulk_create(rows, ignore_conflicts=True)


def _tell_anew(changed: list[tuple[int, str, int]]) -> None:
    """Pairs that are alike for another reason by now."""
    for start in range(0, len(changed), WRITTEN_AT_ONCE):
        with transaction.atomic():
            bulk.update(Candidate, ["why", "score"], changed[start : start + WRITTEN_AT_ONCE])


def _take_out(kept: list[Pair]) -> None:
    pairs = {pair[:2] for pair in kept}
    open_ones = Candidate.objects.filter(dismissed_at=None).values_list("pk", "first", "second")
    gone = [pk for pk, *pair in open_ones if tuple(pair) not in pairs]
    for start in range(0, len(gone), WRITTEN_AT_ONCE):
        Candidate.objects.filter(pk__in=bulk.among(gone[start : start + WRITTEN_AT_ONCE])).delete()
