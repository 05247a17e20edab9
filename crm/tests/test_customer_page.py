"""The page of one customer: what it says, what it leaves unsaid, and how it keeps up while figures are being brought up to date."""

import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.urls import reverse

from config.tests import cast
from crm import timeline
from crm.figures import Figures
from crm.happened import contacts, orders
from crm.models import Business, Changed, Channel, Customer, Facts, OrderLine
from crm.panels import PANELS, Panel, shown_for
from crm.profile import find, profile, telephone
from crm.record import note_changed
from crm.tests.answers import text
from crm.tests.factories import make_customer, make_interaction, make_order

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 11, 23)
MARTIN = {
    "orders": 41,
    "revenue": Decimal("96300"),
    "revenue_12m": Decimal("24860"),
    "margin_12m": None,
    "average_order": Decimal("2348.78"),
    "first_order_on": date(2022, 4, 3),
    "last_order_on": date(2026, 9, 13),
    "typical_gap_days": 31.5,
    "long_gap_days": 38,
    "expected_gap_days": 31.5,
    "due_on": date(2026, 10, 15),
    "inactive_on": date(2026, 12, 19),
    "lost_on": date(2027, 9, 13),
    "pareto_class": "vital_few",
}


@pytest.fixture
def martin():
    Business.keep(as_of=AS_OF)
    return make_customer(name="Martin Krejčí", email="martin@example.com", phone="+420 602 118 337", city="Brno", facts=MARTIN)


def address(customer):
    return reverse("customer", args=[customer.pk])


def page_of(customer):
    return profile(find(customer.pk), figures())


def figures():
    business = Business.load()
    return Figures(business, business.as_of, Facts)


def lines(some):
    return {line.label: line.value for line in some}


class TestTheHead:
    def test_it_names_them_and_leads_to_telephone_and_mail(self, owner, martin):
        page = owner.get(address(martin))

        assert '<h1 dir="auto">Martin Krejčí</h1>' in page.content.decode()
        assert 'href="tel:+420602118337"' in page.content.decode()
        assert 'href="mailto:martin@example.com"' in page.content.decode()
        assert "Vital few" in text(page)

    @pytest.mark.parametrize(
        ("phone", "dialled"),
        [("602 118 337", "tel:602118337"), (" +48 (22) 100-200", "tel:+4822100200"), ("", ""), ("ask Eva", ""), ("٦٠٢", "")],
    )
    def test_a_phone_is_dialled_by_its_digits(self, phone, dialled):
        assert telephone(phone) == dialled

    def test_an_e_mail_cannot_add_anything_to_its_address(self, owner, martin):
        Customer.objects.filter(pk=martin.pk).update(email="a@b.cz?bcc=x@y.cz&body=\"'><script>")

        assert 'href="mailto:a@b.cz%3Fbcc%3Dx@y.cz%26body' in owner.get(address(martin)).content.decode()

    def test_who_is_not_there_is_a_page_that_says_so(self, owner):
        answer = owner.get("/customers/987654/")

        assert answer.status_code == 404
        assert "There is no such page" in text(answer)

    @pytest.mark.parametrize("pk", ["0", "99999999999999999999999", "-1", "1;DROP", "%00", "１"])
    def test_a_forged_number_is_nobody(self, owner, pk):
        assert owner.get(f"/customers/{pk}/").status_code == 404


