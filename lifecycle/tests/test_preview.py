"""What a preview says is what the next night of the same date does: over random edits, and by hand."""

from collections import Counter
from copy import copy
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from crm.models import Facts
from crm.rules import InvalidRule
from crm.tests.factories import make_customer, make_owner
from lifecycle.editing import draft, ranked, save_ladder
from lifecycle.kotler import install
from lifecycle.models import Ladder, LadderVersion, Position, Stage, Transition
from lifecycle.moves import move
from lifecycle.preview import Preview
from lifecycle.stages import Rungs, moves, place, standing
from lifecycle.tests.drafts import DAY, a_month_later, edited, people, seeded

# The issue asks for 300 random edits.
EXAMPLES = 300


def stood(ladder):
    return dict(Position.objects.filter(ladder=ladder).values_list("customer", "stage__key"))


def ways(before, after):
    """Who went from where to where."""
    return {pk: (before.get(pk), stage) for pk, stage in after.items() if before.get(pk) != stage}


class TestOverRandomEdits(TestCase):
    @classmethod
    def setUpTestData(cls):
        people()
        cls.owner = make_owner()

    @pytest.mark.slow
    @settings(max_examples=EXAMPLES)
    @given(seed=st.integers(0, 2**32 - 1), which=st.sampled_from(["kotler", "engagement", "categories"]))
    def test_the_next_night_moves_exactly_the_previewed(self, seed, which):
        source = seeded(seed)
        with transaction.atomic():
            ladder = Ladder.objects.get(key=which)
            a_month_later(ladder, source)
            stages = edited(ladder, source)
            rows = [model.objects.count() for model in (Stage, LadderVersion, Position, Transition)]
            preview = Preview.of(ladder, stages, DAY, samples=3)
            moving = standing(Rungs.of(ladder, stages), DAY).filter(moves(DAY))
            named = set(moving.values_list("pk", flat=True))
            assert [model.objects.count() for model in (Stage, LadderVersion, Position, Transition)] == rows
            before = stood(ladder)

            save_ladder(ladder=ladder, stages=stages, by=self.owner)
            moved = place(ladder, DAY)

            went = ways(before, stood(ladder))
            assert len(went) == moved == preview.moved
            told = {(cell.before and cell.before.key, cell.after.key): cell.customers for cell in preview.cells}
            assert told == Counter(went.values())
            assert named == {*went}
            for sample in preview.samples:
                assert went[sample.customer.pk] == (sample.before and sample.before.key, sample.after.key)
            revenue = dict(Facts.objects.values_list("pk", "revenue_12m"))
            assert preview.revenue == sum((revenue[pk] for pk in went), Decimal(0))
            again = Preview.of(ladder, draft(ladder), DAY)
            assert (again.moved, again.kept, again.unplaced) == (0, preview.kept, 0)
            transaction.set_rollback(True)


@pytest.fixture
def ladder(db):
    return install()


def with_rule(ladder, key, rule):
    stages = [copy(stage) for stage in draft(ladder)]
    for stage in stages:
        if stage.key == key:
            stage.rule = rule
    return stages


ONE_TIME = {
    "any": [
        {"fact": "inactive_on", "op": "passed"},
        {"all": [{"fact": "order_days", "op": "=", "value": 1}, {"fact": "last_order_on", "op": "not_last", "value": 60}]},
    ]
}


def ordered(ago):
    """The dates of somebody whose one order was so many days ago, and is nobody to wait for."""
    day, later = DAY - timedelta(days=ago), DAY + timedelta(days=300)
    return {"first_order_on": day, "last_order_on": day, "due_on": later, "inactive_on": later, "lost_on": later}


