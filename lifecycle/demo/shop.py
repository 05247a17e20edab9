"""What the roastery sells, when people buy, and what they write and call about."""

from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from lifecycle.demo.people import Drive, Line

ESHOP, COUNTER = "E-shop", "Shop"
# January to December, and Monday to Sunday.
MONTHS = (0.9, 0.95, 1.0, 1.0, 0.95, 0.85, 0.72, 0.74, 1.0, 1.1, 1.3, 1.7)
WEEKDAYS = (1.1, 1.0, 1.0, 1.05, 1.15, 1.1, 0.6)


class Product(NamedTuple):
    """The price in crowns, the cost as a part of it."""

    name: str
    price: int
    cost: float


COFFEE = (
    Product("House espresso 250 g", 199, 0.45),
    Product("House espresso 1 kg", 690, 0.5),
    Product("Brazil Fazenda 250 g", 219, 0.46),
    Product("Brazil Fazenda 1 kg", 760, 0.52),
    Product("Colombia Huila 250 g", 269, 0.48),
    Product("Ethiopia Guji 250 g", 289, 0.5),
    Product("Kenya Nyeri 250 g", 329, 0.53),
    Product("Peru decaf 250 g", 249, 0.5),
)
BESIDE = (
    Product("Paper filters", 120, 0.55),
    Product("Gift box", 590, 0.58),
    Product("AeroPress", 990, 0.72),
    Product("Moka pot", 690, 0.7),
    Product("Tasting for two", 890, 0.4),
)
TRADE = (
    Product("House espresso 1 kg, trade", 520, 0.64),
    Product("Brazil Fazenda 1 kg, trade", 560, 0.66),
    Product("Ethiopia Guji 1 kg, trade", 790, 0.68),
    Product("Colombia Huila 1 kg, trade", 690, 0.67),
)
BESIDE_TRADE = (Product("Cups, 100 pieces", 260, 0.75), Product("Grinder service", 900, 0.6))

QUESTIONS = (
    ("call", 4, "Asked which coffee suits a moka pot. Recommended the Brazil."),
    ("email", 3, "Asked when the parcel arrives. Sent the tracking number."),
    ("chat", 3, "Asked for a finer grind with the next order."),
    ("social", 2, "Shared a picture of the Guji. Thanked them."),
    ("visit", 6, "Tasted two new coffees at the counter."),
    ("email", 5, "Wanted to change the delivery address. Changed."),
    ("call", 7, "Asked if the order can skip a month."),
    ("email", 4, "Asked for an invoice with another address."),
)
DEMANDS = (
    ("call", 22, "Wanted a discount on a single bag, then on the delivery."),
    ("email", 18, "Third e-mail about the roast date of the same order."),
    ("call", 28, "Long talk about water hardness; no order yet."),
    ("email", 15, "Asked to change the order after it was packed."),
    ("visit", 35, "Tasted everything and wanted the beans ground four ways."),
)
COMPLAINTS = (
    "One bag was ground for filter instead of espresso.",
    "The parcel came two days late.",
    "A bag was torn and half of the beans were gone.",
    "A wrong coffee was in the parcel.",
    "The last two bags came without a roast date.",
)
FIRST_WORDS = (
    ("visit", 8, "Came for a tasting and left an e-mail for the newsletter."),
    ("email", 5, "Asked about a subscription."),
    ("social", 3, "Asked on Instagram where the coffee is roasted."),
    ("call", 6, "Asked about delivery and prices."),
)
TRADE_FIRST_WORDS = (
    ("visit", 45, "Showed them three espressos at their machine. They want an offer."),
    ("call", 15, "Asked for a price list for cafés."),
    ("email", 10, "Asked for samples of two coffees."),
)
TRADE_CALLS = (
    ("call", 12, "out", "Called to hear how the new blend sells."),
    ("visit", 40, "out", "Set their grinder and trained two baristas."),
    ("email", 6, "in", "Asked for the invoice of last month."),
    ("letter", 10, "out", "Sent the framework contract for signing."),
)
WIN_BACKS = (
    ("call", 6, "Nobody answered; left a message."),
    ("call", 9, "Still has coffee at home, will order next month."),
    ("email", 4, "Wrote a short note and offered a sample of the new harvest."),
)
UNFIT = (
    "Wants prices under our cost; not a customer we can serve.",
    "Is in insolvency, cannot pay.",
    "Looks for instant coffee in bulk, which we do not make.",
)
# With why they left, as Evidence.LostReason calls it.
FAREWELLS = {
    "Moved abroad and said goodbye.": "moved",
    "Closed the business.": "moved",
    "Has stopped drinking coffee on a doctor's advice.": "no_need",
}
ONLY_US = ("Told us that they buy coffee only here.", "Said at the counter that they do not buy coffee anywhere else any more.")
PARTNERSHIPS = ("Agreed to run our tastings.", "Agreed to sell our bags on commission.")


class Season:
    """The days of the demo, each worth more or less buying time; `clock` is that time at the end of each day."""

    def __init__(self, first: date, days: int) -> None:
        dates = [first + timedelta(days=day) for day in range(days)]
        self.weights = [MONTHS[day.month - 1] * WEEKDAYS[day.weekday()] for day in dates]
        self.is_gift_time = [day.month == 12 and day.day < 24 for day in dates]
        self.clock: list[float] = []
        passed = 0.0
        for weight in self.weights:
            passed += weight
            self.clock.append(passed)


def basket(random: Random, drive: Drive, trade: bool, gift_time: bool) -> tuple[list[Line], int]:
    """The lines of one order, and its cost. They come near an amount drawn around what this customer usually spends."""
    wanted = drive.level * random.lognormvariate(0, 0.35) * (1.25 if gift_time and not trade else 1)
    shelf, beside = (TRADE, BESIDE_TRADE) if trade else (COFFEE, BESIDE)
    chosen = list(dict.fromkeys(shelf[favourite % len(shelf)] for favourite in drive.favourites))
    if random.random() < 0.25:
        chosen[-1] = random.choice(shelf)
    share = wanted / (1 + (chosen[0] is not chosen[-1]))
    if random.random() < (0.35 if gift_time else 0.12):
        chosen.append(random.choice(beside))
    lines, cost = [], 0.0
    for product in dict.fromkeys(chosen):
        pieces = 1 if product in beside else max(1, round(share / product.price))
        amount = pieces * product.price * 100
        lines.append(Line(product.name, pieces, amount))
        cost += amount * product.cost * random.uniform(0.94, 1.06)
    return lines, round(cost)
