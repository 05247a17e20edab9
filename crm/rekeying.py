"""The keys of telephone numbers once the business is of another country: numbers that do not say theirs are of it.

By the worker, a stretch of customers in a transaction. Each stretch asks for the country anew, so that of several such jobs, in whatever
order, the last leaves the keys of the country that holds; cut off, one begins anew.
"""

from collections.abc import Callable

from django.db import transaction

from crm import bulk, jobs
from crm.models import Business, Customer, Job
from crm.models.customer import Texts, search_key
from crm.phones import phone_key

KIND = "phone_keys"
DOING = "phones"
AT_ONCE = 5_000


def ask() -> Job:
    """In the transaction that changes the country. Without a key: one that runs has gone past customers whom this one has to see."""
    return jobs.enqueue(KIND)


def bring_up_to_date(tell: Callable[[int, int, str], None]) -> int:
    """How many customers had another key."""
    total = Customer.objects.exclude(phone="").count()
    last, done, changed = 0, 0, 0
    while True:
        seen, rows = _a_stretch(last)
        if not seen:
            return changed
        last, done, changed = seen[-1], done + len(seen), changed + rows
        tell(min(done, total), total, DOING)


@transaction.atomic
def _a_stretch(after: int) -> tuple[list[int], int]:
    """The customers behind `after`, and how many of them were written. Nobody writes them in between."""
    people = Customer.objects.filter(pk__gt=after).exclude(phone="").order_by("pk").select_for_update()
    stretch = list(people.values("pk", "country", *Texts._fields)[:AT_ONCE])
    # Read when the customers are ours: a job that was waited for has written by then.
    home = Business.load().country
    fresh = [(one, phone_key(one["phone"], one["country"], home)) for one in stretch]
    rows = [
        (one["pk"], key, search_key(Texts(*({**one, "phone_key": key}[name] for name in Texts._fields))))
        for one, key in fresh
        if key != one["phone_key"]
    ]
    bulk.update(Customer, ["phone_key", "search_key"], rows)
    return [one["pk"] for one in stretch], len(rows)
