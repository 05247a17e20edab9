"""try_rule and save_stage: nothing written by the one, a version by the other, a sentence for what is wrong."""

import json
from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from crm.models import Business, ReplayFacts
from crm.tests.factories import make_customer, make_order, make_owner, make_user
from lifecycle.kotler import install
from lifecycle.models import LadderVersion, Stage, Transition
from lifecycle.stages import place
from lifecycle.tests.drafts import DAY

pytestmark = pytest.mark.django_db
ONE_TIME = {"fact": "order_days", "op": "=", "value": 1}


@pytest.fixture
def ladder():
    made = install()
    for revenue in ("70", "0.50"):
        make_customer({"order_days": 1, "revenue_12m": Decimal(revenue)})
    make_customer({"order_days": 2})
    place(made, DAY)
    Business.keep(as_of=DAY)
    return made


@pytest.fixture
def file(tmp_path):
    def write(rule):
        path = tmp_path / "rule.json"
        path.write_text(rule if isinstance(rule, str) else json.dumps(rule), encoding="utf-8")
        return str(path)

    return write


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


class TestTryRule:
    def test_counts_whom_the_rule_fits(self, ladder, file):
        told = json.loads(run("try_rule", file(ONE_TIME), "--json"))

        assert told.keys() == {"count", "seconds"}
        assert (told["count"], told["seconds"] >= 0) == (2, True)

    def test_tells_who_would_move_and_writes_nothing(self, ladder, file):
        make_customer({"order_days": 1})
        before = [list(model.objects.values()) for model in (Stage, LadderVersion, Transition)]

        told = json.loads(run("try_rule", file(ONE_TIME), "--stage", "kotler/inactive", "--json"))

        assert told["count"] == 3
        assert told["matrix"] == [
            {"from": None, "to": "inactive", "customers": 1, "revenue": "0.00"},
            {"from": "first-time", "to": "inactive", "customers": 2, "revenue": "70.50"},
        ]
        assert [list(model.objects.values()) for model in (Stage, LadderVersion, Transition)] == before

    def test_says_it_in_words_too(self, ladder, file):
        told = run("try_rule", file(ONE_TIME), "--stage", "kotler/inactive")

        assert "first-time" in told
        assert told.endswith("The rule fits 2 customers.\n")

    def test_a_day_of_the_past_is_computed_beside_the_live_figures_and_thrown_away(self, ladder, file):
        anna = make_customer(name="Anna")
        for day, amount in ((date(2025, 6, 1), 40), (date(2025, 9, 1), 50)):
            make_order(anna, ordered_on=day, amount=amount)
        asked = ["try_rule", file(ONE_TIME), "--json", "--as-of"]

        told = json.loads(run(*asked, "2025-07-01", "--stage", "kotler/inactive"))

        assert told["count"] == 1
        assert told["matrix"] == [{"from": "first-time", "to": "inactive", "customers": 1, "revenue": "40.00"}]
        assert json.loads(run(*asked, "2025-09-01"))["count"] == 0
        assert not ReplayFacts.objects.exists()

    def test_a_later_date_compares_with_that_date(self, ladder, file):
        rule = file({"fact": "stage_since", "op": "last", "value": 5})

        assert [json.loads(run("try_rule", rule, "--json", "--as-of", day))["count"] for day in ("2026-02-04", "2026-02-05")] == [3, 0]

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (["--as-of", "1969-12-31"], "There are no orders before 1970"),
            (["--as-of", "9999-12-31"], "a rule is tried up to a year after that"),
            (["--stage", "kotler/nothing"], "There is no stage “kotler/nothing”"),
            (["--stage", "inactive"], "There is no stage “inactive”"),
            (["--stage", "kotler/prospect"], "The stage tried last has to take everyone"),
        ],
    )
    def test_what_cannot_be_answered_is_said(self, ladder, file, arguments, sentence):
        with pytest.raises(CommandError, match=sentence) as refusal:
            run("try_rule", file(ONE_TIME), *arguments)
        assert refusal.value.returncode == 1

    @pytest.mark.parametrize(
        "rule", ["{", "", '{"fact": "nothing", "op": "=", "value": 1}', "[" * 5_000, "x" * 200_000, '{"not": {"all": []}}']
    )
    def test_a_file_that_holds_no_rule_is_refused(self, ladder, file, rule):
        with pytest.raises(CommandError):
            run("try_rule", file(rule))

    def test_the_mark_that_some_editors_put_before_the_first_letter_is_no_part_of_the_rule(self, ladder, tmp_path):
        (tmp_path / "rule.json").write_text(json.dumps(ONE_TIME), encoding="utf-8-sig")

        assert json.loads(run("try_rule", str(tmp_path / "rule.json"), "--json"))["count"] > 0

    def test_a_file_that_is_not_there_or_no_text_is_refused(self, ladder, tmp_path):
        (tmp_path / "bytes").write_bytes(b"\xff\xfe")
        for path, sentence in [
            (tmp_path / "none", "cannot be read"),
            (tmp_path, "cannot be read"),
            (tmp_path / "bytes", "no text in UTF-8"),
        ]:
            with pytest.raises(CommandError, match=sentence):
                run("try_rule", str(path))

    def test_a_segment_may_ask_a_ladder_and_a_stage_may_not(self, ladder, file):
        rule = file({"fact": "stage_on_kotler", "op": "=", "value": "first-time"})

        assert json.loads(run("try_rule", rule, "--json"))["count"] == 2
        with pytest.raises(CommandError, match="is decided after this rule"):
            run("try_rule", rule, "--stage", "kotler/inactive")

    def test_before_the_first_night_there_is_nothing_to_try(self, file):
        install()
        with pytest.raises(CommandError, match="There are no figures yet"):
            run("try_rule", file(ONE_TIME), "--stage", "kotler/inactive")


class TestSaveStage:
    def test_saves_as_that_owner_and_prints_the_version(self, ladder, file):
        owner = make_owner(email="jana@example.com")

        told = run("save_stage", "kotler/inactive", "--rule", file(ONE_TIME), "--by", "jana@example.com")

        assert told == "Saved as version 2 of the ladder, from the next night on.\n"
        assert LadderVersion.objects.get(number=2).by == owner
        assert Stage.objects.values_list("rule", "version").get(key="inactive") == (ONE_TIME, 2)
        again = run("save_stage", "kotler/inactive", "--rule", file(ONE_TIME), "--by", "jana@example.com")
        assert again == "The stage has that rule already; the ladder stays at version 2.\n"

    @pytest.mark.parametrize("who", ["petr@example.com", "nobody@example.com", "", "gone@example.com"])
    def test_only_an_owner_who_may_sign_in_saves(self, ladder, file, who):
        make_user(email="petr@example.com")
        make_owner(email="gone@example.com", is_active=False)

        with pytest.raises(CommandError, match="is no owner"):
            run("save_stage", "kotler/inactive", "--rule", file(ONE_TIME), "--by", who)
        assert not LadderVersion.objects.exists()
