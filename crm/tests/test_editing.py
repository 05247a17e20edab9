"""Adding a customer and changing one: what is asked, what is only warned of, and two people at one record."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from config.tests import cast
from crm.editing import FIELDS, Seen, merged
from crm.models import Audit, Business, Changed, Customer, Facts
from crm.profile import find
from crm.tests.answers import text
from crm.tests.factories import make_customer, make_user

TODAY = date(2026, 11, 23)


@pytest.fixture
def staff(db, monkeypatch):
    monkeypatch.setattr(Business, "today", lambda self: TODAY)
    return cast.signed_in(cast.staff())


def filled(answer):
    """What the form that was answered would send as it is."""
    form = answer.context["form"]
    return {field.html_name: value if (value := field.value()) is not None else "" for field in form}


def add(client, **fields):
    form = filled(client.get(reverse("customer_new")))
    return client.post(reverse("customer_new"), form | fields), form | fields


def opened(client, customer):
    return filled(client.get(reverse("customer_edit", args=[customer.pk])))


def send(client, customer, form, **fields):
    return client.post(reverse("customer_edit", args=[customer.pk]), form | fields)


class TestAdding:
    @pytest.mark.parametrize("known", [{"name": "Eva Nováková"}, {"email": "Eva@Example.com"}, {"phone": "+420 602 123 456"}])
    def test_a_name_or_an_email_or_a_phone_is_enough(self, staff, known):
        answer, _ = add(staff, **known)
        made = Customer.objects.get()

        assert answer.url == f"/customers/{made.pk}/" and Facts.objects.filter(customer=made).exists()
        assert made.email == known.get("email", "").lower()
        assert Audit.objects.values_list("what", "by_name").get() == ("customer.added", "Petr Malý")

    def test_nothing_at_all_is_not(self, staff):
        answer, _ = add(staff, city="Brno")
        assert "Give a name, an e-mail or a phone" in text(answer) and not Customer.objects.exists()

    def test_sent_twice_it_adds_one(self, staff):
        first, form = add(staff, name="Eva", email="eva@example.com")
        again = staff.post(reverse("customer_new"), form)

        assert again.url == first.url and Customer.objects.count() == 1 and Audit.objects.count() == 1

    def test_without_its_key_it_adds_nobody(self, staff):
        for key in ("", "x"):
            answer, _ = add(staff, name="Eva", key=key)
            assert "out of date" in text(answer)
        assert not Customer.objects.exists()

    def test_an_email_that_somebody_has_is_refused_with_a_link_to_them(self, staff):
        eva = make_customer(name="Eva <script>", email="eva@example.com")
        answer, _ = add(staff, name="Eva again", email="EVA@example.com")

        assert Customer.objects.count() == 1 and f'href="/customers/{eva.pk}/"' in answer.content.decode()
        assert "<script>alert" not in answer.content.decode() and "Eva &lt;script&gt;" in answer.content.decode()
        assert "has this e-mail already" in text(answer)

    @pytest.mark.parametrize(
        ("other", "new", "sentence"),
        [
            ({"name": "Hana", "phone": "+420 602 123 456"}, {"name": "Eva", "phone": "602123456"}, "Hana has this phone already"),
            ({"name": "Hana", "phone": "00420 602 123 456"}, {"name": "Eva", "phone": "(602) 123-456"}, "Hana has this phone already"),
            ({"name": "Hana", "phone": "602123456", "country": "PL"}, {"phone": "+48602123456"}, "Hana has this phone already"),
            ({"name": "Hana", "phone": "line 123-456"}, {"name": "Eva", "phone": "123456 line"}, "Hana has this phone already"),
            (
                {"name": "Hana s.r.o.", "company_number": "27082440"},
                {"company_number": "270 82 440"},
                "Hana s.r.o. has this company number",
            ),
            ({"name": "Jan Žižka", "city": "Łódź"}, {"name": "jan zizka", "city": "lodz"}, "There is Jan Žižka in Łódź already"),
            ({"name": "Jan Žižka"}, {"name": "jan zizka", "city": "lodz"}, "There is Jan Žižka already"),
        ],
    )
    def test_somebody_alike_is_a_warning_that_may_be_overridden(self, staff, other, new, sentence):
        make_customer(**other)
        answer, form = add(staff, **{"name": "Eva"} | new)
        assert sentence in text(answer) and Customer.objects.count() == 1

        confirmed = filled(answer)
        assert staff.post(reverse("customer_new"), confirmed).status_code == 302 and Customer.objects.count() == 2

    def test_another_warning_than_the_one_seen_is_shown_as_well(self, staff):
        make_customer(name="Hana", phone="602123456")
        answer, _ = add(staff, name="Eva", phone="602123456")
        form = filled(answer) | {"phone": "ask at the door"}

        assert "does not look like a phone number" in text(staff.post(reverse("customer_new"), form)) and Customer.objects.count() == 1

    def test_one_in_another_town_is_another(self, staff):
        make_customer(name="Jan Novák", city="Brno")
        answer, _ = add(staff, name="Jan Novák", city="Praha")
        assert answer.status_code == 302

    @pytest.mark.parametrize(
        ("other", "new"),
        [
            ({"phone": "602123456", "country": "PL"}, {"phone": "602123456"}),
            ({"external_id": "123456"}, {"phone": "line 123456"}),
            ({"phone": "line 1234567"}, {"phone": "line 123456"}),
            ({"company_number": "27082440", "binned_at": datetime(2026, 11, 23, tzinfo=UTC)}, {"company_number": "27082440"}),
            ({"company_number": ""}, {"company_number": ""}),
        ],
    )
    def test_who_only_seems_alike_is_not_named(self, staff, other, new):
        make_customer(name="Hana", **other)
        answer, _ = add(staff, name="Eva", **new)
        assert "Hana" not in text(answer)

    def test_the_number_of_their_company_makes_nobody_the_same(self, staff):
        firm = make_customer(name="Firm", entity="company")
        make_customer(name="Hana", company_number="27082440", works_at=firm)
        answer, _ = add(staff, name="Eva", company_number="27082440")
        assert answer.status_code == 302

    def test_it_warns_while_it_is_filled_in_and_writes_nothing(self, staff):
        make_customer(name="Hana", phone="602123456")
        form = filled(staff.get(reverse("customer_new"))) | {"phone": "602 123 456"}
        answer = staff.post(reverse("customer_new"), form, headers={"HX-Request": "true", "HX-Target": "alike"})

        assert "Hana has this phone already" in text(answer) and "<form" not in answer.content.decode()
        assert Customer.objects.count() == 1 and not Audit.objects.exists()


class TestFields:
    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"name": "x" * 500}, "This is too long: 500 letters, and at most 200 are kept."),
            ({"name": "a\0b"}, "Null characters are not allowed"),
            ({"birthday": "2026-11-24"}, "has not come yet"),
            ({"birthday": "1899-12-31"}, "born before 1900"),
            ({"birthday": "2023-02-29"}, "There is no such day"),
            ({"email": "not one"}, "valid email"),
            ({"country": "Czechia"}, "7 letters, and at most 2 are kept"),
            ({"entity": "god"}, "not one of the available choices"),
        ],
    )
    def test_what_is_wrong_is_said_and_what_was_written_is_kept(self, staff, fields, sentence):
        answer, sent = add(staff, **{"name": "Eva", "city": "Brno"} | fields)

        assert sentence in text(answer) and not Customer.objects.exists()
        assert {name: filled(answer)[name] for name in fields} == fields and filled(answer)["city"] == "Brno"

    def test_a_birthday_on_29_february_is_kept(self, staff):
        add(staff, name="Eva", birthday="2004-02-29")
        assert Customer.objects.get().birthday == date(2004, 2, 29)

    @pytest.mark.parametrize("name", ["👩‍🌾 Ema", "שלום עולם", "<script>alert(1)</script>"])
    def test_any_letters_are_a_name_and_shown_as_text(self, staff, name):
        answer, _ = add(staff, name=name)
        page = staff.get(answer.url).content.decode()

        assert Customer.objects.get().name == name and name in text(staff.get(answer.url)) or "<script>alert" not in page
        assert "<script>alert" not in page

    def test_a_phone_that_is_none_is_warned_of_once_and_then_saved(self, staff):
        eva = make_customer(name="Eva")
        answer = send(staff, eva, opened(staff, eva), phone="at her sister's")
        assert "does not look like a phone number" in text(answer) and find(eva.pk).phone == ""

        assert send(staff, eva, filled(answer)).status_code == 302 and find(eva.pk).phone == "at her sister's"


class TestChanging:
    def test_what_is_changed_is_written_with_who_and_from_what_to_what(self, staff):
        eva = make_customer(name="Eva", city="Brno")
        send(staff, eva, opened(staff, eva), city="Praha", email="EVA@Example.com")
        entry = Audit.objects.get()

        assert (find(eva.pk).city, find(eva.pk).email) == ("Praha", "eva@example.com")
        assert (entry.what, entry.by_name, entry.changes) == (
            "customer.changed",
            "Petr Malý",
            {"city": ["Brno", "Praha"], "email": ["", "eva@example.com"]},
        )
        assert Changed.objects.filter(customer=eva).exists()

    def test_nothing_changed_writes_nothing(self, staff):
        eva = make_customer(name="Eva", city="Brno", owner=make_user(), birthday=date(2000, 2, 29))
        assert send(staff, eva, opened(staff, eva)).status_code == 302
        assert not Audit.objects.exists() and not Changed.objects.exists()

    def test_the_owner_who_may_not_sign_in_any_more_stays(self, staff):
        eva = make_customer(name="Eva", owner=make_user(is_active=False))
        send(staff, eva, opened(staff, eva), city="Brno")
        assert find(eva.pk).owner_id and find(eva.pk).city == "Brno"

    def test_in_its_place_it_is_a_part_of_the_page_and_leads_back(self, staff):
        eva, htmx = make_customer(name="Eva"), {"HX-Request": "true", "HX-Target": "about-them"}
        answer = staff.get(reverse("customer_edit", args=[eva.pk]), headers=htmx)
        assert "<html" not in answer.content.decode() and 'id="about-them"' in answer.content.decode()

        saved = staff.post(reverse("customer_edit", args=[eva.pk]), filled(answer) | {"city": "Brno"}, headers=htmx)
        assert saved.headers["HX-Redirect"] == f"/customers/{eva.pk}/" and find(eva.pk).city == "Brno"

    def test_a_form_of_another_customer_or_made_up_is_refused(self, staff):
        eva, hana = make_customer(name="Eva"), make_customer(name="Hana")
        for seen in (opened(staff, hana)["seen"], "made up", ""):
            assert "out of date" in text(send(staff, eva, opened(staff, eva), seen=seen, city="Brno"))
        assert find(eva.pk).city == ""

    def test_a_customer_who_is_gone_is_missing(self, staff):
        eva = make_customer(name="Eva")
        form = opened(staff, eva)
        Facts.objects.all().delete(), Customer.objects.all().delete()
        assert send(staff, eva, form, city="Brno").status_code == 404


class TestTwoAtOnce:
    @pytest.fixture
    def eva(self):
        return make_customer(name="Eva", city="Brno", phone="602111222")

    def test_what_they_changed_elsewhere_is_left_alone(self, staff, eva):
        mine = opened(staff, eva)
        send(staff, eva, opened(staff, eva), city="Praha")
        assert send(staff, eva, mine, phone="603444555").status_code == 302

        assert (find(eva.pk).city, find(eva.pk).phone) == ("Praha", "603444555")

    def test_what_both_changed_is_shown_side_by_side_and_nothing_is_written(self, staff, eva):
        mine = opened(staff, eva)
        send(staff, eva, opened(staff, eva), city="Praha", country="CZ")
        answer = send(staff, eva, mine, city="Plzeň", phone="603444555")

        assert "They wrote Praha" in text(answer) and "You wrote Plzeň" in text(answer)
        assert (find(eva.pk).city, find(eva.pk).phone) == ("Praha", "602111222")
        kept = filled(answer)
        assert (kept["city"], kept["phone"], kept["country"]) == ("Plzeň", "603444555", "CZ")

    @pytest.mark.parametrize(("choice", "city"), [("theirs", "Praha"), ("mine", "Plzeň")])
    def test_the_later_one_chooses(self, staff, eva, choice, city):
        mine = opened(staff, eva)
        send(staff, eva, opened(staff, eva), city="Praha")
        answer = send(staff, eva, mine, city="Plzeň", phone="603444555")

        assert send(staff, eva, filled(answer), **{"keep-city": choice}).status_code == 302
        assert (find(eva.pk).city, find(eva.pk).phone) == (city, "603444555")

    def test_without_a_choice_it_is_asked_again(self, staff, eva):
        mine = opened(staff, eva)
        send(staff, eva, opened(staff, eva), city="Praha")
        answer = send(staff, eva, mine, city="Plzeň")

        assert "They wrote Praha" in text(send(staff, eva, filled(answer))) and find(eva.pk).city == "Praha"

    def test_a_third_version_is_asked_of_as_well(self, staff, eva):
        mine = opened(staff, eva)
        send(staff, eva, opened(staff, eva), city="Praha")
        answer = send(staff, eva, mine, city="Plzeň")
        send(staff, eva, opened(staff, eva), city="Olomouc")

        assert "They wrote Olomouc" in text(send(staff, eva, filled(answer), **{"keep-city": "mine"})) and find(eva.pk).city == "Olomouc"

    def test_both_the_same_is_no_clash(self, staff, eva):
        mine = opened(staff, eva)
        send(staff, eva, opened(staff, eva), city="Praha")
        assert send(staff, eva, mine, city="Praha").status_code == 302


WRITTEN = st.fixed_dictionaries({name: st.sampled_from(["a", "b", "c"]) for name in FIELDS})


@given(WRITTEN, WRITTEN, WRITTEN)
def test_nothing_that_somebody_wrote_is_lost_without_a_question(was, theirs, mine):
    found = merged(Seen(1, was), theirs, mine, ())
    for name in FIELDS:
        written = {side[name] for side in (theirs, mine) if side[name] != was[name]}
        assert (name in found.clashing) == (len(written) == 2)
        assert len(written) == 2 or found.values[name] == (written or {was[name]}).pop()
