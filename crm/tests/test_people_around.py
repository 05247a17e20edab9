"""Households, companies and their people, who brought whom, how they are reached: the writes, and what the pages say."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from config.tests import cast
from crm.figures import Figures
from crm.models import Audit, Business, Customer, Facts, Household, Interaction, SocialProfile
from crm.people import households
from crm.people.birthdays import next_birthday, upcoming
from crm.people.companies import leave_company, set_company
from crm.people.households import Already
from crm.people.profiles import add_profile, read, remove_profile
from crm.people.reach import Reach, channel_habit, hour_habit
from crm.people.sources import known_sources
from crm.tests.answers import text
from crm.tests.factories import make_company, make_customer, make_household, make_interaction, make_owner

TODAY = date(2026, 11, 29)


def figures():
    return Figures(Business.load(), TODAY, Facts)


@pytest.fixture
def by(db):
    return make_owner()


class TestBirthdays:
    @pytest.mark.parametrize(
        ("born", "today", "comes"),
        [
            (date(1988, 2, 29), date(2026, 2, 1), date(2026, 2, 28)),
            (date(1988, 2, 29), date(2026, 3, 1), date(2027, 2, 28)),
            (date(1988, 2, 29), date(2027, 3, 1), date(2028, 2, 29)),
            (date(1988, 2, 29), date(2028, 2, 29), date(2028, 2, 29)),
            (date(1990, 11, 29), TODAY, TODAY),
            (date(1990, 11, 28), TODAY, date(2027, 11, 28)),
            (date(1990, 12, 31), TODAY, date(2026, 12, 31)),
        ],
    )
    def test_the_next_one_is_today_or_later_and_a_leap_day_is_kept_on_the_28th(self, born, today, comes):
        assert next_birthday(born, today) == comes

    @given(st.dates(date(1920, 1, 1), date(2026, 11, 29)), st.dates(date(2026, 11, 29), date(2090, 1, 1)))
    def test_it_is_never_more_than_a_year_away_and_of_the_same_day(self, born, today):
        comes = next_birthday(born, today)

        assert 0 <= (comes - today).days <= 366
        assert (comes.month, comes.day) in {(born.month, born.day), (2, 28) if (born.month, born.day) == (2, 29) else None}

    def test_they_stand_in_one_list_the_soonest_first(self):
        people = [
            Customer(pk=1, name="Ada", birthday=date(1988, 2, 29)),
            Customer(pk=2, name="Bea"),
            Customer(pk=3, name="Cyril", birthday=date(1990, 12, 1)),
            Customer(pk=4, name="Dan", birthday=date(1960, 12, 1)),
            Customer(pk=5, name="Ema", birthday=date(2027, 1, 1)),
        ]

        found = upcoming(people, TODAY)

        assert [(one.customer.name, one.days, one.turns) for one in found] == [("Cyril", 2, 36), ("Dan", 2, 66), ("Ada", 91, 39)]


class TestHouseholds:
    def test_two_who_live_together_make_one_called_by_the_surname(self, by):
        martin, eva = make_customer(name="Martin Krejčí"), make_customer(name="Eva Krejčová")

        made = households.live_together(customer=martin, other=eva, name="", by=by)

        assert (made.name, made.members.count()) == ("Krejčí", 2)
        assert list(Audit.objects.order_by("pk").values_list("what", "customer_pk")) == [
            ("household.made", None),
            ("household.joined", martin.pk),
            ("household.joined", eva.pk),
        ]

    def test_sent_twice_it_is_made_once(self, by):
        martin, eva = make_customer(), make_customer()
        households.live_together(customer=martin, other=eva, name="Us", by=by)

        with pytest.raises(Already):
            households.live_together(customer=martin, other=eva, name="Us", by=by)

        assert Household.objects.count() == 1

    def test_the_third_joins_the_household_of_the_other(self, by):
        martin, eva, jan = make_customer(), make_customer(), make_customer()
        here = make_household(martin, eva)

        assert households.live_together(customer=jan, other=eva, name="Other", by=by) == here
        assert (here.members.count(), Household.objects.count()) == (3, 1)

    def test_nobody_is_in_two_or_alone_with_themselves(self, by):
        martin, eva = make_customer(), make_customer()
        make_household(martin), make_household(eva)

        with pytest.raises(ValidationError, match="is in another household"):
            households.live_together(customer=martin, other=eva, name="", by=by)
        with pytest.raises(ValidationError, match="Name somebody else"):
            households.live_together(customer=martin, other=martin, name="", by=by)
        with pytest.raises(ValidationError, match="is in another household"):
            households.put_in(household=Customer.objects.get(pk=martin.pk).household, customer=eva, by=by)

    def test_a_full_one_takes_nobody_more(self, by, monkeypatch):
        monkeypatch.setattr(households, "MOST_MEMBERS", 1)

        with pytest.raises(ValidationError, match="at most 1 member"):
            households.put_in(household=make_household(make_customer()), customer=make_customer(), by=by)

    def test_the_last_to_leave_dissolves_it_and_coming_back_revives_it(self, by):
        martin = make_customer()
        here = make_household(martin)

        assert households.take_out(household=here, customer=martin, now=timezone.now(), by=by)
        assert not households.take_out(household=here, customer=martin, now=timezone.now(), by=by)
        here.refresh_from_db()
        assert here.dissolved_at
        households.put_in(household=here, customer=martin, by=by)

        here.refresh_from_db()
        assert (here.dissolved_at, here.members.get()) == (None, martin)

    def test_dissolving_is_undone_without_who_has_another_one_now(self, by):
        people = [make_customer() for _number in range(4)]
        here = make_household(*people)

        assert households.dissolve(household=here, now=timezone.now(), by=by)
        assert not households.dissolve(household=here, now=timezone.now(), by=by)
        assert Customer.objects.filter(household=None).count() == 4
        other = make_household(people[0])
        people[1].delete()
        assert households.restore(household=here, by=by) == 2
        assert households.restore(household=here, by=by) == 0

        assert set(here.members.all()) == set(people[2:])
        assert other.members.count() == 1
        assert [entry.what for entry in Audit.objects.order_by("pk")] == ["household.dissolved", "household.restored"]

    @pytest.mark.parametrize("name", ["", " ", "\u0301", "a\0", "x" * 101])
    def test_a_name_that_is_none_is_refused(self, by, name):
        here = make_household(make_customer(), name="Before")

        with pytest.raises(ValidationError):
            households.rename(household=here, name=name, by=by)

        here.refresh_from_db()
        assert here.name == "Before"


@pytest.mark.django_db
class TestTheHouseholdPage:
    def test_a_household_of_200_is_paged_summed_and_costs_as_much_as_one_of_two(self):
        people = [
            make_customer(
                {"revenue_12m": Decimal(number), "revenue": Decimal(2 * number), "orders_12m": number % 2}, name=f"Member {number}"
            )
            for number in range(200)
        ]
        here = make_household(*people)
        Customer.objects.filter(pk__gte=people[120].pk).update(birthday=date(1990, 2, 28))
        staff = cast.signed_in(cast.staff())

        two = [make_customer(birthday=date(1990, 2, 28)) for _number in range(2)]
        small = make_household(*two)
        page, profile = (staff.get(address) for address in (f"/households/{here.pk}/", f"/customers/{people[0].pk}/"))
        for one, other in (
            (f"/households/{small.pk}/", f"/households/{here.pk}/"),
            (f"/customers/{two[0].pk}/", f"/customers/{people[0].pk}/"),
        ):
            with CaptureQueriesContext(connection) as few:
                staff.get(one)
            with CaptureQueriesContext(connection) as many:
                staff.get(other)

            assert len(few) == len(many)

        said = text(page)
        assert "Household of 200 , 19,900 Kč in 12 months." in said
        assert "100 of them ordered in that time; in all it came to 39,800 Kč." in said
        assert "1 to 50 of 200" in said
        # As many birthdays as members on a page.
        assert page.content.decode().count("36 years old") + page.content.decode().count("37 years old") == 50
        assert "30 more have theirs later." in said
        assert "Household of 200 , 19,900 Kč" in text(profile)
        assert "194 more" in text(profile)
        following = unescape(re.search(r'rel="next" href="([^"]+)"', page.content.decode())[1])
        assert "51 to 100 of 200" in text(staff.get(f"/households/{here.pk}/{following}"))

    def test_it_is_begun_added_to_renamed_left_and_undone_by_forms(self):
        martin, eva, jan = (make_customer(name=name) for name in ("Martin Krejčí", "Eva Krejčová", "Jan Dlouhý"))
        staff = cast.signed_in(cast.staff())

        begun = staff.post(f"/customers/{martin.pk}/household/", {"who": "Eva"})
        here = Household.objects.get()
        assert begun.url == f"/households/{here.pk}/"
        staff.post(f"/households/{here.pk}/add/", {"who": "Jan"})
        staff.post(f"/households/{here.pk}/rename/", {"name": "U Krejčích"})
        assert {str(each) for each in here.members.all()} == {"Martin Krejčí", "Eva Krejčová", "Jan Dlouhý"}
        staff.post(f"/households/{here.pk}/out/{jan.pk}/")
        assert here.members.count() == 2
        staff.post(f"/households/{here.pk}/back/{jan.pk}/")
        assert here.members.count() == 3
        staff.post(f"/households/{here.pk}/dissolve/")
        assert staff.get(f"/households/{here.pk}/").status_code == 404
        staff.post(f"/households/{here.pk}/dissolve/undo/")

        assert "U Krejčích" in text(staff.get(f"/households/{here.pk}/"))
        assert here.members.count() == 3

    def test_several_who_fit_are_asked_about_and_what_is_wrong_is_said(self):
        martin = make_customer(name="Martin")
        make_customer(name="Eva A"), make_customer(name="Eva B")
        staff = cast.signed_in(cast.staff())

        assert "Whom do you mean?" in text(staff.post(f"/customers/{martin.pk}/household/", {"who": "Eva", "name": "My name"}))
        assert "Name somebody else" in text(staff.post(f"/customers/{martin.pk}/household/", {"who": "Martin"}))
        assert not Household.objects.exists()

    def test_names_are_shown_as_text(self):
        martin = make_customer(name="<script>alert(1)</script>")
        here = make_household(martin, make_customer(name="\u202eEva 🙂"), name="<b>x</b>" + "y" * 80)
        staff = cast.signed_in(cast.staff())

        for page in (f"/households/{here.pk}/", f"/customers/{martin.pk}/"):
            body = staff.get(page).content.decode()
            assert "<script>alert" not in body
            assert "<b>x</b>" not in body


@pytest.mark.django_db
def test_a_reader_sees_who_is_around_and_no_button_to_change_it():
    martin, eva = make_customer(name="Martin"), make_customer(name="Eva")
    here, firm = make_household(martin, eva), make_company(name="Bistro Nina")
    Customer.objects.filter(pk=eva.pk).update(works_at=firm)
    reader = cast.signed_in(cast.reader())

    for address in (f"/customers/{martin.pk}/", f"/households/{here.pk}/", f"/customers/{firm.pk}/people/", f"/customers/{firm.pk}/"):
        body = reader.get(address).content.decode()
        main = body[body.index("<main") : body.index("</main>")]
        assert "Eva" in main
        assert not re.search(r'(action|href)="/(households/\d+/[a-z]|customers/\d+/(household|company|reach|more)/)', main), address


class TestCompanies:
    def test_a_person_works_at_a_company_as_something_and_leaves_it(self, by):
        firm, eva = make_company(name="Bistro Nina"), make_customer(name="Eva")

        assert set_company(person=eva, company=firm, position=" Chief  cook ", by=by)
        assert not set_company(person=eva, company=firm, position="Chief cook", by=by)
        eva.refresh_from_db()
        assert (eva.works_at, eva.position) == (firm, "Chief cook")
        assert leave_company(person=eva, by=by) == firm
        assert leave_company(person=eva, by=by) is None

        assert [entry.changes for entry in Audit.objects.order_by("pk")] == [
            {"works_at": ["", "Bistro Nina, Chief cook"]},
            {"works_at": ["Bistro Nina, Chief cook", ""]},
        ]

    def test_only_a_person_works_and_only_at_a_company(self, by):
        firm, other, eva, jan = make_company(), make_company(), make_customer(), make_customer()

        with pytest.raises(ValidationError, match="is a person; people work at a company"):
            set_company(person=eva, company=jan, position="", by=by)
        with pytest.raises(ValidationError, match="is a company; only a person"):
            set_company(person=other, company=firm, position="", by=by)
        with pytest.raises(ValidationError):
            set_company(person=eva, company=firm, position="x" * 101, by=by)

    def test_a_company_with_people_does_not_become_a_person_nor_a_person_at_one_a_company(self, by):
        firm, eva = make_company(), make_customer()
        set_company(person=eva, company=firm, position="", by=by)

        firm.entity = Customer.Entity.PERSON
        with pytest.raises(ValidationError, match="People work there"):
            firm.full_clean()
        eva = Customer.objects.get(pk=eva.pk)
        eva.entity = Customer.Entity.COMPANY
        with pytest.raises(ValidationError, match="They work at a company"):
            eva.full_clean()

    def test_each_page_shows_the_other_and_the_form_finds_them(self, by):
        firm, eva = make_company(name="Bistro Nina"), make_customer({"revenue_12m": Decimal(500)}, name="Eva Krejčová")
        staff = cast.signed_in(cast.staff())

        staff.post(f"/customers/{eva.pk}/company/", {"who": "Bistro", "position": "Cook"})
        assert "Bistro Nina Cook" in text(staff.get(f"/customers/{eva.pk}/"))
        assert "Eva Krejčová Cook" in text(staff.get(f"/customers/{firm.pk}/"))
        left = staff.post(f"/customers/{eva.pk}/company/leave/", follow=True)
        undo = unescape(re.search(r'action="(/customers/\d+/company/back/[^"]+)"', left.content.decode())[1])
        staff.post(undo)
        eva.refresh_from_db()
        assert (eva.works_at, eva.position) == (firm, "Cook")
        jan = make_customer(name="Jan Dlouhý")
        staff.post(f"/customers/{firm.pk}/people/", {"who": "Dlouhý"})

        assert set(firm.people.all()) == {eva, jan}
        assert "Nobody found" in text(staff.post(f"/customers/{firm.pk}/people/", {"who": "Nobody at all"}))


@pytest.mark.django_db
class TestWhoBroughtWhom:
    def test_each_is_shown_with_what_came_of_it(self, django_assert_max_num_queries):
        martin = make_customer(name="Martin")
        told = {"referred_by": martin, "referred_on": date(2026, 1, 1)}
        make_customer({"orders": 3, "revenue": Decimal(900)}, name="Ada", **told)
        make_customer(name="Bea", **told)
        for number in range(60):
            make_customer(name=f"Guest {number}", **told)
        staff = cast.signed_in(cast.staff())

        said = text(staff.get(f"/customers/{martin.pk}/"))
        with django_assert_max_num_queries(10):
            page = staff.get(f"/customers/{martin.pk}/brought/")

        assert "ordered 3 times, 900 Kč" in said
        assert "All 62" in said
        assert "Martin brought 62 people; 1 of them ordered." in text(page)
        assert "has not ordered yet" in text(page)
        assert "1 to 50 of 62" in text(page)
        assert "Came from Martin" in text(staff.get(f"/customers/{Customer.objects.get(name='Ada').pk}/"))


class TestHabits:
    @pytest.mark.parametrize(
        ("kinds", "said"),
        [
            (["email"] * 7 + ["call"] * 2, "Mostly writes by e-mail (7 of 9)."),
            (["email"] * 4, ""),
            (["email"] * 3 + ["call"] * 3, ""),
            (["complaint"] * 9, ""),
            (["chat"] * 5 + ["complaint"] * 5, "Mostly writes short messages (5 of 5)."),
        ],
    )
    def test_the_way_is_said_where_more_than_half_of_five_or_more_have_it(self, kinds, said):
        assert channel_habit(kinds) == said

    @pytest.mark.parametrize(
        ("hours", "said"),
        [
            ([11] * 6 + [7], "Mostly in the afternoon (6 of 7)."),
            ([4] * 5, "Mostly in the morning (5 of 5)."),
            ([17] * 5, "Mostly in the evening (5 of 5)."),
            ([1] * 9, ""),
            ([9, 9, 13, 13, 19], ""),
            ([9] * 4, ""),
        ],
    )
    def test_the_hour_is_that_of_the_businesss_zone(self, hours, said):
        moments = [datetime(2026, 11, 20, hour, 30, tzinfo=UTC) for hour in hours]

        assert hour_habit([*moments, None, None], "Europe/Prague") == said

    def test_only_what_came_from_them_counts_and_what_they_have_said_goes_first(self, by, django_assert_num_queries):
        martin = make_customer()
        for _number in range(6):
            at = datetime(2026, 11, 20, 14, tzinfo=UTC)
            make_interaction(martin, kind="email", direction=Interaction.Direction.IN, happened_at=at, happened_on=at.date())
            make_interaction(martin, kind="call", direction=Interaction.Direction.OUT)
        told = figures()

        with django_assert_num_queries(2):
            found = Reach.of(martin, told)
        assert found.habits == ["Mostly writes by e-mail (6 of 6).", "Mostly in the afternoon (6 of 6)."]
        martin.prefers, martin.best_from = "call", 16
        found = Reach.of(martin, told)

        assert (found.prefers, found.hours, found.habits) == ("Call", "after 16:00", [])


class TestReachForm:
    def test_it_is_saved_once_with_its_audit_and_shown(self, by):
        martin, staff = make_customer(), cast.signed_in(cast.staff())
        said = {"prefers": "call", "best_from": "16", "best_until": ""}

        for _turn in range(2):
            staff.post(f"/customers/{martin.pk}/reach/", said)

        assert "Call, after 16:00" in text(staff.get(f"/customers/{martin.pk}/"))
        assert Audit.objects.filter(what="reach.changed").count() == 1

    def test_hours_that_end_before_they_begin_are_refused_and_kept_in_the_form(self, by):
        martin, staff = make_customer(), cast.signed_in(cast.staff())

        answer = staff.post(f"/customers/{martin.pk}/reach/", {"prefers": "call", "best_from": "16", "best_until": "9"})

        assert "The best time ends after it begins" in text(answer)
        assert '<option value="16" selected>' in answer.content.decode()


class TestProfiles:
    @pytest.mark.parametrize(
        ("network", "typed", "shown", "url"),
        [
            ("instagram", "@jan.k", "jan.k", "https://www.instagram.com/jan.k"),
            ("linkedin", "jan-k", "jan-k", "https://www.linkedin.com/in/jan-k"),
            ("facebook", "https://www.facebook.com/jan.k/", "facebook.com/jan.k", "https://www.facebook.com/jan.k"),
            ("x", "x.com/jan", "x.com/jan", "https://x.com/jan"),
            ("website", "Bistro-Nina.cz", "bistro-nina.cz", "https://bistro-nina.cz/"),
            ("website", "https://bistro.cz/a?b=c#d", "bistro.cz/a?b=c", "https://bistro.cz/a?b=c"),
        ],
    )
    def test_a_name_or_an_address_becomes_an_https_address(self, network, typed, shown, url):
        assert read(network, typed) == (shown, url)

    @pytest.mark.parametrize(
        ("network", "typed"),
        [
            ("instagram", "javascript:alert(1)"),
            ("website", "javascript:alert(1)"),
            ("website", "JaVaScRiPt://example.com/%0aalert(1)"),
            ("website", "data:text/html,x"),
            ("website", "http://example.com"),
            ("website", "https://user@example.com"),
            ("website", "https://example.com:8080/"),
            ("website", "https://[::1"),
            ("website", "https://exa mple.com"),
            ("website", 'https://example.com/"><script>'.replace("<", "\u00ab")),
            ("website", "just a name"),
            ("instagram", "https://instagram.com.evil.cz/jan"),
            ("instagram", "https://evilinstagram.com/jan"),
            ("instagram", "přítel"),
            ("instagram", ""),
            ("instagram", "a\0b"),
            ("myspace", "jan"),
            ("website", "https://example.com/" + "x" * 300),
        ],
    )
    def test_anything_else_is_refused_with_a_sentence(self, network, typed):
        with pytest.raises(ValidationError) as wrong:
            read(network, typed)

        assert wrong.value.messages[0].endswith((".", ".com."))

    def test_ten_are_kept_each_once_and_one_is_removed(self, by):
        martin = make_customer()
        for number in range(10):
            add_profile(customer=martin, network="instagram", text=f"jan{number}", by=by)

        assert add_profile(customer=martin, network="instagram", text="@jan0", by=by) is None
        with pytest.raises(ValidationError, match="At most 10 profiles"):
            add_profile(customer=martin, network="instagram", text="jan10", by=by)
        first = martin.social_profiles.first()
        assert remove_profile(customer=make_customer(), pk=first.pk, by=by) is None
        assert remove_profile(customer=martin, pk=first.pk, by=by)
        assert remove_profile(customer=martin, pk=first.pk, by=by) is None

        assert martin.social_profiles.count() == 9

    def test_they_are_links_that_tell_nothing_of_where_they_were_opened(self, by):
        martin, staff = make_customer(), cast.signed_in(cast.staff())

        staff.post(f"/customers/{martin.pk}/profiles/add/", {"network": "instagram", "text": "@jan"})
        refused = staff.post(f"/customers/{martin.pk}/profiles/add/", {"network": "website", "text": "javascript:alert(1)"})

        assert '<a href="https://www.instagram.com/jan" rel="noopener noreferrer"' in staff.get(f"/customers/{martin.pk}/").content.decode()
        assert "Write an address that begins with https://" in text(refused)
        staff.post(f"/customers/{martin.pk}/profiles/{SocialProfile.objects.get().pk}/remove/")
        assert not SocialProfile.objects.exists()


@pytest.mark.django_db
def test_known_sources_are_those_of_the_latest_the_commonest_first():
    for source in ("Fair", "Web", "", "Web"):
        make_customer(source=source)

    assert known_sources() == ["Web", "Fair"]


@pytest.mark.django_db
def test_known_sources_are_offered_where_one_is_typed_as_text():
    martin = make_customer(source='Fair "<b>')

    page = cast.signed_in(cast.staff()).get(f"/customers/{martin.pk}/edit/").content.decode()

    assert 'list="known-source"' in page
    assert '<option value="Fair &quot;&lt;b&gt;"></option>' in page
