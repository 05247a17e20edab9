"""Every named constraint of this floor, each with a write that it has to refuse."""

from datetime import date

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from crm.tests.factories import make_customer, make_owner
from crm.tests.test_constraints import NAMED, broken
from lifecycle.demo.empty import clear, emptied
from segments.membership import count_all
from segments.models import Choice, Member, Segment, SegmentMove, SegmentSize, SegmentVersion
from segments.saved import make_segment

pytestmark = pytest.mark.django_db
DAY = date(2026, 6, 30)
OURS = {constraint.name: model for model in apps.get_app_config("segments").get_models() for constraint in model._meta.constraints}


def segment(**values):
    return Segment.objects.create(**({"key": "a", "name": "A", "rule": {"all": []}} | values))


def twice(model, **values):
    both = {"segment": segment()} | values
    model.objects.create(**both), model.objects.create(**both)


def move(**values):
    SegmentMove.objects.create(segment=segment(), customer=make_customer(), on=DAY, entered=True, **values)


def choice(**values):
    Choice.objects.create(segment=segment(), customer=make_customer(), **values)


REFUSED = {
    "segment_key_unique": [lambda: (segment(), segment(name="B"))],
    "segment_name_unique": [lambda: (segment(), segment(key="b", name="  á "))],
    "segment_version_number_unique": [lambda: twice(SegmentVersion, number=1, rule={})],
    "segment_member_once": [lambda: twice(Member, customer=make_customer(), since=DAY)],
    "segment_size_once_a_day": [lambda: twice(SegmentSize, as_of=DAY, size=1)],
    "segment_choice_once": [lambda: twice(Choice, customer=make_customer(), side="include", reason="x")],
    "segment_choice_side_is_known": [lambda: choice(side="maybe", reason="x")],
    "segment_choice_has_a_reason": [lambda: choice(side="include", reason="")],
    "segment_move_has_a_cause": [
        lambda: move(source="person"),
        lambda: move(source="person", reason="x", rule_version=1),
        lambda: move(source="night"),
        lambda: move(source="released"),
        lambda: move(source="whim", rule_version=1),
    ],
}
CASES = [pytest.param(name, write, id=f"{name}-{place}") for name, writes in REFUSED.items() for place, write in enumerate(writes)]


def test_every_constraint_has_a_write_that_breaks_it():
    assert set(OURS) == set(REFUSED)


@pytest.mark.parametrize(("name", "write"), CASES)
def test_the_database_refuses_a_write_that_breaks_it(name, write, monkeypatch):
    monkeypatch.setitem(NAMED, name, OURS[name])

    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        write()

    assert broken(caught.value, name)


@pytest.mark.parametrize("field", ["name", "purpose"])
@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "x" * 1001])
def test_a_text_that_no_database_keeps_is_refused(field, text):
    with pytest.raises(ValidationError):
        Segment(**({"key": "a", "name": "A", "rule": {"all": []}} | {field: text})).clean_fields(exclude=["owner"])


def test_a_customer_who_goes_leaves_every_segment():
    owner, customer = make_owner(), make_customer()
    made = make_segment(by=owner, name="All", rule={"all": []})
    count_all(DAY)
    Choice.objects.create(segment=made, customer=customer, side="include", reason="x")

    customer.delete()

    assert not any(model.objects.exists() for model in (Member, SegmentMove, Choice))


def test_a_person_who_goes_leaves_their_segments():
    owner = make_owner()
    make_segment(by=owner, name="All", rule={"all": []})

    owner.delete()

    assert (Segment.objects.get().owner, SegmentVersion.objects.get().by) == (None, None)


def test_the_rules_outlive_the_demo_and_the_people_do_not():
    make_customer()
    made = make_segment(by=make_owner(), name="All", rule={"all": []})
    count_all(DAY)

    clear()

    assert Segment.objects.get() == made and SegmentVersion.objects.exists()
    assert {Member, SegmentMove, SegmentSize, Choice} <= set(emptied())
    assert not any(model.objects.exists() for model in (Member, SegmentMove, SegmentSize, Choice))


def test_after_the_demo_the_first_count_tells_of_nobody_who_came_in_a_night():
    make_segment(by=make_owner(), name="All", rule={"all": []})
    make_customer()
    count_all(DAY)
    clear()
    make_customer()

    count_all(DAY)

    assert list(SegmentMove.objects.values_list("source", flat=True)) == ["rule"]
