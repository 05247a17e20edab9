"""Between two nights: the facts and stages of the customers who have changed, by the same kernel and the same rules, as of today."""

from collections.abc import Callable
from datetime import date, datetime
from time import sleep

from django.utils import timezone

from crm import bulk, locks, searching
from crm.failpoints import failpoint
from crm.models import Business, Changed, Customer, Headline
from crm.steps import compute_facts_of, count_referrals_of
from lifecycle import schedule
from lifecycle.models import Ladder
from lifecycle.numbers import keep_numbers
from lifecycle.stages import place

# Customers of one turn, between which a night may begin: it looks some times in the pause.
REFRESHED_AT_ONCE = 5_000
PAUSE_SECONDS = 0.2


def refresh(clock: Callable[[], datetime] = timezone.now) -> int:
    """How many changed customers were brought up to date, as of the business's today.

    None while a night is running or missed nights wait: the tick comes back to them. Whoever notes a change while we hold the lock rings in
    vain, so we look once more after letting it go.
    """
    searching.catch_up()
    done = 0
    while Changed.objects.exists():
        if done:
            sleep(PAUSE_SECONDS)
        with locks.held("nightly") as got:
            # Asked each time: the day may end meanwhile, and the night fall due.
            as_of = _date(clock()) if got else None
            if as_of is None:
                break
            done += _refresh_some(as_of)
            if not Changed.objects.exists():
                _count_again()
    return done


def _date(now: datetime) -> date | None:
    """Today, or the date that the figures stand at where a clock was set back; None before the first night and while one is due."""
    business = Business.load()
    if business.as_of is None or schedule.due_now(now):
        return None
    return max(business.as_of, business.local_date(now))


def _refresh_some(as_of: date) -> int:
    noted = Changed.objects.order_by("customer").values_list("customer", flat=True).distinct()
    changed = list(noted[:REFRESHED_AT_ONCE])
    # All their notes, but none of those that come while we compute.
    read = dict(Changed.objects.filter(customer__in=bulk.among(changed)).values_list("pk", "why"))
    if Changed.Why.ORDER in read.values():
        # It may be one of long ago: the figures of the past (lifecycle/lookback.py) and the numbers of Today are to be computed anew.
        Business.objects.exclude(past_as_of=None).update(past_as_of=None)
        Headline.void()
    compute_facts_of(changed, as_of)
    failpoint("refresh.facts")
    concerned = sorted({*changed, *_referrers(changed)})
    count_referrals_of(concerned)
    failpoint("refresh.referrals")
    for ladder in Ladder.objects.order_by("pk"):
        place(ladder, as_of, customers=concerned)
    failpoint("refresh.placed")
    Changed.objects.filter(pk__in=bulk.among(list(read))).delete()
    failpoint("refresh.done")
    return len(changed)


def _count_again() -> None:
    """The numbers of Today, where an order has made them void: once all that changed is in the facts."""
    live = Business.load().as_of
    if live and not Headline.objects.filter(as_of=live).exists():
        keep_numbers(live)


def _referrers(customers: list[int]) -> list[int]:
    """Whoever has less or more to show for it when the facts of `customers` move."""
    found = Customer.objects.filter(pk__in=bulk.among(customers), referred_by__isnull=False)
    return [pk for pk in found.values_list("referred_by", flat=True) if pk]
