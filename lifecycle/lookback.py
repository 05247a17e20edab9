"""Looking back: the figures of a day in the past, in scratch (PastFacts). The live ones never go back and are not touched.

By the same kernel and the same rules as a night, but by what is known now: an order cancelled since counts as cancelled. Killed anywhere
and run again it ends in the same rows, for it begins anew each time.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet

from crm import locks, steps
from crm.failpoints import failpoint
from crm.models import Business, Customer, Interaction, Order, PastFacts
from lifecycle.nightly import Tell, silent
from lifecycle.numbers import keep_numbers
from lifecycle.rungs import keep_ladders
from lifecycle.stages import place_past
from segments.steps import classify_pareto


def look_back(as_of: date, *, tell: Tell = silent) -> bool:
    """Computes the figures as of `as_of`, a date not after today; False where a night (or another look back) is at work.

    Business.past_as_of names the date once the last row is written, and none until then.
    """
    with locks.held("nightly") as got:
        if got:
            _climb(as_of, tell)
    return got


def _climb(as_of: date, tell: Tell) -> None:
    """Call with the lock held."""
    Business.keep(past_as_of=None)
    failpoint("lookback.started")
    for place, (name, step) in enumerate(STEPS):
        tell(place, len(STEPS), name)
        step(as_of)
        failpoint("lookback.step")
    Business.keep(past_as_of=as_of)
    failpoint("lookback.done")


def known(as_of: date) -> QuerySet[Customer]:
    """Who was known by the end of that day: from the day they were entered, ordered first or were first in contact (DEFINITIONS)."""
    ordered = Exists(Order.objects.filter(customer=OuterRef("pk"), ordered_on__lte=as_of))
    contacted = Exists(Interaction.objects.filter(customer=OuterRef("pk"), happened_on__lte=as_of))
    return Customer.objects.present().filter(Q(created__lt=end_of(as_of)) | Q(ordered) | Q(contacted))


def end_of(day: date) -> datetime:
    """The instant at which that day of the business is over."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=ZoneInfo(Business.load().zone))


def _rows(as_of: date) -> int:
    PastFacts.objects.all().delete()
    failpoint("lookback.emptied")
    return steps.add_rows(known(as_of), PastFacts)


def _facts(as_of: date) -> int:
    return steps.compute_everyone(as_of, PastFacts, Business.DEFAULT_GAP_DAYS)


def _business_gap(as_of: date) -> int:
    return steps.expect(PastFacts, steps.own_gap(PastFacts))


def _referrals(as_of: date) -> int:
    return steps.count_referrals(as_of, PastFacts)


def _pareto(as_of: date) -> int:
    return classify_pareto(as_of, PastFacts)


def _ladders(as_of: date) -> int:
    return keep_ladders(as_of, PastFacts) if as_of != Business.load().as_of else 0


def _headline(as_of: date) -> int:
    """Those of the day that the live figures stand at are the night's."""
    return keep_numbers(as_of, PastFacts) if as_of != Business.load().as_of else 0


# Those of the night, in its order.
STEPS: tuple[tuple[str, Callable[[date], int]], ...] = (
    ("rows", _rows),
    ("facts", _facts),
    ("business_gap", _business_gap),
    ("referrals", _referrals),
    ("pareto", _pareto),
    ("stages", place_past),
    ("ladders", _ladders),
    ("headline", _headline),
)
