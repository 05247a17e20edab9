"""The facts of DEFINITIONS.md once more, in loops over plain rows, each clause under the words it follows. Money in minor units."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil

DEFAULT_GAP = 90
COUNTING = ("paid", "unpaid")


@dataclass(frozen=True)
class Person:
    """The ids are the primary keys."""

    id: int
    disqualified_on: date | None = None
    lost_marked_on: date | None = None
    partner_on: date | None = None
    only_us_on: date | None = None
    referred_by: int | None = None


@dataclass(frozen=True)
class Sale:
    """Without a customer it is anonymous. The status is paid, unpaid, refunded or cancelled; the channel is its key."""

    customer: int | None
    ordered_on: date
    amount: int
    status: str = "paid"
    refunded: int = 0
    cost: int | None = None
    channel: str | None = None

    @property
    def net(self):
        return self.amount - self.refunded


@dataclass(frozen=True)
class Contact:
    customer: int
    happened_on: date
    minutes: int | None = None


@dataclass(frozen=True)
class World:
    people: tuple[Person, ...] = ()
    sales: tuple[Sale, ...] = ()
    contacts: tuple[Contact, ...] = ()
    share: Decimal = Decimal("0.80")


def world_facts(world, as_of):
    """{id: {fact: value}} of everybody; the business gap comes from the same facts."""
    gap = business_gap([facts_of(person, world, as_of, DEFAULT_GAP) for person in world.people])
    facts = {person.id: facts_of(person, world, as_of, gap) for person in world.people}
    classes = pareto({key: fact["revenue_12m"] for key, fact in facts.items()}, world.share)
    for key, fact in facts.items():
        fact["pareto_class"], fact["revenue_share"], fact["revenue_rank"] = classes.get(key, ("", None, None))
        # Placement is not a matter of facts: no stage yet.
        fact["stage"], fact["stage_since"] = "", None
    return facts


def facts_of(customer, world, as_of, gap):
    """Everything that one customer's own rows and the business gap decide, in the order of the table."""
    rows = [sale for sale in world.sales if sale.customer == customer.id]
    orders = [sale for sale in rows if counts(sale, as_of)]
    refunds = [sale for sale in rows if is_refund(sale, as_of)]
    days = sorted({sale.ordered_on for sale in orders})
    return (
        sums(orders, refunds, days, as_of)
        | calendar(days, gap)
        | {"favourite_channel": favourite_channel(orders)}
        | contacts(customer, world, as_of)
        | marks(customer, days, as_of)
        | {"referrals_ordered": referrals_ordered(customer, world, as_of)}
    )


def counts(sale, as_of):
    # "An order counts when its status is paid or unpaid, ordered_on ≤ as_of and amount ≥ 0 (zero counts)"
    # "Fully refunded does not count; partly refunded counts with its net revenue."
    return sale.status in COUNTING and sale.ordered_on <= as_of and sale.amount >= 0


def is_refund(sale, as_of):
    # "A negative row is a refund: it lowers the revenue facts on its date and is in no other fact."
    # The lead: whatever its status, but a cancelled one is ignored.
    return sale.amount < 0 and sale.status != "cancelled" and sale.ordered_on <= as_of


def years_before(day, years):
    # "a year ago = as_of with the year lowered, 29 February → 28"
    if (day.month, day.day) == (2, 29):
        day = date(day.year, 2, 28)
    return date(day.year - years, day.month, day.day)


def in_12m(day, as_of):
    # "12m = (as_of − 1y, as_of]"
    return years_before(as_of, 1) < day <= as_of


def in_prev_12m(day, as_of):
    # "prev_12m = (as_of − 2y, as_of − 1y]"
    return years_before(as_of, 2) < day <= years_before(as_of, 1)


def sums(orders, refunds, days, as_of):
    # "revenue includes refunds' negative rows on their dates"
    revenue = sum(sale.net for sale in orders + refunds)
    return {
        # "number; number of distinct dates"
        "orders": len(orders),
        "order_days": len(days),
        # "in the windows"
        "orders_12m": sum(1 for sale in orders if in_12m(sale.ordered_on, as_of)),
        "revenue": revenue,
        "revenue_12m": sum(sale.net for sale in orders + refunds if in_12m(sale.ordered_on, as_of)),
        "revenue_prev_12m": sum(sale.net for sale in orders + refunds if in_prev_12m(sale.ordered_on, as_of)),
        "paid_orders": sum(1 for sale in orders if sale.status == "paid"),
        # "unpaid for more than 30 days at as_of"
        "unpaid_orders": sum(1 for sale in orders if sale.status == "unpaid" and (as_of - sale.ordered_on).days > 30),
        "margin_12m": margin_12m(orders, refunds, as_of),
        # "revenue / orders, to cents, half up; empty at 0"
        "average_order": half_up(revenue, len(orders)) if orders else None,
        "first_order_on": days[0] if days else None,
        "last_order_on": days[-1] if days else None,
    }


