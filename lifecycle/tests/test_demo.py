"""The demo on a database: it fills an empty one, looks alive, refuses real rows, leaves no trace, and survives `kill -9` anywhere."""

import json
import os
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.test import TestCase
from django.utils import timezone

from crm import jobs, locks
from crm.models import (
    Business,
    Changed,
    Channel,
    Consent,
    Customer,
    CustomerTag,
    CustomField,
    Facts,
    FieldValue,
    Household,
    Import,
    Interaction,
    Job,
    Order,
    OrderLine,
    Pulse,
    SocialProfile,
    Tag,
    User,
)
from crm.tests.factories import make_customer, make_interaction, make_order, make_owner
from crm.tests.installation import RECORD, Installation
from crm.tests.points import failpoints
from lifecycle import builtin, kotler
from lifecycle.demo import empty, fill
from lifecycle.demo.empty import DemoRefused, is_empty, remove_demo
from lifecycle.demo.fill import fill_demo
from lifecycle.models import Ladder, NightlyRun, NightlyStep, Position, Stage, Transition
from lifecycle.refresh import refresh

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
TODAY = date(2026, 11, 24)
AS_OF = date(2026, 11, 23)
# With a short past, so that it takes a second; with a past of its full length.
SHORT = "fill.YEARS, fill.WEEKLY, fill.DAILY = 1, 4, 3"
A_SHORT_PAST = {"YEARS": 1, "WEEKLY": 4, "DAILY": 3}
FILL = "from datetime import datetime, UTC; from lifecycle.demo import fill, empty; {how}; {what}"
BEGIN = "fill.fill_demo(now=datetime(2026, 11, 24, 9, tzinfo=UTC), customers={customers})"
AROUND = (Household, CustomField, FieldValue, Tag, CustomerTag, SocialProfile, Consent)
MADE = (*RECORD, *AROUND, OrderLine, User, NightlyRun, NightlyStep, Ladder, Stage, Position, Transition)
TOLD = frozenset({"created", "made_at", "started_at", "finished_at", "seconds", "recorded_at", "password"})


def run(shop, customers=60, how=SHORT, what=BEGIN, **environ):
    return shop.script(FILL.format(how=how, what=what.format(customers=customers)), **environ).finish()


@pytest.fixture
def short():
    with mock.patch.multiple(fill, **A_SHORT_PAST):
        yield


@pytest.fixture(scope="module")
def roastery(installations):
    """The whole demo, as it is given to a newcomer."""
    shop = Installation(installations.copy())
    done = run(shop, customers=1650, how="pass")
    assert done.returncode == 0, done.stderr
    return shop


def counts(shop, sql):
    return dict(shop.rows(sql))


@pytest.mark.slow
def test_there_are_people_on_every_stage(roastery):
    stages = counts(roastery, "SELECT stage, COUNT(*) FROM crm_facts WHERE stage <> '' GROUP BY stage")
    assert set(stages) == {stage.key for stage in kotler.STAGES}
    assert stages["partner"] >= 3 and stages["advocate"] >= 15 and stages["client"] >= 60 and stages["disqualified"] >= 8
    assert all(stages[key] >= 60 for key in ("prospect", "first-time", "repeat", "inactive", "lost"))


@pytest.mark.slow
def test_there_are_people_on_every_stage_of_every_ladder(roastery):
    people = counts(
        roastery,
        "SELECT lifecycle_ladder.key || '/' || lifecycle_stage.key, COUNT(*) FROM lifecycle_position JOIN lifecycle_stage"
        " ON lifecycle_stage.id = stage_id JOIN lifecycle_ladder ON lifecycle_ladder.id = lifecycle_position.ladder_id GROUP BY 1",
    )
    assert set(people) == {f"{ladder.key}/{stage.key}" for ladder in builtin.BLUEPRINTS for stage in ladder.stages}
    assert min(people.values()) >= 3


