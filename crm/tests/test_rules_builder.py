"""The builder of rules: what it prints comes back as the same rule, and a press changes the rows and nothing else."""

import json
import random

import pytest
from django import forms
from django.template import Context, Template
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from crm.models import Facts
from crm.rules import compiled, parse
from crm.rules.builder import RuleBuilder, pressed, signed, unsigned
from crm.rules.controls import shown
from crm.rules.forms import RuleField
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


ORDERS, CITY, PARTNER = leaf("orders", ">=", 3), leaf("city", "=", "Łódź"), leaf("is_partner", "=", True)
BOTH = {"all": [ORDERS, CITY]}


def again(data):
    """The builder as a view shows it after a press."""
    form = Kept(data)
    assert pressed(form)
    assert not form.errors
    return str(form["rule"])


def after(rule, action, **changes):
    """The rule that stands in the rows after a press, half-filled ones included."""
    data = posted_by(again(sent(rule, rule_do=action, **changes)))
    return RuleBuilder().value_from_datadict(data, {}, "rule").rule


@pytest.mark.django_db
class TestPresses:
    def test_a_rule_is_added_and_nothing_is_lost(self):
        assert after(BOTH, "add") == {"all": [ORDERS, CITY, leaf("", "", "")]}

    def test_a_group_begins_with_a_row_and_matches_any(self):
        assert after(BOTH, "group") == {"all": [ORDERS, CITY, {"any": [leaf("", "", "")]}]}

    def test_somebody_is_left_out_by_a_group_of_none(self):
        assert after(BOTH, "out") == {"all": [ORDERS, CITY, {"not": leaf("", "", "")}]}

    def test_a_row_is_removed(self):
        assert after(BOTH, "remove-0") == {"all": [CITY]}

    def test_a_group_is_removed_with_what_is_in_it(self):
        assert after({"all": [ORDERS, {"any": [CITY, PARTNER]}]}, "remove-1") == {"all": [ORDERS]}

    def test_a_row_is_added_to_a_group(self):
        assert after({"all": [ORDERS, {"any": [CITY]}]}, "add-1") == {"all": [ORDERS, {"any": [CITY, leaf("", "", "")]}]}

    @pytest.mark.parametrize(
        "action", ["remove", "remove-7", "remove-0-0", "add-0", "add-9-9", "group-0", "drop-0", "add__0", "", "add-" + "9" * 500]
    )
    def test_a_press_on_what_is_not_there_changes_nothing(self, action):
        data = sent(BOTH, rule_do=action)

        assert RuleBuilder().value_from_datadict(data, {}, "rule").rule == BOTH

    def test_what_a_row_was_typed_comes_back_though_it_is_no_value(self):
        html = again(sent(BOTH, rule_do="add", rule_0_value="many", rule_1_value="<b>"))

        assert 'value="many"' in html
        assert 'value="&lt;b&gt;"' in html

    def test_the_keyboard_is_put_into_the_new_row(self):
        html = again(sent(BOTH, rule_do="add"))

        assert html.count(" autofocus") == 1
        assert " autofocus" in html[html.index('id="id_rule-2-fact"') :][:400]

    def test_after_the_last_row_it_is_put_on_the_button_that_adds_one(self):
        html = again(sent({"all": [CITY]}, rule_do="remove-0"))

        assert " autofocus" in html[html.index('id="id_rule-add"') :][:200]

    def test_a_fact_is_found_by_a_part_of_its_name(self):
        assert after(BOTH, [], rule_find="since the last ord") == {"all": [ORDERS, CITY, leaf("days_since_last_order", ">=", "")]}

    def test_the_fact_that_is_called_so_is_taken_before_those_that_hold_the_word(self):
        assert after(BOTH, [], rule_find="revenue")["all"][2]["fact"] == "revenue"

    def test_a_fact_that_is_not_found_is_told_and_nothing_is_added(self):
        html = again(sent(BOTH, rule_find="zodiac <i>"))

        assert "There is no fact called “zodiac &lt;i&gt;”; choose one from the list." in html
        assert "rule-2-fact" not in html

    def test_no_more_than_fifty_rows_and_five_levels_can_be_added(self):
        deep = ORDERS
        for _turn in range(4):
            deep = {"any": [deep, CITY]}

        assert "A rule has at most 50 comparisons." in again(sent({"all": [ORDERS] * 50}, rule_do="add"))
        assert "A rule is nested at most 5 deep." in again(sent(deep, rule_do="group-0-0-0"))
        assert "group-0-0-0" not in again(sent(deep, rule_do="look"))

    def test_no_press_can_save(self):
        assert refused(sent(BOTH, rule_do="look")) == ["The rows have changed; save once the rule is whole."]


