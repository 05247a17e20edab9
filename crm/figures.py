"""Which figures a page shows, and as of when: the live ones, or those of a day in the past that the reader has chosen."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.contrib import messages
from django.db.models import QuerySet, Subquery
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from crm.models import Business, Facts, FactsRow, Order, PastFacts

# In the session: the chosen day.
CHOICE = "look_back"
# In an address: the day that it asks for.
PARAMETER = "as_of"
EARLIEST = date(1970, 1, 1)
# With the newest order older than that, the live figures say little.
OLD_AFTER = timedelta(days=60)


@dataclass(frozen=True)
class Figures:
    """The facts of one date. `as_of` is None before the first night: there are no figures yet.

    In the past nobody has a `stage_since`, and who was not known then has no row. `asked` is a day that the address asks for and whose
    figures are not computed: these are the live ones.
    """

    business: Business
    as_of: date | None
    facts: type[FactsRow]
    is_past: bool = False
    asked: date | None = None


def figures_for(request: HttpRequest) -> Figures:
    """Those of the day in the address (?as_of=2024-03-31), else of the one chosen in this session, where they are computed; else the live
    ones.
    """
    business, asked = business_of(request), asked_for(request)
    day = asked or chosen(request)
    if business.past_as_of and business.past_as_of == day:
        return Figures(business, business.past_as_of, PastFacts, is_past=True)
    return Figures(business, business.as_of, Facts, asked=asked if asked != business.as_of else None)


def asked_for(request: HttpRequest) -> date | None:
    """The day in the address; None without one, and, said once, for one that is none or that the figures have not reached."""
    kept, text, live = request.__dict__, request.GET.get(PARAMETER), business_of(request).as_of
    if text is None or live is None:
        return None
    if PARAMETER not in kept:
        kept[PARAMETER] = found = a_day(text)
        if found is None or not EARLIEST <= found <= live:
            kept[PARAMETER] = None
            sentence = _("The day in the address is none that has figures: give one up to %(live)s, like 2024-03-31.")
            messages.error(request, sentence % {"live": date_format(live)}, fail_silently=True)
    day: date | None = kept[PARAMETER]
    return day


def a_day(text: str) -> date | None:
    """A date written like 2024-03-31, and no other way."""
    with suppress(ValueError):
        found = date.fromisoformat(text)
        # It also takes 20240331 and weeks.
        return found if found.isoformat() == text else None
    return None


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
