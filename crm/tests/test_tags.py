"""Tags: put on and taken off, named otherwise and removed, found in lists and files; by whom."""

from datetime import UTC, date, datetime, timedelta
from unittest import mock

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from config.tests import cast
from crm.bin import put_in_bin
from crm.catalogue import find
from crm.models import Audit, Business, Changed, Customer, CustomerTag, Facts, PastFacts, Tag
from crm.tags import writing
from crm.tags.asking import family
from crm.tags.held import held
from crm.tags.page import lines, tags_of
from crm.tags.writing import bring_back, purge_tags, put_tag, remove_tag, rename_tag, take_tag
from crm.tests.factories import make_customer, make_owner
from crm.tests.test_bulk_actions import text
from crm.tests.test_customers_page import look_back
from lifecycle.kotler import install
from lifecycle.models import Stage
from lifecycle.stages import place
from segments.saved import make_segment

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def by():
    return make_owner(name="Jana")


def names(customer):
    return tags_of([customer.pk]).get(customer.pk, [])


class TestPuttingOnAndTakingOff:
    def test_a_new_name_makes_a_tag_and_an_old_one_is_found_whatever_its_case_and_accents(self, by):
        anna, eva = make_customer(), make_customer()

        put_tag(customer=anna, name=" Věrný  host ", by=by)
        put_tag(customer=eva, name="verny HOST", by=by)

        made = Tag.objects.get()
        assert (made.name, made.key, made.name_key, made.made_by) == ("Věrný host", "verny_host", "verny host", by)
        assert names(anna) == names(eva) == ["Věrný host"]

    def test_twice_is_once(self, by):
        anna = make_customer()

        assert put_tag(customer=anna, name="VIP", by=by)
        assert put_tag(customer=anna, name="vip", by=by) is None
        assert take_tag(customer=anna, tag=Tag.objects.get().pk, by=by).name == "VIP"
        assert take_tag(customer=anna, tag=Tag.objects.get().pk, by=by) is None
        assert [entry.what for entry in Audit.objects.order_by("pk")] == ["tag.made", "customer.tagged", "customer.untagged"]

    def test_who_and_when_are_kept_and_told_and_the_figures_follow(self, by):
        anna = make_customer()
        made = put_tag(customer=anna, name="VIP", by=by)
        made.refresh_from_db()

        assert made.by == by and abs((timezone.now() - made.at).total_seconds()) < 60
        entry = Audit.objects.get(what="customer.tagged")
        assert (entry.customer_pk, entry.by_name, entry.changes) == (anna.pk, "Jana", {"tag": ["", "VIP"]})
        assert Changed.objects.filter(customer=anna).exists()

    @pytest.mark.parametrize("name", ["", "  ", "\u0301", "a\0b", "\ud800", "x" * 41])
    def test_a_name_that_is_none_is_refused(self, by, name):
        with pytest.raises(ValidationError):
            put_tag(customer=make_customer(), name=name, by=by)

        assert not Tag.objects.exists()

    def test_there_are_at_most_so_many(self, by, monkeypatch):
        monkeypatch.setattr(writing, "MOST_TAGS", 2)
        anna = make_customer()
        for name in ("A", "B"):
            put_tag(customer=anna, name=name, by=by)

        with pytest.raises(ValidationError, match="at most 2 tags"):
            put_tag(customer=anna, name="C", by=by)
        # One that is there is put on all the same.
        assert put_tag(customer=make_customer(), name="b", by=by)

    def test_one_that_is_removed_between_is_not_put_on(self, by):
        """Removed by somebody else after it was found, and before the customer was locked."""
        anna, gone = make_customer(), Tag(pk=10**6, name="Gone", key="gone", name_key="gone")

        with mock.patch.object(writing, "tag_called", return_value=gone), pytest.raises(ValidationError, match="removed just now"):
            put_tag(customer=anna, name="Gone", by=by)
        assert not CustomerTag.objects.exists()


