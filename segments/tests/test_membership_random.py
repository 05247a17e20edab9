"""Whatever happens to the record, the rules and the choices: who is in a segment is what a plain recomputation says."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from crm.models import Business, Customer, Facts, User
from crm.tests.factories import make_customer, make_owner
from segments import membership
from segments.choices import choose, take_back
from segments.membership import count_all, count_saved
from segments.models import Choice, Member, Segment, SegmentMove, SegmentSize
from segments.saved import make_segment, save_segment

FIRST = date(2026, 6, 30)
PEOPLE = 7
leaf = st.builds(lambda op, value: {"fact": "orders", "op": op, "value": value}, st.sampled_from(["=", ">=", "<", "!="]), st.integers(0, 4))
rules = st.recursive(
    leaf,
    lambda inner: (
        st.builds(lambda kind, parts: {kind: parts}, st.sampled_from(["all", "any"]), st.lists(inner, max_size=3))
        | inner.map(lambda part: {"not": part})
    ),
    max_leaves=4,
)
COMPARED = {"=": int.__eq__, ">=": int.__ge__, "<": int.__lt__, "!=": int.__ne__}


def holds(said, orders, inside):
    """The rule, decided in Python. `inside` tells by key whether they are in another segment."""
    match said:
        case {"all": parts}:
            return all(holds(part, orders, inside) for part in parts)
        case {"any": parts}:
            return any(holds(part, orders, inside) for part in parts)
        case {"not": part}:
            return not holds(part, orders, inside)
        case {"fact": "segment", "op": op, "value": key}:
            return inside[key] == (op == "=")
    return COMPARED[said["op"]](orders, said["value"])


class Segments(RuleBasedStateMachine):
    nights = 0

    @initialize(first=rules, second=rules)
    def begin(self, first, second):
        # Hypothesis runs all histories inside one test: each begins with an empty record.
        for model in (Segment, Facts, Customer, User):
            model.objects.all().delete()
        self.day, self.changed = FIRST, False
        Business.keep(as_of=FIRST)
        self.owner = make_owner()
        self.people = [make_customer(facts={"orders": place % 5}) for place in range(PEOPLE)]
        make_segment(by=self.owner, name="A", rule=first)
        make_segment(by=self.owner, name="B", rule={"all": [second, {"fact": "segment", "op": "=", "value": "a"}]})
        make_segment(by=self.owner, name="C", rule={"not": {"fact": "segment", "op": "=", "value": "b"}})
        count_all(self.day)

    def of(self, key):
        return Segment.objects.get(key=key)

    @rule(place=st.integers(0, PEOPLE - 1), orders=st.integers(0, 4))
    def order(self, place, orders):
        Facts.objects.filter(pk=self.people[place].pk).update(orders=orders)
        self.changed = True

    @rule(key=st.sampled_from("abc"), place=st.integers(0, PEOPLE - 1), side=st.sampled_from(["include", "exclude"]))
    def choose(self, key, place, side):
        choose(segment=self.of(key), customer=self.people[place], side=side, reason="Because", by=self.owner, as_of=self.day)
        self.changed = True

    @rule(key=st.sampled_from("abc"), place=st.integers(0, PEOPLE - 1))
    def take_back(self, key, place):
        take_back(segment=self.of(key), customer=self.people[place], by=self.owner, as_of=self.day)
        self.changed = True

    @rule(said=rules)
    def save(self, said):
        segment = self.of("a")
        save_segment(segment=segment, version=segment.version, by=self.owner, name="A", purpose="", rule=said)
        count_saved(segment.pk, self.day)

    @rule(later=st.integers(0, 2))
    def night(self, later):
        self.day += timedelta(days=later)
        Business.keep(as_of=self.day)
        count_all(self.day)
        assert count_all(self.day) == 0
        self.changed = False
        Segments.nights += 1

    @invariant()
    def members_are_what_a_plain_recomputation_says(self):
        if getattr(self, "changed", True):
            return
        for customer in self.people:
            orders, inside = Facts.objects.get(pk=customer.pk).orders, {}
            for segment in Segment.objects.order_by("key"):
                choice = Choice.objects.filter(segment=segment, customer=customer).first()
                inside[segment.key] = choice.is_in if choice else holds(segment.rule, orders, inside)
            found = Member.objects.filter(customer=customer).values_list("segment__key", flat=True)
            assert set(found) == {key for key, is_in in inside.items() if is_in}

    @invariant()
    def whoever_is_in_it_came_and_did_not_leave(self):
        for segment in Segment.objects.all():
            inside = set(Member.objects.filter(segment=segment).values_list("customer", flat=True))
            last = {move.customer_id: move.entered for move in SegmentMove.objects.filter(segment=segment).order_by("pk")}
            assert inside == {customer for customer, entered in last.items() if entered}
            assert segment.size == len(inside)

    @invariant()
    def moves_of_one_customer_go_in_and_out_by_turns_and_have_a_cause(self):
        turns = {}
        for move in SegmentMove.objects.order_by("pk"):
            assert turns.get((move.segment_id, move.customer_id), False) != move.entered
            turns[move.segment_id, move.customer_id] = move.entered
            assert move.reason if move.source == "person" else move.rule_version

    @invariant()
    def a_day_has_one_size(self):
        days = list(SegmentSize.objects.values_list("segment", "as_of"))
        assert len(days) == len(set(days))


@pytest.mark.slow
@pytest.mark.django_db
def test_members_are_right_whatever_happens(monkeypatch):
    """With ranges and transactions so small that their borders are crossed."""
    monkeypatch.setattr(membership, "LOOKED_AT_ONCE", 3)
    monkeypatch.setattr(membership, "MOVED_AT_ONCE", 2)

    run_state_machine_as_test(Segments, settings=settings(max_examples=8, stateful_step_count=10, suppress_health_check=list(HealthCheck)))

    assert Segments.nights > 5
