"""What is no rule is refused before any SQL: each mistake with its place in the tree and one sentence, all at once, and in no time."""

import gc
import json
from contextlib import contextmanager
from time import thread_time

import pytest

from crm.catalogue import FACTS, TERMS, find
from crm.rules import InvalidRule, loads, parse, refuse_empty_groups
from crm.rules.text import LONGEST
from crm.rules.tree import MOST_DEEP, MOST_LEAVES, MOST_PROBLEMS, OPS
from crm.rules.values import LONGEST_TEXT, MOST_DAYS, MOST_VALUES

LEAF = {"fact": "orders", "op": ">=", "value": 1}
ALL_NAMES = sorted((*FACTS, *TERMS))
# RELIABILITY.md, B27; of the processor's time, which what runs beside the test does not lengthen.
MOST_SECONDS = 0.05


@contextmanager
def in_no_time():
    """Within the time that a refusal may take. A collection that falls due meanwhile would be of the garbage of all tests before."""
    gc.disable()
    try:
        start = thread_time()
        yield
        assert thread_time() - start < MOST_SECONDS
    finally:
        gc.enable()


def problems(rule, **rest):
    """What is wrong with it, by place; a refusal says something, within the time that one may take."""
    with in_no_time(), pytest.raises(InvalidRule) as refused:
        parse(rule, **rest)

    found = refused.value.problems
    assert 0 < len(found) <= MOST_PROBLEMS
    # One short sentence each, of letters that can be shown and stored.
    assert all(sentence.endswith(".") and len(sentence) < 600 and sentence.isprintable() for _path, sentence in found)
    assert all(path.isprintable() and not path.endswith(".") for path, _sentence in found)
    return found


def places(rule):
    return [path for path, _sentence in problems(rule)]


def comparing(fact, op, value):
    return {"fact": fact, "op": op, "value": value}


SHAPES = [
    None,
    True,
    0,
    1.5,
    "",
    "all",
    b"all",
    [],
    [LEAF],
    (LEAF,),
    {},
    {1: 2},
    {None: []},
    {"all": None},
    {"all": {}},
    {"all": "orders"},
    {"all": LEAF},
    {"any": 1},
    {"ALL": []},
    {"all": [], "any": []},
    {"all": [], "not": LEAF},
    {"all": [], "_connector": "OR"},
    {"not": None},
    {"not": []},
    {"fact": "orders"},
    {"op": "="},
    {"fact": "orders", "value": 1},
    {"fact": None, "op": "=", "value": 1},
    {"fact": ["orders"], "op": "=", "value": 1},
    {"fact": {"fact": "orders"}, "op": "=", "value": 1},
    {"fact": "orders", "op": ["="], "value": 1},
    {"fact": "orders", "op": None, "value": 1},
    {**LEAF, "_negated": True},
    {**LEAF, "__class__": "Q"},
    {**LEAF, "all": []},
    {**LEAF, "not": LEAF},
    {"customer__owner__password": "x"},
    {"__class__": {"__init__": {}}},
    {"py/object": "os.system"},
    {10**5: 1, (1, 2): 3, frozenset(): 4},
    {"\ud800": 1, "\0": 2},
]


@pytest.mark.parametrize("rule", SHAPES, ids=[ascii(rule)[:60] for rule in SHAPES])
def test_another_shape_is_none(rule):
    assert problems(rule)[-1][1].startswith("A rule is all or any with a list of rules")


@pytest.mark.parametrize("rule", SHAPES, ids=[ascii(rule)[:60] for rule in SHAPES])
def test_another_shape_inside_is_told_with_its_place(rule):
    assert all(path.startswith("any[1].not") for path in places({"any": [LEAF, {"not": rule}]}))


def test_a_part_that_no_rule_has_is_named():
    assert ("all[0]", "A rule has no part called “_connector”.") in problems({"all": [{**LEAF, "_connector": "OR"}]})