class TestNamingAndRemoving:
    def test_it_is_named_otherwise_for_everybody_and_rules_go_on_asking_it(self, by):
        anna = make_customer()
        tag = put_tag(customer=anna, name="VIP", by=by).tag

        assert rename_tag(tag=tag, name="Stammgast", by=by)
        assert not rename_tag(tag=tag, name="Stammgast", by=by)
        tag.refresh_from_db()
        assert (tag.key, tag.name, names(anna)) == ("vip", "Stammgast", ["Stammgast"])
        # The key is taken, though nothing is called so any more.
        assert put_tag(customer=anna, name="VIP", by=by).tag.key == "vip_2"

    def test_the_name_of_another_is_refused(self, by):
        anna = make_customer()
        put_tag(customer=anna, name="Káva", by=by)
        tea = put_tag(customer=anna, name="Čaj", by=by).tag

        with pytest.raises(ValidationError, match="Another tag is called"):
            rename_tag(tag=tea, name="KAVA", by=by)
        # Its own in another spelling is not another's.
        assert rename_tag(tag=tea, name="čaj", by=by)

    def test_it_goes_from_everybody_and_says_how_many_had_it(self, by):
        people = [make_customer() for _ in range(3)]
        for one in people:
            put_tag(customer=one, name="VIP", by=by)
        put_in_bin(customer=people[0], now=timezone.now(), by=by)

        tag = Tag.objects.get()
        assert [line.people for line in lines()] == [2]
        assert remove_tag(tag=tag, now=NOW, by=by) == 2
        assert remove_tag(tag=tag, now=NOW, by=by) is None
        assert lines() == [] and [names(one) for one in people] == [[], [], []]

    def test_it_comes_back_to_everybody_who_had_it_by_whom_and_since_when(self, by):
        anna, eva = make_customer(), make_customer()
        tag = put_tag(customer=anna, name="VIP", by=by).tag
        put_tag(customer=eva, name="Other", by=by)
        before = list(CustomerTag.objects.order_by("pk").values())
        remove_tag(tag=tag, now=NOW, by=by)
        assert take_tag(customer=anna, tag=tag.pk, by=by) is None

        assert bring_back(tag=tag, by=by) and not bring_back(tag=tag, by=by)

        assert list(CustomerTag.objects.order_by("pk").values()) == before and names(anna) == ["VIP"]
        assert [entry.what for entry in Audit.objects.order_by("pk")][-2:] == ["tag.removed", "tag.brought_back"]

    def test_another_of_its_name_is_another_and_keeps_it_from_coming_back(self, by):
        anna = make_customer()
        tag = put_tag(customer=anna, name="VIP", by=by).tag
        remove_tag(tag=tag, now=NOW, by=by)

        new = put_tag(customer=make_customer(), name="vip", by=by).tag
        assert (new.key, names(anna)) == ("vip_2", [])
        with pytest.raises(ValidationError, match="Another tag is called “VIP” by now"):
            bring_back(tag=tag, by=by)
        rename_tag(tag=new, name="Guest", by=by)
        assert bring_back(tag=tag, by=by)

    def test_nor_is_there_one_too_many_by_coming_back(self, by, monkeypatch):
        monkeypatch.setattr("crm.tags.writing.MOST_TAGS", 2)
        anna = make_customer()
        tag = put_tag(customer=anna, name="VIP", by=by).tag
        remove_tag(tag=tag, now=NOW, by=by)
        put_tag(customer=anna, name="One", by=by), put_tag(customer=anna, name="Two", by=by)

        with pytest.raises(ValidationError, match="at most 2 tags"):
            bring_back(tag=tag, by=by)

    def test_after_thirty_days_it_is_gone_for_good(self, by):
        anna = make_customer()
        tags = [put_tag(customer=anna, name=name, by=by).tag for name in ("Old", "Late", "Kept")]
        remove_tag(tag=tags[0], now=NOW - timedelta(days=30), by=by)
        remove_tag(tag=tags[1], now=NOW - timedelta(days=30, seconds=-1), by=by)

        assert (purge_tags(NOW), purge_tags(NOW)) == (1, 0)

        assert set(Tag.objects.values_list("name", flat=True)) == {"Late", "Kept"}
        assert set(CustomerTag.objects.values_list("tag__name", flat=True)) == {"Late", "Kept"}
        bring_back(tag=tags[1], by=by)
        assert names(anna) == ["Kept", "Late"]

    def test_whoever_asks_for_a_removed_one_finds_nobody(self, by):
        anna = make_customer()
        tag = put_tag(customer=anna, name="VIP", by=by).tag
        asked = Facts.objects.annotate(numbers=held()).values_list("numbers", flat=True)
        assert Facts.objects.filter(family()["tag"].holds(["vip"])).exists() and list(asked) == [str(tag.pk)]

        remove_tag(tag=tag, now=NOW, by=by)

        assert not Facts.objects.filter(family()["tag"].holds(["vip"])).exists() and list(asked.all()) == [None]
        assert tags_of([anna.pk]) == {} and not family()["tag"].offers()

    def test_one_that_a_rule_asks_cannot_go_and_another_can(self, by):
        anna = make_customer()
        asked, other = (put_tag(customer=anna, name=name, by=by).tag for name in ("VIP", "Other"))
        make_segment(by=by, name="Guests", rule={"not": {"fact": "tag", "op": "in", "value": ["vip"]}})

        with pytest.raises(ValidationError, match="Guests"):
            remove_tag(tag=asked, now=NOW, by=by)
        assert remove_tag(tag=other, now=NOW, by=by) == 1


