"""The demo's way into the record: what happened up to a night, then that night, and so on, so that the stages have a history.

Killed anywhere, it is begun anew by the next call: the business says whether the demo in it is whole.
"""

import calendar
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from crm import record
from crm.failpoints import failpoint
from crm.figures import Figures
from crm.fold import fold
from crm.models import Business, Channel, Facts, Interaction, User
from lifecycle import nightly
from lifecycle.demo import around, counter, shop
from lifecycle.demo.empty import OWNER, STAFF, DemoRefused, alone, clear, is_empty
from lifecycle.demo.simulate import simulate
from lifecycle.demo.todo import give_tasks
from lifecycle.demo.writing import Writing
from lifecycle.today import ToContact

NAME, ZONE, CURRENCY = "Dvě zrna", "Europe/Prague", "CZK"
CUSTOMERS, SEED = 1650, 2
YEARS = 3
DAY = timedelta(days=1)
# The last month has a night each day, the year before it one a week, the time before that one a month.
DAILY, WEEKLY = 31, 48
# On the last of these mornings somebody has worked through Today's list.
MORNINGS, CUSTOMERS_TO_A_CALL = 11, 400
CALLS = (
    "They were away for a while; will order again next week.",
    "Bought elsewhere because of the price. Asked us for an offer.",
    "Nobody answered, left a message.",
    "The grinder broke down. Offered to lend ours.",
)


def fill_demo(*, now: datetime, customers: int = CUSTOMERS, seed: int = SEED, tell: nightly.Tell = nightly.silent) -> None:
    """Fills an empty record with the demo, up to the business date of `now`; one that was cut off is begun anew.

    Raises DemoRefused where there is anything else, the demo is there already, or a night or an import runs; NightFailed as a night does.
    """
    with alone():
        business = Business.load()
        if business.is_demo and business.demo_is_whole:
            raise DemoRefused(_("The demo is there already. To take it out, run: manage.py demo --remove"))
        if not (business.is_demo or is_empty()):
            sentence = _("There are real rows in this database, and the demo goes into an empty one: set DATA_DIR to a folder of its own.")
            raise DemoRefused(sentence)
        if business.is_demo:
            clear()
        today = Business(zone=ZONE).local_date(now)
        first = date(today.year - YEARS, today.month, min(today.day, 28))
        writing = _begin(first)
        failpoint("demo.begun")
        crowd = simulate(first, today, customers, seed)
        nights = list(_nights(first, today))
        for done, night in enumerate(nights):
            tell(done, len(nights), _("The nights of %(month)s") % {"month": f"{night:%m/%Y}"})
            writing.write(crowd, upto=night)
            if night == nights[-1]:
                counter.lay_out(now=now, zone=ZONE, accounts=writing.logged_by)
            failpoint("demo.written")
            steps = nightly.STEPS if night == nights[-1] else nightly.PASSING
            nightly.run_held(night, lambda: now, nightly.silent, steps=steps)
            failpoint("demo.night")
            if today - DAY * MORNINGS < night < today - DAY:
                _work_through_today(night, writing.logged_by[0], customers // CUSTOMERS_TO_A_CALL)
        writing.write(crowd, upto=today)
        colleague, owner = (User.objects.filter(pk=pk or 0).first() for pk in writing.logged_by)
        give_tasks([colleague, owner], today, now)
        if by := owner or colleague:
            around.settle(seed=seed, now=now, zone=ZONE, by=by)
        failpoint("demo.today")
        Business.keep(demo_is_whole=True)


@transaction.atomic
def _begin(first: date) -> Writing:
    """From here on the data is the demo."""
    Business.keep(is_demo=True, name=NAME, zone=ZONE, currency=CURRENCY)
    owners = User.objects.filter(role=User.Role.OWNER, is_active=True).order_by("pk")
    if not owners.exists():
        _account(OWNER, User.Role.OWNER)
    _account(STAFF, User.Role.STAFF)
    channels = {name: Channel.objects.get_or_create(key=fold(name), defaults={"name": name})[0].pk for name in (shop.ESHOP, shop.COUNTER)}
    logged_by = [users.values_list("pk", flat=True).first() for users in (User.objects.filter(email=STAFF[0]), owners)]
    return Writing(first, ZONE, channels, logged_by)


def _work_through_today(night: date, colleague: int | None, calls: int) -> None:
    """The morning after that night: the colleague calls the first few of Today's list, who then leave it for two weeks."""
    figures = Figures(Business.load(), night, Facts)
    for number, person in enumerate(ToContact.at(figures, night, night).people[:calls]):
        at = datetime.combine(night + DAY, time(9, 5 + 12 * number), tzinfo=ZoneInfo(ZONE))
        text, minutes = CALLS[number % len(CALLS)], 4 + 3 * number
        call = Interaction(kind=Interaction.Kind.CALL, direction=Interaction.Direction.OUT, happened_at=at, minutes=minutes, text=text)
        call.customer, call.by_id = person.facts.customer, colleague
        record.save_interaction(interaction=call, by=call.by)


def _account(who: tuple[str, str], role: User.Role) -> None:
    """Without a password: `login_link` lets them in."""
    email, name = who
    if not User.objects.filter(email=email).exists():
        User.objects.create_user(email, name=name, role=role)


def _nights(first: date, today: date) -> Iterator[date]:
    """The dates of the nights, to yesterday."""
    weekly, daily = today - DAY * (DAILY + 7 * WEEKLY), today - DAY * DAILY
    month = first
    while (last := month.replace(day=calendar.monthrange(month.year, month.month)[1])) < weekly:
        yield last
        month = last + DAY
    yield from (weekly + 7 * DAY * week for week in range(WEEKLY))
    yield from (daily + DAY * day for day in range(DAILY))
