"""Settings, Ladders: the pages of an owner, from the edit over its preview to the saved version and back."""

import json
import re
from html import unescape

import pytest

from crm.models import Business
from crm.tests.factories import make_customer, make_owner
from lifecycle.editing import draft, newest, save_ladder
from lifecycle.kotler import install
from lifecycle.models import Ladder, LadderVersion, Position, Stage, Transition
from lifecycle.stages import place
from lifecycle.tests.drafts import DAY

pytestmark = pytest.mark.django_db
LADDER = "/settings/ladders/kotler/"
INACTIVE = f"{LADDER}inactive/"
RULE = {"any": [{"fact": "inactive_on", "op": "passed"}, {"fact": "order_days", "op": "=", "value": 1}]}


@pytest.fixture
def ladder():
    made = install()
    make_customer({"order_days": 1, "revenue_12m": 70}, name="Eva Nováková")
    make_customer({"order_days": 2})
    place(made, DAY)
    Business.keep(as_of=DAY)
    return made


def stage_form(**values):
    sent = {"name": "Inactive", "above": "beside:", "rule": json.dumps(RULE), "colour": "", "text": "", "seen": "0", "preview": "1"}
    return sent | values


def carried(answer):
    """What the page of a preview sends when its changes are saved."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.content.decode())
    return {unescape(name): unescape(value) for name, value in fields if name not in {"csrfmiddlewaretoken", "next"}} | {"previewed": "1"}


def rows():
    return [list(model.objects.order_by("pk").values()) for model in (Ladder, Stage, LadderVersion, Position, Transition)]


def said(answer):
    """The text of the page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


class TestEditing:
    def test_a_preview_shows_who_would_move_and_writes_nothing(self, owner, ladder):
        before = rows()

        answer = owner.post(INACTIVE, stage_form())

        assert "1 customer would move, with" in said(answer)
        assert "Eva Nováková" in said(answer)
        assert rows() == before

    def test_what_the_preview_carries_is_saved_and_the_next_night_moves_the_previewed(self, owner, ladder, jana):
        sent = carried(owner.post(INACTIVE, stage_form()))

        assert owner.post(INACTIVE, sent).url == LADDER

        version = LadderVersion.objects.get(number=2)
        assert (version.by, version.changes) == (jana, [{"what": "rule", "stage": "Inactive"}])
        assert place(ladder, DAY) == 1
        assert Position.objects.get(customer__name="Eva Nováková").stage.key == "inactive"

    def test_from_the_preview_the_edit_can_be_gone_on_with(self, owner, ladder):
        sent = carried(owner.post(INACTIVE, stage_form(name="Gone quiet")))
        del sent["previewed"]
        before = rows()

        answer = owner.post(INACTIVE, sent | {"again": "1"})

        assert 'value="Gone quiet"' in answer.text and "would move, with" not in said(answer)
        assert rows() == before

    def test_saving_a_rule_at_once_shows_it_first(self, owner, ladder):
        before = rows()

        answer = owner.post(INACTIVE, {name: value for name, value in stage_form(save="1").items() if name != "preview"})

        assert "would move, with" in said(answer)
        assert rows() == before

    def test_a_name_and_a_colour_are_saved_at_once(self, owner, ladder):
        same = json.dumps(Stage.objects.get(key="inactive").rule)
        sent = stage_form(name="Odešel", colour="#00aa7f", rule=same, save="1")
        del sent["preview"]

        assert owner.post(INACTIVE, sent).url == LADDER
        assert Stage.objects.values_list("name", "colour", "version").get(key="inactive") == ("Odešel", "#00aa7f", 1)

    def test_before_the_first_night_a_sentence_says_so(self, owner):
        install()

        answer = owner.post(INACTIVE, stage_form())

        assert "There are no figures yet, so nobody moves" in said(answer)
        assert owner.post(INACTIVE, carried(answer)).status_code == 302

    @pytest.mark.parametrize(
        "rule",
        ["", "{", "[]", '{"fact": "x__y", "op": "=", "value": 1}', '{"any": ' * 6 + "1" + "}" * 6, "x" * 10_000, '{"a":"\\u0000"}'],
        ids=lambda rule: rule[:12],
    )
    def test_a_rule_that_is_none_is_refused_and_nothing_is_written(self, owner, ladder, rule):
        before = rows()

        for more in ({}, {"previewed": "1"}):
            answer = owner.post(INACTIVE, stage_form(rule=rule, **more))
            assert answer.status_code == 200
            assert answer.context["form"].errors["rule"]
        assert rows() == before

    @pytest.mark.parametrize(
        "forged",
        [
            {"name": ""},
            {"name": "x" * 101},
            {"name": "a\0"},
            {"above": "above:nothing"},
            {"above": "lost"},
            {"colour": "url(x)"},
            {"seen": "x"},
        ],
        ids=str,
    )
    def test_a_forged_field_is_refused(self, owner, ladder, forged):
        save_ladder(ladder=ladder, stages=[*_renamed(ladder)], by=make_owner())
        before = rows()

        answer = owner.post(INACTIVE, stage_form(seen="2", previewed="1") | forged)

        assert answer.status_code == 200
        assert answer.context["form"].errors
        assert rows() == before

    def test_who_saves_second_is_told_and_keeps_what_was_typed(self, owner, ladder):
        save_ladder(ladder=ladder, stages=_renamed(ladder), by=make_owner(name="Petr Malý"))

        answer = owner.post(INACTIVE, stage_form(text="Typed for an hour."))

        assert "Somebody saved this ladder" in said(answer)
        assert "Petr Malý: Renamed “Client” to “Stálice”." in said(answer)
        assert "Typed for an hour." in said(answer)
        assert owner.post(INACTIVE, carried(answer) | stage_form(seen="2", previewed="1")).status_code == 302
        assert Stage.objects.get(key="client").name == "Stálice"

    def test_a_stage_that_is_not_there_is_not_found(self, owner, ladder):
        assert owner.get(f"{LADDER}nothing/").status_code == 404
        assert owner.get("/settings/ladders/nothing/").status_code == 404