class TestRules:
    def test_a_stage_may_ask_one(self, by):
        """What somebody belongs to has no value of its own that a move could keep."""
        ladder = install()
        anna, eva = make_customer(facts={"orders": 1}), make_customer()
        put_tag(customer=anna, name="VIP", by=by)
        Stage.objects.filter(ladder=ladder, key="prospect").update(
            rule={"any": [{"fact": "tag", "op": "=", "value": "vip"}, {"fact": "orders", "op": "=", "value": 0}]}
        )
        Business.keep(as_of=timezone.localdate())

        place(ladder, timezone.localdate())

        assert {one.pk for one in Customer.objects.filter(positions__stage__key="prospect")} >= {anna.pk, eva.pk}

    def test_its_values_are_offered_by_their_names(self, by):
        put_tag(customer=make_customer(), name="Věrný", by=by)

        assert find("tag").choices == {"verny": "Věrný"}


class TestThePages:
    def test_staff_put_one_on_and_take_it_off_with_a_way_back(self):
        anna, staff = make_customer(name="Anna"), cast.signed_in(cast.staff())
        page = reverse("customer", args=[anna.pk])

        put = staff.post(reverse("tag_put", args=[anna.pk]), {"name": "VIP"})
        assert put.url == page and "Anna has the tag “VIP”." in text(staff.get(page))
        off = reverse("tag_off", args=[anna.pk, Tag.objects.get().pk])
        staff.post(off)
        shown = staff.get(page).content.decode()
        assert not CustomerTag.objects.exists() and "?name=VIP" in shown
        staff.post(f"{reverse('tag_put', args=[anna.pk])}?name=VIP")
        assert names(anna) == ["VIP"]

    def test_in_place_the_part_of_the_page_comes_back(self):
        anna, staff = make_customer(), cast.signed_in(cast.staff())
        answer = staff.post(reverse("tag_put", args=[anna.pk]), {"name": "<script>VIP"}, headers={"HX-Request": "true"})

        assert "&lt;script&gt;VIP" in answer.content.decode() and "<script>" not in answer.content.decode()

    @pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
    def test_what_cannot_be_a_tag_is_said_and_kept_in_the_form(self, headers):
        anna, staff = make_customer(), cast.signed_in(cast.staff())
        answer = staff.post(reverse("tag_put", args=[anna.pk]), {"name": "x" * 41}, headers=headers)

        assert "This is too long: 41 letters, and at most 40 are kept." in text(answer) and f'value="{"x" * 41}"' in answer.content.decode()

    def test_a_reader_sees_them_and_has_no_form(self, by):
        anna = make_customer()
        put_tag(customer=anna, name="VIP", by=by)
        page = cast.signed_in(cast.reader()).get(reverse("customer", args=[anna.pk])).content.decode()

        assert ">VIP</a>" in page and reverse("tag_put", args=[anna.pk]) not in page and "/off/" not in page

    def test_an_owner_names_and_removes_them(self, by):
        jana, anna = cast.signed_in(cast.owner()), make_customer()
        tag = put_tag(customer=anna, name="VIP", by=by).tag
        put_tag(customer=anna, name="Other", by=by)
        page = reverse("tag", args=[tag.pk])

        assert "1 customer has it" in text(jana.get(reverse("tags")))
        assert "Another tag is called" in text(jana.post(page, {"name": "other"}))
        assert jana.post(page, {"name": "Guest"}).url == reverse("tags")
        assert "Remove it from 1 customer" in text(jana.get(page))
        jana.post(reverse("tag_remove", args=[tag.pk]))
        assert "The tag “Guest” is removed; 1 customer had it." in text(jana.get(reverse("tags")))
        assert "1 customer had it." in text(jana.get(reverse("audit")))
        assert names(anna) == ["Other"]

        assert jana.get(page).status_code == 404
        back = reverse("tag_back", args=[tag.pk])
        jana.post(reverse("tag_remove", args=[tag.pk]))
        assert "The tag “Guest” is back, with everybody who had it." in text(jana.post(back, follow=True))
        assert "is back, with" not in text(jana.post(back, follow=True)) and names(anna) == ["Guest", "Other"]

    def test_the_removal_is_undone_by_the_toast(self, by):
        jana, anna = cast.signed_in(cast.owner()), make_customer()
        tag = put_tag(customer=anna, name="VIP", by=by).tag
        page = jana.post(reverse("tag_remove", args=[tag.pk]), follow=True).content.decode()

        assert f'action="{reverse("tag_back", args=[tag.pk])}"' in page
        put_tag(customer=anna, name="vip", by=by)
        assert "Another tag is called “VIP” by now" in text(jana.post(reverse("tag_back", args=[tag.pk]), follow=True))

    def test_what_was_removed_stands_on_the_page_of_all_until_it_is_gone_for_good(self, by):
        jana, anna = cast.signed_in(cast.owner()), make_customer()
        tag = put_tag(customer=anna, name="VIP", by=by).tag
        remove_tag(tag=tag, now=datetime(2024, 11, 23, 23, 30, tzinfo=UTC), by=by)
        page = text(jana.get(reverse("tags")))

        assert "There are no tags yet." in page and "Removed on 24 November 2024, gone for good on 24 December 2024." in page
        jana.post(reverse("tag_back", args=[tag.pk]))
        assert names(anna) == ["VIP"] and "gone for good" not in text(jana.get(reverse("tags")))

    def test_one_that_a_rule_asks_says_which_and_has_no_button(self, by):
        jana = cast.signed_in(cast.owner())
        tag = put_tag(customer=make_customer(), name="VIP", by=by).tag
        make_segment(by=by, name="Guests", rule={"fact": "tag", "op": "=", "value": "vip"})

        assert "It cannot be removed while a rule asks it: the segment “Guests”." in text(jana.get(reverse("tag", args=[tag.pk])))
        jana.post(reverse("tag_remove", args=[tag.pk]))
        assert Tag.objects.exists()

    def test_the_page_of_all_costs_the_same_however_many(self, by, django_assert_max_num_queries):
        jana = cast.signed_in(cast.owner())
        for number in range(30):
            put_tag(customer=make_customer(), name=f"Tag {number}", by=by)

        with django_assert_max_num_queries(7):
            jana.get(reverse("tags"))


