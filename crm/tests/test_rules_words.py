"""A rule in words, in two languages; and held against one customer: what is ticked is what SQL finds."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from django.db import connection
from django.db.models import Case, When
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.translation import trans_real
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from crm.models import Customer, Facts
from crm.rules import All, Leaf, Not, compiled, described, explained, parse
from crm.rules.tree import OPS
from crm.rules.words import _SENTENCES
from crm.tests.factories import make_customer
from crm.tests.test_rules import AS_OF, a_rule, crowd


def leaf(fact, op, *value):
    return {"fact": fact, "op": op} | ({"value": value[0]} if value else {})


def said(rule, language="en"):
    with translation.override(language):
        return described(parse(rule))


BOUGHT, LOYAL, CITY = leaf("orders", ">=", 3), leaf("only_us", "=", True), leaf("city", "=", "Łódź")
ENGLISH = [
    (leaf("orders", "=", 1234), "“Orders” is 1,234"),
    (leaf("orders", "!=", 5.0), "“Orders” is not 5"),
    (leaf("orders", "in", [1, 2]), "“Orders” is one of: 1, 2"),
    (leaf("revenue", ">=", 1000), "“Revenue” is at least 1,000\xa0Kč"),
    (leaf("revenue", "<", 12.5), "“Revenue” is less than 12.50\xa0Kč"),
    (leaf("revenue", "between", [-5, 0.01]), "“Revenue” is from −5\xa0Kč to 0.01\xa0Kč"),
    (leaf("typical_gap_days", "<=", 45.5), "“Usual days between orders” is at most 45.5"),
    (leaf("typical_gap_days", ">", 45.0), "“Usual days between orders” is more than 45"),
    (leaf("days_since_last_order", ">=", 90), "“Days since the last order” is at least 90"),
    (leaf("average_order", "empty"), "“Average order” is empty"),
    (leaf("birthday", "on", "1990-02-28"), "“Birthday” is on 28 February 1990"),
    (leaf("birthday", "before", "1990-02-28"), "“Birthday” is before 28 February 1990"),
    (leaf("birthday", "after", "1990-02-28"), "“Birthday” is after 28 February 1990"),
    (leaf("birthday", "between", ["1990-01-01", "1990-12-31"]), "“Birthday” is from 1 January 1990 to 31 December 1990"),
    (leaf("birthday", "anniversary", 7), "the anniversary of “Birthday” is today or within 7 days"),
    (leaf("last_order_on", "last", 1), "“Last order” is within the last 1 day"),
    (leaf("last_order_on", "not_last", 90), "“Last order” is not within the last 90 days"),
    (leaf("due_on", "next", 2), "“Next order due” is within the next 2 days"),
    (leaf("lost_on", "passed"), "“Lost from” has come"),
    (LOYAL, "“Buys only from us” is yes"),
    (leaf("only_us", "!=", False), "“Buys only from us” is not no"),
    (leaf("pareto_class", "=", "vital_few"), "“Pareto class” is Vital few"),
    (leaf("entity", "in", ["person", "company"]), "“Person or company” is one of: Person, Company"),
    (CITY, "“City” is Łódź"),
    (leaf("city", "in", ["Praha", "PLZEŇ"]), "“City” is one of: Praha, PLZEŇ"),
    (leaf("city", "contains", "100 %"), "“City” contains “100 %”"),
    (leaf("source", "starts", "Web"), "“Acquisition source” starts with “Web”"),
    (leaf("country", "=", "cz"), "“Country, two letters” is cz"),
    ({"all": []}, "everyone"),
    ({"any": []}, "nobody"),
    ({"not": BOUGHT}, "not (“Orders” is at least 3)"),
    ({"not": {"any": []}}, "not (nobody)"),
    ({"all": [BOUGHT]}, "“Orders” is at least 3"),
    ({"all": [BOUGHT, LOYAL, CITY]}, "“Orders” is at least 3 and “Buys only from us” is yes and “City” is Łódź"),
    ({"any": [BOUGHT, {"all": [LOYAL, CITY]}]}, "“Orders” is at least 3 or (“Buys only from us” is yes and “City” is Łódź)"),
    ({"all": [{"any": [LOYAL, CITY]}, BOUGHT]}, "(“Buys only from us” is yes or “City” is Łódź) and “Orders” is at least 3"),
    ({"all": [{"all": [{"any": [LOYAL, CITY]}]}, BOUGHT]}, "(“Buys only from us” is yes or “City” is Łódź) and “Orders” is at least 3"),
    ({"all": [{"any": [LOYAL]}, {"all": []}]}, "“Buys only from us” is yes and everyone"),
    ({"not": {"any": [LOYAL, CITY]}}, "not (“Buys only from us” is yes or “City” is Łódź)"),
]


@pytest.mark.parametrize(("rule", "words"), ENGLISH, ids=[words[:50] for _rule, words in ENGLISH])
def test_it_is_said_in_english(rule, words):
    assert said(rule) == words


def test_every_comparison_has_its_sentence():
    assert set(_SENTENCES) == {op for ops in OPS.values() for op in ops}


@pytest.fixture
def czech(tmp_path, settings):
    """A catalogue of a few sentences, whatever the project's own holds."""
    catalog = Catalog(locale="cs")
    within = ("“%(fact)s” is within the last %(days)d day", "“%(fact)s” is within the last %(days)d days")
    catalog.add(
        within, ("„%(fact)s“ je za poslední %(days)d den", "„%(fact)s“ je za poslední %(days)d dny", "„%(fact)s“ je za %(days)d dní")
    )
    for english, words in {
        "“%(fact)s” is at least %(value)s": "„%(fact)s“ je nejméně %(value)s",
        "“%(fact)s” is %(value)s": "„%(fact)s“ je %(value)s",
        "“%(fact)s” is on %(value)s": "„%(fact)s“ je %(value)s",
        "%(first)s and %(second)s": "%(first)s a %(second)s",
        "not (%(rule)s)": "neplatí, že %(rule)s",
        "yes": "ano",
        "Revenue": "Tržby",
        "Last order": "Poslední objednávka",
        "Buys only from us": "Kupuje jen u nás",
        "Pareto class": "Třída",
        "Vital few": "Důležitých pár",
        "Birthday": "Narozeniny",
    }.items():
        catalog.add(english, words)
    catalog.add("j E Y", "j. E Y", context="a day of another year, in Django's letters for dates")
    path = tmp_path / "cs" / "LC_MESSAGES" / "django.mo"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_mo(file, catalog)
    settings.LOCALE_PATHS = [tmp_path]
    trans_real._translations.pop("cs", None)
    yield
    trans_real._translations.pop("cs", None)


