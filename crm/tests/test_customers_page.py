"""The list of customers: who is found, in which order, page by page; and whatever an address may bring."""

import json
import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from itertools import product
from urllib.parse import urlencode

import pytest
from django.db.models import Q
from django.urls import reverse

from config.management.commands.up import LONGEST_REQUEST_LINE
from config.tests import cast
from crm import navigation
from crm.groups import GROUPS, Group
from crm.models import Business, Facts, PastFacts, User
from crm.tags.writing import put_tag
from crm.tests.answers import text
from crm.tests.factories import make_customer
from lifecycle import kotler

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 11, 23)
LAST = date(2026, 9, 13)


def ordered(last=LAST, **fields):
    return {"first_order_on": last, "last_order_on": last, "due_on": last, "inactive_on": last, "lost_on": last} | fields


@pytest.fixture(autouse=True)
def ladder():
    kotler.install()


@pytest.fixture
def figures():
    Business.keep(as_of=AS_OF)


def get(client, **asked):
    return client.get(f"{reverse('customers')}?{urlencode(asked)}")


def look_back(client, day):
    Business.keep(as_of=AS_OF, past_as_of=day)
    session = client.session
    session["look_back"] = day.isoformat()
    session.save()


def names(answer):
    return [str(row.customer) for row in answer.context["listing"].rows]


def problems(answer):
    return answer.context["listing"].problems


def rule(**leaf):
    return json.dumps(leaf)


class TestWhoIsFound:
    @pytest.mark.parametrize(
        "q",
        [
            "žižka",
            "ZIZKA",
            "  jan   Žiž ",
            "žka ja",
            "jan@example",
            "+420 602 118",
            "602118337",
            "(602) 118-337",
            "602/118",
            "Z-7",
            "z-7 žiž",
        ],
    )
    def test_part_of_a_name_an_e_mail_a_phone_or_an_id_finds_them(self, owner, q):
        make_customer(name="Jan Žižka", email="jan@example.com", phone="+420 602 118 337", external_id="Z-7")
        make_customer(name="Someone Else", email="else@example.com", phone="+420 777 000 111")

        assert names(get(owner, q=q)) == ["Jan Žižka"]

    @pytest.mark.parametrize("q", ["%", "_", "100%", "a_b", "\\", "'", '"', "--", "*"])
    def test_signs_are_signs_and_stand_for_nothing_else(self, owner, q):
        make_customer(name="plain ab")
        make_customer(name=f"with 100% a_b \\ ' \" -- * {q}")

        assert len(names(get(owner, q=q))) == 1

    def test_all_words_have_to_be_there(self, owner):
        make_customer(name="Jan Novák")

        assert names(get(owner, q="jan svoboda")) == []

    @pytest.mark.parametrize("few", [0, 1_000])
    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({}, ["A 7", "C 7", "B 7"]),
            ({"sort": "name"}, ["A 7", "B 7", "C 7"]),
            ({"sort": "-last"}, ["B 7", "A 7", "C 7"]),
            ({"stage": "client"}, ["A 7", "B 7"]),
            ({"stage": "lost"}, []),
        ],
    )
    def test_few_and_many_are_found_alike(self, owner, monkeypatch, few, asked, found):
        monkeypatch.setattr("crm.meant.FEW", few)
        make_customer(name="B 7", facts=ordered(date(2026, 5, 1), stage="client"))
        make_customer(name="A 7", facts=ordered(date(2025, 1, 1), stage="client", revenue_12m=Decimal(9)))
        make_customer(name="C 7", facts={"stage": "repeat", "revenue_12m": Decimal(5)})
        make_customer(name="D 8", facts=ordered(date(2026, 1, 1), stage="client"))

        answer = get(owner, q="7", **asked)

        assert (names(answer), answer.context["listing"].count) == (found, len(found))

    def test_by_stage_and_pareto_class(self, owner):
        make_customer(name="A", facts={"stage": "client", "pareto_class": "vital_few"})
        make_customer(name="B", facts={"stage": "client", "pareto_class": "useful_many"})
        make_customer(name="C", facts={"stage": "repeat", "pareto_class": "vital_few"})

        assert names(get(owner, stage="client", sort="name")) == ["A", "B"]
        assert names(get(owner, pareto="vital_few", sort="name")) == ["A", "C"]
        assert names(get(owner, stage="client", pareto="vital_few")) == ["A"]

    def test_by_a_rule_which_the_page_reads_back_and_offers_to_remove(self, owner, figures):
        make_customer(name="Quiet", facts=ordered(date(2026, 9, 1)))
        make_customer(name="Fresh", facts=ordered(date(2026, 11, 20)))

        answer = get(owner, rule=rule(fact="days_since_last_order", op=">", value=60), q="i")

        assert names(answer) == ["Quiet"]
        assert "“Days since the last order” is more than 60" in text(answer)
        assert f'href="{reverse("customers")}?q=i" aria-label="Remove this rule"' in answer.content.decode()

    def test_a_rule_reaches_the_customer_s_own_columns(self, owner, figures):
        make_customer(name="A", city="Łódź")
        make_customer(name="B", city="Brno")

        assert names(get(owner, rule=rule(fact="city", op="=", value="łódź"))) == ["A"]

    def test_looking_back_the_figures_of_that_day_are_asked(self, owner):
        known, _later = make_customer(name="Known", facts={"stage": "lost"}), make_customer(name="Later")
        PastFacts.objects.create(customer=known, stage="client")
        look_back(owner, date(1998, 6, 30))

        assert names(get(owner, stage="client")) == ["Known"]
        assert names(get(owner)) == ["Known"]
        assert names(get(owner, q="n")) == ["Known"]
        assert names(get(owner, q="later")) == []