UNKNOWN = [
    "",
    "Orders",
    "orders ",
    "orders__gte",
    "pk",
    "id",
    "customer",
    "customer_id",
    "customer__name",
    "customer__owner__password",
    "owner__user__password",
    "customer__" * 50 + "name",
    "_connector",
    "__class__",
    "password__startswith",
    "orders\0",
    "оrders",
    "\ud800",
    "orders; DROP TABLE crm_customer",
    "x" * 1_000_000,
]


@pytest.mark.parametrize("name", UNKNOWN, ids=[ascii(name)[:40] for name in UNKNOWN])
def test_an_unknown_fact_is_refused(name):
    ((path, sentence),) = problems({"not": comparing(name, "=", 1)})

    assert path == "not.fact"
    assert sentence.startswith("There is no fact called “")


@pytest.mark.parametrize("name", ALL_NAMES)
def test_every_fact_refuses_what_it_cannot_be_compared_by(name):
    known = {op for ops in OPS.values() for op in ops}
    for op in (known - set(OPS[find(name).kind])) | {"", "regex", "__gte", "exact", "=\0", "== ", "\ud800", "isnull", "iregex"}:
        ((path, sentence),) = problems(comparing(name, op, 1))
        assert path == "op"
        assert sentence.startswith(f"“{find(name).label}” can be compared by: ")


NO_NUMBER = [
    None,
    True,
    False,
    "1",
    "",
    "NaN",
    float("nan"),
    float("inf"),
    float("-inf"),
    10**400,
    -(10**400),
    10**10,
    1e300,
    [],
    [1],
    {},
    {"a": 1},
]
NO_DAYS = [*NO_NUMBER, -1, MOST_DAYS + 1, 1.0, 0.5]
NO_DATE = [
    None,
    True,
    0,
    20260304,
    "",
    "today",
    "2026-3-4",
    "20260304",
    "2026-W10-3",
    "2026-02-30",
    "2026-02-29",
    "0000-01-01",
    "10000-1-1",
    "-026-01-01",
    "2026-01-01T00:00",
    "2026-01-01\n",
    " 2026-01-1",
    "２０２６-01-01",
    "2026-01-0\0",
    "\ud800" * 10,
    [],
    {},
    float("nan"),
]
NO_TEXT = [
    None,
    True,
    1,
    "",
    " ",
    "\t\n",
    "\u0301",
    "a\0b",
    "\0",
    "\ud800",
    "a\udfff",
    "x" * (LONGEST_TEXT + 1),
    "x" * 1_000_000,
    [],
    {},
    ["a"],
]
WRONG = (
    [("orders", "=", value) for value in [*NO_NUMBER, 0.5, 1e-9]]
    + [("revenue", ">", value) for value in [*NO_NUMBER, 0.001, 1.005]]
    + [("typical_gap_days", "<", value) for value in [*NO_NUMBER, 0.125]]
    + [("days_since_last_order", ">=", value) for value in NO_DAYS]
    + [("last_order_on", op, value) for op in ("last", "not_last", "next", "anniversary") for value in NO_DAYS]
    + [("birthday", "on", value) for value in NO_DATE]
    + [("only_us", "=", value) for value in [None, 0, 1, "true", "", [], [True], {}]]
    + [("pareto_class", "=", value) for value in [None, True, 1, "", "vital few", "VITAL_FEW", "\ud800", "x" * 10**6, [], {}]]
    + [
        (name, "=", value)
        for name in ("city", "favourite_channel", "email", "country", "external_id")
        for value in NO_TEXT
        if value != "\u0301"
    ]
    + [("city", "contains", value) for value in NO_TEXT]
    + [("orders", "empty", value) for value in [True, 0, "", [], {}]]
    + [("due_on", "passed", "2026-01-01")]
)


@pytest.mark.parametrize(("fact", "op", "value"), WRONG, ids=[ascii(wrong)[:60] for wrong in WRONG])
def test_a_value_that_does_not_fit_is_refused(fact, op, value):
    assert places({"any": [LEAF, comparing(fact, op, value)]}) == ["any[1].value"]


