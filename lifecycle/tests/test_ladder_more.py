"""The Ladder page with all that a night counts: for whom, of which ladder, of which day, and where its links lead."""

import json
from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qs, quote

import pytest
from django.utils import timezone

from crm import catalogue
from crm.figures import Figures
from crm.models import Business, Facts, Job, PastFacts
from crm.money import day
from crm.tests.factories import make_customer, make_interaction
from lifecycle import known
from lifecycle.choice import Choice
from lifecycle.kotler import install
from lifecycle.ladder import LadderPage
from lifecycle.models import Ladder, Position, Replay, Stage, Transition
from lifecycle.rungs import keep_ladders
from lifecycle.tests.test_ladder_page import look_back, moves, page, rows, rung, stand
from lifecycle.tests.test_rungs import live
from lifecycle.tests.test_today import AS_OF
from lifecycle.tests.test_today_page import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ladder(db):
    Business.keep(as_of=AS_OF)
    made = install()
    # On the ladder's first day.
    live("prospect", 2_000)
    return made


@pytest.fixture
def other(db):
    """Another ladder of two rungs, on which one stands low, and one has climbed 40 days ago."""
    ladder = Ladder.objects.create(key="other", name="Other ladder")
    high = ladder.stages.create(key="top", name="At the top", rank=10, rung=2, rule={"all": []})
    low = ladder.stages.create(key="low", name="Down low", rank=20, rung=1, rule={"all": []})
    climber, stayer = make_customer(name="Climber"), make_customer(name="Stayer")
    for customer, stage in ((climber, high), (stayer, low)):
        Position.objects.create(customer=customer, ladder=ladder, stage=stage, since=AS_OF - timedelta(days=40))
    for customer, before, after, ago in ((climber, None, low, 99), (stayer, None, low, 99), (climber, low, high, 40)):
        on = AS_OF - timedelta(days=ago)
        Transition.objects.create(
            customer=customer, ladder=ladder, from_stage=before, to_stage=after, effective_on=on, source="night", rule_version=1
        )
    return ladder


def climbed_in(*days):
    """First-time customers of 500 days ago who came back after so many days."""
    for after in days:
        live("first-time", 500, "repeat", 500 - after)


def test_each_rung_says_how_long_people_stay_and_how_many_climb(staff):
    climbed_in(10, 20, 30, 40)
    for _ in range(6):
        live("first-time", 500, "inactive", 450)
    shown = text(staff, "/ladder/")

    # Half of the ten have left when the fifth does, on day 50.
    assert rung(page(), "first-time").stay.usual == 50
    assert "50 days" in shown
    assert '<b class="num">40%</b> climb on from First-time within 12 months, half of them within 20 days' in shown
    assert "not known yet" in shown and "the method of Kaplan and Meier" in shown


def test_owners_see_shares_of_the_revenue_and_staff_see_none(owner, staff):
    make_customer({"stage": "client", "revenue_12m": Decimal(750)})
    make_customer({"stage": "repeat", "revenue_12m": Decimal(250)})
    theirs, ours = text(owner, "/ladder/"), text(staff, "/ladder/")

    assert "Revenue, 12 months" in theirs and ">75%<" in theirs and ">25%<" in theirs
    assert "Revenue" not in ours and "75%" not in ours
    assert rung(page(), "client").revenue is None


def test_who_came_new_is_told_beside_who_climbed(staff):
    live("first-time", 9)
    live("prospect", 9)

    assert (rung(page(), "first-time").new, rung(page(), "first-time").up) == (1, 0)
    assert text(staff, "/ladder/").count("1 new") == 2


@pytest.mark.parametrize("is_kept", [True, False])
def test_moves_are_the_same_kept_or_not_and_those_of_today_are_among_them(is_kept):
    for ago in (0, 1, 29, 30, 364):
        live("first-time", 400, "repeat", ago)
    keep_ladders(AS_OF) if is_kept else None
    live("first-time", 400, "repeat", -1)

    assert [page(days).up for days in (30, 90, 365)] == [4, 5, 6]


def test_why_people_leave_is_told_with_its_number_and_leads_to_them(staff):
    for before, order_days in (("first-time", 1), ("first-time", 1), ("repeat", 4), ("client", 4)):
        live(before, 300, "inactive", 20, customer=make_customer({"order_days": order_days}, name=f"{before} gone"))
    complainer = Transition.objects.get(from_stage__key="client").customer
    make_interaction(complainer, kind="complaint", happened_on=AS_OF - timedelta(days=30))
    shown = page()

    assert [(reason.code, reason.people) for reason in shown.reasons] == [("one-order", 2), ("complaint", 1), ("quiet", 1)]
    assert shown.left == sum(rung(shown, key).down for key in ("inactive", "lost")) == 4
    assert "inferred, mostly First-time" in text(staff, "/ladder/")
    for reason in shown.reasons:
        assert len(rows(staff, f"reason={reason.code}&days=30")) == reason.people
    assert rows(staff, "reason=complaint&days=30") == ["client gone"]
    assert "Complaint in the 60 days before" in text(staff, "/ladder/moves/?reason=complaint")