class TestOrder:
    def test_the_highest_revenue_is_first_unless_asked_otherwise(self, owner):
        for name, revenue in (("A", 5), ("B", 900), ("C", 0)):
            make_customer(name=name, facts={"revenue_12m": Decimal(revenue)})

        assert names(get(owner)) == ["B", "A", "C"]
        assert names(get(owner, sort="revenue")) == ["C", "A", "B"]

    def test_names_are_sorted_folded(self, owner):
        for name in ("Žofie", "adam", "Čeněk"):
            make_customer(name=name)

        assert names(get(owner, sort="name")) == ["adam", "Čeněk", "Žofie"]
        assert names(get(owner, sort="-name")) == ["Žofie", "Čeněk", "adam"]

    @pytest.mark.parametrize(("sort", "first"), [("last", "Old"), ("-last", "New"), ("due", "Old"), ("-due", "New")])
    def test_who_never_ordered_is_last_either_way(self, owner, sort, first):
        make_customer(name="Never")
        make_customer(name="Old", facts=ordered(date(2025, 1, 1)))
        make_customer(name="New", facts=ordered(date(2026, 1, 1)))

        found = names(get(owner, sort=sort))

        assert (found[0], found[-1]) == (first, "Never")

    def test_the_head_says_how_it_is_sorted_and_turns_it(self, owner):
        make_customer()

        head = get(owner, q="c", sort="name").content.decode()

        assert f'aria-sort="ascending"><a class="th-sort" href="{reverse("customers")}?q=c&amp;sort=-name"' in head
        assert 'href="/customers/?q=c&amp;sort=-revenue"' in head
        assert head.count("aria-sort") == 1


