"""Two records become one, and come apart again: whatever was merged, in whatever order it is taken apart."""

from datetime import date

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from crm.merging import CannotMerge, CannotUnmerge, merge, unmerge
from crm.merging.columns import chosen_columns
from crm.models import Audit, Customer, CustomerTag, Evidence, Facts, Interaction, Merge, MergeMoved, Order, SetAside
from crm.record import save_interaction, save_order
from crm.tags.page import lines, tags_of
from crm.tags.writing import put_tag
from crm.tests.factories import make_customer, make_interaction, make_order, make_owner
from crm.tests.merged_world import NOW, refreshed, sums, whole
from lifecycle.models import NotNow, Position

pytestmark = pytest.mark.django_db
ALL_FROM = {field.name: "from" for field in chosen_columns()}


@pytest.fixture
def by():
    return make_owner()


# With more orders somebody climbs: that they did stays in the history, and they climb down by a move of its own.
CLIMBED = {"lifecycle.Transition", "lifecycle.Position", "crm.Facts"}


def joined(into, source, by, fields=None):
    return merge(into=into, from_=source, fields=fields or {}, by=by, now=NOW)


def apart(made, by):
    return unmerge(merge=made, by=by, now=NOW)


def test_everything_goes_to_the_one_who_stays_and_comes_back():
    by, made = whole()
    before = sums()
    done = joined(made[0], made[1], by, ALL_FROM)
    refreshed()
    assert not Facts.objects.filter(pk=made[1].pk).exists()
    assert Order.objects.filter(customer=made[0]).count() == Facts.objects.get(pk=made[0].pk).orders == 3
    assert not Interaction.objects.filter(customer=made[1]).exists()
    assert not Evidence.objects.filter(customer=made[1]).exists()
    assert not Position.objects.filter(customer=made[1]).exists()
    assert Customer.objects.get(pk=made[0].pk).name == made[1].name
    assert Customer.objects.get(pk=made[0].pk).referred_by is None
    assert apart(done, by).is_plain
    refreshed()
    assert {name: of for name, of in sums().items() if name not in CLIMBED} == {k: v for k, v in before.items() if k not in CLIMBED}
    assert not MergeMoved.objects.exists() and not SetAside.objects.exists()


def test_an_identity_is_never_lost(by):
    winner, loser = make_customer(email="a@example.com", external_id="1"), make_customer(email="b@example.com")
    joined(winner, loser, by, ALL_FROM)
    winner.refresh_from_db(), loser.refresh_from_db()
    assert (winner.email, loser.email) == ("b@example.com", "a@example.com")
    assert (winner.external_id, loser.external_id) == ("1", "")


def test_a_chain_of_five_comes_apart_from_its_beginning():
    by, made = whole()
    before = sums()
    rows = list(Customer.objects.order_by("pk").values())
    done = [joined(made[number + 1], made[number], by, ALL_FROM) for number in range(5)]
    assert Order.objects.filter(customer=made[5]).count() == Order.objects.count()
    for each in done:
        apart(each, by)
    refreshed()
    assert list(Customer.objects.order_by("pk").values()) == rows
    assert sums() == before


def test_an_early_merge_is_taken_apart_after_a_third_one(by):
    one, two, three = (make_customer(email=f"{name}@example.com", name=name) for name in "abc")
    orders = [make_order(each) for each in (one, two, three)]
    first = joined(two, one, by, ALL_FROM)
    joined(three, two, by, ALL_FROM)
    joined(three, make_customer(name="d"), by, ALL_FROM)
    apart(first, by)
    assert [Order.objects.get(pk=each.pk).customer for each in orders] == [one, three, three]
    assert Customer.objects.get(pk=one.pk).email == "a@example.com"
    assert Facts.objects.filter(pk=one.pk).exists() and not Facts.objects.filter(pk=two.pk).exists()


def test_what_is_made_later_by_hand_stays_and_is_listed(by):
    winner, loser = make_customer(), make_customer()
    make_order(loser)
    done = joined(winner, loser, by)
    save_order(order=Order(customer=winner, ordered_on=date(2026, 11, 1), amount=5), by=by)
    save_interaction(interaction=Interaction(customer=winner, kind="call", happened_on=date(2026, 11, 1)), by=by)
    said = apart(done, by)
    assert said.made_later == {"crm.Order.customer": 1, "crm.Interaction.customer": 1}
    assert Order.objects.filter(customer=winner).count() == 1 == Order.objects.filter(customer=loser).count()


def test_a_column_changed_since_stays_and_is_listed(by):
    winner, loser = make_customer(name="Eva", city=""), make_customer(name="Ewa", city="Brno")
    done = joined(winner, loser, by, ALL_FROM)
    Customer.objects.filter(pk=winner.pk).update(city="Praha")
    assert apart(done, by).kept == ["city"]
    winner.refresh_from_db()
    assert (winner.name, winner.city) == ("Eva", "Praha")


def test_what_goes_with_a_column_and_was_changed_since_stays_with_it_and_is_listed(by):
    firm = make_customer(name="Café Roma", entity="company")
    winner = make_customer(works_at=firm, position="waiter", best_from=9, best_until=17)
    loser = make_customer(works_at=firm, position="manager", best_from=9, best_until=19)
    done = joined(winner, loser, by, ALL_FROM)
    Customer.objects.filter(pk=winner.pk).update(position="director", best_until=20)
    assert sorted(apart(done, by).kept) == ["best_from", "works_at"]
    winner.refresh_from_db()
    assert (winner.works_at, winner.position, winner.best_from, winner.best_until) == (firm, "director", 9, 20)