def test_nobody_having_left_is_said(staff):
    assert "Nobody left in this time." in text(staff, "/ladder/")


@pytest.mark.parametrize("reason", ["forged", "%00", "said-", "'", "9" * 3000])
def test_a_reason_that_there_is_not_is_answered_in_a_sentence(staff, reason):
    moves(("first-time", "repeat"))
    shown = text(staff, f"/ladder/moves/?reason={reason}")

    assert "There is no such reason." in shown or "Null characters are not allowed." in shown
    assert rows(staff, f"reason={reason}") == ["first-time to repeat"]


def test_a_nudge_leads_to_exactly_the_people_it_counts(staff):
    climbed_in(25, 25, 25, 38, 38, 38, 60, 60, 60)
    for _ in range(24):
        live("first-time", 380)
    for ago, name in ((25, "In time"), (60, "Just in time"), (61, "Too late")):
        since = AS_OF - timedelta(days=ago)
        customer = live("first-time", ago, customer=make_customer({"stage": "first-time", "stage_since": since}, name=name))
        stage = Stage.objects.get(key="first-time")
        Position.objects.create(customer=customer, ladder=stage.ladder, stage=stage, since=since)
    nothing = page()
    for _ in range(20):
        live("first-time", 360)
    shown = page()

    # Newcomers of 12 months: three, then with twenty more enough.
    assert nothing.nudge is None and shown.nudge.stage.key == "first-time"
    assert (shown.nudge.soon, shown.nudge.usual, shown.nudge.late, shown.nudged) == (25, 38, 60, 2)
    told = text(staff, "/ladder/")
    link = told.partition('href="/customers/?rule=')[2].partition('"')[0]
    assert "2 people are between these days now." in told and "See the 2 people" in told
    people = staff.get(f"/customers/?rule={link}").text
    assert "In time" in people and "Just in time" in people and "Too late" not in people


def test_the_picture_says_its_finding_and_its_table_leads_to_the_moves(staff):
    moves(("first-time", "repeat"), ("first-time", "repeat"), ("repeat", "inactive"))
    shown = text(staff, "/ladder/?days=90")

    assert 'aria-label="Who moved where in 90 days: the most frequent move is from First-time to Repeat, 2 times."' in shown
    assert shown.count("band-up") == 1 and shown.count("band-down") == 1
    assert "First-time 2</text>" in shown and "Inactive 1</text>" in shown
    assert "/ladder/moves/?from=repeat&amp;to=inactive&amp;days=90" in shown


def test_another_ladder_can_be_chosen_and_its_links_keep_it(staff, other):
    shown = text(staff, "/ladder/?ladder=other&days=90")

    assert "In the last 90 days: 1 up, 0 down." in shown and "At the top" in shown and "Prospect" not in shown
    links = {part.partition('"')[0].replace("&amp;", "&") for part in shown.split('href="/ladder/')[1:]}
    assert {"?days=30&ladder=other", "?days=90", "moves/?from=low&to=top&days=90&ladder=other"} <= links
    assert rows(staff, "from=low&to=top&days=90&ladder=other") == ["Climber"]
    assert "At the top" in text(staff, "/ladder/moves/?ladder=other&days=90")
    assert all(staff.get(f"/ladder/{link}").status_code == 200 for link in links)


def test_people_of_another_ladder_are_counted_by_their_positions(other):
    shown = asked(ladder="other")

    assert [(each.stage.key, each.people) for each in shown.rungs] == [("top", 1), ("low", 1)]


def test_people_of_another_ladder_are_led_to_where_a_rule_can_ask_for_them(other, monkeypatch):
    fact = catalogue.Belonging("stage_on_other", catalogue.Kind.BELONGING, "stages")
    monkeypatch.setattr(catalogue, "FAMILIES", {"stage_on_": lambda: {fact.name: fact}})

    assert json.loads(parse_qs(asked(ladder="other").rungs[0].link)["rule"][0]) == {"fact": "stage_on_other", "op": "=", "value": "top"}


def asked(ladder="", past="", days=90):
    business = Business.load()
    return LadderPage.of(Figures(business, AS_OF, Facts), AS_OF, days, Choice.of(ladder, business), past)


