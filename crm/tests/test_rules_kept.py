"""What a rule asks is written out as SQL once for one day and one table of facts, and never where it asks more than columns of these."""

from datetime import date, timedelta

import pytest
from django.db.models import BooleanField, Case, Value, When

from crm.models import Facts, PastFacts
from crm.rules import compiled, parse
from crm.rules.kept import kept
from crm.tests.factories import make_customer

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 24)
OFTEN = {"fact": "orders_12m", "op": ">=", "value": 4}


def asked(rule, day=DAY, facts=Facts):
    node = parse(rule)
    case = Case(When(compiled(node, day), then=Value(True)), default=Value(False), output_field=BooleanField())
    return kept(lambda: case, [node], facts, day), case


def test_it_comes_to_the_same_each_time():
    for orders in (3, 4):
        make_customer({"orders_12m": orders})
    held = [Facts.objects.annotate(holds=asked(OFTEN)[0]).order_by("orders_12m").values_list("holds", flat=True) for _ in range(2)]

    assert [list(each) for each in held] == [[False, True]] * 2
    assert asked(OFTEN)[0] is asked(OFTEN)[0]


def test_another_day_other_facts_and_another_number_are_another():
    others = [asked(OFTEN), asked(OFTEN, DAY + timedelta(days=1)), asked(OFTEN, facts=PastFacts), asked(OFTEN | {"value": 5})]

    assert len({id(one) for one, _case in others}) == 4


def test_what_asks_more_than_columns_of_the_facts_is_written_anew():
    found, written = asked({"fact": "city", "op": "=", "value": "Brno"})

    assert found is written
