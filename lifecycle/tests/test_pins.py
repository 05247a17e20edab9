"""A stage set by hand: pinned, shown, changed and released, with who did it and why; and the customer's page that does it."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.messages import get_messages
from django.core.exceptions import ValidationError
from django.urls import reverse

from config.tests import cast
from crm.figures import CHOICE, Figures
from crm.models import Business, Changed, Customer, Facts, PastFacts
from crm.money import day
from crm.tests.answers import text
from crm.tests.factories import make_customer, make_user
from lifecycle import nightly
from lifecycle.models import Ladder, PinChange, Position, Stage, Transition
from lifecycle.moves import DoneAlready, last_word, move, pin, release
from lifecycle.pins import ByHand
from lifecycle.refresh import refresh
from lifecycle.standing import PINS, Standing, Why, moves, pin_changes

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 23)
START = TODAY - timedelta(days=10)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def jana():
    return make_user(name="Jana")


@pytest.fixture
def staff(monkeypatch):
    monkeypatch.setattr(Business, "today", lambda self: TODAY)
    return cast.signed_in(cast.staff())


@pytest.fixture
def eva():
    """A Prospect since START."""
    customer = make_customer(name="Eva Nováková", created=datetime(START.year, START.month, START.day, 12, tzinfo=UTC))
    nightly.run(START, today=TODAY)
    return customer


@pytest.fixture
def care(eva):
    """Another ladder, on which she stands in "calm"."""
    ladder = Ladder.objects.create(key="care", name="Care")
    for rank, key in ((1, "eager"), (2, "calm")):
        Stage.objects.create(
            ladder=ladder, key=key, name=key.title(), rank=rank, rung=3 - rank, rule={"any": []} if rank == 1 else {"all": []}
        )
    nightly.run(START, today=TODAY)
    return ladder


def kotler():
    return Ladder.objects.get(key="kotler")


def stage(key):
    return Stage.objects.get(ladder__key__in=["kotler", "care"], key=key)


def known(customer):
    return Customer.objects.select_related("facts").get(pk=customer.pk)


def held(customer, ladder="kotler"):
    return Position.objects.values_list("stage__key", "since", "pinned", "pinned_until").get(customer=customer, ladder__key=ladder)


def put(customer, by, to="client", **fields):
    return move(customer=customer, to=stage(to), by=by, **({"reason": "She told me so.", "as_of": TODAY, "today": TODAY} | fields))


def kept(customer, by, **fields):
    told = {"ladder": kotler(), "reason": "She told me so.", "as_of": TODAY, "today": TODAY}
    return pin(customer=customer, by=by, **(told | fields))


def freed(customer, by, **fields):
    return release(customer=customer, by=by, **({"ladder": kotler(), "as_of": TODAY, "today": TODAY} | fields))


def rows():
    return [list(model.objects.order_by("pk").values_list()) for model in (Position, Transition, PinChange, Changed, Facts)]


def last(answer):
    """The last message with where its Undo leads."""
    message = list(get_messages(answer.wsgi_request))[-1]
    return str(message), message.extra_tags


def figures():
    return Figures(Business.load(), TODAY, Facts)


class TestReleasing:
    def test_history_says_who_and_when_and_what_was_released(self, eva, jana):
        until = TODAY + timedelta(days=9)
        put(eva, jana, until=until)
        Changed.objects.all().delete()
        made = freed(eva, jana)

        assert held(eva) == ("client", TODAY, False, None)
        assert (made.kind, made.stage.key, made.effective_on, made.until, made.reason, made.by) == (
            "released",
            "client",
            TODAY,
            until,
            "She told me so.",
            jana,
        )
        assert list(Changed.objects.values_list("customer", "why")) == [(eva.pk, "customer")]

    def test_the_refresh_places_them_by_the_rules_at_once(self, eva, jana):
        nightly.run(TODAY - timedelta(days=1), today=TODAY)
        put(eva, jana)
        freed(eva, jana)
        refresh(lambda: NOON)

        assert held(eva) == ("prospect", date(2026, 11, 23), False, None)
        steps = Transition.objects.filter(customer=eva, ladder__key="kotler").order_by("pk").values_list("to_stage__key", "source")
        assert list(steps) == [("prospect", "night"), ("client", "person"), ("prospect", "night")]

    def test_where_nothing_is_pinned_it_says_so_and_writes_nothing(self, eva, jana, care):
        put(eva, jana), freed(eva, jana)
        before = rows()
        for ladder in (kotler(), care):
            with pytest.raises(DoneAlready, match="not kept anywhere"):
                freed(eva, jana, ladder=ladder)

        assert rows() == before

    @pytest.mark.parametrize("as_of", [TODAY + timedelta(days=1), TODAY - timedelta(days=1)])
    def test_a_day_to_come_and_one_before_they_came_are_refused(self, eva, jana, as_of):
        put(eva, jana)
        before = rows()
        with pytest.raises(ValidationError):
            freed(eva, jana, as_of=as_of)

        assert rows() == before


class TestPinningWhereTheyStand:
    def test_the_rules_leave_them_and_no_move_is_written(self, eva, jana):
        kept(eva, jana)
        Facts.objects.filter(pk=eva.pk).update(is_partner=True)

        assert held(eva) == ("prospect", START, True, None)
        assert Transition.objects.filter(ladder__key="kotler").count() == 1 and PinChange.objects.get().reason == "She told me so."

    def test_another_end_and_another_reason_are_another_pin(self, eva, jana):
        until = TODAY + timedelta(days=30)
        put(eva, jana), kept(eva, jana, until=until), kept(eva, jana, until=until, reason="She wrote.")

        assert held(eva) == ("client", TODAY, True, until)
        assert list(PinChange.objects.order_by("pk").values_list("until", "reason")) == [(until, "She told me so."), (until, "She wrote.")]

    def test_the_very_same_twice_is_one(self, eva, jana):
        put(eva, jana)
        before = rows()
        with pytest.raises(DoneAlready, match="kept there already"):
            kept(eva, jana, reason=" She told me so. ")

        assert rows() == before

    @pytest.mark.parametrize(
        "fields",
        [
            {"reason": " "},
            {"reason": "a\0b"},
            {"reason": "\ud83e"},
            {"reason": "x" * 2001},
            {"as_of": TODAY + timedelta(days=1)},
            {"as_of": START - timedelta(days=1)},
            {"until": TODAY - timedelta(days=1)},
        ],
    )
    def test_what_makes_no_sense_is_refused_and_nothing_is_written(self, eva, jana, fields):
        before = rows()
        with pytest.raises(ValidationError) as refused:
            kept(eva, jana, **fields)

        assert len(refused.value.messages) == 1 and rows() == before

    def test_on_a_ladder_where_they_stand_nowhere_there_is_nothing_to_pin(self, eva, jana):
        other = Ladder.objects.create(key="care", name="Care")
        with pytest.raises(ValidationError, match="does not stand on that ladder"):
            kept(eva, jana, ladder=other)

    def test_a_retired_stage_takes_nobody(self, eva, jana):
        Stage.objects.filter(key="client").update(is_retired=True)
        with pytest.raises(ValidationError, match="no longer on the ladder"):
            put(eva, jana)


class TestWhoPinned:
    def test_it_is_who_said_so_last_of_this_stage(self, eva, jana):
        petr = make_user(name="Petr")
        put(eva, jana), kept(eva, petr, reason="She wrote.")
        shown = Standing.of(known(eva), Business.load()).pins[0]
        assert (shown.by, shown.reason) == ("Petr", "She wrote.")

        put(eva, jana, "partner", reason="Sells.")
        shown = Standing.of(known(eva), Business.load()).pins[0]
        assert (shown.by, shown.reason, shown.stage.key) == ("Jana", "Sells.", "partner")

    def test_a_pin_without_a_history_is_by_someone_who_has_left(self, eva):
        Position.objects.update(pinned=True)
        shown = Standing.of(known(eva), Business.load()).pins[0]

        assert (shown.by, shown.reason) == ("someone who has left", "")
        assert last_word(Position.objects.get(ladder__key="kotler"), []) is None

    def test_pins_of_other_ladders_stand_beside(self, eva, jana, care):
        put(eva, jana, "eager"), put(eva, jana, "client")
        customer = known(eva)

        assert [(one.ladder.key, one.stage.key) for one in Standing.of(customer, Business.load()).pins] == [
            ("kotler", "client"),
            ("care", "eager"),
        ]
        assert [one.ladder.key for one in ByHand.of(customer, figures()).pins] == ["care"]
        assert Why.of(customer, figures()).pin.stage.key == "client"


class TestTheAudit:
    def test_it_says_what_was_done_in_the_readers_language(self, eva, jana):
        put(eva, jana), freed(eva, jana)
        client = cast.signed_in(cast.owner())
        client.cookies["django_language"] = "cs"
        page = text(client.get(reverse("customer_history", args=[eva.pk])))

        assert "Připnuto" in page and "Fáze" in page
        assert "Pinned" not in page and "Stage" not in page


class TestTheTimeline:
    def test_pins_and_releases_stand_among_the_moves(self, eva, jana):
        put(eva, jana), kept(eva, jana, until=TODAY + timedelta(days=9)), freed(eva, jana)
        customer = known(eva)
        entries = pin_changes(customer, None, 10)

        assert [(entry.on, entry.key[0], entry.of.kind) for entry in entries] == [(TODAY, PINS, "released"), (TODAY, PINS, "pinned")]
        assert Standing.of(customer, Business.load()) and [entry.key for entry in pin_changes(customer, None, 1)] == [entries[0].key]
        assert [entry.key for entry in pin_changes(customer, (TODAY, entries[0].key), 10)] == [entries[1].key]

    def test_a_move_says_what_caused_it(self, eva, jana):
        Facts.objects.filter(pk=eva.pk).update(order_days=2)
        Changed.objects.all().delete()
        nightly.place_everyone(TODAY)
        put(eva, jana, "partner")
        by_hand, by_rule = (entry.of.cause for entry in moves(known(eva), None, 10))

        assert (by_hand.words, by_hand.values) == ("", [])
        assert by_rule.words == "By the rule of Repeat, version 1"
        assert dict(by_rule.values)["Days with an order"] == "2" and dict(by_rule.values)["Partner"] == "no"

    def test_a_replayed_one_says_that_it_was_worked_out(self, eva):
        values = {"inactive_on": "2024-02-03", "gone": 1, "orders": "many", "revenue": "12.50", "lost_on": None}
        Transition.objects.create(
            customer=eva,
            ladder=kotler(),
            from_stage=stage("repeat"),
            to_stage=stage("inactive"),
            effective_on=date(2024, 2, 29),
            source="replay",
            rule_version=3,
            values=values,
        )
        cause = moves(known(eva), None, 10)[0].of.cause

        assert cause.words == "Worked out from the past by the rule of Inactive, version 3"
        assert [one.value for one in cause.values] == ["many", "13\xa0Kč", "3 February 2024", "empty"]


class TestThePage:
    def sent(self, client, customer, **fields):
        return client.post(
            f"/customers/{customer.pk}/stage/", {"stage": "kotler/client", "reason": "She told me so.", "until": ""} | fields
        )

    def test_a_stage_is_set_shown_and_released_and_undo_sets_it_again(self, staff, eva):
        setting = self.sent(staff, eva, until="2026-12-03")
        assert setting.url == f"/customers/{eva.pk}/"
        assert last(setting) == ("Eva Nováková is moved to Client and kept there.", f"/customers/{eva.pk}/stage/kotler/release/")
        page = text(staff.get(f"/customers/{eva.pk}/"))
        assert f"Kept here by Petr Malý until {day(date(2026, 12, 3))} . She told me so." in page.replace("  ", " ")

        releasing = staff.post(last(setting)[1])
        assert last(releasing)[0] == "Eva Nováková is not kept in Client any more: the rules decide."
        assert "Released from Client" in text(staff.get(f"/customers/{eva.pk}/"))

        again = staff.post(f"/customers/{eva.pk}/stage/kotler/release/undo/")
        assert last(again)[0] == "Eva Nováková is kept in Client."
        assert held(eva) == ("client", TODAY, True, date(2026, 12, 3))

    def test_undo_after_the_rules_have_moved_them_moves_them_back(self, staff, eva):
        nightly.run(TODAY - timedelta(days=1), today=TODAY)
        staff.post(last(self.sent(staff, eva))[1])
        refresh(lambda: NOON)
        assert held(eva)[0] == "prospect"
        staff.post(f"/customers/{eva.pk}/stage/kotler/release/undo/")

        assert held(eva) == ("client", TODAY, True, None)

    def test_undo_is_for_who_released_and_for_a_while(self, staff, eva, jana):
        self.sent(staff, eva), freed(eva, jana)
        assert "too late to undo" in last(staff.post(f"/customers/{eva.pk}/stage/kotler/release/undo/"))[0]

        PinChange.objects.update(by=cast.User.objects.get(name="Petr Malý"), recorded_at=NOON - timedelta(days=400))
        assert "too late to undo" in last(staff.post(f"/customers/{eva.pk}/stage/kotler/release/undo/"))[0]
        assert held(eva)[2] is False

    def test_where_they_stand_already_they_are_pinned(self, staff, eva):
        assert last(self.sent(staff, eva, stage="kotler/prospect"))[0] == "Eva Nováková is kept in Prospect."
        assert last(self.sent(staff, eva, stage="kotler/prospect"))[0] == "They are kept there already."
        assert PinChange.objects.count() == 1 and held(eva)[2] is True

    def test_a_second_pin_over_one_offers_no_undo_that_would_lose_the_first(self, staff, eva):
        self.sent(staff, eva)

        assert last(self.sent(staff, eva, stage="kotler/partner"))[1] == ""

    def test_a_stage_of_another_ladder_is_set_and_shown_too(self, staff, eva, care):
        self.sent(staff, eva, stage="care/eager")
        page = text(staff.get(f"/customers/{eva.pk}/"))

        assert held(eva, "care")[0] == "eager" and held(eva)[0] == "prospect"
        assert "Care: kept in Eager by Petr Malý." in page
        staff.post(f"/customers/{eva.pk}/stage/care/release/")
        assert held(eva, "care")[2] is False

    def test_the_form_by_itself_has_every_ladder_the_primary_one_first(self, staff, eva, care):
        page = staff.get(f"/customers/{eva.pk}/stage/").content.decode()

        assert re.findall(r'<optgroup label="(\w+)"', page) == ["Kotler", "Engagement", "Categories", "Care"]
        assert '<option value="kotler/prospect" selected>' in page and 'value="care/eager"' in page

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"stage": ""}, "Choose a stage."),
            ({"stage": "kotler/nowhere"}, "There is no such stage; choose one of those shown."),
            ({"stage": "client"}, "There is no such stage; choose one of those shown."),
            ({"stage": "kotler/client' OR 1=1"}, "There is no such stage; choose one of those shown."),
            ({"reason": "  "}, "A move by hand needs a reason: say what you know that the figures do not."),
            ({"reason": "a\0b"}, "Null characters are not allowed."),
            ({"reason": "x" * 2001}, "This is too long: 2001 letters, and at most 2000 are kept."),
            ({"until": "2026-11-22"}, "The pin would have ended before it begins; give a later date, or none."),
            ({"until": "2026-02-30"}, "There is no such day: give the day, the month and the year."),
            ({"until": "99999-01-01"}, "There is no such day: give the day, the month and the year."),
        ],
    )
    def test_what_is_wrong_is_one_sentence_and_nothing_is_written(self, staff, eva, fields, sentence):
        before = rows()
        answer = self.sent(staff, eva, **fields)

        assert answer.status_code == 200 and sentence in text(answer) and answer.content.decode().count('role="alert"') == 1
        assert rows() == before

    def test_releasing_twice_says_that_the_rules_decide_already(self, staff, eva):
        self.sent(staff, eva)
        staff.post(f"/customers/{eva.pk}/stage/kotler/release/")

        assert "the rules decide already" in last(staff.post(f"/customers/{eva.pk}/stage/kotler/release/"))[0]
        assert staff.post(f"/customers/{eva.pk}/stage/nowhere/release/").status_code == 404

    def test_a_pin_to_the_last_day_of_the_calendar_is_shown(self, staff, eva):
        self.sent(staff, eva, until="9999-12-31")

        assert "Kept here by Petr Malý until 31 December 9999" in text(staff.get(f"/customers/{eva.pk}/"))

    def test_before_the_first_night_there_is_no_form_and_its_page_says_why(self, staff):
        customer = make_customer()

        assert "Set the stage by hand" not in text(staff.get(f"/customers/{customer.pk}/"))
        assert "There are no stages yet" in text(staff.get(f"/customers/{customer.pk}/stage/"))

    def test_in_the_past_there_are_no_forms(self, staff, eva):
        put(eva, make_user())
        PastFacts.objects.create(**Facts.objects.values().get(pk=eva.pk) | {"stage": "prospect"})
        Business.keep(past_as_of=START)
        session = staff.session
        session[CHOICE] = START.isoformat()
        session.save()
        page = staff.get(f"/customers/{eva.pk}/").content.decode()

        assert "Why Prospect?" in page
        for form in (f"/customers/{eva.pk}/stage/", f"/customers/{eva.pk}/evidence/"):
            assert form not in page