class TestPages:
    @pytest.mark.parametrize("few", [100, 1_000])
    def test_fifty_at_a_time_forward_and_back_with_the_search_kept(self, owner, monkeypatch, few):
        monkeypatch.setattr("crm.meant.FEW", few)
        for number in range(120):
            make_customer(name=f"Customer {number:03}")
        make_customer(name="Else")

        first = get(owner, q="customer", sort="name")
        second = owner.get(unescape(re.search(r'rel="next" href="([^"]+)"', first.content.decode())[1]))
        third = owner.get(unescape(re.search(r'rel="next" href="([^"]+)"', second.content.decode())[1]))
        back = owner.get(unescape(re.search(r'rel="prev" href="([^"]+)"', third.content.decode())[1]))

        assert names(first) + names(second) + names(third) == [f"Customer {number:03}" for number in range(120)]
        assert names(back) == names(second)
        assert "101 to 120 of 120 customers" in text(third)
        assert 'rel="prev"' not in first.content.decode() and 'rel="next"' not in third.content.decode()

    def test_more_than_can_be_counted_cheaply_is_said_so(self, owner, monkeypatch):
        monkeypatch.setattr("crm.meant.MOST_COUNTED", 55)
        for _ in range(56):
            make_customer()

        assert "1 to 50 of more than 55 customers" in text(get(owner))

    @pytest.mark.parametrize("q", ["cu", "customer"])
    def test_whom_a_word_finds_is_counted_less_far(self, owner, monkeypatch, q):
        monkeypatch.setattr("crm.meant.MOST_COUNTED_OF_A_SEARCH", 55)
        for _ in range(56):
            make_customer()

        assert "1 to 50 of more than 55 customers" in text(get(owner, q=q))
        assert "1 to 50 of 56 customers" in text(get(owner))

    def test_no_link_is_longer_than_the_server_reads(self, client, owner, figures):
        """A search as long as it may be, with a rule as long as Today's longest, in letters that take most room in an address."""
        for _ in range(51):
            make_customer(name="🦊" * 200, facts=ordered(stage="first-time", pareto_class="useful_many", order_days=1))
        first = {"fact": "first_order_on", "op": "between", "value": ["2026-01-01", "2026-12-31"]}
        narrowed = json.dumps({"all": [first, {"fact": "order_days", "op": ">=", "value": 1}]})
        page = get(owner, q="🦊" * 200, stage="first-time", pareto="useful_many", sort="-name", rule=narrowed)

        links = [unescape(link) for link in re.findall(r'href="([^"]+)"', page.content.decode())]
        longest = max(links, key=len)
        led_to_the_login = client.get(longest).url

        assert "page=" in longest and led_to_the_login.startswith("/login/?next=/customers/")
        assert len(longest) < len(led_to_the_login) < LONGEST_REQUEST_LINE - len("GET  HTTP/1.1")

    @pytest.mark.parametrize("rows", [51, 150])
    @pytest.mark.parametrize("few", [0, 10_000])
    @pytest.mark.parametrize("tags", [0, 7])
    def test_rows_do_not_cost_statements(self, owner, figures, monkeypatch, rows, few, tags, django_assert_max_num_queries):
        """Nor does another order, a filter, a word that few have or many, or a later page. What is sought by a word and sorted by a day
        that not all have takes one more."""
        for name in ("crm.meant.MOST_NAMED", "crm.meant.FEW", "crm.searching.MOST_NAMED"):
            monkeypatch.setattr(name, few)
        for place in range(rows):
            facts = ordered(stage="client", pareto_class="useful_many", typical_gap_days=20.0, long_gap_days=30, revenue_12m=place % 5)
            customer = make_customer(facts=facts | {"due_on": LAST + timedelta(days=place % 7)})
            if tags:
                put_tag(customer=customer, name=f"Number {place % tags}", by=User.objects.get())

        # A process looks once whether there is an index of words.
        get(owner, q="customer")
        asked = [{}, {"stage": "client"}, {"q": "customer"}, {"q": "cu"}, {"q": "customer", "stage": "client", "pareto": "useful_many"}]
        for one, sort in product(asked, ["-revenue", "name", "last", "-due"]):
            most = 9 if "q" in one and sort in {"last", "-due"} else 8
            with django_assert_max_num_queries(most):
                page = get(owner, sort=sort, **one)
            later = unescape(re.search(r'rel="next" href="([^"]+)"', page.content.decode())[1])
            with django_assert_max_num_queries(most):
                second = owner.get(later)
            assert len(names(page)) == 50 and len(names(second)) == min(rows - 50, 50), (one, sort)
            assert second.context["listing"].count == rows

    def test_a_later_page_leads_to_the_rules_of_the_first_one(self, owner, figures):
        for _ in range(51):
            make_customer(facts=ordered(stage="client"))
        asked = rule(fact="stage", op="=", value="client")
        page = get(owner, rule=asked, q="c")
        second = owner.get(unescape(re.search(r'rel="next" href="([^"]+)"', page.content.decode())[1]))

        html = second.content.decode()
        assert second.context["by_rule"] is None and 'name="narrow" value="1"' in html
        sent = re.findall(r'<input type="hidden" (?:form="by-rule" )?name="(q|rule)" value="([^"]*)"', html)
        opened = get(owner, **{name: unescape(value) for name, value in sent}, narrow=1)
        assert '<details class="by-rule" open>' in opened.content.decode()
        assert opened.context["by_rule"].initial["rule"] == json.loads(asked)
        assert opened.context["listing"].form.cleaned_data["q"] == "c"


