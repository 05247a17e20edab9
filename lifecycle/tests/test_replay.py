"""Replaying the past: what a night of each of its days would have left, joined to the moves that are there."""

from datetime import UTC, date, datetime

from hypothesis import Phase, given, settings
from hypothesis.extra.django import TestCase

from crm.models import Customer, Facts, PastFacts, ReplayFacts
from lifecycle import history, nightly, replay
from lifecycle.lookback import look_back
from lifecycle.models import Ladder, Position, Stage, Transition
from lifecycle.replayed import Span
from lifecycle.tests.test_nightly import record as write
from lifecycle.tests.worlds import worlds

TODAY, LIVE = date(2032, 1, 1), date(2025, 3, 1)
LONG_AGO, LATER = datetime(1990, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)


def rows(model):
    """{customer: values}, but what is placed by others."""
    found = model.objects.order_by("pk").values()
    return {row["customer_id"]: {name: value for name, value in row.items() if name not in {"stage", "stage_since"}} for row in found}


def stages_of(model, day):
    """{customer: key} on the ladder of Kotler, from scratch or from the record."""
    if model is PastFacts:
        return dict(PastFacts.objects.values_list("pk", "stage"))
    return dict(history.standing(Ladder.objects.get(key="kotler"), day).values_list("customer", "to_stage__key"))


def assert_joined():
    """One open position for each customer and ladder, moves that join end to end, and a cause for each."""
    for ladder in Ladder.objects.all():
        held = {position.customer_id: position for position in Position.objects.filter(ladder=ladder)}
        ends = {}
        for made in Transition.objects.filter(ladder=ladder, superseded_at=None).order_by("effective_on", "pk"):
            stage, day = ends.get(made.customer_id, (None, None))
            assert made.from_stage_id == stage, made
            assert day is None or day <= made.effective_on
            assert made.values or made.reason
            ends[made.customer_id] = made.to_stage_id, made.effective_on
        assert ends == {pk: (position.stage_id, position.since) for pk, position in held.items()}
    primary = Ladder.objects.get(is_primary=True)
    told = {pk: (key, since) for pk, key, since in Facts.objects.exclude(stage="").values_list("pk", "stage", "stage_since")}
    assert told == {p.customer_id: (p.stage.key, p.since) for p in Position.objects.filter(ladder=primary).select_related("stage")}


def second_ladder():
    """Asks what is made of everybody, and a date in days."""
    ladder = Ladder.objects.create(key="worth", name="Worth")
    rules = {
        "few": {"fact": "pareto_class", "op": "=", "value": "vital_few"},
        "fresh": {"fact": "last_order_on", "op": "last", "value": 45},
        "rest": {"all": []},
    }
    for rank, (key, rule) in enumerate(rules.items()):
        Stage.objects.create(ladder=ladder, key=key, name=key, rank=rank, rung=3 - rank, rule=rule)
    return ladder


class Replayed(TestCase):
    @given(worlds())
    @settings(max_examples=8, phases=[Phase.generate])
    def test_on_each_day_the_facts_in_scratch_and_the_stages_are_those_of_looking_back(self, drawn):
        world, as_of = drawn
        self.enterContext(mock.patch("lifecycle.replayed.DAILY", 20))
        write(world)
        Customer.objects.filter(pk__in=[1, 2, 3, 4]).update(created=LONG_AGO)
        Customer.objects.filter(pk__gt=4).update(created=LATER)
        second_ladder()
        nightly.run(as_of, today=TODAY)
        span = Span.due()
        if isinstance(span, str):
            return
        walk, some = replay.Walk.begin(), {*span.days[:2], *span.days[-40::11], as_of}
        for day in span.days:
            walk.to(day)
            if day in some:
                look_back(day)
                assert rows(ReplayFacts) == rows(PastFacts), day
                kotler = [rungs.ladder.key for rungs in walk.ladders].index("kotler")
                at = dict(zip(walk.keys.tolist(), walk.placed[kotler].tolist(), strict=True))
                keys = dict(Stage.objects.values_list("pk", "key"))
                assert {pk: keys[at[pk]] for pk in rows(PastFacts)} == stages_of(PastFacts, day)

        # That walk read the record day by day; this one has it in memory.
        assert walk.shelf is None
        replay.replay()

        assert_joined()
        for day in some:
            look_back(day)
            # A night places everybody, also who was entered after it.
            early = set(Customer.objects.values_list("pk", flat=True)) - set(rows(PastFacts)) if day == as_of else set()
            assert history.covered(day)
            assert {pk: key for pk, key in stages_of(Transition, day).items() if pk not in early} == stages_of(PastFacts, day)