@pytest.mark.slow
def test_the_night_moves_exactly_those_whom_the_preview_of_another_inactive_named(roastery, installations, tmp_path):
    """Test_cdnow.py says what the rule is; on the demo of a newcomer, by hand-written SQL."""
    shop, rule = Installation(installations.copy(roastery.environ)), tmp_path / "rule.json"
    silent = {"fact": "last_order_on", "op": "not_last", "value": 60}
    once = {"all": [{"fact": "order_days", "op": "=", "value": 1}, silent]}
    rule.write_text(json.dumps({"any": [{"fact": "inactive_on", "op": "passed"}, once]}))
    stood = counts(shop, "SELECT customer_id, stage FROM crm_facts")
    last = f"order_days = 1 AND last_order_on <= '{AS_OF - timedelta(60)}'"
    named = {pk for (pk,) in shop.rows(f"SELECT customer_id FROM crm_facts WHERE {last} AND stage = 'first-time'")}

    told = json.loads(shop.manage("try_rule", rule, "--stage", "kotler/inactive", "--json").stdout)
    assert shop.manage("save_stage", "kotler/inactive", "--rule", rule, "--by", "jana@example.com").returncode == 0
    assert shop.manage("nightly", "--as-of", AS_OF).returncode == 0

    now = counts(shop, "SELECT customer_id, stage FROM crm_facts")
    # Who came today is placed for the first time, which is no move.
    assert {pk: stage for pk, stage in now.items() if stood[pk] not in {"", stage}} == dict.fromkeys(named, "inactive")
    moves = [(way["from"], way["to"], way["customers"]) for way in told["matrix"] if way["from"]]
    assert moves == [("first-time", "inactive", len(named))]
    assert len(named) >= 10


@pytest.mark.slow
def test_most_of_the_revenue_comes_from_few_as_in_retail(roastery):
    classes = counts(roastery, "SELECT pareto_class, COUNT(*) FROM crm_facts WHERE pareto_class <> '' GROUP BY 1")
    assert 0.2 < classes["vital_few"] / sum(classes.values()) < 0.36


@pytest.mark.slow
def test_today_has_quiet_vital_few_and_people_who_are_due(roastery):
    said = f"COALESCE(last_contact_on, '1970-01-01') <= '{AS_OF - timedelta(14)}' AND stage NOT IN ('lost', 'disqualified')"
    rows = roastery.rows(
        "SELECT pareto_class, last_order_on, expected_gap_days, due_on FROM crm_facts"
        f" WHERE typical_gap_days IS NOT NULL AND pareto_class <> '' AND {said}"
    )
    found = Counter()
    for pareto_class, last, expected, due in rows:
        last, due = date.fromisoformat(str(last)), date.fromisoformat(str(due))
        if pareto_class == "vital_few":
            found["quiet"] += (AS_OF - last).days >= 2 * expected
        else:
            found["due"] += AS_OF - timedelta(14) < due <= AS_OF + timedelta(3)
    assert found["quiet"] >= 10 and found["due"] >= 10


@pytest.mark.slow
def test_something_moved_on_the_last_night_and_in_every_month_before(roastery):
    moves = counts(
        roastery, "SELECT effective_on, COUNT(*) FROM lifecycle_transition WHERE from_stage_id IS NOT NULL GROUP BY effective_on"
    )
    by_day = {str(day): number for day, number in moves.items()}
    assert by_day[str(AS_OF)] >= 5
    months = Counter()
    for day, number in by_day.items():
        months[day[:7]] += number
    assert len(months) >= 34 and all(number > 0 for number in months.values())


@pytest.mark.slow
def test_nobody_is_placed_before_they_were_known(roastery):
    early = roastery.rows(
        "SELECT COUNT(*) FROM lifecycle_transition JOIN crm_customer ON crm_customer.id = customer_id"
        " WHERE DATE(effective_on) < DATE(created) AND from_stage_id IS NULL"
    )
    twice = roastery.rows(
        "SELECT customer_id FROM lifecycle_transition WHERE from_stage_id IS NULL GROUP BY 1, ladder_id HAVING COUNT(*) > 1"
    )
    assert early == [(0,)] and twice == []


@pytest.mark.slow
def test_three_years_of_orders_reach_to_today_by_both_channels_with_costs(roastery):
    ((first, last, no_cost, orders),) = roastery.rows(
        "SELECT MIN(ordered_on), MAX(ordered_on), SUM(CASE WHEN cost IS NULL THEN 1 ELSE 0 END), COUNT(*) FROM crm_order"
    )
    assert (str(first)[:7], str(last), no_cost) == ("2023-11", str(TODAY), 0) and orders > 8000
    channels = counts(roastery, "SELECT name, COUNT(*) FROM crm_order JOIN crm_channel ON crm_channel.id = channel_id GROUP BY name")
    assert set(channels) == {"E-shop", "Shop"} and min(channels.values()) > 1500
    assert counts(roastery, "SELECT market, COUNT(*) FROM crm_customer GROUP BY 1")["b2b"] > 40


