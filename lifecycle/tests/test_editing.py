"""Saving a ladder: versions, one step back, what is refused in a sentence, and a stage that leaves with its customers housed."""

from copy import copy
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from crm.models import Facts
from crm.tests.factories import make_customer
from lifecycle.editing import draft, free_key, make_ladder, newest, put_on_rung, ranked, restore, save_ladder
from lifecycle.kotler import install
from lifecycle.models import Ladder, LadderNumbers, LadderVersion, Position, Stage, Transition
from lifecycle.moves import move
from lifecycle.retiring import retire
from lifecycle.stages import place
from lifecycle.tests.drafts import DAY
from lifecycle.versions import in_words
from segments.models import Segment
from segments.saved import make_segment

pytestmark = pytest.mark.django_db
RULE = {"fact": "orders_12m", "op": ">=", "value": 6}


@pytest.fixture
def ladder():
    return install()


def edited(ladder, **changes):
    """The stages with other values for the stages named: by their keys, `_` for `-`."""
    stages = [copy(stage) for stage in draft(ladder)]
    for stage in stages:
        for name, value in changes.get(stage.key.replace("-", "_"), {}).items():
            setattr(stage, name, value)
    return stages


def rows():
    return [list(model.objects.order_by("pk").values()) for model in (Ladder, Stage, LadderVersion, Position, Transition)]


def refused(call, **values):
    """The sentences; nothing is written."""
    before = rows()
    with pytest.raises(ValidationError) as refusal:
        call(**values)
    assert rows() == before
    return refusal.value.messages


