"""Random pairs of a rich demo are merged and taken apart in any order, while orders and calls come in: in the end every table is as it
was, and what came in is with the one it came for.

Nothing here names a table: a new one is in the sums by itself, and has to have rows in the demo once it names a customer.
"""

from datetime import date

import pytest
from django.apps import apps
from django.db import transaction
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from crm import hiding
from crm.merging import CannotMerge, merge, unmerge
from crm.merging.columns import chosen_columns
from crm.merging.relations import relations
from crm.models import Customer, Import, Interaction, MergeMoved, Order, SetAside
from crm.record import save_interaction
from crm.tests.imports import take
from crm.tests.merged_world import sums
from crm.tests.rich_demo import NOW, rich_demo
from lifecycle.demo.empty import FLOORS

pytestmark = pytest.mark.django_db
COLUMNS = sorted(field.name for field in chosen_columns())
DAY = date(2026, 8, 31)
# So few that merges of merges, and chains of them, come about.
POOL = 12
EXAMPLES, STEPS = 8, 25
# To make a failing story shorter takes minutes: it is printed as it came.
PHASES = (Phase.explicit, Phase.generate)


# Made anew by whoever needs it, and by nothing here.
SCRATCH = {"crm.PastFacts", "crm.ReplayFacts", "lifecycle.ReplayedMove"}


def identities(people):
    """Of each of them, those by which an import may bring an order."""
    return [
        (pk, {name: value for name, value in (("customer_id", own_id), ("email", email)) if value})
        for pk, own_id, email in people.values_list("pk", "external_id", "email")
        if own_id or email
    ]


class Merging(RuleBasedStateMachine):
    by, people, before, known = None, [], {}, []

    def __init__(self):
        super().__init__()
        self.story = transaction.atomic()
        self.story.__enter__()
        self.done, self.belongs, self.listed = [], {}, 0

    @rule(pair=st.lists(st.integers(0, POOL - 1), min_size=2, max_size=2, unique=True), chosen=st.sets(st.sampled_from(COLUMNS)))
    def join(self, pair, chosen):
        there = set(Customer.objects.present().values_list("pk", flat=True))
        into, source = (hiding.end_of(Customer.objects.get(pk=self.people[number])) for number in pair)
        if into != source:
            assert {into.pk, source.pk} <= there
            try:
                self.done.append(merge(into=into, from_=source, fields=dict.fromkeys(chosen, "from"), by=self.by, now=NOW))
            except CannotMerge as wrong:
                # The one thing that two customers cannot become.
                assert "company" in str(wrong)

    @rule(place=st.integers(0, 100))
    def take_apart(self, place):
        if self.done:
            self.apart(place % len(self.done))

    @rule(who=st.integers(0, POOL - 1))
    def log_by_hand(self, who):
        customer = hiding.end_of(Customer.objects.get(pk=self.people[who]))
        call = Interaction(customer=customer, kind="call", happened_on=DAY)
        save_interaction(interaction=call, by=self.by)
        self.belongs[Interaction, call.pk] = customer.pk

    @rule(place=st.integers(0, 1_000), by=st.sampled_from(["customer_id", "email"]))
    def import_an_order(self, place, by):
        whose, said = self.known[place % len(self.known)]
        if by not in said:
            return
        number = f"L{len(self.belongs)}"
        done = take(f"order,{by},date,amount\n{number},{said[by]},{DAY},10\n", source="later").record
        assert (done.orders_created, done.customers_created, done.error_count) == (1, 0, 0)
        self.belongs[Order, Order.objects.get(number=number).pk] = whose

    def apart(self, place):
        unmerge(merge=self.done.pop(place), by=self.by, now=NOW)

    def teardown(self):
        try:
            while self.done:
                self.apart(len(self.done) // 2)
            where = {(model, pk): model.objects.get(pk=pk).customer_id for model, pk in self.belongs}
            assert where == self.belongs
            for model, pk in self.belongs:
                model.objects.filter(pk=pk).delete()
            Import.objects.all().delete()
            assert {name for name, of in sums().items() if of != self.before[name]} == set()
            assert not MergeMoved.objects.exists() and not SetAside.objects.exists()
        finally:
            transaction.set_rollback(True)
            self.story.__exit__(None, None, None)


def test_in_whatever_order_it_is_merged_and_taken_apart_every_table_is_as_before():
    by, people = rich_demo()
    derived = [model for floor in FLOORS for model in apps.get_app_config(floor).get_models() if hiding.is_derived(model)]
    empty = [relation.key for relation in relations() if not relation.rows.exclude(**{relation.field.attname: None}).exists()]
    empty += [model._meta.label for model in derived if model._meta.label not in SCRATCH and not model._base_manager.exists()]
    empty += [name for name in COLUMNS if Customer.objects.values(name).distinct().count() < 2]
    assert empty == [], "the demo of this test has to have something of it"

    pool = Customer.objects.filter(pk__in=[one.pk for one in people[:: len(people) // POOL][:POOL]]).order_by("pk")
    Merging.by, Merging.people, Merging.before = by, list(pool.values_list("pk", flat=True)), sums()
    Merging.known = identities(pool)
    run_state_machine_as_test(Merging, settings=settings(phases=PHASES, max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None))
