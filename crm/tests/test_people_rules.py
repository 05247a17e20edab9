"""The owner's fields in rules: random rules over random values against a plain evaluation in Python; what is refused and said."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from crm.catalogue import find
from crm.fold import fold
from crm.models import Customer, FieldValue
from crm.models.custom import COLUMNS
from crm.people.fields import archive_field, change_field, make_field
from crm.people.values import keep_values
from crm.rules import InvalidRule, described, explained, parse
from crm.rules.tree import OPS
from crm.tests.factories import make_customer, make_owner
from crm.tests.test_rules import AS_OF, SPAN, a_rule, compares_date, compares_whole, found_by, holds

NUMBERS = [Decimal(each) for each in ("-2.5", "-0.01", "0", "0.01", "1", "2", "2.5", "100", "1000000.99")]
TEXTS = ["Praha", "praha", "PRÁHA", "Łódź", "lodz", "50 %", "a_b", "Pražské náměstí", "\\", "'", "🙂"]
OPTIONS = ["Mletá", "Zrnková", "Obojí"]
NAMES = {"field_note": "text", "field_cups": "number", "field_met": "date", "field_coffee": "choice", "field_machine": "yes_no"}


def fields(by):
    return {
        "text": make_field(name="Note", kind="text", by=by),
        "number": make_field(name="Cups", kind="number", by=by),
        "date": make_field(name="Met", kind="date", by=by),
        "choice": make_field(name="Coffee", kind="choice", options=OPTIONS, by=by),
        "yes_no": make_field(name="Machine", kind="yes_no", by=by),
    }


def a_day(dice):
    return dice.choice([*(AS_OF + timedelta(days=days) for days in SPAN), date(1988, 2, 29), date(1990, 2, 28), date(2000, 12, 31)])


def world(seed):
    """Forty customers; of each the value of every field by name, None for none."""
    dice, made = random.Random(seed), fields(make_owner())
    options = list(made["choice"].options.all())
    drawn = {
        "text": lambda: dice.choice(TEXTS),
        "number": lambda: dice.choice(NUMBERS),
        "date": lambda: a_day(dice),
        "choice": lambda: dice.choice(options),
        "yes_no": lambda: dice.random() < 0.5,
    }
    found = {}
    for _number in range(40):
        customer = make_customer()
        own = {kind: draw() if dice.random() < 0.7 else None for kind, draw in drawn.items()}
        for kind, value in own.items():
            if value is not None:
                key = fold(value) if kind == "text" else ""
                FieldValue.objects.create(customer=customer, field=made[kind], kind=kind, text_key=key, **{COLUMNS[kind]: value})
        found[customer.pk] = own | {"choice": own["choice"] and own["choice"].key}
    return found


def a_value(kind, dice):
    return {
        "text": lambda: dice.choice([*TEXTS, "a", "%", "_", "praz"]),
        "number": lambda: float(dice.choice(NUMBERS)),
        "date": lambda: a_day(dice).isoformat(),
        "choice": lambda: dice.choice(["mleta", "zrnkova", "oboji"]),
        "yes_no": lambda: dice.random() < 0.5,
    }[kind]()


def a_leaf(dice):
    name = dice.choice(list(NAMES))
    kind, op = NAMES[name], dice.choice(OPS[find(name).kind])
    leaf = {"fact": name, "op": op}
    if op in {"empty", "passed"}:
        return leaf
    if op in {"last", "not_last", "next", "anniversary"}:
        return leaf | {"value": dice.choice([0, 1, 7, 30, 31, 90, 364, 365])}
    if op == "between":
        return leaf | {"value": sorted(a_value(kind, dice) for _turn in range(2))}
    if op == "in":
        return leaf | {"value": [a_value(kind, dice) for _turn in range(dice.randint(1, 3))]}
    return leaf | {"value": a_value(kind, dice)}


def leaf_holds(leaf, own):
    return compares(NAMES[leaf["fact"]], leaf["op"], leaf.get("value"), own[NAMES[leaf["fact"]]])


def compares(kind, op, value, own):
    if op == "empty":
        return own is None
    if op == "!=":
        return not compares(kind, "=", value, own)
    if own is None:
        return False
    if kind == "date":
        return compares_date(op, value, own, has_come=False)
    if kind == "text":
        own, value = fold(own), [fold(each) for each in value] if op == "in" else fold(value)
    if kind == "number":
        value = [Decimal(str(each)) for each in value] if isinstance(value, list) else Decimal(str(value))
    return compares_whole(op, value, own)


class RandomRules(TestCase):
    @given(st.integers(0, 2**32))
    @settings(max_examples=12)
    def test_they_find_whom_a_plain_evaluation_finds_and_not_is_the_exact_complement(self, seed):
        everyone, dice = world(seed), random.Random(seed)
        for _turn in range(40):
            rule = a_rule(dice, a_leaf)
            found, others = found_by(rule), found_by({"not": rule})

            assert found == {pk for pk, own in everyone.items() if holds(rule, own, leaf_holds)}, rule
            assert others == set(everyone) - found, rule

    @given(st.integers(0, 2**32))
    @settings(max_examples=4)
    def test_the_explanation_of_each_customer_agrees_with_the_list(self, seed):
        everyone, dice = world(seed), random.Random(seed)
        rule = {"all": [a_leaf(dice), {"any": [a_leaf(dice), {"not": a_leaf(dice)}]}]}
        node, found = parse(rule), found_by(rule)
        for customer in Customer.objects.filter(pk__in=list(everyone)[:8]):
            (shape,), _beside = explained([node], customer, AS_OF)

            assert shape.holds is (customer.pk in found)


@pytest.mark.django_db
class TestWhatARuleSays:
    def test_the_field_is_called_as_the_owner_calls_it_and_its_option_too(self):
        fields(make_owner())

        assert described(parse({"fact": "field_coffee", "op": "in", "value": ["mleta"]})) == "“Coffee” is one of: Mletá"
        assert described(parse({"fact": "field_cups", "op": ">=", "value": 2.5})) == "“Cups” is at least 2.5"

    def test_the_customers_own_value_stands_beside_it(self):
        by, customer = make_owner(), make_customer()
        made = fields(by)
        option = made["choice"].options.get(key="mleta")
        given = {made["choice"]: option, made["number"]: Decimal("2.5"), made["text"]: "Má psa", made["yes_no"]: False}
        keep_values(customer=customer, given=given, seen={}, by=by)
        rules = [
            {"fact": "field_coffee", "op": "=", "value": "zrnkova"},
            {"fact": "field_cups", "op": ">=", "value": 4},
            {"fact": "field_note", "op": "contains", "value": "ma PSA"},
            {"fact": "field_machine", "op": "=", "value": True},
            {"fact": "field_met", "op": "empty"},
        ]

        shapes, _beside = explained([parse(rule) for rule in rules], customer, AS_OF)

        assert [(shape.value, shape.holds) for shape in shapes] == [
            ("Mletá", False),
            ("2.5", False),
            ("Má psa", True),
            ("no", False),
            ("empty", True),
        ]
        assert shapes[1].missing == "1.5 more."

    @pytest.mark.parametrize(
        ("rule", "sentence"),
        [
            ({"fact": "field_nothing", "op": "=", "value": "a"}, "There is no fact called “field_nothing”."),
            ({"fact": "field_cups", "op": "contains", "value": "a"}, "“Cups” can be compared by"),
            ({"fact": "field_cups", "op": "=", "value": 0.001}, "“Cups” has at most two decimals."),
            ({"fact": "field_coffee", "op": "=", "value": "tea"}, "“Coffee” is one of: mleta, zrnkova, oboji."),
            ({"fact": "field_machine", "op": "=", "value": "yes"}, "“Machine” is true or false."),
        ],
    )
    def test_what_does_not_fit_the_field_is_refused_with_a_sentence(self, rule, sentence):
        fields(make_owner())

        with pytest.raises(InvalidRule) as wrong:
            parse(rule)

        assert sentence in str(wrong.value)

    def test_an_archived_field_is_asked_no_more_and_a_renamed_one_is_asked_by_its_first_key(self):
        by = make_owner()
        made = fields(by)
        change_field(field=made["number"], name="Cups a day", options={}, kept=[], more=[], by=by)
        archive_field(field=made["text"], now=timezone.now(), by=by)

        assert find("field_cups").label == "Cups a day"
        assert find("field_note") is None