@pytest.mark.slow
def test_the_sums_and_days_of_the_orders_are_their_own(roastery):
    astray = roastery.rows(
        "SELECT COUNT(*) FROM crm_order WHERE amount <>"
        " (SELECT SUM(crm_orderline.amount) FROM crm_orderline WHERE crm_orderline.order_id = crm_order.id)"
    )
    later = roastery.rows(f"SELECT COUNT(*) FROM crm_order WHERE ordered_at IS NOT NULL AND ordered_on = '{TODAY}'")
    assert astray == later == [(0,)]


@pytest.mark.slow
@pytest.mark.parametrize("point", failpoints("demo."))
def test_killed_anywhere_it_is_begun_anew_and_ends_as_undisturbed(installations, whole, point):
    shop = Installation(installations.copy())
    if point == "demo.clearing":
        assert run(shop, FAILPOINT="demo.night:2").returncode == -9
        killed = run(shop, FAILPOINT=point)
    else:
        killed = run(shop, FAILPOINT=point if point in ("demo.begun", "demo.today") else f"{point}:2")

    assert killed.returncode == -9, killed.stderr
    assert shop.rows("SELECT is_demo, demo_is_whole FROM crm_business") in ([(True, False)], [(1, 0)])
    again = run(shop)

    assert again.returncode == 0, again.stderr
    assert shop.content(*MADE, without=TOLD) == whole


@pytest.fixture(scope="module")
def whole(installations):
    shop = Installation(installations.copy())
    done = run(shop)
    assert done.returncode == 0, done.stderr
    return shop.content(*MADE, without=TOLD)


@pytest.mark.slow
def test_killed_while_it_is_removed_the_demo_is_whole_as_before(installations, whole):
    shop = Installation(installations.copy())
    assert run(shop).returncode == 0
    remove = "empty.remove_demo(now=datetime(2026, 11, 24, 9, tzinfo=UTC))"

    assert run(shop, what=remove, FAILPOINT="demo.clearing").returncode == -9
    assert shop.content(*MADE, without=TOLD) == whole

    assert run(shop, what=remove).returncode == 0
    assert shop.rows("SELECT COUNT(*) FROM crm_customer") == [(0,)]


