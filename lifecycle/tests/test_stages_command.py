"""`manage.py stages FILE.csv` and `manage.py replay`: what they write, say, and refuse."""

import json
from datetime import UTC, date, datetime

import pytest
from django.core.management import CommandError, call_command

from crm import jobs, locks
from crm.models import PastFacts, ReplayFacts
from crm.tests.factories import make_customer, make_order
from lifecycle import joining, nightly
from lifecycle.lookback import look_back
from lifecycle.models import Stage

pytestmark = pytest.mark.django_db
TODAY, LIVE = date(2032, 1, 1), date(2025, 3, 1)
LATER = datetime(2031, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(joining, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(jobs, "ring", lambda *arguments: None)


@pytest.fixture
def shop():
    """One came in March and once more in May 2024, one in February 2025."""
    first, second = make_customer(external_id="=7", created=LATER), make_customer(external_id="8", created=LATER)
    for customer, day in ((first, date(2024, 3, 10)), (first, date(2024, 5, 20)), (second, date(2025, 2, 5))):
        make_order(customer, ordered_on=day)
    nightly.run(LIVE, today=TODAY)
    return first


@pytest.fixture
def write(tmp_path):
    def lines(*arguments):
        call_command("stages", tmp_path / "stages.csv", *arguments)
        return (tmp_path / "stages.csv").read_bytes().decode().splitlines()

    return lines


def refused(write, *arguments):
    with pytest.raises(CommandError) as error:
        write(*arguments)
    return str(error.value)


class TestStages:
    def test_without_a_day_it_writes_where_everybody_stands(self, shop, write):
        call_command("replay")

        assert write() == ["external_id,stage,since", "'=7,inactive,2025-02-14", "8,first-time,2025-02-05"]

    def test_a_covered_day_is_answered_from_the_history(self, shop, write, monkeypatch):
        call_command("replay")
        monkeypatch.setattr("lifecycle.replay.compute_scratch", None)

        assert write("--as-of", "2024-04-30") == ["external_id,stage,since", "'=7,first-time,2024-03-31"]
        assert write("--as-of", "2025-02-04") == ["external_id,stage,since", "'=7,repeat,2024-05-31"]

    def test_any_other_day_is_computed_in_scratch_beside_what_is_looked_at(self, shop, write):
        call_command("replay")
        look_back(date(2024, 12, 31))

        # The second order of May is not in the month ends before that day, so nobody knows since when.
        assert write("--as-of", "2024-05-25") == ["external_id,stage,since", "'=7,repeat,"]
        assert write("--as-of", "2024-06-15") == ["external_id,stage,since", "'=7,repeat,2024-05-31"]
        assert write("--as-of", "1970-01-01") == ["external_id,stage,since"]
        assert (PastFacts.objects.count(), ReplayFacts.objects.count()) == (1, 0)

    def test_beside_a_replay_such_a_day_has_to_wait(self, shop, write):
        with locks.held("replay") as got:
            assert got
            assert "The past is being replayed" in refused(write, "--as-of", "2024-05-25")

    def test_what_cannot_be_answered_is_refused_in_a_sentence(self, shop, write, tmp_path):
        assert refused(write, "--ladder", "nobody's") == "There is no ladder “nobody's”; there is: kotler, engagement, categories."
        assert "comes after it" in refused(write, "--as-of", "2025-03-02")
        with pytest.raises(CommandError, match="is not a date"):
            call_command("stages", str(tmp_path / "a.csv"), "--as-of", "yesterday")
        with pytest.raises(CommandError, match="cannot be written"):
            call_command("stages", tmp_path / "no" / "a.csv")
        Stage.objects.filter(key="lost").update(rule={"fact": "gone", "op": "=", "value": 1})
        assert "kotler/lost" in refused(write, "--as-of", "2024-05-25")

    def test_before_the_first_night_there_is_nothing_to_write(self, write):
        assert refused(write) == "There are no figures yet; run: manage.py nightly"


class TestReplay:
    def test_it_prints_one_object_and_tells_its_progress_beside(self, shop, capsys):
        call_command("replay", "--json")

        out, err = capsys.readouterr()
        told = json.loads(out)
        assert {**told, "seconds": 0} == {"from": "2024-03-31", "to": "2025-03-01", "moves": 2, "seconds": 0}
        assert "03/2024" in err and len(err.splitlines()) == 100

    def test_in_words(self, shop, capsys):
        call_command("replay")

        assert "The past from March 31, 2024 to March 1, 2025 is replayed: 2 moves in " in capsys.readouterr().out

    def test_what_it_cannot_do_it_says_in_a_sentence(self):
        with pytest.raises(CommandError, match="There is no past to replay before the first night"):
            call_command("replay")
