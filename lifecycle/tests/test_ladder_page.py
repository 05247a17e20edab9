"""The Ladder page and the list of moves behind its numbers: counted by hand on a small ladder."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.figures import CHOICE, Figures
from crm.models import Business, Facts, PastFacts
from crm.money import day
from crm.tests.factories import make_customer
from lifecycle.kotler import install
from lifecycle.ladder import LadderPage, span
from lifecycle.models import Ladder, LadderNumbers, Position, Stage, Transition
from lifecycle.moved import ON_A_PAGE
from lifecycle.rungs import keep_ladders
from lifecycle.tests.test_today import AS_OF
from lifecycle.tests.test_today_page import move, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def business(db):
    Business.keep(as_of=AS_OF)
    install()


def page(days=30, facts=Facts, is_past=False):
    return LadderPage.of(Figures(Business.load(), AS_OF, facts, is_past), AS_OF, days)


def stand(*keys):
    for key in keys:
        stage = Stage.objects.get(ladder__is_primary=True, key=key)
        Position.objects.create(customer=make_customer({"stage": key}), ladder=stage.ladder, stage=stage, since=AS_OF)


def moves(*pairs, ago=0, **fields):
    for before, after in pairs:
        move(make_customer(name=f"{before} to {after}"), before, after, effective_on=AS_OF - timedelta(days=ago), **fields)


def rung(shown, key):
    return next(each for each in [*shown.rungs, *shown.beside] if each.stage.key == key)


def counts(rung):
    return rung.people, rung.up, rung.down


def rows(client, query):
    """Who moved, on that page of the list."""
    return [part.partition("<")[0].partition(">")[2] for part in client.get(f"/ladder/moves/?{query}").text.split('class="plain fw-6"')[1:]]


@pytest.mark.parametrize(
    ("text", "days"), [("30", 30), ("90", 90), ("365", 365), ("", 30), ("31", 30), ("-90", 30), ("٩٠", 30), ("9" * 99, 30), ("90 ", 30)]
)
def test_a_span_that_is_not_offered_is_thirty_days(text, days):
    assert span(text) == days


def test_rungs_stand_from_the_highest_down_and_the_side_stages_below():
    shown = page()

    assert [each.stage.key for each in shown.rungs] == ["partner", "advocate", "client", "repeat", "first-time", "prospect"]
    assert [each.stage.key for each in shown.beside] == ["inactive", "lost", "disqualified"]


def test_people_are_counted_by_their_stage_and_drawn_beside_the_fullest():
    stand("repeat", "repeat", "repeat", "repeat", "client", "lost", "lost")
    make_customer({"stage": ""})
    shown = page()

    assert [(each.people, each.share) for each in (rung(shown, "repeat"), rung(shown, "client"), rung(shown, "lost"))] == [
        (4, 1.0),
        (1, 0.25),
        (2, 0.5),
    ]
    assert counts(rung(shown, "partner")) == (0, 0, 0)


def test_moves_are_counted_up_and_down_in_and_out():
    moves(("first-time", "repeat"), ("first-time", "repeat"), ("repeat", "client"), ("client", "repeat"), ("repeat", "inactive"))
    moves(("inactive", "repeat"), ("inactive", "lost"), ("lost", "first-time"))
    shown = page()

    assert (shown.up, shown.down) == (5, 3)
    # Into Repeat two climbed and one came back; out of it one fell.
    assert counts(rung(shown, "repeat")) == (0, 3, 1)
    assert counts(rung(shown, "client")) == (0, 1, 1)
    # Of a side stage: who came back, and who came here.
    assert counts(rung(shown, "inactive")) == (0, 1, 1) and counts(rung(shown, "lost")) == (0, 1, 1)
    assert (rung(shown, "first-time").next.key, rung(shown, "first-time").climbed) == ("repeat", 2)
    assert rung(shown, "partner").next is None


def test_flows_are_sorted_by_their_number():
    moves(("first-time", "repeat"), ("first-time", "repeat"), ("repeat", "inactive"))

    assert [(flow.before.key, flow.after.key, flow.people, flow.share, flow.is_up) for flow in page().flows] == [
        ("first-time", "repeat", 2, 1.0, True),
        ("repeat", "inactive", 1, 0.5, False),
    ]


@pytest.mark.parametrize(
    ("ago", "days", "is_in"), [(29, 30, True), (30, 30, False), (89, 90, True), (90, 90, False), (364, 365, True), (365, 365, False)]
)
def test_a_span_begins_so_many_days_before_the_figures(ago, days, is_in):
    moves(("first-time", "repeat"), ago=ago)

    assert page(days).up == int(is_in)


def test_what_was_superseded_a_first_placement_and_another_ladder_are_no_moves():
    moves(("first-time", "repeat"), superseded_at=timezone.now())
    stage = Stage.objects.get(key="repeat")
    Transition.objects.create(
        customer=make_customer(), ladder=stage.ladder, to_stage=stage, effective_on=AS_OF, source=Transition.Source.NIGHT, rule_version=1
    )
    other = Ladder.objects.create(key="other", name="Other")
    low, high = (other.stages.create(key=key, name=key, rank=rank, rung=rank, rule={"all": []}) for rank, key in enumerate(("a", "b")))
    Transition.objects.create(
        customer=make_customer(),
        ladder=other,
        from_stage=low,
        to_stage=high,
        effective_on=AS_OF,
        source=Transition.Source.NIGHT,
        rule_version=1,
    )

    assert page().flows == []


def test_todays_moves_count_with_the_live_figures_and_not_in_the_past():
    moves(("first-time", "repeat"), ago=-1)

    assert page().up == 1 and page(facts=PastFacts, is_past=True).up == 0


def test_the_first_day_of_the_ladder_is_said_where_the_span_reaches_behind_it(staff):
    moves(("first-time", "repeat"), ago=40)

    assert page(30).begun is None
    assert page(90).begun == AS_OF - timedelta(days=40)
    assert "The ladder is kept since" in text(staff, "/ladder/?days=90") and "The ladder is kept since" not in text(staff, "/ladder/")


def test_each_stage_is_explained_in_words(staff):
    Stage.objects.filter(key="repeat").update(rule={"fact": "gone", "op": "=", "value": 1}, text="Comes again.")
    words = {stage.key: said for stage, said in page().definitions}

    assert list(words)[:3] == ["disqualified", "lost", "inactive"] and words["prospect"] == ""
    assert words["client"] == "“Orders in 12 months” is at least 4 and “Buys only from us” is yes"
    assert "There is no fact called “gone”." in words["repeat"]
    shown = text(staff, "/ladder/")
    assert "none of the others fits" in shown and "Comes again." in shown


def test_the_page_leads_from_each_number_to_the_people(staff):
    stand("repeat", "lost")
    moves(("first-time", "repeat"), ("repeat", "lost"))
    shown = text(staff, "/ladder/?days=90")
    links = [part.partition('"')[0].replace("&amp;", "&") for part in shown.split('href="')[1:]]
    followed = [link for link in links if link.startswith(("/customers/?stage=", "/ladder/moves/"))]

    assert "In the last 90 days: 1 up, 1 down." in shown
    assert "/customers/?stage=repeat" in followed and "/ladder/moves/?from=first-time&to=repeat&days=90" in followed
    assert {staff.get(link).status_code for link in followed} == {200}
    assert "1</b> climbed from First-time to Repeat" in shown and "nobody climbed from Repeat to Client" in shown


def test_nobody_having_moved_is_said(staff):
    assert "Nobody has moved in this time." in text(staff, "/ladder/?days=forged")


def test_without_figures_the_pages_say_so(staff):
    Business.keep(as_of=None)

    assert "There are no figures yet." in text(staff, "/ladder/") and "There are no figures yet." in text(staff, "/ladder/moves/")


def look_back(client, ago):
    past = AS_OF - timedelta(days=ago)
    Business.keep(past_as_of=past)
    session = client.session
    session[CHOICE] = past.isoformat()
    session.save()


def test_the_page_shows_the_people_of_the_past_when_looking_back(staff):
    customer = make_customer({"stage": "client"})
    PastFacts.objects.create(customer=customer, stage="repeat")
    look_back(staff, 100)
    shown = text(staff, "/ladder/")

    assert "Repeat: 1 person" in shown and "Client: 0 people" in shown


def test_a_time_before_the_ladder_was_kept_has_no_moves_and_says_so(staff):
    moves(("first-time", "repeat"), ago=99)
    look_back(staff, 100)
    shown = text(staff, "/ladder/")

    assert "No moves are kept for that time." in shown
    assert not any(
        words in shown for words in ("0 up", "climbed from", "Climbed in", "none back", "Who moved where", "?days=", "kept since")
    )


def test_a_time_in_which_the_ladder_was_kept_has_its_moves(staff):
    moves(("first-time", "repeat"), ago=100)
    look_back(staff, 100)
    shown = text(staff, "/ladder/")

    assert "In the last 30 days: 1 up, 0 down." in shown and "No moves are kept" not in shown


def test_moves_are_listed_with_their_reasons_the_latest_first(staff):
    moves(("first-time", "repeat"), ago=2, values={"order_days": 2})
    moves(("repeat", "client"), ago=1, values={"orders_12m": 4, "only_us": True})
    shown = text(staff, "/ladder/moves/?days=30")

    assert "2 moves in the last 30 days." in shown
    assert shown.index("4 orders in 12 months. Buys only from us.") < shown.index("Ordered on 2 days.")


def test_looking_back_the_moves_up_to_that_day_are_listed_alone(staff):
    moves(("first-time", "repeat"), ago=100)
    moves(("repeat", "client"), ago=99)
    look_back(staff, 100)

    assert rows(staff, "days=90") == ["first-time to repeat"]
    assert f"1 move in the 90 days to {day(AS_OF - timedelta(days=100))}." in text(staff, "/ladder/moves/?days=90")


def test_looking_back_a_night_of_that_time_is_listed_and_a_later_one_refused(staff):
    moves(("first-time", "repeat"), ago=100)
    moves(("repeat", "client"), ago=99)
    look_back(staff, 100)
    night, later = (f"on={AS_OF - timedelta(days=ago):%Y-%m-%d}" for ago in (100, 99))

    assert rows(staff, night) == rows(staff, later) == ["first-time to repeat"]
    assert "That night came after the day you are looking at" in text(staff, f"/ladder/moves/?{later}")
    assert "That night came after" not in text(staff, f"/ladder/moves/?{night}")


def test_looking_back_behind_the_ladders_first_day_no_moves_are_said_to_be_kept(staff):
    moves(("first-time", "repeat"), ago=99)
    look_back(staff, 100)
    shown = text(staff, "/ladder/moves/")

    assert "No moves are kept for that time." in shown
    assert "0 moves" not in shown and "Nobody moved" not in shown


def test_moves_are_narrowed_by_stage_and_way(staff):
    moves(("first-time", "repeat"), ("repeat", "client"), ("client", "repeat"), ("repeat", "inactive"))

    assert sorted(rows(staff, "to=repeat")) == ["client to repeat", "first-time to repeat"]
    assert rows(staff, "to=repeat&way=up") == ["first-time to repeat"]
    assert sorted(rows(staff, "from=repeat&way=down")) == ["repeat to inactive"]
    assert rows(staff, "from=client&to=repeat") == ["client to repeat"]
    assert "Only up" in text(staff, "/ladder/moves/?way=up")
    assert rows(staff, "from=prospect") == [] and "Nobody moved like that" in text(staff, "/ladder/moves/?from=prospect")


def test_one_night_lists_what_the_night_did_alone(staff):
    moves(("first-time", "repeat"), ago=1)
    moves(("repeat", "client"), ago=2)
    moves(("client", "partner"), ago=1, source=Transition.Source.PERSON, rule_version=None, reason="Sells our coffee.")

    assert rows(staff, f"on={AS_OF - timedelta(days=1):%Y-%m-%d}") == ["first-time to repeat"]


def test_the_list_goes_on_page_by_page_and_back(staff):
    for number in range(ON_A_PAGE + 2):
        move(make_customer(name=f"Customer {number}"), "first-time", "repeat", effective_on=AS_OF - timedelta(days=number // 3))
    first = rows(staff, "days=90")
    answer = staff.get("/ladder/moves/?days=90").text
    following = answer.partition('rel="next" href="')[2].partition('"')[0].partition("?")[2].replace("&amp;", "&")
    second = rows(staff, following)
    back = staff.get(f"/ladder/moves/?{following}").text.partition('rel="prev" href="')[2].partition('"')[0].partition("?")[2]

    assert len(first) == ON_A_PAGE and len(second) == 2
    assert set(first) | set(second) == {f"Customer {number}" for number in range(ON_A_PAGE + 2)}
    assert rows(staff, back.replace("&amp;", "&")) == first


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("from=nowhere", "There is no such stage."),
        ("to=%00", "There is no such stage."),
        ("days=%00", "Null characters are not allowed."),
        ("way=sideways", "Select a valid choice"),
        ("on=2026-02-30", "Enter a valid date."),
        ("on=%3Cscript%3E", "Enter a valid date."),
        ("page=forged", "This page of the list is no longer there; here is the first one."),
        ("page=" + "9" * 3000, "This page of the list is no longer there; here is the first one."),
    ],
)
def test_a_forged_part_of_the_address_is_answered_in_a_sentence_and_left_out(staff, query, sentence):
    moves(("first-time", "repeat"))

    assert sentence in text(staff, f"/ladder/moves/?{query}")
    assert rows(staff, query) == ["first-time to repeat"]


@pytest.mark.parametrize("query", ["days=forged", "days=0", "days=99999999999", "from=&to=&way=&on=&page="])
def test_a_part_that_says_nothing_asks_for_thirty_days(staff, query):
    moves(("first-time", "repeat"), ago=29)
    moves(("repeat", "client"), ago=30)

    assert rows(staff, query) == ["first-time to repeat"]


def test_a_day_of_the_calendars_beginning_lists_nobody(staff):
    assert rows(staff, "on=0001-01-01") == []


def test_the_pages_cost_few_queries(staff, django_assert_num_queries):
    moves(*[("first-time", "repeat")] * 20)
    assert staff.get("/ladder/").status_code == 200
    # Session, user, business, stages, ladders; the first day, what is kept, people, moves of that day and after it; a replay that runs.
    keep_ladders(AS_OF)
    with django_assert_num_queries(11):
        assert "20 up, 0 down" in staff.get("/ladder/").text
    # Where nothing is kept and they are few: counted by the page.
    LadderNumbers.objects.all().delete()
    with django_assert_num_queries(15):
        assert "20 up, 0 down" in staff.get("/ladder/").text
    with django_assert_num_queries(8):
        assert len(rows(staff, "days=30")) == 20


def test_before_the_first_night_has_made_the_ladder_nothing_stands_on_it(staff):
    Ladder.objects.all().delete()

    assert "Nobody has moved in this time." in text(staff, "/ladder/?as_of=2026-01-01&ladder=kotler") and text(staff, "/ladder/moves/")
