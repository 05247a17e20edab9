"""The random worlds hold what the definitions turn on: an oracle that agrees on them has been asked."""

from collections import Counter

from hypothesis import given, settings

from lifecycle.tests.oracle_loop import counts, world_facts
from lifecycle.tests.oracle_pandas import FACTS, STAGES
from lifecycle.tests.worlds import worlds


def reached(world, as_of):
    """The names of what a definition turns on and this world holds."""
    facts = world_facts(world, as_of)
    sales = [sale for sale in world.sales if sale.customer]
    ordered = {sale.customer for sale in sales if counts(sale, as_of)}
    referrer = {person.id: person.referred_by for person in world.people}
    ages = {(as_of - sale.ordered_on).days for sale in sales}
    day_counts = Counter((sale.customer, sale.ordered_on) for sale in sales if counts(sale, as_of))
    revenues = Counter(fact["revenue_12m"] for fact in facts.values() if fact["revenue_12m"] > 0)
    yield from (f"status {sale.status}" for sale in sales)
    yield from (f"refund {sale.status}" for sale in sales if sale.amount < 0)
    yield from (f"{age} days ago" for age in ages & {-1, 0, 30, 31, 365, 366, 730, 731})
    yield from (f"pareto {fact['pareto_class']}" for fact in facts.values())
    yield from (name for fact in facts.values() for name, value in fact.items() if value)
    yield from ("half-day rhythm" for fact in facts.values() if (fact["typical_gap_days"] or 0) % 1)
    conditions = {
        "nobody": not world.people,
        "anonymous": any(sale.customer is None for sale in world.sales),
        "two orders a day": max(day_counts.values(), default=0) > 1,
        "zero amount": any(sale.amount == 0 for sale in sales),
        "partly refunded": any(sale.refunded for sale in sales),
        "no margin": any(fact["margin_12m"] is None for fact in facts.values()),
        "loss": any((fact["margin_12m"] or 0) < 0 for fact in facts.values()),
        "negative average": any((fact["average_order"] or 0) < 0 for fact in facts.values()),
        "29 February": any((sale.ordered_on.month, sale.ordered_on.day) == (2, 29) for sale in sales),
        "own business gap": sum(fact["typical_gap_days"] is not None for fact in facts.values()) >= 10,
        "revenue tie": max(revenues.values(), default=0) > 1,
        "lost mark overtaken": any((p.lost_marked_on or as_of) < as_of and not facts[p.id]["is_marked_lost"] for p in world.people),
        "mark to come": any(p.partner_on and p.partner_on > as_of for p in world.people),
        "circle": any(other and referrer[other] == key for key, other in referrer.items()),
        "referrer without an order": any(facts[key]["referrals_ordered"] for key in facts if key not in ordered),
        "contact without minutes": any(contact.minutes is None for contact in world.contacts),
        "contact to come": any(contact.happened_on > as_of for contact in world.contacts),
    }
    yield from (name for name, holds in conditions.items() if holds)


def test_the_worlds_reach_every_clause():
    seen = Counter()

    @settings(max_examples=150)
    @given(worlds())
    def look(drawn):
        seen.update(set(reached(*drawn)))

    look()

    expected = {f"status {name}" for name in ("paid", "unpaid", "refunded", "cancelled")}
    expected |= {f"refund {name}" for name in ("paid", "unpaid", "refunded", "cancelled")}
    expected |= {f"{age} days ago" for age in (-1, 0, 30, 31, 365, 366, 730, 731)}
    expected |= {"pareto vital_few", "pareto useful_many", "pareto "}
    expected |= set(FACTS) - set(STAGES)
    expected |= {"nobody", "anonymous", "two orders a day", "zero amount", "partly refunded", "no margin", "loss", "negative average"}
    expected |= {"own business gap", "revenue tie", "lost mark overtaken", "mark to come", "circle", "referrer without an order"}
    expected |= {"contact without minutes", "contact to come", "half-day rhythm", "29 February"}
    assert {name: seen[name] for name in expected if seen[name] < 3} == {}
