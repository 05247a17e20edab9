"""Which figures a page shows, and as of when: the live ones, or those of a day in the past that the reader has chosen."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import QuerySet, Subquery
from django.http import HttpRequest

from crm.models import Business, Facts, FactsRow, Order, PastFacts

# In the session: the chosen day.
CHOICE = "look_back"
# With the newest order older than that, the live figures say little.
OLD_AFTER = timedelta(days=60)


@dataclass(frozen=True)
class Figures:
    """The facts of one date. `as_of` is None before the first night: there are no figures yet.

    In the past nobody has a `stage_since`, and who was not known then has no row.
    """

    business: Business
    as_of: date | None
    facts: type[FactsRow]
    is_past: bool = False


def figures_for(request: HttpRequest) -> Figures:
    """Those of the day chosen in this session, where they are computed; else the live ones."""
    business = business_of(request)
    if business.past_as_of and business.past_as_of == chosen(request):
        return Figures(business, business.past_as_of, PastFacts, is_past=True)
    return Figures(business, business.as_of, Facts)


def business_of(request: HttpRequest) -> Business:
    """The business, read once a request, and with it the day of its newest order, which the frame of every page of figures asks for."""
    kept = request.__dict__
    if "business" not in kept:
        # In no zone is it later than tomorrow in UTC.
        newest = _newest_until(datetime.now(UTC).date() + timedelta(days=1))
        kept["business"] = Business.objects.annotate(newest_order_on=Subquery(newest)).first() or Business.load()
    business: Business = kept["business"]
    return business


def chosen(request: HttpRequest) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat(request.session.get(CHOICE, ""))
    return None


def newest_order_on(today: date) -> date | None:
    """The day of the newest order that is not dated ahead."""
    return _newest_until(today).first()


def _newest_until(day: date) -> QuerySet[Order, date]:
    return Order.objects.filter(ordered_on__lte=day).order_by("-ordered_on").values_list("ordered_on", flat=True)[:1]


def old_data(business: Business, today: date) -> date | None:
    """The day of the newest order where that is more than 60 days ago, and there are live figures to look back from."""
    if business.as_of is None:
        return None
    kept = vars(business)
    newest: date | None = kept["newest_order_on"] if "newest_order_on" in kept else newest_order_on(today)
    if newest and newest > today:
        newest = newest_order_on(today)
    return newest if newest and today - newest > OLD_AFTER else None