def test_what_was_changed_between_two_merges_is_there_again_whichever_is_taken_apart_first(by):
    firm = make_customer(name="Café Roma", entity="company")
    winner, loser, third = [make_customer(works_at=firm, position=what) for what in ("waiter", "manager", "owner")]
    first = joined(winner, loser, by, ALL_FROM)
    Customer.objects.filter(pk=winner.pk).update(position="director")
    second = joined(winner, third, by, ALL_FROM)
    assert (apart(first, by).kept, apart(second, by).kept) == (["works_at"], [])
    winner.refresh_from_db()
    assert winner.position == "director"


def test_a_row_that_went_to_somebody_else_since_stays_there_and_is_listed(by):
    winner, loser, third = make_customer(), make_customer(), make_customer()
    order = make_order(loser)
    done = joined(winner, loser, by)
    Order.objects.update(customer=third)
    assert apart(done, by).elsewhere == {"crm.Order.customer": 1}
    order.refresh_from_db()
    assert order.customer == third


def test_what_both_may_have_once_stays_with_each(by):
    winner, loser = make_customer(), make_customer()
    for each in (winner, loser):
        NotNow.objects.create(customer=each, said_on=date(2026, 11, 20), by=by)
    NotNow.objects.create(customer=loser, said_on=date(2026, 11, 21), by=by)
    joined(winner, loser, by)
    assert NotNow.objects.filter(customer=winner).count() == 2
    assert NotNow.objects.filter(customer=loser).count() == 1


def test_tags_go_along_and_one_that_both_have_stays_with_each(by):
    winner, loser = make_customer(), make_customer()
    for who, name in ((winner, "VIP"), (loser, "VIP"), (loser, "Brno")):
        put_tag(customer=who, name=name, by=by)
    before = list(CustomerTag.objects.order_by("pk").values_list())
    done = joined(winner, loser, by)
    assert tags_of([winner.pk])[winner.pk] == ["Brno", "VIP"] and [line.people for line in lines()] == [1, 1]
    apart(done, by)
    assert list(CustomerTag.objects.order_by("pk").values_list()) == before


@pytest.mark.parametrize("way", ["winner by loser", "loser by winner", "through a third"])
def test_nobody_is_referred_by_themselves(by, way):
    winner, loser, third = make_customer(), make_customer(), make_customer()
    on = date(2026, 1, 1)
    pairs = {"winner by loser": [(winner, loser)], "loser by winner": [(loser, winner)]}
    for who, referrer in pairs.get(way, [(third, loser), (winner, third)]):
        Customer.objects.filter(pk=who.pk).update(referred_by=referrer, referred_on=on)
    before = list(Customer.objects.order_by("pk").values_list("referred_by", "referred_on"))
    done = joined(winner, loser, by, ALL_FROM)
    winner.refresh_from_db()
    assert winner.referred_by is None and winner.referred_on is None
    apart(done, by)
    assert list(Customer.objects.order_by("pk").values_list("referred_by", "referred_on")) == before


def test_the_same_one_a_hidden_one_and_a_second_sending_are_refused_in_a_sentence(by):
    winner, loser = make_customer(), make_customer()
    with pytest.raises(CannotMerge, match="one and the same"):
        joined(winner, winner, by)
    done = joined(winner, loser, by)
    for pair in ((winner, loser), (loser, winner), (make_customer(), loser)):
        with pytest.raises(CannotMerge, match="not there any more"):
            joined(*pair, by)
    apart(done, by)
    with pytest.raises(CannotUnmerge, match="already"):
        apart(done, by)
    assert Merge.objects.count() == 1
    assert list(Audit.objects.order_by("pk").values_list("what", flat=True)) == ["customer.merged", "customer.unmerged"]


def test_ten_thousand_orders_take_few_statements(by, django_assert_max_num_queries):
    winner, loser = make_customer(), make_customer()
    Order.objects.bulk_create([Order(customer=loser, ordered_on=date(2026, 1, 1), amount=1) for _ in range(10_000)])
    make_interaction(loser)
    with django_assert_max_num_queries(150):
        done = joined(winner, loser, by)
    with django_assert_max_num_queries(200):
        apart(done, by)
    assert Order.objects.filter(customer=loser).count() == 10_000


class Merging(RuleBasedStateMachine):
    """Random merges and unmerges of random pairs; once all are taken apart, in any order, every table is as it was."""

    by, made, before = None, [], {}

    def __init__(self):
        super().__init__()
        self.story = transaction.atomic()
        self.story.__enter__()
        self.done = []

    @rule(pair=st.permutations(range(6)), chosen=st.sets(st.sampled_from(sorted(ALL_FROM))))
    def join(self, pair, chosen):
        there = set(Customer.objects.present().values_list("pk", flat=True))
        present = [self.made[number] for number in pair if self.made[number].pk in there]
        if len(present) > 1:
            self.done.append(joined(present[0], present[1], self.by, dict.fromkeys(chosen, "from")))

    @rule(place=st.integers(0, 100))
    def take_apart(self, place):
        if self.done:
            apart(self.done.pop(place % len(self.done)), self.by)

    def teardown(self):
        try:
            for each in self.done[::2] + self.done[1::2]:
                apart(each, self.by)
            assert sums() == self.before
            assert not MergeMoved.objects.exists() and not SetAside.objects.exists()
        finally:
            transaction.set_rollback(True)
            self.story.__exit__(None, None, None)


def test_whatever_is_merged_and_taken_apart_in_whatever_order_is_as_before_in_every_table():
    Merging.by, Merging.made = whole()
    Merging.before = sums()
    run_state_machine_as_test(Merging, settings=settings(max_examples=12, stateful_step_count=12, deadline=None))
    assert not Merge.objects.exists()
