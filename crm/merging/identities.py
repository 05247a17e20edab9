"""Whose an identity is: a merge may have exchanged those of its two, and each is given back when it is taken apart."""

from collections import defaultdict
from collections.abc import Collection

from crm.bulk import among
from crm.models import Merge


def origins(column: str, holders: Collection[int]) -> dict[int, int]:
    """Of those who hold another's identity in this column since a merge that stands: whose it was before any of them."""
    exchanges = _exchanges(column, holders)
    found = {}
    for holder in exchanges.keys() & set(holders):
        at, last = holder, None
        # Each list is newest first, and what was exchanged later was exchanged with what came of the earlier ones.
        while step := next((each for each in exchanges[at] if last is None or each.pk < last.pk), None):
            at, last = _other(step, at), step
        if at != holder:
            found[holder] = at
    return found


def _exchanges(column: str, customers: Collection[int]) -> dict[int, list[Merge]]:
    """The merges that stand and have exchanged it, of these and of all with whom they lead to: by customer, newest first."""
    steps: dict[int, Merge] = {}
    asked, seen = set(customers), set[int]()
    while asked:
        standing = Merge.objects.filter(undone_at=None, changes__from__has_key=column)
        for one in ("into", "from_customer"):
            steps |= standing.filter(**{f"{one}__in": among(sorted(asked))}).in_bulk()
        seen |= asked
        asked = {pk for step in steps.values() for pk in (step.into_id, step.from_customer_id)} - seen
    found: dict[int, list[Merge]] = defaultdict(list)
    for step in sorted(steps.values(), key=lambda step: step.pk, reverse=True):
        found[step.into_id].append(step)
        found[step.from_customer_id].append(step)
    return found


def _other(step: Merge, customer: int) -> int:
    return step.from_customer_id if customer == step.into_id else step.into_id