@pytest.mark.django_db
class TestRows:
    @pytest.mark.parametrize(
        ("before", "fact", "becomes"),
        [
            (ORDERS, "birthday", leaf("birthday", "last", "")),
            (ORDERS, "paid_orders", leaf("paid_orders", ">=", 3)),
            (CITY, "entity", leaf("entity", "in", [])),
            (PARTNER, "only_us", leaf("only_us", "=", True)),
            (CITY, "nonsense", leaf("nonsense", "=", "Łódź")),
        ],
    )
    def test_another_fact_brings_a_comparison_that_fits_and_keeps_what_still_says_something(self, before, fact, becomes):
        data = posted_by(again(sent({"all": [before]}, rule_0_fact=fact, rule_do="look")))

        assert RuleBuilder().value_from_datadict(data, {}, "rule").rule == {"all": [becomes]}

    @pytest.mark.parametrize(
        ("rule", "seen"),
        [
            (leaf("revenue", ">=", 12.5), ['type="number"', 'step="any"', 'value="12.5"', "Kč"]),
            (leaf("orders", ">=", 3), ['type="number"', 'step="1"', 'value="3"', "orders"]),
            (leaf("last_order_on", "last", 30), ['type="number"', 'max="36600"', "days"]),
            (leaf("birthday", "on", "1990-02-28"), ['type="date"', 'value="1990-02-28"']),
            (leaf("birthday", "between", ["1990-01-01", "1990-12-31"]), ['aria-label="From"', 'aria-label="To"']),
            (PARTNER, ['<option value="true" selected>yes', '<option value="false">no']),
            (leaf("entity", "in", ["company"]), ['type="checkbox"', 'value="company" checked']),
            (CITY, ['type="text"', 'value="Łódź"', 'maxlength="200"', "The town, whatever its accents and capitals."]),
        ],
    )
    def test_the_inputs_fit_the_fact_and_the_comparison(self, rule, seen):
        html = str(Kept(initial={"rule": rule})["rule"])
        row = html[html.index('<li class="rule"') : html.index("</ol>")]

        assert [each for each in seen if each not in row] == []

    @pytest.mark.parametrize("rule", [leaf("average_order", "empty"), leaf("lost_on", "passed")])
    def test_a_comparison_without_a_value_has_no_input(self, rule):
        assert "rule-0-value" not in str(Kept(initial={"rule": rule})["rule"])

    def test_a_value_that_is_no_longer_offered_stays_until_it_is_changed(self):
        data = sent(leaf("entity", "in", ["robot", "company"]))
        del data["rule-was"]

        assert set(data.getlist("rule-0-value")) == {"robot", "company"}
        assert refused(data) == ["“Person or company” is one of: person, company."]

    def test_facts_that_are_decided_after_the_rule_are_not_offered(self):
        class Later(forms.Form):
            rule = RuleField(forbidden={"stages"})

        html = str(Later()["rule"])

        assert '<option value="stage">' not in html
        assert '<option value="orders">' in html
        assert unsigned(posted_by(html)["rule-forbidden"]) == {"stages"}

    def test_what_may_not_be_asked_travels_signed(self):
        assert unsigned(signed({"stages", "segments"})) == {"stages", "segments"}
        assert unsigned("stages") == unsigned("") == frozenset()

    def test_what_no_rows_can_show_is_shown_as_it_was_typed(self):
        form = Kept({"rule": '{"all": [<'})

        assert not form.is_valid()
        assert "{&quot;all&quot;: [&lt;</textarea>" in str(form["rule"])

    def test_a_field_that_was_not_sent_is_told_from_an_empty_one(self):
        assert RuleBuilder().value_omitted_from_data({"other": "1"}, {}, "rule")
        assert not RuleBuilder().value_omitted_from_data({"rule-kind": "all"}, {}, "rule")
        assert refused({"rules-0-fact": "orders"}) == ["This field is required."]

    def test_everyone_is_a_rule_without_rows(self):
        assert saved({"rule-kind": "all"}) == {"all": []}


def row(fact="orders", op=">=", *values, path="0"):
    return {f"rule-{path}-fact": fact, f"rule-{path}-op": op, f"rule-{path}-value": list(values)}