LISTS = [
    ("orders", "between", None, ["value"]),
    ("orders", "between", 1, ["value"]),
    ("orders", "between", [], ["value"]),
    ("orders", "between", [1], ["value"]),
    ("orders", "between", [1, 2, 3], ["value"]),
    ("orders", "between", [2, 1], ["value"]),
    ("orders", "between", {"0": 1, "1": 2}, ["value"]),
    ("orders", "between", [1, float("nan")], ["value[1]"]),
    ("orders", "between", [True, "2"], ["value[0]", "value[1]"]),
    ("birthday", "between", ["2026-01-02", "2026-01-01"], ["value"]),
    ("birthday", "between", ["2026-01-02", "2026-W10-1"], ["value[1]"]),
    ("days_since_last_order", "between", [30, 10], ["value"]),
    ("orders", "in", None, ["value"]),
    ("orders", "in", 1, ["value"]),
    ("orders", "in", "12", ["value"]),
    ("orders", "in", [], ["value"]),
    ("orders", "in", {}, ["value"]),
    ("orders", "in", [[1]], ["value[0]"]),
    ("orders", "in", [1, True, None, 2.5], ["value[1]", "value[2]", "value[3]"]),
    ("orders", "in", [1] * (MOST_VALUES + 1), ["value"]),
    ("city", "in", ["Praha", "\0", ""], ["value[1]", "value[2]"]),
    ("market", "in", ["b2b", "b2g"], ["value[1]"]),
]


@pytest.mark.parametrize(("fact", "op", "value", "wrong"), LISTS, ids=[ascii(row[:3])[:60] for row in LISTS])
def test_every_value_of_a_list_is_looked_at(fact, op, value, wrong):
    assert places(comparing(fact, op, value)) == wrong


def test_a_choice_names_what_can_be_chosen():
    assert problems(comparing("market", "=", "b2g")) == [("value", "“Market” is one of: b2c, b2b.")]


def test_all_mistakes_are_told_at_once_from_left_to_right():
    rule = {
        "all": [
            comparing("nothing", "=", 1),
            {"any": [LEAF, comparing("orders", "on", 1), {"not": comparing("city", "=", "")}]},
            {"some": []},
            comparing("birthday", "on", "soon"),
        ]
    }

    assert list(dict.fromkeys(places(rule))) == ["all[0].fact", "all[1].any[1].op", "all[1].any[2].not.value", "all[2]", "all[3].value"]


def test_a_fact_decided_later_is_refused_where_it_is_asked():
    rule = {"all": [LEAF, {"not": comparing("stage", "=", "client")}]}

    ((path, sentence),) = problems(rule, forbidden=["stages"])

    assert (path, sentence) == ("all[1].not.fact", "“Stage” is decided after this rule, so the rule cannot ask it.")
    assert parse(LEAF, forbidden=["stages"])


def nested(depth, kind="all", core=LEAF):
    rule = core
    for _turn in range(depth):
        rule = {kind: rule} if kind == "not" else {kind: [rule]}
    return rule


@pytest.mark.parametrize("kind", ["all", "any", "not"])
def test_five_deep_is_read_and_six_is_not(kind):
    assert parse(nested(MOST_DEEP, kind))
    assert problems(nested(MOST_DEEP + 1, kind))[0][1] == "A rule is nested at most 5 deep."


def turning():
    rule = {"all": []}
    rule["all"].append(rule)
    return rule


def bushy(core, width=MOST_LEAVES):
    for _turn in range(MOST_DEEP):
        core = {"any": [core] * width}
    return core