class TestTheRhythm:
    def test_the_days_come_first_and_then_what_is_usual(self, owner, martin):
        said = text(owner.get(address(martin)))

        assert "71 days since the last order; usually every 32 days." in said
        assert "The next order was due on 15 October." in said

    @pytest.mark.parametrize(
        ("as_of", "outlook"),
        [
            (date(2026, 10, 1), "The next order is due on 15 October."),
            (date(2026, 12, 18), "The next order was due on 15 October."),
            (date(2026, 12, 19), ""),
        ],
    )
    def test_only_what_is_to_come_is_said(self, martin, monkeypatch, as_of, outlook):
        Business.keep(as_of=as_of)
        monkeypatch.setattr("crm.money.timezone.localdate", lambda: date(2026, 11, 24))

        assert page_of(martin).outlook == outlook

    def test_an_uneven_one_is_not_called_usual(self, owner, martin):
        Facts.objects.update(long_gap_days=95)

        assert "71 days since the last order; irregular; longest usual pause 95 days." in text(owner.get(address(martin)))

    def test_who_never_ordered_has_no_strip(self, owner):
        Business.keep(as_of=AS_OF)
        page = owner.get(address(make_customer()))

        assert "No order yet." in text(page)
        assert 'class="strip"' not in page.content.decode()

    def test_before_the_first_night_there_are_no_figures_and_it_says_so(self, owner):
        assert "There are no figures yet; they come with the first night." in text(owner.get(address(make_order().customer)))

    def test_the_strip_has_its_numbers_in_a_table(self, owner, martin):
        make_order(martin, ordered_on=date(2026, 9, 13), amount=Decimal("2480"))
        page = owner.get(address(martin))

        assert "1 order in the 12 months; the last one was on 13 September." in page.content.decode()
        assert "Day Orders Amount 13 September 1 2,480 Kč" in text(page)

    def test_of_more_days_than_anybody_reads_the_table_says_the_months(self, owner, martin):
        for number in range(41):
            make_order(martin, ordered_on=date(2026, 8, 1) + timedelta(days=number), amount=Decimal("100"))
        page = owner.get(address(martin))

        assert "Month Orders Amount August 2026 31 3,100 Kč September 2026 10 1,000 Kč" in text(page)
        assert page.content.decode().count('class="strip-stem"') == page.content.decode().count('class="strip-o"') == 1


class TestFigures:
    def test_what_they_are_worth_without_what_is_not_known(self, martin):
        assert lines(page_of(martin).worth) == {
            "Revenue in 12 months": "24,860\xa0Kč",
            "In the 12 months before": "0\xa0Kč",
            "Average order": "2,349\xa0Kč",
            "All time, 41 orders": "96,300\xa0Kč",
        }

    def test_each_fact_in_words_by_its_kind(self, martin):
        said = lines(page_of(martin).all_figures)

        assert said["Orders"] == "41"
        assert said["First order"] == "3 April 2022"
        assert said["Usual days between orders"] == "32 days"
        assert said["Pareto class"] == "Vital few"
        assert said["Partner"] == "no"
        assert "Margin in 12 months" not in said and "Favourite channel" not in said

    def test_about_them_is_only_what_is_kept(self, martin):
        friend = make_customer(name="Hana Veselá")
        Customer.objects.filter(pk=martin.pk).update(referred_by=friend, referred_on=AS_OF, birthday=date(1980, 2, 29))

        about = {line.label: line for line in page_of(martin).about}

        assert (about["Referred by"].value, about["Referred by"].href) == ("Hana Veselá", address(friend))
        assert about["Birthday"].value == "29 February 1980"
        assert about.keys() == {"E-mail", "Phone", "City", "Birthday", "Market", "Referred by"}

    def test_looking_back_at_a_day_before_they_were_known_says_so(self, owner, martin):
        Business.keep(past_as_of=date(1998, 6, 30))
        session = owner.session
        session["look_back"] = "1998-06-30"
        session.save()

        said = text(owner.get(address(martin)))

        assert "Not known yet on 30 June 1998." in said
        assert "All figures" not in said


class TestTheTimeline:
    def test_orders_refunds_and_contacts_are_printed(self, owner, martin):
        shop = Channel.objects.create(key="shop", name="Shop")
        order = make_order(martin, number="20417", amount=Decimal("2480"), refunded=Decimal("480"), channel=shop)
        OrderLine.objects.create(order=order, position=1, product="Guji <b>250 g</b>", quantity=Decimal("4"), amount=Decimal("2480"))
        make_order(martin, amount=Decimal("-9999999999"))
        make_order(martin, status=1, amount=Decimal("9999999999.99"))
        make_interaction(martin, text="Asked to skip a month.\nTold <i>him</i> he can.", minutes=8)

        said = text(owner.get(address(martin)))

        for words in (
            "Order 20417",
            "Guji <b>250 g</b> × 4",
            "2,480 Kč",
            "480 Kč of it refunded",
            "Shop",
            "Refund",
            "−9,999,999,999 Kč",
            "Unpaid",
            "10,000,000,000 Kč",
            "Told <i>him</i> he can.",
            "8 min",
        ):
            assert words in said

    def test_a_long_text_is_folded_up(self, owner, martin):
        make_interaction(martin, text="word " * 2000)

        assert '<details class="dim sm tl-text"' in owner.get(address(martin)).content.decode()

    def test_older_events_open_without_script_and_with_it(self, owner, martin):
        for number in range(35):
            make_order(martin, number=f"N{number}.")
        href = re.search(r'id="older" href="([^"]+)"', owner.get(address(martin)).content.decode())[1]

        plain = owner.get(unescape(href))
        part = owner.get(unescape(href), headers={"HX-Request": "true", "HX-Target": "older"})

        for answer in (plain, part):
            assert "Order N4." in text(answer) and "Order N5." not in text(answer)
        assert "Back to the latest" in text(plain)
        assert "<html" not in part.content.decode()

    def test_a_forged_place_shows_the_latest_and_says_so(self, owner, martin):
        make_order(martin, number="N1")

        said = text(owner.get(address(martin) + "?before=forged"))

        assert "That part of the timeline is no longer there; here is the latest." in said
        assert "Order N1" in said

    def test_nothing_has_happened_is_said(self, owner, martin):
        assert "Nothing has happened yet." in text(owner.get(address(martin)))