DEEP = "-".join("0" * 6)
FIFTY_ONE = {key: value for place in range(51) for key, value in row("orders", ">=", "1", path=f"{place % 2}-{place}").items()}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (row("", ""), "Choose a fact."),
        (row("orders", ""), "Choose a comparison."),
        (row("orders", ">="), "Give a value."),
        (row("orders", "between", "1", ""), "Give both values."),
        (row("orders", "between", "2", "1"), "“Between” takes two values, the smaller first."),
        (row("orders", ">=", "many"), "“Orders” is compared with a number, and not with a huge one."),
        (row("orders", ">=", "9" * 400), "“Orders” is compared with a number, and not with a huge one."),
        (row("orders", ">=", "1e99"), "“Orders” is compared with a number, and not with a huge one."),
        (row("orders", ">=", "NaN"), "“Orders” is compared with a number, and not with a huge one."),
        (row("orders", ">=", "1.5"), "“Orders” has no decimals."),
        (row("is_partner", "=", "perhaps"), "“Partner” is true or false."),
        (row("birthday", "on", "28. 2. 1990"), "A date is written YYYY-MM-DD."),
        (row("zodiac", "=", "lion"), "There is no fact called “zodiac”."),
        (row("customer__password", "=", "x"), "There is no fact called “customer__password”."),
        (row("pk", "in", "1"), "There is no fact called “pk”."),
        (row("city", "regex", "(a+)+$"), "“City” can be compared by: =, !=, in, contains, starts, empty."),
        (row("city", "=__startswith", "x"), "“City” can be compared by: =, !=, in, contains, starts, empty."),
        (row("city", "=", "a\0b"), "“City” is compared with a text of 1 to 200 letters."),
        (row("city", "=", "x" * 10_240), "“City” is compared with a text of 1 to 200 letters."),
        ({"rule-kind": "any"}, "Nobody is left: add a rule."),
        ({"rule-0-kind": "all"}, "This group is empty: add a rule to it, or remove it."),
        (row("orders", ">=", "1", path=DEEP), "A rule is nested at most 5 deep."),
        (FIFTY_ONE, "A rule has at most 50 comparisons."),
        (
            {key: value for place in range(51) for key, value in row("orders", ">=", "1", path=str(place)).items()},
            "A group has at most 50 parts.",
        ),
    ],
)
def test_each_mistake_is_one_sentence_and_stands_with_its_row(data, sentence):
    form = Kept(data)

    assert not form.is_valid()
    assert [str(each) for each in form.errors["rule"]][:1] == [sentence] or sentence in form.errors["rule"][0]
    assert sentence.replace("“", "“") in str(form["rule"]).replace("&gt;", ">").replace("&lt;", "<")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "names",
    [["rule-0-fact__gt"], ["rule-0-value__regex"], ["rule-x-fact"], ["rule-0--fact"], ["rule-٣-fact"], ["rule-0-path"], ["rule_0_fact"]],
)
def test_a_control_of_another_name_is_not_looked_at(names):
    assert refused(dict.fromkeys(names, "orders")) == ["This field is required."]
    assert saved(row("orders", ">=", "3") | dict.fromkeys(names, "customer__user")) == {"all": [ORDERS]}


@pytest.mark.django_db
def test_a_forged_form_of_two_thousand_rows_is_refused_and_costs_little():
    data = {f"rule-{place}-fact": "orders" for place in range(999)}

    assert refused(data)
    assert str(Kept(data)["rule"]).count("<li ") <= 251


@pytest.mark.django_db
def test_a_forged_rule_of_before_is_checked_as_any_other():
    before = {"all": [leaf("customer__password", "=", "x")]}

    assert refused(sent(before)) == ["all[0].fact: There is no fact called “customer__password”."]
    assert refused(sent(ORDERS, rule_was="[" * 5000, rule_0_op="regex"))
    assert saved(sent(ORDERS, rule_was=json.dumps(CITY))) == {"all": [ORDERS]}


@pytest.mark.django_db
def test_a_blank_builder_that_an_added_form_brings_is_no_change():
    blank = posted_by(str(Kept()["rule"]))
    field = RuleField()

    assert not field.has_changed(None, RuleBuilder().value_from_datadict(blank, {}, "rule"))
    blank["rule-0-fact"] = "orders"
    assert field.has_changed(None, RuleBuilder().value_from_datadict(blank, {}, "rule"))


@pytest.mark.django_db
def test_fifty_comparisons_on_five_levels_come_back_whole():
    nested = [leaf("orders", "=", number) for number in range(50)]
    for kind in ("any", "all", "any", "all"):
        nested = [{kind: [part]} for part in nested]
    data = sent({"all": nested})
    del data["rule-was"]

    assert saved(data) == {"all": nested}


@pytest.mark.django_db
def test_crispy_shows_it_with_its_label():
    html = Template("{% load crispy_forms_filters %}{{ form|crispy }}").render(Context({"form": Kept(row("orders", ">="))}))

    assert "Rule" in html and html.count('class="rule-builder"') == 1
    assert "Give a value." in html
