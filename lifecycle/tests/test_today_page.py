"""Today as a page: what it says, what a click does, and what it says before there is anything to say."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from crm.figures import CHOICE
from crm.models import Business, Facts, Interaction, PastFacts
from crm.money import day
from crm.tests.factories import make_customer, make_interaction, make_order
from lifecycle import nightly
from lifecycle.kotler import install
from lifecycle.models import NightlyRun, NotNow, Stage, Transition
from lifecycle.numbers import keep_numbers
from lifecycle.tests.test_today import AS_OF, due, vital

pytestmark = pytest.mark.django_db

NEVER = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"


@pytest.fixture(autouse=True)
def business(monkeypatch):
    """The day after a night: the clock stands on Tuesday, 24 November 2026."""
    monkeypatch.setattr(Business, "today", lambda self: AS_OF + timedelta(days=1))
    Business.keep(as_of=AS_OF, name="Dvě zrna")
    install()


def text(client, address="/"):
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.text.split())


def move(customer, before, after, **fields):
    come, to = (Stage.objects.get(key=key) for key in (before, after))
    fields = {"effective_on": AS_OF, "source": Transition.Source.NIGHT, "rule_version": 1} | fields
    return Transition.objects.create(customer=customer, ladder=to.ladder, from_stage=come, to_stage=to, **fields)


def night(as_of=AS_OF, state=NightlyRun.State.FINISHED):
    ended = timezone.now() if state == NightlyRun.State.FINISHED else None
    return NightlyRun.objects.create(as_of=as_of, state=state, started_at=timezone.now(), finished_at=ended)


def test_the_heading_is_the_day_and_the_sentence_the_number_of_people(staff):
    vital(71, gap=32.0)
    due(AS_OF)
    page = text(staff)

    assert "<h1>Tuesday, 24 November</h1><p>2 people are worth a few minutes today.</p>" in page


def test_a_quiet_person_is_named_with_the_days_the_rhythm_the_money_and_the_stage(staff):
    vital(71, gap=32.0, revenue_12m=Decimal(24860), stage="client")
    page = text(staff)

    assert "<b>71 days</b> since the last order; usually every 32." in page
    assert '24,860 Kč<span class="meta">a year</span>' in page
    assert 'class="stage stage-client"' in page and '<span class="vf">Vital few</span>' in page
    assert "No contact so far." in page


def test_an_irregular_buyer_is_said_to_be_one(staff):
    vital(71, gap=10.0, long_gap_days=31)

    assert "<b>71 days</b> since the last order; irregular, longest usual pause 31." in text(staff)


def test_who_buys_every_day_is_said_to(staff):
    vital(2, gap=1.0)
    due(AS_OF, gap=1.0)
    page = text(staff)

    assert "<b>2 days</b> since the last order; usually every day." in page
    assert f"<b>Due since {day(AS_OF)}</b>; usually buys every day." in page


def test_a_due_order_is_named_with_its_day(staff):
    due(AS_OF + timedelta(days=2), gap=30.0, last_contact_on=AS_OF - timedelta(days=40))
    due(AS_OF - timedelta(days=3), gap=30.0, long_gap_days=91)
    page = text(staff)

    assert f"<b>Due {day(AS_OF + timedelta(days=2))}</b>; usually buys every 30 days." in page
    assert f"Last contact on {day(AS_OF - timedelta(days=40))}." in page
    assert f"<b>Due since {day(AS_OF - timedelta(days=3))}</b>; irregular, longest usual pause 91 days." in page


def test_those_beyond_twenty_are_counted(staff):
    for _ in range(22):
        vital(30)

    assert "2 more can wait, and come up here as these are done." in text(staff)


def test_nobody_to_contact_is_said_calmly(staff):
    make_customer()
    page = text(staff)

    assert "Nobody needs to be contacted today." in page and "nobody&#x27;s order is due" not in page
    assert "Nobody is quiet, and nobody's order is due." in page


def test_without_customers_the_first_hour_is_shown(owner):
    Business.keep(as_of=None)

    assert "Bring in your orders" in text(owner)


def test_customers_without_an_order_are_told_what_is_missing(owner):
    make_customer()
    Business.keep(as_of=None)
    page = text(owner)

    assert "The first figures come within a minute of the first order." in page and "every 5s" not in page


def test_customers_without_a_night_wait_for_the_first_figures(owner):
    make_order()
    Business.keep(as_of=None)
    page = text(owner)

    assert "The first figures come within a minute." in page and 'hx-trigger="every 5s"' in page
    assert "stats" not in page


def test_staff_see_three_numbers_and_an_owner_the_revenue_too(staff, owner):
    make_customer()

    assert text(staff).count('class="stat plain"') == 3 and "Revenue, 30 days" not in text(staff)
    assert text(owner).count('class="stat plain"') == 4 and "Revenue, 30 days" in text(owner)


def test_every_number_leads_to_a_list_that_opens(owner):
    vital(71)
    links = [part.partition('"')[0] for part in owner.get("/").text.split('class="stat plain" href="')[1:]]

    assert len(links) == 4
    assert [owner.get(link.replace("&amp;", "&")).status_code for link in links] == [200] * 4


def test_a_logged_call_takes_the_person_off_at_once(staff):
    customer = vital(71)
    assert f'action="/customers/{customer.pk}/log/"' in text(staff)

    staff.post(f"/customers/{customer.pk}/log/", {"kind": "call", "minutes": "5", "key": NEVER, "next": "/"})

    # The page's clock is fixed, the log's is not.
    Interaction.objects.update(happened_on=AS_OF + timedelta(days=1))
    assert Interaction.objects.get().minutes == 5
    assert f'action="/customers/{customer.pk}/log/"' not in text(staff)


def test_not_now_takes_a_person_off_and_its_undo_brings_them_back(staff):
    customer = vital(71)

    page = staff.post(f"/customers/{customer.pk}/not-now/", follow=True).text
    assert f"{customer} stays off the list for 14 days." in page
    assert f'action="/customers/{customer.pk}/not-now/undo/"' in page
    assert NotNow.objects.get().by.email == "petr@example.com" and NotNow.objects.get().said_on == AS_OF + timedelta(days=1)
    assert "71 days" not in text(staff)

    page = staff.post(f"/customers/{customer.pk}/not-now/undo/", follow=True).text
    assert f"{customer} may be on the list again." in page and "71 days" in page
    assert not NotNow.objects.exists()


def test_the_undo_leaves_what_is_over(staff):
    customer = vital(71)
    NotNow.objects.create(customer=customer, said_on=AS_OF - timedelta(days=20))

    staff.post(f"/customers/{customer.pk}/not-now/undo/")

    assert NotNow.objects.count() == 1


@pytest.mark.parametrize(("ago", "is_over"), [(13, False), (14, True)])
def test_the_undo_takes_back_what_keeps_somebody_off_the_list(staff, ago, is_over):
    """Counted from the figures, as the list is, though the clock is a day further."""
    customer = vital(71)
    NotNow.objects.create(customer=customer, said_on=AS_OF - timedelta(days=ago))
    assert ("71 days" in text(staff)) is is_over

    staff.post(f"/customers/{customer.pk}/not-now/undo/")

    assert NotNow.objects.exists() is is_over and "71 days" in text(staff)


def test_a_tab_open_since_yesterday_is_answered_in_a_sentence(staff):
    customer = vital(71)
    make_interaction(customer, happened_on=AS_OF + timedelta(days=1))

    for _ in range(2):
        page = staff.post(f"/customers/{customer.pk}/not-now/", {"next": "https://example.com/"}, follow=True)
        assert page.status_code == 200 and "stays off the list" in page.text and page.redirect_chain == [("/", 302)]
    assert NotNow.objects.count() == 1


@pytest.mark.parametrize("number", ["1", "9" * 30])
def test_somebody_who_is_gone_is_not_found(staff, number):
    assert staff.post(f"/customers/{number}/not-now/").status_code == 404
    assert staff.post(f"/customers/{number}/not-now/undo/").status_code == 404


def test_names_are_shown_as_text(staff):
    customer = vital(71)
    customer.name = "<script>alert(1)</script>"
    customer.save()
    page = staff.get("/").text

    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page


def test_overnight_names_the_moves_of_the_last_finished_night(staff):
    customer, other = vital(71), vital(71, revenue_12m=Decimal(5))
    night()
    night(AS_OF + timedelta(days=1), NightlyRun.State.RUNNING)
    move(customer, "repeat", "client", values={"orders_12m": 4, "only_us": True})
    move(other, "repeat", "inactive", values={"inactive_on": AS_OF.isoformat()})
    move(other, "client", "repeat", effective_on=AS_OF - timedelta(days=1))
    move(other, "client", "repeat", superseded_at=timezone.now())
    page = text(staff)

    assert "1 up, 1 down" in page and "All 2 moves" in page and f"/ladder/moves/?on={AS_OF:%Y-%m-%d}" in page
    assert "4 orders in 12 months. Buys only from us." in page
    assert page.index("Buys only from us.") < page.index("no order for much longer than usual.")


def test_overnight_shows_seven_and_leads_to_all(staff):
    night()
    for _ in range(9):
        move(make_customer(), "prospect", "first-time", values={"order_days": 1})
    page = text(staff)

    assert page.count("Ordered on 1 day.") == 7 and "9 up, 0 down" in page and "All 9 moves" in page
    assert text(staff, f"/ladder/moves/?on={AS_OF:%Y-%m-%d}").count("Ordered on 1 day.") == 9


def test_a_persons_move_is_nothing_of_the_night(staff, owner):
    night()
    move(make_customer(), "client", "partner", source=Transition.Source.PERSON, rule_version=None, reason="Sells our coffee.")

    assert "Nobody moved on the ladder in the night of" in text(staff)


def test_looking_back_nothing_can_be_done_and_no_night_is_told(staff):
    past = date(2026, 6, 30)
    customer = vital(71)
    values = Facts.objects.values().get(pk=customer.pk)
    last = past - timedelta(days=71)
    PastFacts.objects.create(**(values | {"last_order_on": last, "due_on": last + timedelta(days=10)}))
    Business.keep(past_as_of=past)
    night()
    session = staff.session
    session[CHOICE] = past.isoformat()
    session.save()
    page = text(staff)

    assert "<h1>Tuesday, 30 June 2026</h1><p>1 person was worth a few minutes.</p>" in page
    assert "<b>71 days</b> since the last order" in page
    assert "not-now" not in page and "Log call" not in page and "Overnight" not in page


def test_a_real_night_fills_the_page(owner):
    customer = make_customer()
    nightly.run(AS_OF, today=AS_OF)

    assert "Nobody moved on the ladder" in text(owner)
    assert Facts.objects.get(pk=customer.pk).stage == "prospect"


def test_the_page_takes_as_many_queries_for_twenty_people_as_for_one(owner, django_assert_num_queries):
    night()
    for _ in range(20):
        move(vital(71), "repeat", "client", values={"orders_12m": 4, "only_us": True})

    assert owner.get("/").status_code == 200
    keep_numbers(AS_OF)
    with django_assert_num_queries(10):
        assert owner.get("/").text.count('class="task"') == 20