class TestSaving:
    def test_the_first_change_keeps_the_state_before_it_as_version_one(self, ladder, jana):
        saved = save_ladder(ladder=ladder, stages=edited(ladder, client={"rule": RULE, "name": "Stálice"}), by=jana)

        first, second = LadderVersion.objects.order_by("number")
        assert (first.number, first.by, in_words(first.changes)) == (1, None, ["As it was before the first change."])
        assert next(stage for stage in first.stages if stage["key"] == "client")["name"] == "Client"
        assert (second, second.number, second.by) == (saved, 2, jana)
        assert in_words(second.changes) == ["Renamed “Client” to “Stálice”.", "Changed the rule of “Stálice”."]
        assert Stage.objects.values_list("name", "rule", "version").get(key="client") == ("Stálice", RULE, 2)
        assert set(Stage.objects.exclude(key="client").values_list("version", flat=True)) == {1}

    def test_what_differs_in_nothing_is_no_version(self, ladder, jana):
        assert save_ladder(ladder=ladder, stages=draft(ladder), by=jana) is None
        assert newest(ladder) == 0

    def test_true_in_place_of_one_is_a_change(self, ladder, jana):
        stages = edited(ladder, partner={"rule": {"fact": "is_partner", "op": "=", "value": False}})
        save_ladder(ladder=ladder, stages=stages, by=jana)

        assert Stage.objects.get(key="partner").version == 2

    def test_nobody_is_placed_by_it(self, ladder, jana):
        make_customer({"order_days": 2})
        place(ladder, DAY)
        before = list(Position.objects.values())

        save_ladder(ladder=ladder, stages=edited(ladder, repeat={"rule": {"any": []}}), by=jana)

        assert list(Position.objects.values()) == before

    def test_stages_change_places_and_one_is_put_between(self, ladder, jana):
        stages = draft(ladder)
        new = Stage(ladder=ladder, key="fan", name="Fan", rule=RULE)
        stages = ranked([*stages[:3], stages[4], stages[3], new, *stages[5:]])
        put_on_rung(stages, new, "client")

        saved = save_ladder(ladder=ladder, stages=stages, by=jana)

        assert [stage.key for stage in draft(ladder)][3:6] == ["advocate", "partner", "fan"]
        rungs = Stage.objects.filter(rung__isnull=False).order_by("rung")
        assert [stage.key for stage in rungs] == ["prospect", "first-time", "repeat", "client", "fan", "advocate", "partner"]
        assert in_words(saved.changes) == [
            "Added “Fan”.",
            "Changed the order in which the stages are tried: Disqualified, Lost, Inactive, Advocate, Partner, Fan, Client, Repeat, "
            "First-time, Prospect.",
        ]

    def test_numbers_of_the_page_that_were_counted_are_void(self, ladder, jana):
        LadderNumbers.objects.create(ladder=ladder, as_of=DAY, numbers={})

        save_ladder(ladder=ladder, stages=edited(ladder, client={"colour": "#00aa7f"}), by=jana)

        assert not LadderNumbers.objects.exists()

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"client": {"rank": 10}}, "Two stages of a ladder cannot be tried as the same number: give each its own."),
            ({"client": {"rung": 1}}, "Two stages of a ladder cannot be the same rung: give each its own."),
            ({"client": {"key": "repeat"}}, "Two stages of a ladder cannot have the same key: give each its own."),
            ({"client": {"name": " "}}, "A stage needs a name."),
            ({"client": {"name": "x" * 101}}, "“xxx"),
            ({"client": {"name": "a\0b"}}, "Null characters are not allowed."),
            ({"client": {"name": "a\ud800b"}}, "holds letters that are none"),
            ({"client": {"colour": "red"}}, "A colour is written #rrggbb"),
            ({"client": {"rank": 10_000}}, "A stage is tried as number 9999 at most."),
            ({"client": {"rule": {"fact": "stage", "op": "=", "value": "lost"}}}, "is decided after this rule"),
            ({"client": {"rule": {"fact": "stage_on_kotler", "op": "=", "value": "lost"}}}, "is decided after this rule"),
            ({"client": {"rule": {"fact": "shoe_size", "op": "=", "value": 1}}}, "There is no fact called “shoe_size”."),
            ({"client": {"rule": {"fact": "customer__name", "op": "=", "value": "x"}}}, "There is no fact called “customer__name”."),
            ({"client": {"rule": {"fact": "orders", "op": "regex", "value": "a+"}}}, "can be compared by: "),
            ({"client": {"rule": {"fact": "orders", "op": "=", "value": "many"}}}, "is compared with a number"),
            ({"client": {"rule": {}}}, "A rule is all or any with a list of rules"),
            ({"client": {"rule": {"any": [{"any": [{"any": [{"any": [{"any": [{"all": []}]}]}]}]}]}}}, "nested at most 5 deep"),
            ({"client": {"rule": {"all": [RULE] * 51}}}, "at most 50"),
            ({"inactive": {"rule": {"all": []}}}, "Only the stage tried last may take everyone"),
            ({"lost": {"name": "inactive"}}, "cannot have the same name"),
            ({"prospect": {"rule": RULE}}, "The stage tried last has to take everyone who is left"),
            ({"prospect": {"rank": 15}}, "The stage tried last has to take everyone who is left"),
        ],
    )
    def test_what_is_no_ladder_is_refused_with_a_sentence(self, ladder, jana, changes, sentence):
        said = refused(save_ladder, ladder=ladder, stages=edited(ladder, **changes), by=jana)

        assert any(sentence in each for each in said)
        assert all(len(each) < 400 for each in said)

    def test_more_than_thirty_stages_are_refused(self, ladder, jana):
        more = [Stage(ladder=ladder, key=f"k{number}", name="K", rule=RULE) for number in range(22)]

        (sentence,) = refused(save_ladder, ladder=ladder, stages=ranked([*more, *draft(ladder)]), by=jana)

        assert sentence == "A ladder has at most 30 stages."

    def test_a_stage_is_not_left_out_without_a_new_home(self, ladder, jana):
        (sentence,) = refused(save_ladder, ladder=ladder, stages=draft(ladder)[1:], by=jana)

        assert sentence == "“Disqualified” is still there: to take it off, give its customers a new home."

    def test_who_saves_second_is_told_what_changed_meanwhile(self, ladder, jana):
        save_ladder(ladder=ladder, stages=edited(ladder, client={"name": "Stálice"}), by=jana, seen=0)

        said = refused(save_ladder, ladder=ladder, stages=edited(ladder, client={"name": "Fan"}), by=jana, seen=0)

        assert said[0].startswith("Somebody saved this ladder while you were editing it.")
        assert said[-1] == "Jana Horáková: Renamed “Client” to “Stálice”."
        assert save_ladder(ladder=ladder, stages=edited(ladder, client={"name": "Fan"}), by=jana, seen=2).number == 3