class TestByHand:
    def test_one_time_buyers_go_inactive_with_their_revenue_and_the_reason(self, ladder):
        old = make_customer({"order_days": 1, "revenue_12m": Decimal("12.50")} | ordered(60), name="Old")
        make_customer({"order_days": 1} | ordered(59))
        make_customer({"order_days": 2} | ordered(60))
        place(ladder, DAY)

        preview = Preview.of(ladder, with_rule(ladder, "inactive", ONE_TIME), DAY)

        (cell,) = preview.cells
        assert (cell.before.key, cell.after.key, cell.customers, cell.revenue) == ("first-time", "inactive", 1, Decimal("12.50"))
        (sample,) = preview.samples
        assert sample.customer == old
        (why,) = sample.whys
        assert (why.stage.key, why.fits) == ("inactive", True)
        assert [(answer.words, answer.holds) for answer in why.rule.leaves][1:] == [
            ("“Days with an order” is 1", True),
            ("“Last order” is not within the last 60 days", True),
        ]

    def test_who_falls_is_told_what_does_not_hold_any_more(self, ladder):
        make_customer({"order_days": 2})
        place(ladder, DAY)

        preview = Preview.of(ladder, with_rule(ladder, "repeat", {"fact": "order_days", "op": ">=", "value": 3}), DAY)

        (sample,) = preview.samples
        assert [(why.stage.key, why.fits, [answer.holds for answer in (why.rule.leaves if why.rule else [])]) for why in sample.whys] == [
            ("repeat", False, [False]),
            ("prospect", True, []),
        ]

    def test_the_pinned_are_kept_until_their_last_day_has_passed(self, ladder):
        owner, prospect = make_owner(), Stage.objects.get(ladder=ladder, key="prospect")
        for until in (None, DAY, DAY - timedelta(days=1)):
            customer = make_customer({"order_days": 2})
            place(ladder, DAY - timedelta(days=9))
            day = DAY - timedelta(days=9)
            move(customer=customer, to=prospect, by=owner, reason="Knows us.", as_of=day, today=DAY, until=until)

        preview = Preview.of(ladder, draft(ladder), DAY)

        assert (preview.kept, preview.moved) == (2, 1)

    def test_who_has_no_place_yet_comes_from_nowhere(self, ladder):
        make_customer({"order_days": 1})

        (row,) = Preview.of(ladder, draft(ladder), DAY).matrix

        assert row[0] is None
        assert [cell.customers for cell in row[1]] == [1]

    def test_two_new_stages_are_told_apart(self, ladder):
        for days in (1, 2, 3):
            make_customer({"order_days": days})
        place(ladder, DAY)
        news = [
            Stage(ladder=ladder, key=f"days-{days}", name=f"Days {days}", rule={"fact": "order_days", "op": "=", "value": days})
            for days in (2, 3)
        ]

        preview = Preview.of(ladder, ranked([*news, *draft(ladder)]), DAY)

        assert [(cell.before.key, cell.after.key, cell.customers) for cell in preview.cells] == [
            ("repeat", "days-2", 1),
            ("repeat", "days-3", 1),
        ]

    def test_ten_samples_hold_one_of_each_way_first(self, ladder):
        for number in range(12):
            make_customer({"order_days": 1, "revenue_12m": Decimal(number)})
        make_customer({"order_days": 2})

        samples = Preview.of(ladder, draft(ladder), DAY).samples

        assert [sample.after.key for sample in samples] == ["first-time", "repeat"] + ["first-time"] * 8
        assert samples[0].revenue == 11

    def test_nobody_moves_in_an_empty_record(self, ladder):
        preview = Preview.of(ladder, draft(ladder), date(2026, 1, 1))

        assert (preview.cells, preview.samples, preview.kept, preview.unplaced, preview.matrix) == ([], [], 0, 0, [])

    def test_one_statement_counts(self, ladder):
        place(ladder, DAY)

        stages = draft(ladder)

        with CaptureQueriesContext(connection) as queries:
            Preview.of(ladder, stages, DAY)

        # The stages that people may stand in, and the count; without movers no samples.
        assert len(queries) == 2

    def test_a_rule_that_cannot_be_read_is_refused_by_its_name(self, ladder):
        with pytest.raises(InvalidRule, match="kotler/client"):
            Preview.of(ladder, with_rule(ladder, "client", {"fact": "nothing", "op": "=", "value": 1}), DAY)
