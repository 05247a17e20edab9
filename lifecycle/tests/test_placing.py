"""Placing under hostile eyes: what happens between its look and its write, in ranges, without rules, with new ones, and what it notes."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from config import worker
from crm.catalogue import FACTS
from crm.models import Business, Customer, Facts, Job
from crm.rules import InvalidRule, described, parse
from crm.tests.factories import make_customer, make_owner
from lifecycle import nightly, stages
from lifecycle.editing import make_primary
from lifecycle.kotler import install
from lifecycle.models import Ladder, Position, Stage, Transition
from lifecycle.moves import move
from lifecycle.stages import place

pytestmark = pytest.mark.django_db
START = date(2024, 1, 10)
LATER = START + timedelta(days=30)


@pytest.fixture
def ladder():
    return install()


@pytest.fixture
def owner():
    return make_owner()


@pytest.fixture
def meanwhile(monkeypatch):
    """Lets something happen once, after placing has looked and before it writes."""

    def arrange(happens):
        original, left = stages._settle, [happens]

        def settle(*arguments):
            while left:
                with transaction.atomic():
                    left.pop()()
            return original(*arguments)

        monkeypatch.setattr(stages, "_settle", settle)

    return arrange


def a_ladder(key="size", primary=False, **rules):
    """With one stage for each of `rules`, tried in their order."""
    made = Ladder.objects.create(key=key, name=key.title(), is_primary=primary)
    for rank, (name, rule) in enumerate(rules.items(), start=1):
        Stage.objects.create(ladder=made, key=name, name=name.title(), rank=rank, rule=rule)
    return made


def stands(customer):
    return Position.objects.values_list("stage__key", flat=True).get(customer=customer)


def said(customer):
    return Facts.objects.values_list("stage", "stage_since").get(pk=customer.pk)


def writes(queries):
    return [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE", "COPY", "CREATE"))]


class TestBetweenLookAndWrite:
    def test_a_first_move_by_a_person_stands_and_is_not_doubled(self, ladder, owner, meanwhile):
        customer = make_customer()
        meanwhile(lambda: move(customer=customer, to=ladder.stages.get(key="client"), by=owner, reason="Met", as_of=START, today=START))

        assert place(ladder, START) == 0

        assert Position.objects.get().pinned
        assert Transition.objects.get().source == "person"
        assert said(customer) == ("client", START)

    def test_a_later_move_by_a_person_stands(self, ladder, owner, meanwhile):
        customer = make_customer()
        place(ladder, START)
        Facts.objects.update(order_days=2)
        meanwhile(lambda: move(customer=customer, to=ladder.stages.get(key="partner"), by=owner, reason="Met", as_of=LATER, today=LATER))

        assert place(ladder, LATER) == 0

        assert stands(customer) == "partner"
        assert list(Transition.objects.order_by("pk").values_list("to_stage__key", flat=True)) == ["prospect", "partner"]

    def test_facts_that_were_refreshed_decide(self, ladder, meanwhile):
        customer = make_customer({"order_days": 1})
        meanwhile(lambda: Facts.objects.update(order_days=2))

        assert place(ladder, START) == 1

        assert stands(customer) == "repeat"
        assert Transition.objects.get().values["order_days"] == 2

    def test_another_placing_leaves_nothing_to_do(self, ladder, meanwhile):
        make_customer()
        meanwhile(lambda: place(ladder, START))

        assert place(ladder, START) == 0
        assert Transition.objects.count() == Position.objects.count() == 1

    def test_a_customer_who_is_deleted_leaves_nothing_behind(self, ladder, meanwhile):
        make_customer()
        meanwhile(lambda: Customer.objects.all().delete())

        assert place(ladder, START) == 0
        assert not Position.objects.exists() and not Transition.objects.exists()


class TestRanges:
    @pytest.mark.parametrize(("looked", "moved"), [(1, 1), (4, 3), (5, 50), (50, 7), (25, 25)])
    def test_everyone_is_placed_once_whatever_is_looked_at_and_written_at_once(self, ladder, monkeypatch, looked, moved):
        monkeypatch.setattr(stages, "LOOKED_AT_ONCE", looked)
        monkeypatch.setattr(stages, "MOVED_AT_ONCE", moved)
        customers = [make_customer({"order_days": number % 3}) for number in range(40)]
        for customer in customers[::3][:5]:
            customer.delete()

        assert place(ladder, START) == 35

        expected = dict(Facts.objects.values_list("pk", "order_days"))
        names = {0: "prospect", 1: "first-time", 2: "repeat"}
        assert dict(Position.objects.values_list("customer_id", "stage__key")) == {pk: names[days] for pk, days in expected.items()}
        assert Transition.objects.count() == 35
        assert place(ladder, START) == 0

    def test_those_asked_for_are_placed_in_ranges_too(self, ladder, monkeypatch):
        monkeypatch.setattr(stages, "LOOKED_AT_ONCE", 2)
        customers = [make_customer().pk for _turn in range(7)]

        assert place(ladder, START, customers=customers[2:] + [customers[-1] + 1_000]) == 5
        assert place(ladder, START, customers=[]) == 0
        assert sorted(Position.objects.values_list("customer_id", flat=True)) == customers[2:]

    def test_where_nothing_changes_nothing_is_written(self, ladder):
        for days in range(3):
            make_customer({"order_days": days})
        place(ladder, START)

        with CaptureQueriesContext(connection) as queries:
            assert place(ladder, LATER) == 0

        # The one that ends pins.
        (unpins,) = writes(queries)
        assert '"pinned"' in unpins

    def test_of_many_one_who_changes_is_written_alone(self, ladder):
        customers = [make_customer() for _turn in range(5)]
        place(ladder, START)
        before = dict(Position.objects.values_list("customer_id", "since"))
        Facts.objects.filter(pk=customers[2].pk).update(order_days=1)

        assert place(ladder, LATER) == 1

        after = dict(Position.objects.values_list("customer_id", "since"))
        assert {pk for pk in after if after[pk] != before[pk]} == {customers[2].pk}


class TestWithoutARule:
    def test_whom_no_rule_takes_is_placed_nowhere(self):
        ladder = a_ladder(primary=True, big={"fact": "orders", "op": ">=", "value": 5})
        customer = make_customer()

        assert place(ladder, START) == 0
        assert not Position.objects.exists()
        assert said(customer) == ("", None)

    def test_whom_no_rule_takes_any_more_stays_for_a_move_has_a_cause(self):
        ladder = a_ladder(primary=True, big={"fact": "orders", "op": ">=", "value": 5})
        customer = make_customer({"orders": 5})
        place(ladder, START)
        Facts.objects.update(orders=1)

        assert place(ladder, LATER) == 0
        assert (stands(customer), said(customer)) == ("big", ("big", START))

    def test_a_ladder_without_stages_places_nobody(self):
        make_customer()

        assert place(a_ladder(), START) == 0

    def test_a_rule_that_cannot_be_read_any_more_is_told_with_its_stage(self, ladder):
        make_customer()
        Stage.objects.filter(key="client").update(rule={"all": [{"fact": "gone", "op": "=", "value": 1}]})

        with pytest.raises(InvalidRule, match=r"kotler/client all\[0\].fact: There is no fact called “gone”"):
            place(ladder, START)

        assert not Position.objects.exists()


class TestFactsOfThePrimaryLadder:
    def test_say_the_stage_again_when_their_row_is_made_anew(self, ladder):
        customer = make_customer({"order_days": 2})
        place(ladder, START)
        Facts.objects.all().delete()
        Facts.objects.create(customer=customer, order_days=2)

        assert place(ladder, LATER) == 0
        assert said(customer) == ("repeat", START)
        assert Transition.objects.count() == 1

    @pytest.mark.parametrize(
        "wrong", [{"stage": "client"}, {"stage_since": LATER}, {"stage_since": None}, {"stage": "", "stage_since": None}]
    )
    def test_are_put_right_where_they_differ(self, ladder, wrong):
        customer = make_customer()
        place(ladder, START)
        Facts.objects.update(**wrong)

        assert place(ladder, LATER) == 0
        assert said(customer) == ("prospect", START)

    def test_speak_of_another_ladder_once_that_is_the_primary_one(self, ladder):
        other = a_ladder(big={"fact": "orders", "op": ">=", "value": 5}, small={"all": []})
        customer = make_customer()
        stages.place_everyone(START)

        make_primary(other, make_owner())
        assert not Job.objects.exists(), "there are no figures to be written down anew"
        assert stages.place_everyone(LATER) == 0

        assert said(customer) == ("small", START)
        assert list(Ladder.objects.filter(is_primary=True)) == [other]

    def test_speak_of_it_as_soon_as_the_worker_has_done_the_night_that_is_asked_for(self, ladder):
        other = a_ladder(big={"fact": "orders", "op": ">=", "value": 5}, small={"all": []})
        customer = make_customer()
        nightly.run(START, today=LATER)
        assert said(customer) == ("prospect", START)

        make_primary(other, make_owner())
        make_primary(other, make_owner())
        worker.run_job(Job.objects.get().pk)

        assert said(customer) == ("small", START)
        assert Business.load().as_of == START

    def test_say_nothing_of_whom_the_new_primary_ladder_does_not_take(self, ladder):
        other = a_ladder(big={"fact": "orders", "op": ">=", "value": 5})
        customer = make_customer()
        stages.place_everyone(START)

        make_primary(other, make_owner())
        stages.place_everyone(LATER)

        assert said(customer) == ("", None)


class TestPins:
    def test_hold_when_the_rules_change(self, ladder, owner):
        customer = make_customer({"order_days": 2})
        place(ladder, START)
        move(customer=customer, to=ladder.stages.get(key="client"), by=owner, reason="Told us", as_of=START, today=START)
        Stage.objects.filter(key="repeat").update(rule={"any": []})

        assert place(ladder, LATER) == 0
        assert (stands(customer), said(customer)) == ("client", ("client", START))

    def test_end_without_a_move_where_the_rules_agree(self, ladder, owner):
        customer = make_customer()
        place(ladder, START)
        move(customer=customer, to=ladder.stages.get(key="repeat"), by=owner, reason="Told us", as_of=START, today=START, until=START)
        Facts.objects.update(order_days=2)

        assert place(ladder, START) == 0
        assert Position.objects.get().pinned
        assert place(ladder, START + timedelta(days=1)) == 0
        assert Position.objects.values_list("pinned", "pinned_until", "since").get() == (False, None, START)

    def test_end_for_those_asked_for_alone(self, ladder, owner):
        customers = [make_customer(), make_customer()]
        for customer in customers:
            move(customer=customer, to=ladder.stages.get(key="repeat"), by=owner, reason="Told us", as_of=START, today=START, until=START)

        assert place(ladder, LATER, customers=[customers[0].pk]) == 1
        assert [stands(customer) for customer in customers] == ["prospect", "repeat"]

    def test_nobody_is_moved_before_the_day_they_came(self, ladder):
        customer = make_customer()
        place(ladder, LATER)
        Facts.objects.update(order_days=2)

        assert place(ladder, START) == 0
        assert place(ladder, LATER) == 1
        assert stands(customer) == "repeat"

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            ({"as_of": START - timedelta(days=1)}, "came to where they stand after that day"),
            ({"until": START - timedelta(days=1)}, "ended before it begins"),
            ({"reason": "\t\n"}, "needs a reason"),
            ({"as_of": START + timedelta(days=1)}, "today or on a day that has been"),
            ({"reason": "a\ud800b"}, "letters that are none"),
            ({"reason": "a\0b"}, "Null characters are not allowed"),
            ({"reason": "a" * 2_001}, "at most 2000 characters"),
        ],
    )
    def test_a_wrong_move_by_hand_is_refused_and_writes_nothing(self, ladder, owner, wrong, sentence):
        customer = make_customer()
        place(ladder, START)

        days = {"as_of": START, "today": START}
        with pytest.raises(ValidationError, match=sentence):
            move(**({"customer": customer, "to": ladder.stages.get(key="client"), "by": owner, "reason": "So"} | days | wrong))

        assert (stands(customer), Transition.objects.count()) == ("prospect", 1)


class TestWhatIsNoted:
    def test_the_facts_that_decided_by_their_names_as_json_keeps_them(self):
        rules = [
            {"fact": "revenue", "op": ">", "value": 5},
            {"fact": "typical_gap_days", "op": "empty"},
            {"fact": "long_gap_days", "op": ">", "value": 5},
            {"fact": "only_us", "op": "=", "value": False},
            {"fact": "due_on", "op": "passed"},
            {"fact": "days_since_last_contact", "op": "<", "value": 5},
            {"fact": "city", "op": "=", "value": "praha"},
            {"fact": "birthday", "op": "anniversary", "value": 5},
        ]
        ladder = a_ladder(first={"all": rules}, second={"not": {"fact": "orders", "op": "=", "value": 0}}, rest={"all": []})
        facts = {"revenue": Decimal("12.5"), "typical_gap_days": 30.5, "last_contact_on": START - timedelta(days=9), "orders": 3}
        dates = dict.fromkeys(("first_order_on", "last_order_on", "due_on", "inactive_on", "lost_on"), START)
        make_customer(facts | dates, city="Łódź")

        place(ladder, START)

        assert Transition.objects.get().values == {
            "revenue": "12.50",
            "typical_gap_days": 30.5,
            "long_gap_days": None,
            "only_us": False,
            "due_on": "2024-01-10",
            "days_since_last_contact": 9,
            "city": "Łódź",
            "birthday": None,
            "orders": 3,
        }

    def test_no_fact_that_was_not_asked(self):
        ladder = a_ladder(first={"fact": "orders", "op": "=", "value": 0}, rest={"fact": "revenue", "op": "<", "value": 5})
        make_customer()

        place(ladder, START)

        assert Transition.objects.get().values == {"orders": 0}

    def test_the_version_of_the_rule_that_took_them(self, ladder):
        make_customer()
        ladder.stages.filter(key="prospect").update(version=2)

        place(ladder, START)

        assert Transition.objects.get().rule_version == 2


class TestStageAsAFact:
    def test_is_one_of_the_primary_ladder_and_said_by_its_name(self, ladder):
        a_ladder(other={"all": []})
        Stage.objects.filter(key="client").update(name="Stálice")

        assert list(FACTS["stage"].choices) == list(ladder.stages.order_by("rank").values_list("key", flat=True))
        assert described(parse({"fact": "stage", "op": "=", "value": "client"})) == "“Stage” is Stálice"
        with pytest.raises(InvalidRule, match="“Stage” is one of: disqualified, lost"):
            parse({"fact": "stage", "op": "=", "value": "other"})

    def test_is_any_text_while_there_is_no_ladder(self):
        assert parse({"fact": "stage", "op": "=", "value": "client"})
        with pytest.raises(InvalidRule):
            parse({"fact": "stage", "op": "=", "value": "\ud800"})