def _renamed(ladder):
    stages = draft(ladder)
    next(stage for stage in stages if stage.key == "client").name = "Stálice"
    return stages


class TestTheLadder:
    def test_says_its_stages_in_words_with_how_many_stand_there(self, owner, ladder):
        page = said(owner.get(LADDER))

        assert "“Orders in 12 months” is at least 4 and “Buys only from us” is yes" in page
        assert "Nobody has changed this ladder yet." in page

    def test_a_stage_is_added_before_another_and_above_a_rung(self, owner, ladder):
        sent = stage_form(name="Fan", before="client", above="above:repeat")

        answer = owner.post(f"{LADDER}ladder/add/", sent)
        assert owner.post(f"{LADDER}ladder/add/", carried(answer)).url == LADDER

        new = Stage.objects.get(key="fan")
        assert [stage.key for stage in draft(ladder)][4:7] == ["advocate", "fan", "client"]
        assert (new.rung, Stage.objects.get(key="client").rung) == (4, 5)

    def test_a_stage_is_tried_sooner_after_a_preview(self, owner, ladder):
        answer = owner.post(f"{LADDER}ladder/order/", {"stage": "lost", "way": "up", "seen": "0"})
        assert newest(ladder) == 0

        owner.post(f"{LADDER}ladder/order/", carried(answer))

        assert [stage.key for stage in draft(ladder)][:2] == ["lost", "disqualified"]

    @pytest.mark.parametrize(
        "sent",
        [
            {"stage": "disqualified", "way": "up"},
            {"stage": "prospect", "way": "down"},
            {"stage": "prospect", "way": "up"},
            {"stage": "nothing", "way": "up"},
            {"stage": "lost", "way": "sideways"},
            {},
        ],
        ids=str,
    )
    def test_what_cannot_be_tried_sooner_or_later_stays(self, owner, ladder, sent):
        before = rows()

        answer = owner.post(f"{LADDER}ladder/order/", sent | {"seen": "0", "previewed": "1"}, follow=True)

        assert re.search("cannot be tried sooner or later|has to take everyone", said(answer))
        assert rows() == before

    def test_one_click_goes_back(self, owner, ladder, jana):
        save_ladder(ladder=ladder, stages=_renamed(ladder), by=jana)
        assert "Renamed “Client” to “Stálice”." in said(owner.get(LADDER))

        owner.post(f"{LADDER}ladder/back/", {"number": "1", "seen": "2"})

        assert Stage.objects.get(key="client").name == "Client"
        assert newest(ladder) == 3

    @pytest.mark.parametrize("number", ["", "x", "9", "-1", "1" * 50, "²"])
    def test_a_version_that_is_not_there_is_refused(self, owner, ladder, jana, number):
        save_ladder(ladder=ladder, stages=_renamed(ladder), by=jana)
        before = rows()

        answer = owner.post(f"{LADDER}ladder/back/", {"number": number, "seen": "2"}, follow=True)

        assert "This ladder has no version" in said(answer)
        assert rows() == before

    def test_another_becomes_the_primary_one(self, owner, ladder):
        owner.post("/settings/ladders/", {"name": "Size"})

        owner.post("/settings/ladders/size/ladder/primary/")

        assert Ladder.objects.get(is_primary=True).key == "size"

    @pytest.mark.parametrize("name", ["", "x" * 101, "a\0b"], ids=["empty", "long", "nul"])
    def test_a_name_that_is_none_makes_no_ladder(self, owner, ladder, name):
        answer = owner.post("/settings/ladders/", {"name": name})

        assert answer.context["form"].errors
        assert Ladder.objects.count() == 1


class TestTakingOff:
    def test_its_customers_get_their_home_after_a_preview(self, owner, ladder):
        leave = f"{LADDER}repeat/leave/"
        assert "1 customer stands there and needs a new home." in said(owner.get(leave))

        answer = owner.post(leave, {"home": "prospect", "seen": "0"})
        assert "1 customer of “Repeat” goes to “Prospect” at once" in said(answer)
        assert not Stage.objects.filter(is_retired=True).exists()
        assert owner.post(leave, carried(answer)).url == LADDER

        assert sorted(Position.objects.values_list("stage__key", flat=True)) == ["first-time", "prospect"]
        assert owner.get(f"{LADDER}repeat/").status_code == 404

    @pytest.mark.parametrize("home", ["", "repeat", "nothing", "a\0"])
    def test_without_a_home_it_stays(self, owner, ladder, home):
        before = rows()

        answer = owner.post(f"{LADDER}repeat/leave/", {"home": home, "seen": "0", "previewed": "1"})

        assert answer.context["form"].errors["home"]
        assert rows() == before

    def test_the_one_that_takes_everyone_stays(self, owner, ladder):
        answer = owner.post(f"{LADDER}prospect/leave/", {"home": "repeat", "seen": "0", "previewed": "1"})

        assert "The stage tried last has to take everyone" in said(answer)


def test_staff_see_no_entry_and_get_nothing(ladder, staff):
    assert "/settings/ladders/" not in staff.get("/").content.decode()
    assert staff.get(LADDER).status_code == 403