HUGE = {
    "1,000 deep": nested(1_000),
    "1,000 nots": nested(1_000, "not"),
    "100,000 deep": nested(100_000),
    "10,000 comparisons": {"all": [LEAF] * 10_000},
    "51 comparisons in two groups": {"all": [{"any": [LEAF] * 26}, {"any": [LEAF] * 25}]},
    "312 million comparisons": bushy(LEAF),
    "as many empty groups": bushy({"all": []}),
    "as many mistakes": bushy({"fact": "nothing", "op": "="}),
    "as many that are none": bushy(None),
    "one that holds itself": turning(),
    "a megabyte of unknown parts": {f"_key{number}": number for number in range(50_000)},
    "a megabyte of comparisons": {"all": [{"any": [LEAF] * 50}] * 50},
}


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_rule_is_refused_in_no_time(name):
    problems(HUGE[name])


def test_fifty_comparisons_are_read_and_one_more_is_not():
    assert parse({"all": [LEAF] * MOST_LEAVES})
    assert ("", "A rule has at most 50 comparisons.") in problems({"not": {"all": [{"any": [LEAF] * MOST_LEAVES}, LEAF]}})


@pytest.mark.parametrize("value", [0, -1, 10**10 - 1, 1.0, -0.0])
def test_a_number_within_bounds_is_read(value):
    assert parse(comparing("orders", "=", value)).value == value
    assert str(parse(comparing("revenue", "=", value)).value) == str(int(value))


TEXTS = {
    "[" * 5_000: "This is nested too deep.",
    '{"all":[' * 10_000: "This is nested too deep.",
    "1" * 5_000: "A number in it is too long.",
    '{"fact":"orders","op":"=","value":NaN}': "NaN is not a number that a rule can compare with.",
    '{"fact":"orders","op":"=","value":-Infinity}': "-Infinity is not a number that a rule can compare with.",
    '{"all":[],"all":[{"fact":"orders","op":"=","value":1}]}': "A part of the rule is said twice; each can be said once.",
    '{"fact":"city","op":"=","value":"\\ud800"}': "A text in it holds a letter that cannot be written.",
    '{"all":[]': "This is not JSON from line 1, letter 10 on.",
    "": "This is not JSON from line 1, letter 1 on.",
    "gASVCgAAAA==": "This is not JSON from line 1, letter 1 on.",
    "[" + "1," * LONGEST + "1]": f"A rule has at most {LONGEST} letters.",
}


@pytest.mark.parametrize("text", TEXTS, ids=[text[:30] for text in TEXTS])
def test_a_text_that_holds_no_rule_is_refused_in_no_time(text):
    with in_no_time(), pytest.raises(InvalidRule) as refused:
        loads(text)

    assert refused.value.problems == [("", TEXTS[text])]


def test_a_number_too_large_for_a_float_is_read_as_infinity_and_refused():
    assert places(loads('{"fact":"orders","op":"=","value":1e999}')) == ["value"]


def test_a_text_gives_the_value_that_json_gives():
    rule = {"all": [comparing("city", "=", "Łódź"), {"not": comparing("orders", "in", [1, 2])}]}

    assert loads(json.dumps(rule)) == rule
    assert parse(loads(json.dumps(rule)))


@pytest.mark.parametrize(
    "rule", [{"any": []}, {"not": {"all": []}}, {"all": [LEAF, {"any": []}]}, {"any": [{"all": [LEAF, {"not": {"any": []}}]}, LEAF]}]
)
def test_a_group_that_a_person_has_left_empty_is_refused(rule):
    with pytest.raises(InvalidRule, match="A group in it is empty"):
        refuse_empty_groups(rule)


@pytest.mark.parametrize("rule", [{"all": []}, LEAF, {"not": {"any": [LEAF]}}, [], {"all": 1}, None])
def test_everyone_is_no_empty_group_and_what_is_no_rule_is_for_others_to_refuse(rule):
    assert refuse_empty_groups(rule) is None


def test_a_rule_nested_without_end_is_looked_into_no_further():
    rule = {"any": []}
    for _level in range(5_000):
        rule = {"not": rule}

    assert refuse_empty_groups(rule) is None