class TestLists:
    def test_the_list_is_asked_by_one_and_says_those_of_each(self, by):
        Business.keep(as_of=timezone.localdate())
        jana = cast.signed_in(cast.owner())
        anna, eva = make_customer(name="Anna"), make_customer(name="Eva")
        for name in ("VIP", "Kávař", "Žije v Brně", "Xenial"):
            put_tag(customer=anna, name=name, by=by)
        put_tag(customer=eva, name="VIP", by=by)

        page = jana.get(reverse("customers"), {"tag": "kavar"})
        assert [row.customer for row in page.context["listing"].rows] == [anna]
        assert page.context["listing"].count == 1
        assert "Kávař VIP +2" in text(page)
        assert "There is no such tag any more" in text(jana.get(reverse("customers"), {"tag": "nothing"}))
        # Of all with it, as a segment that is saved.
        assert "%22tag%22" in page.content.decode()

    def test_a_list_of_a_past_day_neither_shows_those_of_today_nor_asks_them(self, by):
        jana, anna = cast.signed_in(cast.owner()), make_customer(name="Anna")
        put_tag(customer=anna, name="VIP", by=by)
        PastFacts.objects.create(customer=anna)
        look_back(jana, date(1998, 6, 30))

        assert "VIP" not in text(jana.get(reverse("customers")))
        asked = jana.get(reverse("customers"), {"tag": "vip"})
        assert "Tags are of today, and this list is of another day" in text(asked)
        assert [row.customer for row in asked.context["listing"].rows] == [anna]

    def test_many_with_it_are_counted_to_the_end_and_paged(self, by):
        jana = cast.signed_in(cast.owner())
        tag = put_tag(customer=make_customer(), name="VIP", by=by).tag
        people = [make_customer() for _ in range(60)]
        CustomerTag.objects.bulk_create(CustomerTag(customer=one, tag=tag, by=by, at=timezone.now()) for one in people)
        make_customer()

        first = jana.get(reverse("customers"), {"tag": "vip"}).context["listing"]
        rest = jana.get(reverse("customers"), {"tag": "vip", "page": first.page.next}).context["listing"]
        assert (first.count, len(first.rows), len(rest.rows)) == (61, 50, 11)

    def test_a_file_has_them_joined_as_text_and_never_as_a_formula(self, by):
        jana, anna = cast.signed_in(cast.owner()), make_customer(name="Anna")
        for name in ("=1+1", "VIP"):
            put_tag(customer=anna, name=name, by=by)
        answer = jana.post(reverse("customers_export"), {"customer": anna.pk})
        head, line = b"".join(answer.streaming_content).decode().splitlines()

        assert head.endswith(",stage,tags")
        assert line.endswith(',"\'=1+1, VIP"')

    def test_a_file_of_many_asks_once_for_a_stretch(self, by, monkeypatch, django_assert_max_num_queries):
        jana, people = cast.signed_in(cast.owner()), [make_customer() for _ in range(20)]
        for one in people:
            put_tag(customer=one, name="VIP", by=by)

        with django_assert_max_num_queries(11 if connection.vendor == "sqlite" else 13):
            answer = jana.post(reverse("customers_export"), {"customer": [one.pk for one in people]})
            assert b"".join(answer.streaming_content).count(b"VIP") == 20