class TestARow:
    def test_it_says_the_money_the_days_and_the_rhythm(self, owner, figures):
        make_customer(
            name="Martin Krejčí",
            city="Brno",
            facts=ordered(
                stage="client", pareto_class="vital_few", revenue_12m=Decimal("24860.40"), typical_gap_days=32.0, long_gap_days=40
            ),
        )

        said = text(get(owner))

        for words in ("Martin Krejčí", "Vital few", "Brno", "Client", "24,860 Kč", "71 days ago", "usually every 32 days"):
            assert words in said

    def test_looking_back_it_says_the_day_of_the_last_order_and_no_days_ago(self, owner):
        values = ordered(date(1998, 6, 29), typical_gap_days=32.0, long_gap_days=40)
        PastFacts.objects.create(customer=make_customer(), **values)
        look_back(owner, date(1998, 6, 30))

        said = text(get(owner))

        assert said.count("29 June 1998") == 2  # in its column, and on a phone beside the rhythm
        assert "1 day ago" not in said and "usually every 32 days" in said

    def test_an_uneven_rhythm_is_not_called_usual(self, owner, figures):
        make_customer(facts=ordered(typical_gap_days=10.0, long_gap_days=31))

        said = text(get(owner))

        assert "irregular; longest usual pause 31 days" in said
        assert "usually every" not in said

    def test_who_has_no_rhythm_gets_no_mark(self, owner, figures):
        make_customer(facts=ordered())

        assert 'class="rhythm' not in get(owner).content.decode()

    def test_who_has_no_name_is_called_by_what_there_is(self, owner):
        nameless = make_customer(name="")
        make_customer(name="", email="a@example.com")

        assert names(get(owner, sort="name")) == [f"#{nameless.pk}", "a@example.com"]

    @pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=HYPERLINK('x')", "{{ 7|add:1 }}", "\u202eعلي بن", "A" * 200, "🦊"])
    def test_a_name_is_text(self, owner, name):
        make_customer(name=name)
        page = get(owner, q=name[:50]).content.decode()

        assert name in unescape(page)
        assert "<script>alert" not in page


class TestBadInput:
    """Each is said in a sentence, and left out."""

    @pytest.mark.parametrize(
        ("asked", "sentence"),
        [
            ({"stage": "../etc"}, "There is no such stage; choose one from the list."),
            ({"pareto": "rich"}, "There is no such Pareto class; choose one from the list."),
            ({"sort": "password"}, "The list cannot be sorted in that way; choose one from the list."),
            ({"sort": "customer__owner__password"}, "The list cannot be sorted in that way; choose one from the list."),
            ({"page": "forged"}, "This page of the list is no longer there; here is the first one."),
            ({"page": "W10:1:1" * 500}, "This page of the list is no longer there; here is the first one."),
            ({"q": "x" * 201}, "A search has at most 200 letters; this one has 201."),
            ({"q": " ".join("abcdefghijk")}, "Search for at most 10 words at once."),
            ({"q": "a\0b"}, "Null characters are not allowed."),
            ({"rule": "{"}, "This is not JSON from line 1, letter 2 on."),
            ({"rule": rule(fact="password", op="=", value="x")}, "fact: There is no fact called “password”."),
            ({"rule": rule(fact="city", op="regex", value="(a+)+$")}, "op: “City” can be compared by: =, !=, in, contains, starts, empty."),
            ({"rule": "[" * 5000}, "This is nested too deep."),
            ({"rule": "\0"}, "Null characters are not allowed."),
        ],
    )
    def test_it_is_said_and_everyone_is_shown(self, owner, figures, asked, sentence):
        make_customer(name="Everyone")

        answer = get(owner, **asked)

        assert (answer.status_code, problems(answer), names(answer)) == (200, [sentence], ["Everyone"])

    def test_a_cursor_of_another_order_is_no_place_in_this_one(self, owner):
        for _ in range(60):
            make_customer()
        cursor = get(owner).context["listing"].page.next

        assert problems(get(owner, sort="name", page=cursor)) == ["This page of the list is no longer there; here is the first one."]

    def test_a_rule_waits_for_the_first_figures(self, owner):
        make_customer(name="Everyone")

        answer = get(owner, rule=rule(fact="orders", op=">", value=1))

        assert problems(answer) == ["A rule cannot be asked yet: the first figures come with the first night."]
        assert names(answer) == ["Everyone"]

    @pytest.mark.parametrize("asked", [{"q": "x", "other": "<script>"}, {"sort": ""}, {"stage": "", "pareto": "", "rule": ""}])
    def test_what_is_empty_or_unknown_asks_nothing(self, owner, asked):
        assert problems(get(owner, **asked)) == []

    def test_twice_the_same_word_is_the_last_one(self, owner):
        make_customer(name="Beata")

        assert names(owner.get(f"{reverse('customers')}?q=adam&q=beata")) == ["Beata"]


