"""Tags in rules: random rules over random tags against a plain evaluation in Python."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from crm.models import Customer, CustomerTag, Tag
from crm.rules import explained, parse
from crm.tests.factories import make_customer
from crm.tests.test_rules import AS_OF, a_rule, found_by, holds

KEYS = ["vip", "kavar", "press", "noisy", "never"]


def world(dice):
    """Forty customers; of each the keys of their tags. Nobody has the last."""
    tags = {key: Tag.objects.create(key=key, name=key.title(), name_key=key) for key in KEYS}
    found = {make_customer().pk: {key for key in KEYS[:-1] if dice.random() < 0.3} for _number in range(40)}
    CustomerTag.objects.bulk_create(CustomerTag(customer_id=pk, tag=tags[key]) for pk, keys in found.items() for key in keys)
    return found


def a_leaf(dice):
    if dice.random() < 0.4:
        return {"fact": "tag", "op": "in", "value": dice.sample(KEYS, dice.randint(1, 3))}
    return {"fact": "tag", "op": dice.choice(["=", "!="]), "value": dice.choice(KEYS)}


def leaf_holds(leaf, own):
    value = leaf["value"]
    if leaf["op"] == "in":
        return bool(own & set(value))
    return (value in own) is (leaf["op"] == "=")


class RandomRules(TestCase):
    @given(st.integers(0, 2**32))
    @settings(max_examples=8)
    def test_they_find_whom_a_plain_evaluation_finds_and_not_is_the_exact_complement(self, seed):
        dice = random.Random(seed)
        everyone = world(dice)
        for _turn in range(30):
            rule = a_rule(dice, a_leaf)
            found, others = found_by(rule), found_by({"not": rule})

            assert found == {pk for pk, own in everyone.items() if holds(rule, own, leaf_holds)}, rule
            assert others == set(everyone) - found, rule

    @given(st.integers(0, 2**32))
    @settings(max_examples=3)
    def test_the_explanation_of_each_customer_agrees_with_the_list(self, seed):
        dice = random.Random(seed)
        everyone = world(dice)
        rule = {"all": [a_leaf(dice), {"any": [a_leaf(dice), {"not": a_leaf(dice)}]}]}
        node, found = parse(rule), found_by(rule)
        for customer in Customer.objects.filter(pk__in=list(everyone)[:8]):
            (shape,), _beside = explained([node], customer, AS_OF)

            assert shape.holds is (customer.pk in found)
