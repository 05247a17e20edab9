"""What the demo's customers do, by a buy-till-you-die process.

Pareto/GGG (Platzer and Reutterer, "Ticking away the moments", Marketing Science 35, 2016), which is the Pareto/NBD of Schmittlein, Morrison
and Colombo ("Counting your customers", Management Science 33, 1987) with gaps that may be more even than chance: while alive, a customer
waits between two purchases for a gamma-distributed time of their own rate and evenness, and stays for an exponential time of their own
dropout rate; rates and dropout rates are gamma-distributed over the customers. The season stretches time. A complaint may end it at once.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from crm.models import Interaction, Order
from lifecycle.demo import people, shop
from lifecycle.demo.people import RECOMMENDED, Contact, Person, Purchase

IN, OUT = (direction.value for direction in Interaction.Direction)
COMPLAINT = Interaction.Kind.COMPLAINT.value
PAID, UNPAID, REFUNDED, CANCELLED = (status.value for status in Order.Status)


@dataclass
class World:
    """`today` is the number of the last day, on which people buy already; contacts are logged up to the day before."""

    random: Random
    season: shop.Season
    today: int

    def chance(self, share: float) -> bool:
        return self.random.random() < share


def simulate(first: date, today: date, size: int, seed: int) -> list[Person]:
    """`size` people in the order in which they became known, each with their purchases and contacts in the order of time."""
    span = (today - first).days + 1
    world = World(Random(seed), shop.Season(first, span), span - 1)
    days = people.arrivals(world.random, size, world.season.weights)
    companies = set[str]()
    crowd = [people.make(world.random, number, day, today, companies) for number, day in enumerate(days, start=1)]
    for person in crowd:
        _meet(world, person)
        if person.drive.rate:
            _live(world, person)
    _recommend(world, crowd)
    _fail_to_pay(world, crowd)
    _come_in(world, crowd)
    for person in crowd:
        _mark(world, person)
        _talk(world, person)
        person.contacts = sorted((one for one in person.contacts if one.on < world.today), key=lambda one: (one.on, one.at))
    return crowd


def _contact(world: World, on: int, kind: str, direction: str, minutes: int, text: str) -> Contact:
    """In opening hours; who takes longer and who does not is drawn around the usual minutes."""
    took = max(1, round(minutes * world.random.lognormvariate(0, 0.35)))
    return Contact(on, world.random.randrange(8 * 60, 17 * 60), kind, direction, took, text, world.chance(0.45))


def _meet(world: World, person: Person) -> None:
    """Companies, and people who do not buy at once, are known by what they asked first."""
    if person.is_trade or not person.drive.rate or world.chance(0.25):
        kind, minutes, text = world.random.choice(shop.TRADE_FIRST_WORDS if person.is_trade else shop.FIRST_WORDS)
        direction = OUT if (kind, person.is_trade) == ("visit", True) else IN
        person.contacts.append(_contact(world, person.arrived, kind, direction, minutes, text))


def _live(world: World, person: Person) -> None:
    """Buys until they stop, or a complaint makes them."""
    drive, random = person.drive, world.random
    day = person.arrived + (random.randrange(2, 45) if person.contacts else 0)
    ends = day + drive.stay
    while day <= min(world.today, ends):
        purchase = _buy(world, person, day)
        if purchase.status != CANCELLED and world.chance(0.07 if drive.demanding else 0.012):
            ends = _complain(world, person, purchase, ends)
        wait = random.gammavariate(drive.evenness, 1 / (drive.evenness * drive.rate))
        day = max(day + 1, bisect_left(world.season.clock, world.season.clock[day] + wait))


def _buy(world: World, person: Person, day: int) -> Purchase:
    drive, random = person.drive, world.random
    lines, cost = shop.basket(random, drive, person.is_trade, world.season.is_gift_time[day])
    in_shop = world.chance(drive.by_shop)
    # The counter is open in the day, the e-shop is used in the evening too.
    at = random.randrange(8 * 60, 18 * 60) if in_shop else min(round(random.triangular(6, 23.9, 20) * 60), 24 * 60 - 1)
    channel, told = shop.COUNTER if in_shop else shop.ESHOP, None if day == world.today else at
    purchase = Purchase(day, told, channel, lines, cost, _status(world, person, day, in_shop))
    person.purchases.append(purchase)
    return purchase


def _status(world: World, person: Person, day: int, in_shop: bool) -> int:
    """Young invoices of companies are unpaid, a few old ones too."""
    if in_shop:
        return PAID
    age = world.today - day
    if person.is_trade:
        return UNPAID if world.chance(0.6 if age < 14 else 0.15 if age < 45 else 0.002) else PAID
    if world.chance(0.014):
        return CANCELLED
    return UNPAID if age < 10 and world.chance(0.04) else PAID


def _complain(world: World, person: Person, purchase: Purchase, ends: float) -> float:
    """Some are given money back; some have had enough. Returns the day on which this customer stops."""
    on, answer = purchase.on + world.random.randrange(1, 6), world.random.random()
    if answer < 0.15:
        purchase.status = REFUNDED
    elif answer < 0.5:
        purchase.refunded = min(line.amount for line in purchase.lines) if len(purchase.lines) > 1 else purchase.amount // 4
    minutes = 45 if person.drive.demanding else 20
    person.contacts.append(_contact(world, on, COMPLAINT, IN, minutes, world.random.choice(shop.COMPLAINTS)))
    return on if world.chance(0.3) else ends


def _recommend(world: World, crowd: Sequence[Person]) -> None:
    """Who came by a recommendation was sent by someone who was buying then, and who talks."""
    for place, person in enumerate(crowd):
        if person.source != RECOMMENDED:
            continue
        earlier = [world.random.choice(crowd[:place]) for _ in range(min(place, 60))]
        able = [one for one in earlier if one.purchases and one.purchases[0].on < person.arrived <= (one.last or 0) + 60]
        if able:
            person.referred_by = world.random.choices(able, [one.drive.talks for one in able])[0]


def _fail_to_pay(world: World, crowd: Sequence[Person]) -> None:
    """A few of the companies take two deliveries and pay neither."""
    able = [one for one in crowd if one.is_trade and not one.purchases and 60 < world.today - one.arrived < 500]
    for person in able[: max(1, len(crowd) // 600)]:
        for day in (person.arrived + 5, person.arrived + 19):
            _buy(world, person, day).status = UNPAID


def _come_in(world: World, crowd: Sequence[Person]) -> None:
    """That something has moved on the last night whatever the dice said, a few order yesterday for the first or second time, or again."""
    yesterday = world.today - 1

    def ago(person: Person) -> int:
        return yesterday - (person.last if person.last is not None else person.arrived)

    new = [one for one in crowd if not one.purchases and not one.is_trade and 5 < ago(one) < 80]
    second = [one for one in crowd if len(one.purchases) == 1 and 5 < ago(one) < 80]
    back = [one for one in crowd if len(one.purchases) > 3 and 150 < ago(one) < 300]
    for group, wanted in ((new, 2), (second, 3), (back, 2)):
        for person in world.random.sample(group, min(wanted, len(group))):
            _buy(world, person, yesterday).status = PAID


def _mark(world: World, person: Person) -> None:
    """What staff came to know: who cannot be served, who said goodbye, who buys only here, who takes part."""
    if not person.purchases:
        if not person.drive.rate and world.chance(0.06):
            person.disqualified = _note(world, person, person.arrived + world.random.randrange(1, 30), shop.UNFIT)
        return
    bought = [purchase.on for purchase in person.purchases if purchase.status != CANCELLED]
    last, gone = person.purchases[-1].on, world.today - person.purchases[-1].on
    if 40 < gone < 400 and world.chance(0.03):
        person.marked_lost = _note(world, person, last + world.random.randrange(10, 35), list(shop.FAREWELLS))
    if len(bought) > 8 and gone < 45 and world.chance(0.12 if person.is_trade else 0.02):
        person.partner = _note(world, person, bought[8] + 2, shop.PARTNERSHIPS)
        person.kind = "intermediary" if person.is_trade else person.kind
    elif len(bought) > 4 and world.chance(0.45):
        person.only_us = _note(world, person, bought[world.random.randrange(3, len(bought))], shop.ONLY_US)


def _note(world: World, person: Person, day: int, texts: Sequence[str]) -> int | None:
    """Logs how it became known; the day of it, unless it has not come yet."""
    if day >= world.today:
        return None
    note = _contact(world, day, "visit" if person.drive.by_shop > 0.3 else "call", IN, 6, world.random.choice(texts))
    person.contacts.append(note)
    person.notes.append(note)
    return day


def _talk(world: World, person: Person) -> None:
    """Questions after orders, calls to companies, and calls to those who went quiet."""
    random = world.random
    for purchase in person.purchases:
        if person.drive.demanding and world.chance(0.5):
            kind, minutes, text = random.choice(shop.DEMANDS)
            person.contacts.append(_contact(world, purchase.on + random.randrange(0, 6), kind, IN, minutes, text))
        elif person.is_trade and world.chance(0.12):
            kind, minutes, direction, text = random.choice(shop.TRADE_CALLS)
            person.contacts.append(_contact(world, purchase.on + random.randrange(1, 12), kind, direction, minutes, text))
        elif not person.is_trade and world.chance(0.09):
            kind, minutes, text = random.choice(shop.QUESTIONS)
            person.contacts.append(_contact(world, purchase.on + random.randrange(0, 4), kind, IN, minutes, text))
    if len(person.purchases) > 3 and world.chance(0.15):
        kind, minutes, text = random.choice(shop.WIN_BACKS)
        quiet = person.purchases[-1].on + round(2.5 / person.drive.rate) + random.randrange(20)
        person.contacts.append(_contact(world, quiet, kind, OUT, minutes, text))