class TestEmpty:
    def test_an_owner_without_customers_is_shown_the_way_to_the_import(self, owner):
        page = get(owner)

        assert "There are no customers yet." in text(page)
        assert reverse("import") in page.content.decode()

    def test_staff_are_told_who_can_bring_them_in(self):
        page = get(cast.signed_in(cast.staff()))

        assert "An owner brings them in by importing the orders." in text(page)
        assert reverse("import") not in page.content.decode()

    def test_a_search_without_a_hit_names_what_was_searched(self, owner):
        make_customer()

        page = get(owner, q="<b>Nobody</b>")

        assert "Nobody found for “<b>Nobody</b>”." in text_of_list(page)
        assert f'<a href="{reverse("customers")}">Show everyone</a>' in page.content.decode()

    def test_filters_that_nobody_matches_are_said_so(self, owner):
        make_customer()

        assert "Nobody matches these filters." in text(get(owner, pareto="vital_few"))


def text_of_list(answer):
    return unescape(re.search(r'<div class="empty".*', answer.content.decode(), re.DOTALL)[0])


class TestParts:
    def test_htmx_gets_the_list_alone(self, owner):
        make_customer(name="Alone")

        answer = owner.get(reverse("customers"), headers={"HX-Request": "true"})

        assert "Alone" in text(answer)
        assert "<html" not in answer.content.decode()

    def test_staff_see_a_customer_s_revenue_and_no_total(self, figures):
        for _ in range(2):
            make_customer(facts={"revenue_12m": Decimal(100)})

        said = text(get(cast.signed_in(cast.staff())))

        assert said.count("100 Kč") == 2
        assert "200 Kč" not in said

    def test_it_is_in_the_menu_of_everyone(self):
        assert "customers" in [entry.route for entry in navigation.entries_for(is_owner=False)]

    def test_nothing_is_written_by_looking(self, owner, figures):
        make_customer()
        before = list(Facts.objects.values())

        get(owner, q="c")

        assert list(Facts.objects.values()) == before


class TestGroups:
    """Those that the floors above add; who belongs to them is theirs to test."""

    @pytest.fixture(autouse=True)
    def tea(self, monkeypatch):
        drinks = Group("tea", "Drinks tea", lambda figures, today: Q(customer__name__startswith="Tea"))
        monkeypatch.setitem(GROUPS, "tea", drinks)

    def test_a_group_lists_its_people_under_its_name_and_can_be_left(self, owner, figures):
        make_customer(name="Tea Ann")
        make_customer(name="Ben")
        page = get(owner, group="tea")

        assert names(page) == ["Tea Ann"] and "Drinks tea" in text(page) and "1 to 1 of 1 customer" in text(page)
        assert 'href="/customers/?" aria-label="Remove this filter"' in page.content.decode()
        # A search within the list stays in the group.
        assert '<input type="hidden" name="group" value="tea"' in page.content.decode()

    def test_a_forged_group_is_answered_in_a_sentence_with_everyone(self, owner, figures):
        make_customer(name="Ben")
        for forged in ("nobody", "\0", "x" * 5000):
            page = get(owner, group=forged)
            assert "Ben" in text(page), forged
        assert "There is no such group of customers" in text(get(owner, group="nobody"))

    def test_before_the_first_figures_it_is_said_that_there_are_none(self, owner):
        assert "A group cannot be shown yet" in text(get(owner, group="tea"))