CZECH = [
    (leaf("last_order_on", "last", 1), "„Poslední objednávka“ je za poslední 1 den"),
    (leaf("last_order_on", "last", 3), "„Poslední objednávka“ je za poslední 3 dny"),
    (leaf("last_order_on", "last", 5), "„Poslední objednávka“ je za 5 dní"),
    (leaf("birthday", "on", "1990-02-28"), "„Narozeniny“ je 28. února 1990"),
    (leaf("pareto_class", "=", "vital_few"), "„Třída“ je Důležitých pár"),
    (
        {"all": [leaf("revenue", ">=", 1234.5), {"not": LOYAL}]},
        "„Tržby“ je nejméně 1\xa0234,50\xa0Kč a neplatí, že „Kupuje jen u nás“ je ano",
    ),
]


@pytest.mark.parametrize(("rule", "words"), CZECH, ids=[words[:40] for _rule, words in CZECH])
def test_it_is_said_in_the_language_of_the_reader(czech, rule, words):
    assert said(rule, "cs") == words


def holding(node, ticks):
    """What the answers of the comparisons, from left to right, make of the whole rule."""
    if isinstance(node, Leaf):
        return next(ticks)
    if isinstance(node, Not):
        return not holding(node.part, ticks)
    held = [holding(part, ticks) for part in node.parts]
    return all(held) if isinstance(node, All) else any(held)


