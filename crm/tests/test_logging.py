"""What logging costs, and when it happened: of what was sent without a connection, when it was written."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.contact import OLDEST_UNSENT, ContactForm, log
from crm.models import Business, Complaint, Enquiry, Interaction, Task
from crm.tests.factories import make_complaint, make_interaction, make_order, make_task
from crm.timeline import merged

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 11, tzinfo=UTC)
WEEK = int(OLDEST_UNSENT.total_seconds())


def sent(**fields):
    return {"kind": "call", "minutes": "5", "text": "", "key": str(uuid4())} | fields


def logged(martin, by, now=NOW, **fields):
    form = ContactForm(sent(**fields))
    assert form.is_valid(), form.errors
    return log(customer=martin, contact=form.cleaned_data, by=by, now=now)


class TestWhatItCosts:
    """Nine statements: the session, the business twice, who it is, the customer, and once more to hold them while it is written, the
    contact, its entry in the audit, the note."""

    @pytest.fixture(autouse=True)
    def business(self):
        Business.keep(name="Roastery")

    def statements(self, act):
        with CaptureQueriesContext(connection) as seen:
            assert act().status_code in {200, 302}
        return [one["sql"] for one in seen.captured_queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE SAVEPOINT"))]

    @pytest.mark.parametrize("headers", [{}, {"HX-Request": "true", "HX-Current-URL": "http://testserver/customers/1/"}])
    @pytest.mark.parametrize("many", [False, True])
    def test_it_is_nine_statements_however_much_has_happened(self, staff, martin, headers, many):
        for _ in range(12 if many else 0):
            make_order(martin), make_interaction(martin), make_task(customer=martin), make_complaint(martin)
        address = reverse("log_of", args=[martin.pk])

        assert len(self.statements(lambda: staff.post(address, sent(text="Of tea"), headers=headers))) == 9

    def test_the_task_of_a_follow_up_is_two_more(self, staff, martin):
        on = Business.load().today().isoformat()
        address = reverse("log_of", args=[martin.pk])

        assert len(self.statements(lambda: staff.post(address, sent(follow_up=on)))) == 11

    def test_nothing_of_the_timeline_is_read(self, staff, martin):
        address = reverse("log_of", args=[martin.pk])
        said = self.statements(lambda: staff.post(address, sent(), headers={"HX-Request": "true"}))

        assert not any(f'FROM "crm_{table}"' in sql for sql in said for table in ("interaction", "task", "complaint", "evidence"))


class TestSentLater:
    def test_it_happened_when_it_was_sent_in_vain(self, staff, petr, martin):
        kept = logged(martin, petr, seconds_ago=str(3 * 86400 + 60))

        kept.refresh_from_db()
        assert (kept.happened_at, kept.happened_on) == (NOW - timedelta(days=3, minutes=1), date(2026, 11, 21))
        assert kept.created != kept.happened_at

    def test_its_day_is_that_of_the_business_then(self, petr, martin):
        Business.keep(zone="Pacific/Auckland")

        assert logged(martin, petr, seconds_ago="3600").happened_on == date(2026, 11, 24)
        assert logged(martin, petr, seconds_ago="0").happened_on == date(2026, 11, 25)

    def test_the_timeline_shows_it_on_its_day(self, petr, martin):
        now = logged(martin, petr, text="Now")
        before = logged(martin, petr, text="Two days ago", seconds_ago=str(2 * 86400))
        make_interaction(martin, text="Yesterday", happened_on=date(2026, 11, 23))

        entries = [entry.of.contact for entry in merged(martin, None, 10)]

        assert [entry.text for entry in entries] == ["Now", "Yesterday", "Two days ago"]
        assert now.pk < before.pk

    @pytest.mark.parametrize(
        "odd", ["", "-60", "soon", "1.5", "1e3", "\0", "\udc80", "١٢٣", "9" * 400, str(WEEK + 1), "2026-11-24T10:00", "+5", " "]
    )
    def test_what_is_no_time_or_too_long_ago_is_the_moment_it_arrives(self, petr, martin, odd):
        assert logged(martin, petr, seconds_ago=odd).happened_at == NOW

    @pytest.mark.parametrize(("seconds", "ago"), [("0", 0), ("1", 1), (str(WEEK), WEEK)])
    def test_its_bounds(self, petr, martin, seconds, ago):
        assert logged(martin, petr, seconds_ago=seconds).happened_at == NOW - timedelta(seconds=ago)

    def test_by_any_of_the_two_addresses(self, staff, martin, monkeypatch):
        monkeypatch.setattr("crm.views.log.timezone.now", lambda: NOW)

        staff.post(reverse("log_of", args=[martin.pk]), sent(seconds_ago="7200"), headers={"HX-Request": "true"})
        staff.post(reverse("log"), sent(who="krejci", seconds_ago="7200"), headers={"HX-Request": "true"})

        assert set(Interaction.objects.values_list("happened_at", "created")) == {(NOW - timedelta(hours=2), NOW)}

    def test_sent_again_with_its_key_it_is_the_same(self, petr, martin):
        key = str(uuid4())

        first, second = logged(martin, petr, key=key), logged(martin, petr, key=key, now=NOW + timedelta(hours=1), seconds_ago="3600")

        assert first == second and Interaction.objects.count() == 1

    def test_its_follow_up_may_be_of_a_day_that_has_passed_since(self, petr, martin):
        logged(martin, petr, follow_up="2026-11-23", seconds_ago=str(86400))

        assert Task.objects.get().due_on == date(2026, 11, 23)

    def test_its_complaint_is_counted_from_then_and_who_waits_has_waited_since(self, petr, martin):
        logged(martin, petr, kind="complaint", text="The grinder broke.", waits="on", seconds_ago=str(86400))

        opened = Complaint.objects.get()
        assert (opened.opened_on, opened.opened_at) == (date(2026, 11, 23), NOW - timedelta(days=1))
        assert Enquiry.objects.get().asked_at == NOW - timedelta(days=1)
