"""Segments that ask each other."""

import pytest
from django.core.exceptions import ValidationError

from crm import catalogue
from crm.models import Job
from crm.rules import InvalidRule, described, leaves, parse
from crm.tests.factories import make_owner
from segments import uses
from segments.asking import asks, circle, in_order, with_askers
from segments.models import Segment, SegmentVersion
from segments.saved import InUse, Outdated, delete_segment, make_segment, save_segment
from segments.uses import Use

NOBODY = {"any": []}


def asking(*keys):
    return {"any": [{"fact": "segment", "op": "=", "value": key} for key in keys]}


def segment(key, *asked):
    return Segment(pk=ord(key[0]), key=key, name=key, rule=asking(*asked))


def keys(segments):
    return [each.key for each in segments]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (NOBODY, set()),
        ({"fact": "orders", "op": "=", "value": 1}, set()),
        ({"fact": "city", "op": "=", "value": "segment"}, set()),
        ({"fact": "segment", "op": "!=", "value": "a"}, {"a"}),
        ({"fact": "segment", "op": "in", "value": ["a", "b"]}, {"a", "b"}),
        (
            {"not": {"all": [{"any": [{"fact": "segment", "op": "=", "value": "a"}]}, {"fact": "segment", "op": "=", "value": "c"}]}},
            {"a", "c"},
        ),
        ("no rule", set()),
    ],
)
def test_what_a_rule_asks_is_found_wherever_it_stands(rule, found):
    assert asks(rule) == found


def test_each_is_counted_after_those_that_it_asks():
    assert keys(in_order([segment("a", "b", "c"), segment("b", "c"), segment("c"), segment("d", "gone")])) == ["c", "d", "b", "a"] or keys(
        in_order([segment("a", "b", "c"), segment("b", "c"), segment("c")])
    ) == ["c", "b", "a"]


def test_a_circle_is_found_and_counted_all_the_same():
    round_about = [segment("a", "b"), segment("b", "c"), segment("c", "a"), segment("d")]

    assert sorted(circle(round_about)) == ["a", "b", "c"]
    assert circle(round_about[1:]) == []
    assert keys(in_order(round_about)) == ["a", "b", "c", "d"]


def test_with_a_segment_go_all_that_ask_it_also_by_others():
    everyone = [segment("a", "b"), segment("b", "c"), segment("c"), segment("d", "e"), segment("e")]

    assert keys(with_askers(everyone[2], everyone)) == ["c", "b", "a"]
    assert keys(with_askers(everyone[0], everyone)) == ["a"]


@pytest.mark.django_db
class TestTheFact:
    def test_it_is_asked_by_key_and_read_by_name(self):
        make_segment(by=make_owner(), name="Žižkov", rule=NOBODY)
        node = parse({"fact": "segment", "op": "=", "value": "zizkov"})

        assert described(node) == "“Segment” is Žižkov"
        assert [leaf.fact.writer for leaf in leaves(node)] == ["segments"]
        assert "segment" in catalogue.askable()

    def test_a_rule_of_a_stage_may_not_ask_it(self):
        make_segment(by=make_owner(), name="Žižkov", rule=NOBODY)

        with pytest.raises(InvalidRule, match="“Segment” is decided after this rule"):
            parse({"fact": "segment", "op": "=", "value": "zizkov"}, forbidden={"stages", "segments"})

    @pytest.mark.parametrize(
        ("op", "value"), [("=", "gone"), ("in", []), ("in", ["gone"]), ("=", None), ("contains", "a"), ("empty", None)]
    )
    def test_what_it_cannot_be_compared_with_is_refused(self, op, value):
        make_segment(by=make_owner(), name="A", rule=NOBODY)

        with pytest.raises(InvalidRule):
            parse({"fact": "segment", "op": op, "value": value})


@pytest.mark.django_db
class TestSaving:
    @pytest.fixture
    def by(self):
        return make_owner(name="Jana")

    def test_keys_are_made_of_the_name_and_are_each_their_own(self, by):
        made = [make_segment(by=by, name=name, rule=NOBODY).key for name in ("Ó, la la", "O la-la", "日本", "Ω", "x" * 100, "x" * 99)]

        assert made == ["o-la-la", "o-la-la-2", "segment", "segment-2", "x" * 40, f"{'x' * 40}-2"]

    @pytest.mark.parametrize("name", ["regulars", " RÉGULARS "])
    def test_a_name_that_only_looks_different_is_taken(self, by, name):
        make_segment(by=by, name="Regulars", rule=NOBODY)

        with pytest.raises(ValidationError, match="give this one another name"):
            make_segment(by=by, name=name, rule=NOBODY)
        assert Segment.objects.count() == SegmentVersion.objects.count() == Job.objects.count() == 1

    def test_a_circle_is_refused_with_the_names_in_it(self, by):
        first = make_segment(by=by, name="First", rule=NOBODY)
        make_segment(by=by, name="Second", rule=asking("first"))
        make_segment(by=by, name="Third", rule=asking("second"))

        with pytest.raises(ValidationError, match="would ask each other in a circle") as refused:
            save_segment(segment=first, version=1, by=by, name="First", purpose="", rule=asking("third"))
        assert all(f"“{name}”" in str(refused.value) for name in ("First", "Second", "Third"))
        assert Segment.objects.get(key="first").rule == NOBODY

    def test_saving_what_is_there_writes_nothing(self, by):
        made = make_segment(by=by, name="First", rule=NOBODY)

        save_segment(segment=made, version=1, by=by, name=" First ", purpose="", rule=NOBODY)

        assert (Segment.objects.get().version, SegmentVersion.objects.count()) == (1, 1)

    def test_of_a_segment_deleted_meanwhile_the_editor_is_told(self, by):
        made = make_segment(by=by, name="First", rule=NOBODY)
        Segment.objects.all().delete()

        with pytest.raises(Outdated, match="was deleted"):
            save_segment(segment=made, version=1, by=by, name="First", purpose="", rule=NOBODY)

    def test_what_the_floors_above_use_is_not_deleted(self, by, monkeypatch):
        made = make_segment(by=by, name="First", rule=NOBODY)
        monkeypatch.setattr(uses, "SOURCES", [*uses.SOURCES])
        uses.register(lambda segment: [Use(f"The trigger of {segment.key}", "/")])

        with pytest.raises(InUse, match="“First” cannot be deleted while it is used by: The trigger of first."):
            delete_segment(segment=made, by=by)