class Filled(TestCase):
    """Each test has the same one, as it was filled."""

    @classmethod
    def setUpTestData(cls):
        with mock.patch.multiple(fill, **A_SHORT_PAST):
            fill_demo(now=NOW, customers=60)

    def test_it_says_whose_shop_it_is_and_where_its_figures_stand(self):
        business = Business.load()
        assert (business.name, business.zone, business.currency, business.as_of) == ("Dvě zrna", "Europe/Prague", "CZK", AS_OF)
        assert business.is_demo and business.demo_is_whole

    def test_each_customer_has_facts_a_name_and_a_search_key(self):
        assert Customer.objects.count() == Facts.objects.count() == 60
        assert Customer.objects.exclude(search_key="").exclude(name="").exclude(external_id="").count() == 60
        somebody = Customer.objects.exclude(city="").first()
        key = somebody.search_key
        somebody.save()
        assert somebody.search_key == key and somebody.city_key

    def test_the_rows_pass_what_a_form_would_ask_of_them(self):
        rows = [row for model in (Customer, Order, Interaction, OrderLine) for row in model.objects.all()]
        for row in rows:
            row.full_clean()
        assert len(rows) > 300 and {type(row) for row in rows} == {Customer, Order, Interaction, OrderLine}

    def test_whoever_ordered_or_came_today_waits_for_the_worker_and_all_others_are_up_to_date(self):
        waiting = set(Changed.objects.values_list("customer", flat=True))
        ordered, came = Order.objects.filter(ordered_on=TODAY), Customer.objects.filter(created__gte=datetime(2026, 11, 23, 23, tzinfo=UTC))
        assert waiting == {*ordered.values_list("customer", flat=True), *came.values_list("pk", flat=True)} != set()
        refresh(lambda: NOW)
        assert not Changed.objects.exists() and not Facts.objects.filter(stage="").exists()

    def test_something_is_known_of_people_beside_their_orders(self):
        rows = [row for model in (Tag, CustomerTag, CustomField, FieldValue, Consent, SocialProfile) for row in model.objects.all()]
        for row in rows:
            row.full_clean()
        assert {type(row) for row in rows} == {Tag, CustomerTag, CustomField, FieldValue, Consent, SocialProfile}
        homes = Counter(Customer.objects.exclude(household=None).values_list("household", flat=True))
        assert homes and min(homes.values()) > 1
        at_work = Customer.objects.exclude(works_at=None)
        assert at_work and not at_work.exclude(position__gt="", entity="person", works_at__entity="company", household=None).exists()
        assert Customer.objects.exclude(prefers="").exists()

    def test_something_went_remarkably_well_and_something_badly_and_each_says_why(self):
        remarkable = Interaction.objects.exclude(incident="")

        assert set(remarkable.values_list("incident", flat=True)) == {"good", "bad"}
        assert not remarkable.filter(incident_cause="").exists()

    def test_an_owner_is_made_who_comes_in_by_link_alone_and_a_colleague(self):
        jana, petr = User.objects.get(email="jana@example.com"), User.objects.get(email="petr@example.com")
        assert (jana.name, jana.role, petr.name, petr.role) == ("Jana Horáková", "owner", "Petr Malý", "staff")
        assert not jana.has_usable_password() and not petr.has_usable_password()
        assert set(Interaction.objects.values_list("by", flat=True)) == {jana.pk, petr.pk}

    def test_it_refuses_to_fill_twice_and_says_how_to_remove(self):
        with pytest.raises(DemoRefused, match="manage.py demo --remove"):
            fill_demo(now=NOW)
        assert Customer.objects.count() == 60

    def test_removed_it_leaves_an_empty_record_the_owner_and_the_rules(self):
        stages = Stage.objects.count()
        Pulse.objects.create(name="tick", at=NOW)
        ended = Job.objects.create(kind="night", state=Job.State.FINISHED, finished_at=NOW)
        mine = jobs.enqueue("remove")
        remove_demo(now=NOW)
        assert [model._meta.label for model in empty.emptied() if model._default_manager.exists()] == []
        assert {Customer, Order, Interaction, Facts, Changed, Channel, NightlyRun, Transition, Position} <= set(empty.emptied())
        assert Stage.objects.count() == stages > 0 and Pulse.objects.exists()
        assert list(Job.objects.all()) == [mine] != [ended]
        assert [user.email for user in User.objects.all()] == ["jana@example.com"]
        business = Business.load()
        assert (business.name, business.as_of, business.gap_days, business.is_demo, business.demo_is_whole) == ("", None, 90, False, False)
        assert is_empty()

    def test_a_colleague_who_has_signed_in_stays(self):
        User.objects.filter(email="petr@example.com").update(last_login=timezone.now())
        remove_demo(now=NOW)
        assert User.objects.filter(email="petr@example.com").exists()

    def test_what_somebody_added_to_the_demo_goes_with_it(self):
        make_order(customer=Customer.objects.last())
        Customer.objects.filter(pk=Customer.objects.last().pk).update(referred_by=Customer.objects.first(), referred_on=TODAY)
        remove_demo(now=NOW)
        assert is_empty()

    def test_after_it_is_removed_it_can_be_filled_again(self):
        remove_demo(now=NOW)
        with mock.patch.multiple(fill, **A_SHORT_PAST):
            fill_demo(now=NOW, customers=50)
        assert Customer.objects.count() == 50 and Ladder.objects.count() == 3


def test_an_owner_who_is_there_already_is_theirs(db, short):
    eva = make_owner(email="eva@example.com")
    fill_demo(now=NOW, customers=60)
    assert not User.objects.filter(email="jana@example.com").exists() and Interaction.objects.filter(by=eva).exists()


def test_an_account_that_has_janas_address_is_left_as_it_is(db, short):
    User.objects.create_user("jana@example.com", name="Another", is_active=False)
    fill_demo(now=NOW, customers=60)
    assert User.objects.get(email="jana@example.com").name == "Another" and Interaction.objects.filter(by=None).exists()


