"""What a customer's page shows of the ladder: the climb, why they stand there, their moves in the timeline."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from config.tests import cast
from crm.figures import CHOICE, Figures
from crm.models import (
    Business,
    Consent,
    Customer,
    CustomField,
    Evidence,
    Facts,
    FieldValue,
    Merge,
    OrderLine,
    PastFacts,
    SocialProfile,
)
from crm.money import day
from crm.record import save_order
from crm.tests.factories import make_complaint, make_customer, make_interaction, make_order, make_task, make_user
from crm.timeline import merged
from lifecycle import nightly
from lifecycle.heights import Heights
from lifecycle.models import Ladder, PinChange, Position, Stage, Transition
from lifecycle.moves import move
from lifecycle.stages import place
from lifecycle.standing import MOVES, Climb, Why, moves

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 11, 23)
START = AS_OF - timedelta(days=10)
CREATED = datetime(START.year, START.month, START.day, 12, tzinfo=UTC)


def figures():
    return Figures(Business.load(), AS_OF, Facts)


def known(customer):
    """As another request reads them."""
    return Customer.objects.get(pk=customer.pk)


def climb(customer):
    return Climb.of(known(customer), figures())


def why(customer):
    return Why.of(known(customer), figures())


def climber(**facts):
    """A Prospect since START; who stands elsewhere at AS_OF by these facts."""
    customer = make_customer(name="Eva Nováková", created=CREATED)
    nightly.run(START, today=AS_OF)
    Facts.objects.filter(pk=customer.pk).update(**facts)
    place(Ladder.objects.get(is_primary=True), AS_OF, customers=[customer.pk])
    return customer


def steps(shown):
    return [(step.stage.key, step.on, "here" if step.is_here else "todo" if step.is_todo else "done") for step in shown.steps]


REPEAT = {"order_days": 3, "orders_12m": 3}


def test_before_the_first_night_there_is_nothing_to_show():
    customer = make_customer()

    assert climb(customer) is None and why(customer) is None
    assert moves(customer, None, 10) == []


def past(customer, **facts):
    PastFacts.objects.create(**(Facts.objects.values().get(pk=customer.pk) | facts))
    return Figures(Business.load(), AS_OF - timedelta(days=90), PastFacts, is_past=True)


def test_looking_back_the_way_up_is_said_not_to_be_kept():
    customer = climber()
    shown = Climb.of(customer, past(customer))

    assert (shown.steps, shown.note) == ([], "The way up the ladder is not kept for the past.")


def test_looking_back_the_figures_of_that_day_say_why():
    customer = climber(**REPEAT)
    figures = past(customer, stage="first-time", order_days=1)
    shown = Why.of(customer, figures)

    assert (shown.stage.key, shown.next.key, shown.pin) == ("first-time", "repeat", None)
    assert [(answer.holds, answer.value) for answer in [*shown.rule.leaves, *shown.next_rule.leaves]] == [(True, "1"), (False, "1")]


def test_looking_back_the_page_says_both():
    customer, client = climber(**REPEAT), cast.signed_in(cast.staff())
    day = past(customer, stage="first-time", order_days=1).as_of
    Business.keep(past_as_of=day)
    session = client.session
    session[CHOICE] = day.isoformat()
    session.save()
    page = client.get(f"/customers/{customer.pk}/").text

    assert "The way up the ladder is not kept for the past." in page and '<ol class="climb' not in page
    assert "Why First-time?" in page and "To become Repeat" in page


def test_looking_back_nothing_explains_who_was_not_known_yet():
    known, unknown = climber(), make_customer()

    assert Why.of(unknown, past(known)) is None


def test_the_climb_shows_what_is_reached_with_its_day_and_what_is_to_come():
    shown = climb(climber(**REPEAT))

    assert steps(shown) == [
        ("prospect", START, "done"),
        ("first-time", None, "done"),
        ("repeat", AS_OF, "here"),
        ("client", None, "todo"),
        ("advocate", None, "todo"),
        ("partner", None, "todo"),
    ]
    assert [step.height for step in shown.steps] == [1, 2, 3, 4, 5, 6]
    assert shown.note == f"Repeat since {day(AS_OF)}."


def test_beside_the_ladder_the_climb_shows_how_far_they_had_come():
    customer = climber(**REPEAT)
    Facts.objects.filter(pk=customer.pk).update(is_marked_lost=True)
    place(Ladder.objects.get(is_primary=True), AS_OF + timedelta(days=1), customers=[customer.pk])
    shown = climb(customer)

    assert [state for _key, _on, state in steps(shown)] == ["done", "done", "done", "todo", "todo", "todo"]
    assert shown.note.startswith("Lost since ")


def test_who_was_never_on_a_rung_has_climbed_none():
    customer = make_customer()
    Customer.objects.filter(pk=customer.pk).update(disqualified_on=START)
    nightly.run(START, today=AS_OF)

    assert {state for _key, _on, state in steps(climb(customer))} == {"todo"}


@pytest.mark.parametrize(
    ("days", "done"),
    [(1, [("prospect", 1997), ("first-time", 1997)]), (2, [("prospect", 1997), ("first-time", 1997), ("repeat", None)])],
)
def test_who_was_first_placed_beside_the_ladder_has_climbed_as_far_as_they_ordered(days, done):
    customer, day = make_customer(), date(1997, 3, 1)
    for number in range(days):
        save_order(order=make_order(customer, ordered_on=day + timedelta(days=number)), by=None)
    nightly.run(START, today=AS_OF)
    shown = steps(climb(customer))

    assert known(customer).facts.stage == "lost"
    assert [(key, on and on.year) for key, on, state in shown if state == "done"] == done
    assert [key for key, _on, state in shown if state == "todo"] == ["prospect", "first-time", "repeat", "client", "advocate", "partner"][
        len(done) :
    ]


def test_a_rung_that_asks_for_more_orders_by_now_is_reached_by_as_many():
    customer = climber(is_marked_lost=True, order_days=3)
    Stage.objects.filter(ladder__is_primary=True, key="repeat").update(rule={"fact": "order_days", "op": ">=", "value": 4})

    assert [state for _key, _on, state in steps(climb(customer))] == ["done", "done", "todo", "todo", "todo", "todo"]


def test_a_ladder_of_fewer_rungs_still_ends_at_the_full_height():
    customer = climber()
    Stage.objects.filter(ladder__is_primary=True, key__in=["advocate", "partner", "client"]).delete()

    assert [step.height for step in climb(customer).steps] == [2, 4, 6]


def test_why_shows_each_comparison_with_its_value_and_what_is_next():
    shown = why(climber(**REPEAT))

    assert (shown.stage.key, shown.pin) == ("repeat", None)
    assert [(answer.words, answer.holds, answer.value) for answer in shown.rule.leaves] == [
        ("“Days with an order” is at least 2", True, "3")
    ]
    assert shown.next.key == "client"
    assert [(answer.words, answer.holds, answer.value) for answer in shown.next_rule.leaves] == [
        ("“Orders in 12 months” is at least 4", False, "3"),
        ("“Buys only from us” is yes", False, "no"),
    ]


def test_whom_no_other_stage_takes_is_told_so():
    shown = why(climber())

    assert shown.is_rest and shown.next.key == "first-time"
    assert [answer.holds for answer in shown.next_rule.leaves] == [False]


def test_on_the_highest_rung_and_beside_the_ladder_nothing_is_next():
    assert why(climber(is_partner=True)).next is None
    shown = why(climber(is_marked_lost=True))
    assert shown.next is None and shown.next_rule is None
    assert [answer.holds for answer in shown.rule.leaves] == [True, False]


def test_a_pin_is_shown_with_who_why_and_until_when():
    customer = climber(**REPEAT)
    jana, until = make_user(name="Jana"), AS_OF + timedelta(days=30)
    move(
        customer=customer,
        to=Stage.objects.get(ladder__is_primary=True, key="client"),
        by=jana,
        reason="She told me so.",
        as_of=AS_OF,
        today=AS_OF,
        until=until,
    )
    shown = why(customer)

    assert (shown.pin.by, shown.pin.reason, shown.pin.until) == ("Jana", "She told me so.", until)
    assert [answer.holds for answer in shown.rule.leaves] == [False, False]
    jana.delete()
    Position.objects.filter(ladder__is_primary=True).update(pinned_until=None)
    assert (why(customer).pin.by, why(customer).pin.until) == ("someone who has left", None)


def test_a_rule_that_cannot_be_read_any_more_is_said():
    customer = climber(**REPEAT)
    Stage.objects.filter(ladder__is_primary=True, key="client").update(rule={"fact": "gone", "op": "=", "value": 1})
    shown = why(customer)

    assert shown.rule is None and "There is no fact called “gone”." in shown.problem


def test_moves_are_in_the_timeline_and_first_placements_are_not():
    customer = climber(**REPEAT)
    entry, *others = moves(customer, None, 10)

    assert others == [] and (entry.on, entry.icon, entry.key[0]) == (AS_OF, "up", MOVES)
    assert (entry.of.told.before.key, entry.of.told.after.key, entry.of.told.reasons) == ("prospect", "repeat", ["Ordered on 3 days."])


def test_the_timeline_of_moves_goes_on_where_it_ended():
    customer = climber(**REPEAT)
    ladder, keys = Ladder.objects.get(is_primary=True), ("client", "repeat") * 3
    for number, key in enumerate(keys):
        Transition.objects.create(
            customer=customer,
            ladder=ladder,
            from_stage=Stage.objects.get(ladder__is_primary=True, key="repeat" if key == "client" else "client"),
            to_stage=Stage.objects.get(ladder__is_primary=True, key=key),
            effective_on=AS_OF + timedelta(days=number // 2),
            source="night",
            rule_version=1,
        )
    make_order(customer, ordered_on=AS_OF)
    Transition.objects.filter(pk=Transition.objects.latest("pk").pk).update(superseded_at=timezone.now())

    read, before = [], None
    while found := merged(customer, before, 2):
        read += found
        before = (found[-1].on, found[-1].key)
    assert [entry.key for entry in read] == [entry.key for entry in merged(customer, None, 100)]
    # Five of the six and the first climb, with the order of that day below them.
    assert [entry.key[0] for entry in read] == [MOVES] * 6 + [1]


def test_the_page_shows_all_three():
    client = cast.signed_in(cast.staff())
    customer = make_customer(name="Eva Nováková", created=CREATED)
    nightly.run(START, today=AS_OF)
    for number in range(3):
        save_order(order=make_order(customer, ordered_on=AS_OF - timedelta(days=number)), by=None)
    nightly.run(AS_OF, today=AS_OF)
    move(
        customer=customer,
        to=Stage.objects.get(ladder__is_primary=True, key="partner"),
        by=make_user(name="Jana"),
        reason="<b>Sells</b> our coffee.",
        as_of=AS_OF,
        today=AS_OF,
        until=AS_OF + timedelta(days=9),
    )
    page = " ".join(client.get(f"/customers/{customer.pk}/").text.split())

    assert 'class="climb-step climb-6 climb-partner" aria-current="step"' in page
    assert "Why Partner?" in page and f"Kept here by Jana until <b>{day(AS_OF + timedelta(days=9))}</b>." in page
    assert page.count("Moved up") == 2 and "Ordered on 3 days." in page
    assert "&lt;b&gt;Sells&lt;/b&gt; our coffee." in page and "<b>Sells</b>" not in page


def test_the_panels_share_what_they_read(django_assert_num_queries):
    customer = known(climber(**REPEAT))
    shown = figures()

    # The stages, the positions, the moves, the pins and, where the page did not bring them, the facts; then the comparisons.
    with django_assert_num_queries(5):
        assert Climb.of(customer, shown)
    with django_assert_num_queries(1):
        assert Why.of(customer, shown)


def test_where_somebody_stands_comes_with_the_stages(django_assert_num_queries):
    customer = climber(**REPEAT)
    other = Ladder.objects.create(key="care", name="Care")
    calm = Stage.objects.create(ladder=other, key="calm", name="Calm", rank=1, rule={"all": []})
    Position.objects.create(customer=customer, ladder=other, stage=calm, since=AS_OF)
    business, held = Business.load(), Position.objects.get(customer=customer, ladder__is_primary=True)

    with django_assert_num_queries(1):
        heights, found = Heights.around(customer, business)
        assert Heights.of(business) is heights and str(found.ladder) and found.stage.key == "repeat"

    assert heights == Heights.of(Business.load())
    columns = [field.attname for field in Position._meta.fields]
    assert [getattr(found, name) for name in columns] == [getattr(held, name) for name in columns]


def test_the_stages_are_there_for_who_stands_nowhere():
    Heights.around(climber(**REPEAT), Business.load())
    heights, found = Heights.around(make_customer(), Business.load())

    assert heights == Heights.of(Business.load()) and found is None


def test_the_whole_page_of_a_customer_takes_eight_statements(django_assert_num_queries):
    """Three of the frame, the customer and what is around them, three of the ladder, and the orders."""
    customer, owner = climber(**REPEAT), cast.signed_in(cast.owner())
    make_order(customer, ordered_on=AS_OF)

    with django_assert_num_queries(8):
        assert owner.get(f"/customers/{customer.pk}/").status_code == 200


def live(customer, owner, times):
    """So many of everything that may stand around a customer."""
    field = CustomField.objects.create(key="roast", name="Roast", kind="text", name_key="roast")
    FieldValue.objects.create(customer=customer, field=field, kind="text", text="dark", text_key="dark")
    for turn in range(times):
        order = make_order(customer, ordered_on=AS_OF - turn * timedelta(days=1))
        OrderLine.objects.create(order=order, position=1, product="Beans", amount=100)
        make_interaction(customer, by=owner, direction="in"), make_complaint(customer)
        make_task(owner, customer=customer)
        make_task(owner, customer=customer, state="done", closed_on=AS_OF, closed_at=CREATED, closed_by=owner)
        make_customer(referred_by=customer, referred_on=AS_OF)
        Consent.objects.create(customer=customer, purpose="marketing", channel="email", given=True, on=AS_OF, how="counter", by=owner)
        Evidence.objects.create(customer=customer, kind="partner", happened_on=AS_OF, by=owner)
        SocialProfile.objects.create(customer=customer, network="instagram", handle=f"eva{turn}", url=f"https://example.com/eva{turn}")
        stage = Position.objects.get(customer=customer, ladder__is_primary=True).stage
        pin = {"ladder": stage.ladder, "stage": stage, "kind": "pinned", "effective_on": AS_OF, "reason": "A friend", "by": owner}
        PinChange.objects.create(customer=customer, **pin)
        Merge.objects.create(into=customer, from_customer=make_customer(), by=owner, at=CREATED)


@pytest.mark.parametrize("times", [1, 12])
def test_each_kind_of_what_is_there_is_one_more_however_much_it_is(times, django_assert_num_queries):
    """Contacts, tasks, complaints, consents, evidence, profiles, who was brought, pins, merges, and two for the owner's own fields."""
    later = dict.fromkeys(["due_on", "inactive_on", "lost_on"], AS_OF + timedelta(days=90))
    customer, owner = climber(**REPEAT, orders=3, first_order_on=START, last_order_on=AS_OF, **later), cast.owner()
    live(customer, owner, times)
    client = cast.signed_in(owner)

    with django_assert_num_queries(20):
        assert client.get(f"/customers/{customer.pk}/").status_code == 200


def test_a_customer_who_has_lost_their_facts_is_shown_until_the_night_makes_them_anew():
    customer = climber(**REPEAT)
    Facts.objects.filter(pk=customer.pk).delete()

    page = cast.signed_in(cast.owner()).get(f"/customers/{customer.pk}/")

    assert page.status_code == 200 and str(customer) in page.text
