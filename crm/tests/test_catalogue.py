import pytest
from django.utils.functional import Promise

from crm import catalogue
from crm.catalogue import FACTS, Fact, Kind
from crm.facts import NAMES
from crm.models import Facts
from lifecycle import nightly

# What is no fact: the key.
OTHERS = {"customer"}


def columns():
    return {field.name: field for field in Facts._meta.concrete_fields}


def test_every_column_is_in_the_catalogue():
    assert FACTS.keys() == columns().keys() - OTHERS


def test_they_stand_in_the_order_of_the_definitions():
    assert list(FACTS) == [name for name in columns() if name not in OTHERS]


def test_every_name_is_that_of_its_fact():
    assert all(name == fact.name for name, fact in FACTS.items())


def test_every_writer_is_a_step_of_the_night():
    assert {fact.writer for fact in FACTS.values()} <= {name for name, _step in nightly.STEPS}


def test_the_kernel_writes_what_the_catalogue_says_it_writes():
    assert [fact.name for fact in FACTS.values() if fact.writer == "facts"] == list(NAMES)


def test_a_second_writer_is_refused():
    with pytest.raises(ValueError, match="revenue is written by facts already"):
        catalogue.register(Fact("revenue", Kind.MONEY, "another"))

    assert FACTS["revenue"].writer == "facts"


def test_a_second_writer_is_refused_when_it_is_the_same():
    with pytest.raises(ValueError, match="pareto_class is written by pareto already"):
        catalogue.register(FACTS["pareto_class"])


@pytest.mark.parametrize("name", FACTS)
def test_what_people_read_is_text_to_be_translated(name):
    fact = FACTS[name]
    label = columns()[name].verbose_name

    assert isinstance(label, Promise)
    assert fact.label == str(label) != name.replace("_", " ")
    assert fact.unit is None or isinstance(fact.unit, Promise)


@pytest.mark.parametrize("name", FACTS)
def test_the_kind_is_that_of_the_column(name):
    stored = {
        Kind.COUNT: "IntegerField",
        Kind.MONEY: "BigIntegerField",
        Kind.DAYS: "IntegerField",
        Kind.HALF_DAYS: "FloatField",
        Kind.DATE: "DateField",
        Kind.YES_NO: "BooleanField",
        Kind.CHANNEL: "CharField",
        Kind.CHOICE: "CharField",
    }

    assert columns()[name].get_internal_type() == stored[FACTS[name].kind]


@pytest.mark.parametrize("name", FACTS)
def test_what_is_counted_has_a_unit(name):
    fact = FACTS[name]

    assert bool(fact.unit) == (fact.kind in {Kind.COUNT, Kind.DAYS, Kind.HALF_DAYS})


@pytest.mark.django_db
def test_every_fact_says_what_it_means_in_one_sentence_and_stands_in_a_group():
    for fact in catalogue.askable().values():
        means = str(fact.means)

        assert means.endswith("."), fact.name
        assert 10 < len(means) < 110, fact.name
        assert fact.group in catalogue.Topic, fact.name
        assert fact.kind not in {Kind.COUNT, Kind.DAYS, Kind.HALF_DAYS, Kind.AGE} or fact.unit, fact.name