@pytest.mark.parametrize("key", ["nothing", "%00", "9" * 3000, "%27%22%3C"])
def test_a_ladder_that_there_is_not_is_said_and_the_primary_one_shown(staff, key):
    for address in ("/ladder/", "/ladder/moves/"):
        assert "There is no such ladder; here is the primary one." in text(staff, f"{address}?ladder={key}")
    assert "Prospect" in text(staff, f"/ladder/?ladder={key}")


def test_one_ladder_alone_needs_no_switch(staff):
    assert 'aria-label="Which ladder"' not in text(staff, "/ladder/")


def test_of_several_one_is_chosen_in_the_head(staff, other):
    assert 'aria-label="Which ladder"' in text(staff, "/ladder/")


@pytest.fixture
def replayed(db):
    first, until = AS_OF - timedelta(days=400), AS_OF - timedelta(days=1)
    return Replay.objects.create(first_on=first, daily_from=first, until=until, moves=1, finished_at=timezone.now())


def on(ago):
    return (AS_OF - timedelta(days=ago)).isoformat()


def test_a_day_of_the_history_shows_who_stood_and_moved_by_then(staff, replayed):
    live("first-time", 300, "repeat", 100, "client", 50)
    make_customer({"stage": "partner"})
    shown = text(staff, f"/ladder/?as_of={on(100)}&days=90")

    assert f"In the 90 days to {day(AS_OF - timedelta(days=100))}: 1 up, 0 down." in shown
    assert "It judges the past by what is known now" in shown and "Back to today" in shown
    found = asked(past=on(100))
    assert {each.stage.key: each.people for each in found.rungs if each.people} == {"repeat": 1, "prospect": 1}
    assert not found.is_counted and not any(each.link for each in found.rungs)
    assert "Usual stay" not in shown and "Why people leave" not in shown and "/customers/?stage" not in shown
    assert len(rows(staff, f"to=repeat&days=90&as_of={on(100)}")) == 1 and rows(staff, f"to=client&days=90&as_of={on(100)}") == []
    assert f"/ladder/moves/?from=first-time&amp;to=repeat&amp;days=90&amp;as_of={on(100)}" in shown


def test_a_day_that_the_history_does_not_hold_is_said_with_the_nearest(staff, replayed):
    shown = text(staff, f"/ladder/?as_of={on(401)}")

    assert "The history does not hold that day; here is the present." in shown and f"as_of={on(400)}" in shown
    assert "is no date; here is the present." in text(staff, "/ladder/?as_of=tomorrow")
    assert "is no date; here is the present." in text(staff, "/ladder/moves/?as_of=%00")


def test_a_day_that_is_looked_back_at_has_its_revenue_too(owner, replayed):
    PastFacts.objects.create(customer=make_customer(), stage="client", revenue_12m=Decimal(10))
    Business.keep(past_as_of=AS_OF - timedelta(days=100))

    assert "Revenue, 12 months" in text(owner, f"/ladder/?as_of={on(100)}")
    assert "Revenue, 12 months" not in text(owner, f"/ladder/?as_of={on(101)}")


def test_looking_back_another_ladder_is_told_by_the_history(staff, other):
    look_back(staff, 50)
    shown = text(staff, "/ladder/?ladder=other&days=90")

    assert "In the last 90 days: 0 up, 0 down." in shown and 'class="lad-n num">2</span>' in shown


def test_where_there_are_many_the_page_waits_for_the_night(staff, monkeypatch):
    monkeypatch.setattr(known, "QUICK", 0)
    stand("repeat")
    moves(("first-time", "repeat"))
    shown = text(staff, "/ladder/")

    assert "is counted at night; it is here after the next one." in shown and "1 up, 0 down" in shown
    assert "Usual stay" not in shown and "Why people leave" not in shown
    keep_ladders(AS_OF)
    assert "Usual stay" in text(staff, "/ladder/")


def test_while_the_past_is_worked_out_again_its_progress_is_shown(staff):
    assert "worked out again" not in text(staff, "/ladder/")
    job = Job.objects.create(kind="replay", done=3, total=40)

    assert "The past is being worked out again." in text(staff, "/ladder/") and "3 of 40 steps" in text(staff, "/ladder/")
    Job.objects.filter(pk=job.pk).update(state="finished", finished_at=timezone.now())
    assert "worked out again" not in text(staff, "/ladder/")


def test_a_stage_taken_off_the_ladder_is_still_named_by_the_moves_of_before(staff):
    moves(("repeat", "client"))
    Stage.objects.filter(key="client").update(is_retired=True)
    shown = text(staff, "/ladder/")

    assert "1 up, 0 down" in shown and "Client 1</text>" in shown
    assert [each.stage.key for each in page().rungs] == ["partner", "advocate", "repeat", "first-time", "prospect"]
    assert rows(staff, f"from=repeat&to={quote('client')}") == ["repeat to client"]