def margin_12m(orders, refunds, as_of):
    window = [sale for sale in orders if in_12m(sale.ordered_on, as_of)]
    # "0 without orders" (the lead: without a counting order in the window)
    if not window:
        return 0
    # "empty if any counting order in the window lacks cost"
    if any(sale.cost is None for sale in window):
        return None
    # "revenue − cost" (the lead: the revenue with the refunds, the cost of the counting orders)
    given_back = [sale for sale in refunds if in_12m(sale.ordered_on, as_of)]
    return sum(sale.net for sale in window + given_back) - sum(sale.cost for sale in window)


def half_up(total, number):
    # The lead: half away from zero.
    whole, rest = divmod(abs(total), number)
    rounded = whole + 1 if 2 * rest >= number else whole
    return rounded if total >= 0 else -rounded


def calendar(days, gap):
    gaps = [(later - earlier).days for earlier, later in zip(days, days[1:], strict=False)]
    # "exact median of the gaps between consecutive distinct dates (.5 kept); empty under 3 dates"
    typical = median(gaps) if len(days) >= 3 else None
    # "the ⌈0.9 n⌉-th smallest of the n gaps; empty under 3 dates"
    long = sorted(gaps)[ceil(Fraction(9, 10) * len(gaps)) - 1] if len(days) >= 3 else None
    facts = {"typical_gap_days": typical, "long_gap_days": long}
    if not days:
        # "(empty without an order)"
        return facts | dict.fromkeys(("expected_gap_days", "due_on", "inactive_on", "lost_on"))
    # "the customer's own typical gap, else the business gap"
    expected = gap if typical is None else typical
    longest = 0 if long is None else long
    return facts | {
        "expected_gap_days": expected,
        # "last + ⌈expected⌉"
        "due_on": days[-1] + timedelta(days=ceil(expected)),
        # "last + ⌈max(90, 3 × expected, long_gap)⌉"
        "inactive_on": days[-1] + timedelta(days=ceil(max(90, 3 * expected, longest))),
        # "last + ⌈max(365, 4 × expected, 2 × long_gap)⌉ (multiply first, then round up)"
        "lost_on": days[-1] + timedelta(days=ceil(max(365, 4 * expected, 2 * longest))),
    }


def median(numbers):
    ordered, middle = sorted(numbers), len(numbers) // 2
    return Fraction(ordered[middle]) if len(ordered) % 2 else Fraction(ordered[middle - 1] + ordered[middle]) / 2


def favourite_channel(orders):
    # The lead: orders without a channel compete for none.
    best, best_claim = "", None
    # Keys in descending order, and a claim as good as the best one takes over: so of equal ones the smaller key stays.
    for key in sorted({sale.channel for sale in orders if sale.channel}, reverse=True):
        own = [sale for sale in orders if sale.channel == key]
        # "most orders, then revenue, then latest, then key"
        claim = (len(own), sum(sale.net for sale in own), max(sale.ordered_on for sale in own))
        if best_claim is None or claim >= best_claim:
            best, best_claim = key, claim
    return best


def contacts(customer, world, as_of):
    # "Passed" = date ≤ as_of
    passed = [contact for contact in world.contacts if contact.customer == customer.id and contact.happened_on <= as_of]
    window = [contact for contact in passed if in_12m(contact.happened_on, as_of)]
    return {
        "interactions_12m": len(window),
        "minutes_12m": sum(contact.minutes or 0 for contact in window),
        "last_contact_on": max((contact.happened_on for contact in passed), default=None),
    }


def marks(customer, days, as_of):
    # "the mark's date (disqualified_on, lost_marked_on, partner_on, only_us_on) ≤ as_of"
    def stands(mark):
        return mark is not None and mark <= as_of

    return {
        "is_disqualified": stands(customer.disqualified_on),
        # "a lost mark counts only when later than last_order_on" (the lead: or when there is no counting order)
        "is_marked_lost": stands(customer.lost_marked_on) and (not days or customer.lost_marked_on > days[-1]),
        "is_partner": stands(customer.partner_on),
        "only_us": stands(customer.only_us_on),
    }


def referrals_ordered(customer, world, as_of):
    # "people whose referred_by is this customer and who have a counting order"
    referred = [person.id for person in world.people if person.referred_by == customer.id]
    return sum(1 for key in referred if any(sale.customer == key and counts(sale, as_of) for sale in world.sales))


def business_gap(facts):
    # "median of typical_gap_days over the customers who have one, rounded up to a whole day; 90 where fewer than 10 have one"
    typical = [fact["typical_gap_days"] for fact in facts if fact["typical_gap_days"] is not None]
    return ceil(median(typical)) if len(typical) >= 10 else DEFAULT_GAP


def pareto(revenue_12m, share):
    """{id: (class, share of the total, rank)} of those with revenue, from {id: revenue_12m}."""
    # "over customers with revenue_12m > 0, by revenue_12m descending, then primary key"
    ranked = sorted((-revenue, key) for key, revenue in revenue_12m.items() if revenue > 0)
    total = -sum(negated for negated, _ in ranked)
    classes, before = {}, 0
    for rank, (negated, key) in enumerate(ranked, start=1):
        # "the smallest set reaching the business's share of their total": one more belongs to it while those before do not reach it
        few = before < Fraction(share) * total
        classes[key] = ("vital_few" if few else "useful_many", Fraction(-negated, total), rank)
        before -= negated
    return classes