class TestGoingBack:
    def test_one_step_makes_a_new_version_equal_to_the_old_one(self, ladder, jana):
        before = {stage.key: (stage.name, stage.rank, stage.rung, stage.rule) for stage in draft(ladder)}
        stages = edited(ladder, client={"rule": RULE}, lost={"name": "Gone"})
        save_ladder(ladder=ladder, stages=ranked([stages[1], stages[0], *stages[2:]]), by=jana)

        back = restore(ladder=ladder, number=1, by=jana, seen=2)

        assert {stage.key: (stage.name, stage.rank, stage.rung, stage.rule) for stage in draft(ladder)} == before
        assert back.number == 3
        assert in_words(back.changes)[0] == "Went back to version 1."
        # Its rule was another one in between: moves name the version that decided.
        assert Stage.objects.get(key="client").version == 3

    def test_a_stage_that_was_taken_off_comes_back(self, ladder, jana):
        stages = {stage.key: stage for stage in draft(ladder)}
        retire(stage=stages["client"], home=stages["repeat"], by=jana, today=DAY)

        back = restore(ladder=ladder, number=1, by=jana)

        assert [stage.key for stage in draft(ladder)] == [*stages]
        assert in_words(back.changes) == ["Went back to version 1.", "Brought “Client” back."]
        assert Stage.objects.filter(key="client").count() == 1

    def test_a_stage_that_was_not_there_yet_goes_where_nobody_stands(self, ladder, jana):
        new = Stage(ladder=ladder, key="fan", name="Fan", rule={"fact": "order_days", "op": "=", "value": 7})
        save_ladder(ladder=ladder, stages=ranked([new, *draft(ladder)]), by=jana)
        make_customer({"order_days": 7})
        place(ladder, DAY)

        (sentence,) = refused(restore, ladder=ladder, number=1, by=jana)
        assert sentence == "Version 1 has no “Fan”, and customers stand there: first take it off and give them a new home."

        retire(stage=Stage.objects.get(key="fan"), home=Stage.objects.get(key="repeat"), by=jana, today=DAY)
        restore(ladder=ladder, number=1, by=jana)
        assert newest(ladder) == 3, "nothing is left to be changed back"

    def test_a_stage_that_a_segment_asks_for_is_not_gone_back_from(self, ladder, jana):
        new = Stage(ladder=ladder, key="fan", name="Fan", rule={"fact": "order_days", "op": "=", "value": 7})
        save_ladder(ladder=ladder, stages=ranked([new, *draft(ladder)]), by=jana)
        Segment.objects.create(key="fans", name="Fans", rule={"fact": "stage", "op": "=", "value": "fan"})

        (sentence,) = refused(restore, ladder=ladder, number=1, by=jana)
        assert sentence == "The segment “Fans” asks for “Fan”: change its rule first."

    @pytest.mark.parametrize("number", [0, 7, 10**8])
    def test_a_version_that_is_not_there_is_refused(self, ladder, jana, number):
        assert refused(restore, ladder=ladder, number=number, by=jana) == [f"This ladder has no version {number}."]


