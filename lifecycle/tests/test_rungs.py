"""What a night counts for the Ladder page: each number by hand, on histories of a few people."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from django.utils import timezone

from crm.models import Business, Facts, PastFacts
from crm.tests.factories import make_customer, make_order
from lifecycle import nightly
from lifecycle.heights import Heights
from lifecycle.history import begun
from lifecycle.kotler import install
from lifecycle.lookback import look_back
from lifecycle.models import Ladder, LadderNumbers, Position, Stage, Transition
from lifecycle.rungs import ENOUGH, Counted, Stay, _spells, keep_ladders, lasting, moves_since, void
from lifecycle.stays import End, Spells
from lifecycle.tests.test_today import AS_OF

pytestmark = pytest.mark.django_db

# Long before all that is told here: whoever stood on the ladder on its first day.
BEGUN = 2_000


@pytest.fixture(autouse=True)
def ladder(db):
    Business.keep(as_of=AS_OF)
    made = install()
    live("prospect", BEGUN)
    return made


def live(*story, customer=None, **fields):
    """A customer who came to each of these stages so many days ago: live("prospect", 9, "repeat", 4)."""
    customer, before = customer or make_customer(), None
    for key, ago in zip(story[::2], story[1::2], strict=True):
        stage = Stage.objects.get(ladder__key="kotler", key=key)
        fields = {"source": Transition.Source.NIGHT, "rule_version": 1} | fields
        on = AS_OF - timedelta(days=ago)
        Transition.objects.create(customer=customer, ladder=stage.ladder, from_stage=before, to_stage=stage, effective_on=on, **fields)
        before = stage
    return customer


def heights():
    return Heights.on(Ladder.objects.get(key="kotler"))


def counted(facts=Facts, as_of=AS_OF):
    return Counted.count(heights(), facts, as_of)


def stay(key):
    return counted().stays[key]


def test_a_usual_stay_is_when_half_have_left():
    for days in (10, 20, 30, 40, 50):
        live("first-time", 500, "repeat", 500 - days)

    assert stay("first-time") == Stay(came=0, usual=30, climbs=1.0, days=[20, 30, 40])


def test_who_is_still_there_counts_for_as_long_as_they_have_been():
    for days in (10, 20):
        live("first-time", 500, "inactive", 500 - days)
    for _ in range(4):
        live("first-time", 15)

    # Of six, one left on day 10; four were watched until day 15; so of one on day 20, one left: 5/6, then nothing.
    assert stay("first-time") == Stay(came=4, usual=20, climbs=0.0, days=[])


def test_where_most_stay_nothing_is_known_yet():
    live("client", 500, "inactive", 490)
    for _ in range(5):
        live("client", 100)

    assert (stay("client").usual, stay("client").climbs) == (None, None)


def test_of_a_few_people_nothing_is_told():
    for _ in range(ENOUGH - 1):
        live("first-time", 100, "repeat", 90)

    assert stay("first-time") == Stay(came=ENOUGH - 1, usual=None, climbs=None, days=[])
    assert stay("advocate") == Stay(0, None, None, [])


def test_a_climb_over_a_rung_is_one_and_coming_back_from_beside_is_none():
    live("first-time", 900, "client", 890)
    live("first-time", 900, "inactive", 890, "repeat", 880)
    for _ in range(8):
        live("first-time", 900)

    assert stay("first-time").climbs == pytest.approx(0.1)


def test_a_second_stay_in_a_stage_is_a_stay_of_its_own():
    for _ in range(3):
        live("repeat", 500, "inactive", 480, "repeat", 460, "client", 420)

    # Six stays: three of 20 days that slipped, three of 40 that climbed.
    assert stay("repeat") == Stay(came=0, usual=20, climbs=0.5, days=[40, 40, 40])


def test_a_spell_from_the_ladders_first_day_has_no_known_beginning_and_is_left_out():
    for _ in range(9):
        live("first-time", BEGUN, "repeat", 100)

    assert (stay("first-time").usual, stay("repeat").came) == (None, 9)


def test_a_spell_that_began_before_the_three_years_enters_at_the_age_it_had():
    live("repeat", 1_200, "client", 1_000)
    live("repeat", 1_200, "client", 1_095)
    live("repeat", 1_200, "client", 1_094)
    spells, came = _spells(heights(), AS_OF, begun(heights().ladder))
    stages = {stage.key: stage.pk for stage in heights().stages}

    # 1,200 days ago is 105 days before the first day watched. One of them left on that day itself, so was not watched.
    assert sorted(spells[stages["repeat"]]) == [Spells(105, 106, End.CLIMBED, 1), Spells(105, 200, End.CLIMBED, 1)]
    assert not +came


def test_what_came_after_the_day_is_not_known_on_it():
    live("first-time", 50, "repeat", 10)
    past = AS_OF - timedelta(days=20)
    spells, _came = _spells(heights(), past, begun(heights().ladder))

    assert spells == {Stage.objects.get(key="first-time").pk: [Spells(0, 30, End.STAYS, 1)], **_first_one(spells)}


def _first_one(spells):
    return {stage: found for stage, found in spells.items() if stage == Stage.objects.get(key="prospect").pk}


def test_spells_are_those_of_each_customers_moves_in_their_order():
    random, keys = Random(5), [stage.key for stage in heights().stages]
    stories = [sorted(random.sample(range(1_500), random.randint(1, 6)), reverse=True) for _ in range(60)]
    lives = [[(random.choice(keys), ago) for ago in story] for story in stories]
    for story in lives:
        # A move goes somewhere.
        story[:] = [each for place, each in enumerate(story) if place == 0 or each[0] != story[place - 1][0]]
    for story in lives:
        live(*[part for each in story for part in each])
    spells, _came = _spells(heights(), AS_OF, begun(heights().ladder))
    names = {stage.pk: stage.key for stage in heights().stages}
    found = Counter({(names[pk], each.entry, each.days, each.end): each.people for pk, some in spells.items() for each in some})

    assert found == Counter(row for story in lives for row in by_hand(story))


def by_hand(story):
    rungs = ["prospect", "first-time", "repeat", "client", "advocate", "partner"]
    for (key, ago), following in zip(story, [*story[1:], None], strict=True):
        left = following[1] if following else 0
        if following and left >= 1_095:
            continue
        up = following and following[0] in rungs and (key not in rungs or rungs.index(following[0]) > rungs.index(key))
        yield key, max(ago - 1_095, 0), ago - left, End.STAYS if not following else End.CLIMBED if up else End.LEFT


def test_moves_are_counted_by_the_shortest_span_they_lie_in():
    for ago in (1, 29, 30, 89, 90, 364, 365):
        live("first-time", 1_000, "repeat", ago)

    assert [row for row in counted().moves if row[1]] == [
        (30, "first-time", "repeat", "", 2),
        (90, "first-time", "repeat", "", 2),
        (365, "first-time", "repeat", "", 2),
    ]
    assert [counted().within(days)["first-time", "repeat", ""] for days in (30, 90, 365)] == [2, 4, 6]


def test_moves_of_the_day_itself_and_after_are_counted_by_the_page():
    live("first-time", 40, "repeat", 0)
    live("first-time", 40, "client", -1)

    first = begun(heights().ladder)
    assert not [row for row in counted().moves if row[1]]
    assert moves_since(heights(), Facts, AS_OF, first) == {("first-time", "repeat", ""): 1, ("first-time", "client", ""): 1}
    assert moves_since(heights(), PastFacts, AS_OF, first) == {("first-time", "repeat", ""): 1}


def test_who_came_new_is_counted_but_not_on_the_ladders_first_day():
    live("first-time", 10)
    live("prospect", 0)

    assert counted().within(30) == {("", "first-time", ""): 1}
    assert moves_since(heights(), Facts, AS_OF, begun(heights().ladder)) == {("", "prospect", ""): 1}
    Transition.objects.all().delete()
    live("prospect", 0)
    live("prospect", 0, "first-time", 0)
    assert moves_since(heights(), Facts, AS_OF, AS_OF) == {("prospect", "first-time", ""): 1}


def test_what_was_superseded_counts_nowhere():
    for _ in range(9):
        live("first-time", 60, "repeat", 50, superseded_at=timezone.now())

    assert (counted().moves, stay("first-time")) == ([], Stay(0, None, None, []))


def test_revenue_is_summed_by_stage():
    for key, amount in (("client", 300), ("client", 50), ("repeat", 7), ("", 9)):
        make_customer({"stage": key, "revenue_12m": Decimal(amount)})

    assert {key: Decimal(amount) for key, amount in counted().revenue.items()} == {"client": 350, "repeat": 7}


def another_ladder():
    other = Ladder.objects.create(key="other", name="Other")
    low, high = (other.stages.create(key=key, name=key, rank=rank, rung=rank, rule={"all": []}) for rank, key in enumerate(("low", "high")))
    return other, low, high


def test_another_ladders_numbers_are_its_own():
    other, low, high = another_ladder()
    customer = make_customer({"stage": "client", "revenue_12m": Decimal(80)})
    Position.objects.create(customer=customer, ladder=other, stage=high, since=AS_OF)
    for before, after, ago in ((None, low, 20), (low, high, 5)):
        on = AS_OF - timedelta(days=ago)
        Transition.objects.create(
            customer=customer, ladder=other, from_stage=before, to_stage=after, effective_on=on, source="night", rule_version=1
        )
    found = Counted.count(Heights.on(other), Facts, AS_OF)

    assert (found.moves, {key: Decimal(amount) for key, amount in found.revenue.items()}) == ([(30, "low", "high", "", 1)], {"high": 80})


def test_a_night_keeps_those_of_each_ladder():
    another_ladder()
    LadderNumbers.objects.create(ladder=install(), as_of=date(2020, 1, 1), numbers={})
    make_order(ordered_on=AS_OF)
    nightly.run(AS_OF, today=AS_OF)

    kept = set(LadderNumbers.objects.values_list("ladder__key", "as_of"))
    assert kept == {(key, AS_OF) for key in ("kotler", "engagement", "categories", "other")}
    assert Counted.kept(heights(), AS_OF) == counted()


def test_kept_again_they_are_one_row_and_change_only_where_they_differ():
    assert (keep_ladders(AS_OF), keep_ladders(AS_OF)) == (1, 0)
    live("first-time", 60, "repeat", 50)

    assert (keep_ladders(AS_OF), LadderNumbers.objects.count()) == (1, 1)


def test_they_are_read_as_they_were_written_in_one_statement(django_assert_num_queries):
    for _ in range(ENOUGH):
        live("first-time", 60, "repeat", 50)
    make_customer({"stage": "client", "revenue_12m": Decimal("3.50")})
    keep_ladders(AS_OF)
    asked = heights()

    with django_assert_num_queries(1):
        found = Counted.kept(asked, AS_OF)
    assert found == counted()


def test_a_look_back_keeps_those_of_its_day_beside_the_live_ones():
    past = AS_OF - timedelta(days=30)
    make_order(ordered_on=past)
    another_ladder()
    keep_ladders(AS_OF)

    assert look_back(past)
    assert list(LadderNumbers.objects.order_by("pk").values_list("ladder__key", "as_of")) == [
        ("kotler", AS_OF),
        ("other", AS_OF),
        ("kotler", past),
    ]


def test_those_made_void_are_gone_of_one_ladder_or_of_all():
    other, _low, _high = another_ladder()
    keep_ladders(AS_OF)

    void(other)
    assert Counted.kept(Heights.on(other), AS_OF) is None and Counted.kept(heights(), AS_OF)
    void()
    assert not LadderNumbers.objects.exists()


@pytest.mark.parametrize("changed", [{"of_old": 1}, {"stays": {"client": {"came": 1}}}])
def test_what_another_version_kept_under_other_names_is_not_read(changed):
    keep_ladders(AS_OF)
    LadderNumbers.objects.update(numbers=counted().written() | changed)

    assert Counted.kept(heights(), AS_OF) is None


def test_an_empty_ladder_has_nothing_to_count():
    Transition.objects.all().delete()

    assert counted().moves == [] and stay("client") == Stay(0, None, None, [])


@pytest.mark.parametrize(
    ("days", "words"), [(0, "0 days"), (1, "1 day"), (60, "60 days"), (61, "2 months"), (365, "12 months"), (800, "26 months")]
)
def test_a_time_is_told_in_days_and_then_in_months(days, words):
    assert lasting(days) == words
