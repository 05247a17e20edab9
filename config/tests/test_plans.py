"""What people open most is found by an index, on both engines (bench/plans.py prints the same of a large business)."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from bench import plans, recorded
from crm.models import Business, Candidate, Customer, Evidence, Facts
from crm.searching import catch_up, matching
from crm.tags.writing import put_tag
from crm.tests.factories import make_complaint, make_customer, make_enquiry, make_order, make_task, make_user
from lifecycle import kotler
from lifecycle.models import Position, Stage

pytestmark = pytest.mark.django_db


@contextmanager
def by_an_index_if_there_is_one():
    """SQLite chooses without looking at the rows. PostgreSQL would read a small table whole, or sort it; told not to, it takes the index,
    and where there is none it does so all the same."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
            for way in ("seqscan", "sort", "hashjoin", "mergejoin"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
    yield


def world():
    kotler.install()
    today = Business.load().today()
    Business.keep(as_of=today)
    people = [make_customer(name=f"Eva Nováková {n}", phone=f"602 118 {n:03}", email=f"eva{n}@example.com", city="Brno") for n in range(60)]
    for place, one in enumerate(people):
        make_order(one)
        Evidence.objects.create(customer=one, kind=Evidence.Kind.ONLY_US, happened_on=today)
        put_tag(customer=one, name=f"Number {place % 3}", by=recorded.owner())
        last = today - timedelta(days=place)
        dates = dict.fromkeys(("first_order_on", "last_order_on", "due_on", "inactive_on", "lost_on"), last)
        stage, pareto = ("repeat", "useful_many") if place % 6 else ("lost", "vital_few")
        Facts.objects.filter(pk=one.pk).update(stage=stage, pareto_class=pareto, revenue_12m=place, **dates)
    me = recorded.owner()
    other = make_user()
    for place, one in enumerate(people):
        whose = other if place % 10 else me
        make_task(whose, customer=one, due_on=today - timedelta(days=place))
        due = today + timedelta(days=place)
        make_complaint(one, owner=whose, deadline_on=due, due_on=due, nature="claim")
        make_enquiry(one)
    Candidate.objects.create(first=people[0], second=people[1], why="name", score=90, found_at="2026-11-23T12:00Z")
    recorded.audit([one.pk for one in people], me, timezone.now(), 3_000)
    # As many as an index is worth; that there are no such customers does not matter to it.
    stage = Stage.objects.get(ladder__is_primary=True, key="repeat")
    standing = [*(one.pk for one in people), *range(1_000_000, 1_003_000)]
    Position.objects.bulk_create(Position(customer_id=pk, ladder_id=stage.ladder_id, stage=stage, since=today) for pk in standing)
    catch_up()
    assert Customer.objects.count() == 60


@pytest.fixture
def visitor():
    world()
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(recorded.owner())
    return client


def test_every_page_that_people_open_most_is_served_by_its_index(visitor):
    with by_an_index_if_there_is_one():
        for page in plans.pages():
            found = plans.plans(visitor, page)
            told = "\n\n".join(f"{plan.sql}\n{plan.lines}" for plan in found)
            # Which of its indexes PostgreSQL takes for a small table depends on what was in it before; bench/plans.py tells of a large one.
            named = page.by if connection.vendor == "sqlite" else ()
            assert found and all(any(name in told for name in by.split("|")) for by in named), (page, told)
            assert page.everyone or not any(plan.read_whole for plan in found), (page, told)


def test_words_are_looked_for_in_their_index(visitor):
    with by_an_index_if_there_is_one():
        sql, params = Customer.objects.filter(matching("novak")).order_by().values("pk").query.sql_with_params()
        asked = [plans.explained(sql, params), *plans.plans(visitor, plans.Asked("find", "/find/?q=ovakova", ()))]
        index = "customer_search_trgm_idx" if connection.vendor == "postgresql" else "SCAN crm_customer_search VIRTUAL TABLE INDEX"
        assert any(index in plan.lines for plan in asked) and not any(plan.read_whole for plan in asked), asked


def test_a_table_that_is_read_whole_is_told():
    """Without an index the same look says so: this test can fail."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for way in ("indexscan", "indexonlyscan", "bitmapscan"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
    found = plans.explained('SELECT "crm_facts"."orders" FROM "crm_facts" WHERE "crm_facts"."orders" = %s', [7])
    joined = plans.explained('SELECT 1 FROM "crm_business" INNER JOIN "crm_order" U0 ON (U0."amount" = %s)', [7])

    assert found.read_whole == ["crm_facts"] and joined.read_whole == ["crm_order"]