class TestTakingOff:
    @pytest.fixture
    def stages(self, ladder):
        for days in (1, 2, 2):
            make_customer({"order_days": days})
        place(ladder, DAY - timedelta(days=5))
        return {stage.key: stage for stage in draft(ladder)}

    def test_everyone_who_stands_there_moves_by_that_person_at_once(self, ladder, jana, stages):
        pinned = make_customer({"order_days": 1})
        place(ladder, DAY - timedelta(days=5))
        day = DAY - timedelta(days=2)
        move(customer=pinned, to=stages["repeat"], by=jana, reason="Knows us.", as_of=day, today=DAY)

        version = retire(stage=stages["repeat"], home=stages["first-time"], by=jana, today=DAY, seen=0)

        assert set(Position.objects.values_list("stage__key", "pinned")) == {("first-time", False), ("first-time", True)}
        assert set(Facts.objects.values_list("stage", "stage_since")) == {("first-time", DAY), ("first-time", DAY - timedelta(days=5))}
        made = Transition.objects.filter(effective_on=DAY)
        assert made.count() == 3
        assert set(made.values_list("from_stage__key", "to_stage__key", "source", "by", "rule_version", "reason")) == {
            ("repeat", "first-time", "person", jana.pk, None, "“Repeat” was taken off the ladder; its customers went to “First-time”.")
        }
        assert Stage.objects.get(key="repeat").is_retired
        assert in_words(version.changes) == ["Took “Repeat” off; its customers went to “First-time”."]
        assert version.number == 2

    def test_the_nights_after_it_place_nobody_there(self, ladder, jana, stages):
        retire(stage=stages["repeat"], home=stages["first-time"], by=jana, today=DAY)

        place(ladder, DAY)

        assert sorted(Position.objects.values_list("stage__key", flat=True)) == ["first-time", "prospect", "prospect"]

    def test_batches_leave_nobody_behind(self, ladder, jana, stages, monkeypatch):
        monkeypatch.setattr("lifecycle.retiring.MOVED_AT_ONCE", 1)

        retire(stage=stages["repeat"], home=stages["first-time"], by=jana, today=DAY)

        assert set(Position.objects.values_list("stage__key", flat=True)) == {"first-time"}

    def test_a_home_has_to_be_another_kept_stage_of_the_ladder(self, ladder, jana, stages):
        other = make_ladder(name="Size", by=jana)
        retire(stage=stages["client"], home=stages["repeat"], by=jana, today=DAY)
        for home in (None, stages["repeat"], stages["client"], other.stages.get()):
            (sentence,) = refused(retire, stage=stages["repeat"], home=home, by=jana, today=DAY)
            assert sentence == "Choose the stage to which the customers of “Repeat” go: another one of this ladder."

    def test_the_stage_that_takes_everyone_stays(self, ladder, jana, stages):
        (sentence,) = refused(retire, stage=stages["prospect"], home=stages["repeat"], by=jana, today=DAY)

        assert sentence.startswith("The stage tried last has to take everyone who is left")

    @pytest.mark.parametrize(
        "rule",
        [
            {"fact": "stage", "op": "=", "value": "repeat"},
            {"not": {"all": [{"fact": "stage_on_kotler", "op": "in", "value": ["client", "repeat"]}]}},
        ],
    )
    def test_a_stage_that_a_segment_asks_for_stays(self, ladder, jana, stages, rule):
        make_segment(name="Coming again", purpose="", rule=rule, by=jana)

        with pytest.raises(ValidationError, match="The segment “Coming again” asks for “Repeat”"):
            retire(stage=stages["repeat"], home=stages["first-time"], by=jana, today=DAY)

        assert Stage.objects.kept().filter(pk=stages["repeat"].pk).exists()
        retire(stage=stages["advocate"], home=stages["client"], by=jana, today=DAY)

    def test_twice_is_refused_and_so_is_a_stale_page(self, ladder, jana, stages):
        retire(stage=stages["client"], home=stages["repeat"], by=jana, today=DAY)

        assert refused(retire, stage=stages["client"], home=stages["repeat"], by=jana, today=DAY) == [
            "“Client” has been taken off already."
        ]
        assert refused(retire, stage=stages["lost"], home=stages["repeat"], by=jana, today=DAY, seen=0)[0].startswith("Somebody saved")

    def test_its_key_is_given_to_no_other(self, ladder, jana, stages):
        retire(stage=stages["client"], home=stages["repeat"], by=jana, today=DAY)
        new = Stage(ladder=ladder, key="client", name="New", rule=RULE)

        (sentence,) = refused(save_ladder, ladder=ladder, stages=ranked([new, *draft(ladder)]), by=jana)

        assert sentence == "There was a stage with the key “client” once, and moves still name it: give this one another."


class TestOfOnesOwn:
    def test_it_starts_with_everyone_and_a_version(self, jana):
        made = make_ladder(name=" Velikost ", by=jana)

        assert (made.key, made.name, made.is_primary) == ("velikost", "Velikost", False)
        assert list(made.stages.values_list("key", "rank", "rung", "rule")) == [("everyone", 10, 1, {"all": []})]
        assert [(version.number, in_words(version.changes)) for version in made.versions.all()] == [(1, ["Made the ladder."])]

    @pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\0b"])
    def test_a_name_that_is_none_is_refused(self, jana, name):
        assert all(sentence.endswith(".") or "100" in sentence for sentence in refused(make_ladder, name=name, by=jana))

    def test_there_are_twenty_at_most(self, jana):
        Ladder.objects.bulk_create(Ladder(key=f"l{number}", name="L") for number in range(20))

        assert refused(make_ladder, name="One more", by=jana) == ["There can be at most 20 ladders."]

    def test_a_key_is_made_of_the_name_and_is_free(self):
        assert free_key("Žluťoučký kůň", [], "stage") == "zlutoucky-kun"
        assert free_key("Fan", ["fan", "fan-2"], "stage") == "fan-3"
        assert free_key("???", [], "stage") == "stage"