class RandomExplanations(TestCase):
    @given(st.integers(0, 2**32))
    @settings(max_examples=10)
    def test_the_ticks_are_what_sql_finds_and_make_the_whole(self, seed):
        crowd(seed, size=8)
        dice = random.Random(seed)
        for _turn in range(20):
            node = parse(a_rule(dice))
            found = set(Facts.objects.filter(compiled(node, AS_OF)).values_list("pk", flat=True))
            for customer in Customer.objects.all():
                ((shape,), _beside) = explained([node], customer, AS_OF)

                assert shape.holds == (customer.pk in found)
                assert holding(node, (answer.holds for answer in shape.leaves)) == shape.holds


@pytest.fixture
def jana(db):
    facts = {"orders": 1234, "revenue": Decimal("1234.5"), "typical_gap_days": 30.5, "pareto_class": "vital_few", "only_us": True}
    bought = dict.fromkeys(("first_order_on", "last_order_on", "due_on", "inactive_on", "lost_on"), AS_OF - timedelta(days=12))
    return make_customer(facts | bought, city="Łódź", source="Doporučení", country="PL", birthday=date(1990, 2, 28))


OWN = [
    (leaf("orders", ">", 2000), False, "1,234"),
    (leaf("orders", "<", 9_000_000_000), True, "1,234"),
    (leaf("orders", ">=", 9_000_000_000), False, "1,234"),
    (leaf("revenue", ">=", 1000), True, "1,234.50\xa0Kč"),
    (leaf("typical_gap_days", "<", 31), True, "30.5"),
    (leaf("long_gap_days", "<", 31), False, "empty"),
    (leaf("days_since_last_order", "=", 12), True, "12"),
    (leaf("days_since_last_contact", "empty"), True, "empty"),
    (leaf("birthday", "anniversary", 0), False, "28 February 1990"),
    (leaf("pareto_class", "!=", "vital_few"), False, "Vital few"),
    (leaf("only_us", "=", True), True, "yes"),
    (leaf("city", "=", "LODZ"), True, "Łódź"),
    (leaf("source", "starts", "dopo"), True, "Doporučení"),
    (leaf("country", "=", "pl"), True, "PL"),
    (leaf("email", "empty"), True, "empty"),
]


@pytest.mark.parametrize(("rule", "holds", "own"), OWN, ids=[ascii(rule)[:60] for rule, _holds, _own in OWN])
def test_each_answer_has_the_words_the_tick_and_the_own_value(jana, rule, holds, own):
    ((answer,), _beside) = explained([parse(rule)], jana, AS_OF)

    assert answer.leaves == [answer]
    assert (answer.words, answer.holds, answer.value) == (said(rule), holds, own)


def test_a_whole_rule_is_one_query_and_the_answers_stand_from_left_to_right(jana):
    make_customer()
    node = parse({"all": [rule for rule, _holds, _own in OWN] + [{"not": OWN[0][0]}, {"any": []}]})

    with CaptureQueriesContext(
        connection,
    ) as queries:
        ((shape,), _beside) = explained([node], jana, AS_OF)

    assert len(queries) == 1
    assert [answer.holds for answer in shape.leaves] == [holds for _rule, holds, _own in OWN] + [False]


def test_a_rule_without_comparisons_has_no_answers(jana):
    ((shape,), _beside) = explained([parse({"all": []})], jana, AS_OF)

    assert (shape.kind, shape.holds, shape.leaves) == ("all", True, [])


def test_the_answers_keep_the_shape_of_the_rule_and_a_group_of_one_is_its_part(jana):
    (many, few) = {"fact": "orders", "op": ">", "value": 1000}, {"fact": "orders", "op": "<", "value": 5}
    node = parse({"any": [{"all": [many, few]}, {"not": {"any": [few]}}]})
    ((shape,), _beside) = explained([node], jana, AS_OF)

    assert (shape.kind, shape.holds) == ("any", True)
    assert [(part.kind, part.holds, [leaf.holds for leaf in part.leaves]) for part in shape.parts] == [
        ("all", False, [True, False]),
        ("not", True, [False]),
    ]


def test_several_rules_and_what_is_asked_beside_them_are_one_query(jana):
    with CaptureQueriesContext(connection) as queries:
        shapes, beside = explained([parse(OWN[0][0]), parse(OWN[1][0])], jana, AS_OF, beside={"is_here": Case(When(pk=jana.pk, then=7))})

    assert len(queries) == 1
    assert [shape.holds for shape in shapes] == [False, True] and beside == {"is_here": 7}
