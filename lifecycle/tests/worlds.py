"""Small random worlds for hypothesis, dense where a definition turns: at the edges of the windows, at ties, at empty values.

The numbers of rows are drawn, and shrink; the rows follow from a seed, because of many small draws hypothesis repeats most.
"""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from hypothesis import strategies as st

from lifecycle.tests.oracle_loop import Contact, Person, Sale, World

AS_OF = [
    date(2024, 2, 29),
    date(2024, 2, 29),
    date(2000, 2, 29),
    date(2025, 2, 28),
    date(2024, 3, 1),
    date(1998, 6, 30),
    date(2024, 2, 28),
    date(2025, 3, 1),
    date(2026, 2, 28),
]

# Days before as_of: around it, around 30 days, one year, two years (365 and 366 days each), and far.
NEAR = (10, 0, 1, 2, -1, -2, -40)
EDGES = (29, 30, 31, 32, *range(363, 369), *range(728, 734))
FAR = (20, 45, 60, 90, 91, 100, 120, 180, 181, 200, 270, 400, 500, 900, 1500)
AGO = NEAR + EDGES + FAR

AMOUNTS = (10000, 10000, 20000, 0, 1, 99, 333, 10001, -1, -2501, -10000)
STATUSES = ("paid", "paid", "paid", "paid", "unpaid", "unpaid", "refunded", "cancelled")
# As parts of the amount, and whole cents beside it.
REFUNDED = ("none", "none", "none", "a cent", "all but a cent")
COSTS = (6000, 6000, 0, 12000, 6000, 6000, None)
# By letter "e-shop" comes before "ebay", in a dictionary after it.
CHANNELS = ("ebay", "e-shop", "counter", None)
MINUTES = (5, 0, 60, None)
MARKS = (None, None, None, 1, 0, -1, 400)
LOST_MARKS = ("none", "none", "before", "on", "after", "as of", "tomorrow", "long ago")
# The channels of one day's orders and of the next one's, in turn.
HABITS = ((["ebay"],) * 2, (["ebay"], ["counter"]), (["ebay", "e-shop"],) * 2, ([None],) * 2)
# Two gaps in turn, the number of orders, how long before as_of the last one was.
GAPS = ((7, 7), (7, 8), (30, 30), (1, 30), (30, 45), (91, 91), (122, 123), (365, 366), (1, 1))
RHYTHM = (4, 3, 5, 11, 2)
ENDED = (10, 0, 30, 200, 366, -1)
SHARES = tuple(map(Decimal, ("0.80", "0.50", "0.75", "0.60", "1.00", "0.01")))
PEOPLE = 14

SALE = (PEOPLE + 1, len(AGO), len(AMOUNTS), len(STATUSES), len(REFUNDED), len(COSTS), len(CHANNELS))
ROUND_SALE = (PEOPLE + 1, len(AGO), 4, len(STATUSES), 1, len(COSTS), len(CHANNELS))
CONTACT = (PEOPLE, len(AGO), len(MINUTES))
PERSON = (len(MARKS),) * 3 + (len(LOST_MARKS), PEOPLE + 3)
REGULAR = (len(GAPS), len(RHYTHM), len(ENDED), len(HABITS))


def rows(draw, menus, number):
    """For each of `number` rows its place in each of the menus, which are given by their sizes."""
    source = Random(draw(st.integers(0, 2**32 - 1)))
    return [[source.randrange(size) for size in menus] for _ in range(number)]


@st.composite
def worlds(draw):
    """(World, as_of): up to 14 people. In half of the worlds most have a rhythm; in half amounts are round, so that ties are common."""
    as_of = draw(st.sampled_from(AS_OF) | st.dates(date(1996, 1, 1), date(2030, 12, 31)))
    rhythmic, round_amounts = draw(st.booleans()), draw(st.booleans())
    size, sold, met = draw(st.integers(10 if rhythmic else 0, PEOPLE)), draw(st.integers(0, 60)), draw(st.integers(0, 10))
    regulars = rows(draw, REGULAR, size if rhythmic else size // 3)
    sales = [sale for place, row in enumerate(regulars) for sale in regular(row, place + 1, as_of)]
    sales += [sale_of(row, size, as_of) for row in rows(draw, ROUND_SALE if round_amounts else SALE, sold)]
    contacts = [contact_of(row, size, as_of) for row in rows(draw, CONTACT, met if size else 0)]
    people = [person_of(row, place + 1, size, sales, as_of) for place, row in enumerate(rows(draw, PERSON, size))]
    return World(tuple(people), tuple(sales), tuple(contacts), draw(st.sampled_from(SHARES))), as_of


def regular(row, customer, as_of):
    gaps, rhythm, ended, habit = row
    day = as_of - timedelta(days=ENDED[ended])
    for turn in range(RHYTHM[rhythm]):
        yield from (Sale(customer, day, 10000, cost=6000, channel=channel) for channel in HABITS[habit][turn % 2])
        day -= timedelta(days=GAPS[gaps][turn % 2])


def sale_of(row, size, as_of):
    who, ago, amount, status, refunded, cost, channel = row
    # One more than there are people: the order is anonymous.
    customer = who % (size + 1) + 1
    amount = AMOUNTS[amount]
    parts = {"none": 0, "a cent": 1, "all but a cent": amount - 1}
    return Sale(
        customer=customer if customer <= size else None,
        ordered_on=as_of - timedelta(days=AGO[ago]),
        amount=amount,
        status=STATUSES[status],
        # The record takes a part that is less than the amount, and nothing else.
        refunded=parts[REFUNDED[refunded]] if amount > 1 else 0,
        cost=COSTS[cost],
        channel=CHANNELS[channel],
    )


def contact_of(row, size, as_of):
    who, ago, minutes = row
    return Contact(who % size + 1, as_of - timedelta(days=AGO[ago]), MINUTES[minutes])


def person_of(row, key, size, sales, as_of):
    *marks, lost, referrer = row
    days = [sale.ordered_on for sale in sales if sale.customer == key and sale.ordered_on <= as_of]
    disqualified, partner, only_us = (None if MARKS[mark] is None else as_of - timedelta(days=MARKS[mark]) for mark in marks)
    return Person(
        id=key,
        disqualified_on=disqualified,
        lost_marked_on=lost_mark(LOST_MARKS[lost], days, as_of),
        partner_on=partner,
        only_us_on=only_us,
        referred_by=referrer_of(referrer, key, size),
    )


def lost_mark(kind, days, as_of):
    last = max(days, default=as_of)
    dates = {"before": last - timedelta(days=1), "on": last, "after": last + timedelta(days=1), "as of": as_of}
    dates |= {"tomorrow": as_of + timedelta(days=1), "long ago": as_of - timedelta(days=400)}
    return dates.get(kind)


def referrer_of(place, key, size):
    """Nobody, the neighbour (two neighbours make a circle), or anybody else."""
    neighbour = key + 1 if key % 2 else key - 1
    referrer = {0: None, 1: neighbour, 2: neighbour}.get(place, place - 2)
    return referrer if referrer is not None and referrer <= size and referrer != key else None
