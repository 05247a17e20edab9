"""Who the demo's customers are: what is known of each, and what drives them, which nobody in the shop knows."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from crm.fold import fold
from crm.models import Customer
from lifecycle.demo.names import CZECH, POLISH, Country, company, person, phone

# Reserved for examples (RFC 2606): no letter to them reaches anybody.
DOMAINS = ("example.com", "example.org", "example.net")
RECOMMENDED = "Recommendation"
SOURCES = {"Walk-in": 30, "Google": 22, "Instagram": 18, RECOMMENDED: 20, "Coffee festival": 6, "Gift card": 4}
TRADE_SOURCES = {"Our visit": 10, RECOMMENDED: 6, "Google": 5, "Trade fair": 4}


class Line(NamedTuple):
    product: str
    quantity: int
    amount: int  # of the line, in minor units


@dataclass
class Purchase:
    """Money in minor units. `at` is the minute of the day, as on a contact; not told of today, whose evening has not come yet."""

    on: int
    at: int | None
    channel: str
    lines: list[Line]
    cost: int
    status: int = 0
    refunded: int = 0

    @property
    def amount(self) -> int:
        return sum(line.amount for line in self.lines)


@dataclass
class Contact:
    on: int
    at: int
    kind: str
    direction: str
    minutes: int
    text: str
    by_owner: bool = False


@dataclass
class Drive:
    """Of a Pareto/GGG customer (simulate.py): how often, how evenly and how long someone buys, for how much; and how much they ask for.

    A customer who never buys has no rate.
    """

    rate: float
    evenness: float
    stay: float
    level: float
    favourites: tuple[int, ...]
    by_shop: float
    demanding: bool
    talks: float


@dataclass
class Person:
    """Days are counted from the first one of the demo, as everywhere until the record is written."""

    arrived: int
    market: str
    name: str
    email: str
    phone: str
    city: str
    country: str
    language: str
    birthday: date | None
    source: str
    drive: Drive

    kind: str = Customer.Kind.EXTERNAL.value
    disqualified: int | None = None
    marked_lost: int | None = None
    partner: int | None = None
    only_us: int | None = None
    referred_by: "Person | None" = None
    purchases: list[Purchase] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    # How the marks became known; among the contacts too.
    notes: list[Contact] = field(default_factory=list)

    @property
    def is_trade(self) -> bool:
        return self.market == Customer.Market.B2B

    @property
    def last(self) -> int | None:
        """The day of the last purchase."""
        return self.purchases[-1].on if self.purchases else None

    def noted(self, day: int) -> Contact | None:
        return next((note for note in self.notes if note.on == day), None)


def arrivals(random: Random, size: int, season: list[float]) -> list[int]:
    """The day on which each becomes known, in order: more of them each year, and with the season."""
    span = len(season)
    weights = [weight * (0.6 + 1.2 * day / span) for day, weight in enumerate(season)]
    return sorted(random.choices(range(span), weights, k=size))


def make(random: Random, number: int, arrived: int, today: date, companies: set[str]) -> Person:
    """`companies` are those that have been made so far: no two have one name."""
    country = CZECH if random.random() < 0.85 else POLISH
    if random.random() < 0.045:
        return _company(random, country, number, arrived, companies)
    return _private(random, country, number, arrived, today)


def _company(random: Random, country: Country, number: int, arrived: int, companies: set[str]) -> Person:
    name = company(random, country, companies)
    return Person(
        arrived=arrived,
        market=Customer.Market.B2B.value,
        name=name,
        email=_email(random, name, number),
        phone=phone(random, country),
        city=random.choice(country.places),
        country=country.code,
        language=country.language,
        birthday=None,
        source=random.choices(list(TRADE_SOURCES), list(TRADE_SOURCES.values()))[0],
        drive=_trade_drive(random),
    )


def _private(random: Random, country: Country, number: int, arrived: int, today: date) -> Person:
    """Not everybody has told everything."""
    name, city = person(random, country), random.choice(country.cities)
    return Person(
        arrived=arrived,
        market=Customer.Market.B2C.value,
        name=name,
        email=_email(random, name, number) if random.random() < 0.93 else "",
        phone=phone(random, country) if random.random() < 0.7 else "",
        city=city if random.random() < 0.95 else "",
        country=country.code,
        language=country.language,
        birthday=_birthday(random, today) if random.random() < 0.6 else None,
        source=random.choices(list(SOURCES), list(SOURCES.values()))[0] if random.random() < 0.95 else "",
        drive=_drive(random, city),
    )


def _email(random: Random, name: str, number: int) -> str:
    words = "".join(letter if letter.isalnum() else "." for letter in fold(name))
    return f"{words}{number}@{random.choice(DOMAINS)}"


def _birthday(random: Random, today: date) -> date:
    years = min(max(random.gauss(39, 12), 18), 85)
    return today - timedelta(days=round(years * 365.25) + random.randrange(365))


def _drive(random: Random, city: str) -> Drive:
    return Drive(
        rate=0 if random.random() < 0.15 else random.gammavariate(0.65, 1 / (0.65 * 38)),
        evenness=1 + random.gammavariate(2, 1.2),
        stay=random.expovariate(random.gammavariate(0.9, 1 / 400)),
        level=random.lognormvariate(6.1, 0.78),
        favourites=(random.randrange(100), random.randrange(100)),
        by_shop=random.betavariate(1.2, 1) if city == "Praha" else 0.04,
        demanding=random.random() < 0.05,
        talks=random.lognormvariate(0, 1.3),
    )


def _trade_drive(random: Random) -> Drive:
    return Drive(
        rate=0 if random.random() < 0.25 else random.gammavariate(4, 1 / (4 * 19)),
        evenness=3 + random.gammavariate(3, 1.5),
        stay=random.expovariate(random.gammavariate(1.5, 1 / 1100)),
        level=random.lognormvariate(8.0, 0.7),
        favourites=(random.randrange(100), random.randrange(100)),
        by_shop=0.1,
        demanding=random.random() < 0.12,
        talks=random.lognormvariate(0.5, 1.3),
    )