class TestKeepingUp:
    def test_a_changed_customer_is_said_to_be_brought_up_to_date(self, owner, martin):
        note_changed("order", martin.pk)

        page = owner.get(address(martin))

        assert "Figures are being brought up to date." in text(page)
        assert 'hx-trigger="every 2s"' in page.content.decode()

    def test_others_are_not(self, owner, martin):
        note_changed("order", make_customer().pk)

        assert "Figures are being brought up to date." not in text(owner.get(address(martin)))

    def test_to_ask_again_in_vain_reads_nothing_of_the_page(self, owner, martin, django_assert_num_queries):
        Business.keep(as_of=date(2026, 11, 23))
        note_changed("order", martin.pk)

        # The session, the business, who asks, the customer.
        with django_assert_num_queries(4):
            answer = owner.get(address(martin), headers={"HX-Request": "true", "HX-Target": "fresh"})
        assert answer.status_code in {200, 204} and "timeline" not in answer.text

    def test_asking_again_brings_nothing_until_it_is_done_and_then_the_figures(self, owner, martin):
        note_changed("order", martin.pk)
        asking = {"HX-Request": "true", "HX-Target": "fresh"}

        meanwhile = owner.get(address(martin), headers=asking)
        Changed.objects.all().delete()
        done = owner.get(address(martin), headers=asking)

        assert (meanwhile.status_code, meanwhile.content) == (204, b"")
        assert 'hx-swap-oob="innerHTML:#about"' in done.content.decode()
        assert "71 days since the last order" in text(done)
        assert "every 2s" not in done.content.decode()


class TestSockets:
    @pytest.fixture
    def panels(self, monkeypatch):
        monkeypatch.setattr("crm.panels.PANELS", found := [])
        return found

    def test_a_panel_stands_in_the_head_by_a_negative_order_and_is_left_out_where_it_is_empty(self, martin, panels):
        panels += [Panel("a.html", lambda *_: "a", -1), Panel("b.html", lambda *_: "b", 1), Panel("c.html", lambda *_: None, 2)]

        assert [(each.template, each.panel, each.in_head) for each in shown_for(martin, figures())] == [
            ("a.html", "a", True),
            ("b.html", "b", False),
        ]

    def test_the_floors_above_have_put_theirs(self):
        assert PANELS and len(timeline.SOURCES) > 2


@pytest.mark.parametrize("events", [3, 60])
def test_events_do_not_cost_statements(owner, martin, monkeypatch, events, django_assert_num_queries):
    monkeypatch.setattr("crm.panels.PANELS", [])
    monkeypatch.setattr(timeline, "SOURCES", [orders, contacts])
    for _ in range(events):
        OrderLine.objects.create(order=make_order(martin), position=1, product="Tea", amount=Decimal(1))
        make_interaction(martin, by=martin.owner)

    with django_assert_num_queries(8):
        page = owner.get(address(martin))

    assert page.content.decode().count('class="tl-item') == min(2 * events, 30)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=cmd|'/C calc'!A0", "{% now %}", "\u202eعلي بن", "A" * 200, "🦊 " * 60])
def test_a_name_is_text(owner, name):
    customer = make_customer(name=name[:200], city="<img src=x onerror=alert(1)>")
    page = owner.get(address(customer)).content.decode()

    assert name[:200].strip() in unescape(page)
    assert "<script>alert" not in page and "<img" not in page


def test_it_is_read_only_by_looking(owner, martin):
    assert owner.post(address(martin)).status_code == 405


def test_staff_see_a_customer(martin):
    assert "24,860 Kč" in text(cast.signed_in(cast.staff()).get(address(martin)))