def test_it_tells_how_far_it_is(db, short):
    told = []
    fill_demo(now=NOW, customers=60, tell=lambda done, total, doing: told.append((done, total, doing)))
    assert [done for done, _, _ in told] == list(range(len(told))) and {total for _, total, _ in told} == {len(told)}
    assert told[-1][2] == "The nights of 11/2026"


def test_the_nights_are_monthly_then_weekly_then_daily_to_yesterday():
    nights = list(fill._nights(date(2023, 11, 24), TODAY))
    assert nights == sorted(set(nights)) and nights[-1] == AS_OF
    assert nights[:3] == [date(2023, 11, 30), date(2023, 12, 31), date(2024, 1, 31)]
    steps = [(later - one).days for one, later in zip(nights, nights[1:], strict=False)]
    assert steps[-31:] == [7] + [1] * 30 and set(steps[-78:-31]) == {7} and min(steps[:-79]) >= 28


@pytest.mark.parametrize("day", [date(2028, 2, 29), date(2026, 12, 31), date(2027, 1, 1), date(2026, 3, 30)])
def test_it_is_filled_on_any_day(db, short, day):
    fill_demo(now=datetime(day.year, day.month, day.day, 12, tzinfo=UTC), customers=50)
    assert Business.load().as_of == day - timedelta(1)


def test_just_after_midnight_in_prague_it_is_the_next_day_already(db, short):
    fill_demo(now=datetime(2026, 11, 23, 23, 30, tzinfo=UTC), customers=50)
    assert Business.load().as_of == AS_OF


@pytest.mark.parametrize("make", [make_customer, make_order, make_interaction])
def test_it_refuses_a_database_with_real_rows(db, short, make):
    make()
    before = Customer.objects.count()
    with pytest.raises(DemoRefused, match="There are real rows in this database"):
        fill_demo(now=NOW)
    assert Customer.objects.count() == before and not Business.load().is_demo and not User.objects.exists()


def test_it_refuses_a_database_into_which_a_file_was_taken(db):
    Import.objects.create(source="file", file_name="a.csv", digest="x", started_at=NOW)
    assert not is_empty()
    with pytest.raises(DemoRefused, match="real rows"):
        fill_demo(now=NOW)


@pytest.mark.parametrize("lock", ["nightly", "import"])
@pytest.mark.parametrize("act", [fill_demo, remove_demo])
def test_it_waits_for_nobody(db, lock, act):
    Business.keep(is_demo=act is remove_demo)
    with locks.held(lock) as got, pytest.raises(DemoRefused, match="A night or an import is running"):
        assert got
        act(now=NOW)


def test_real_data_is_not_removed(db):
    make_order()
    with pytest.raises(DemoRefused, match="not the demo"):
        remove_demo(now=NOW)
    assert Order.objects.count() == 1


def test_a_real_petr_with_a_password_stays(db, short):
    User.objects.create_user("petr@example.com", "correct horse battery")
    fill_demo(now=NOW, customers=50)
    remove_demo(now=NOW)
    assert User.objects.filter(email="petr@example.com").exists()


def command(*arguments):
    out = StringIO()
    call_command("demo", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_fills_says_what_is_there_and_removes(db, short):
    assert command("--customers", "50", "--seed", "7").startswith("The demo is there: 50 customers, ")
    with pytest.raises(CommandError, match="The demo is there already"):
        command()
    assert command("--remove") == "The demo is gone and the record is empty.\n"
    with pytest.raises(CommandError, match="not the demo"):
        command("--remove")


@pytest.mark.parametrize("size", ["49", "20001", "-1", "many", "٥٠"])
def test_the_command_refuses_a_size_out_of_bounds(size, installation):
    done = Installation(installation).manage("demo", f"--customers={size}")
    assert done.returncode == 2 and "a number from 50 to 20000" in done.stderr


def test_the_command_exits_with_one_and_a_sentence(installation):
    done = Installation(installation).manage("demo", "--remove")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "CommandError: The data is not the demo, so there is nothing to remove.\n"


def test_the_command_says_in_a_sentence_that_there_is_no_database(empty_installation):
    os.makedirs(empty_installation["DATA_DIR"], mode=0o700)
    done = Installation(empty_installation).manage("demo")
    assert done.returncode == 1 and done.stderr.startswith("CommandError: The database cannot be used: ")
