"""The builder while somebody works in it: the rows after a press, the count after each row, and the list that is filtered by the rule."""

import json
import re
from datetime import date
from decimal import Decimal
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import OperationalError
from django.urls import reverse

from config.tests import cast
from crm.figures import Figures
from crm.models import Business, Facts, PastFacts
from crm.overtaking import Overtaken, TooLong
from crm.rules import parse
from crm.rules.builder import signed
from crm.rules.live import counted, sample
from crm.tests.answers import text
from crm.tests.factories import make_customer
from crm.tests.posted import posted_by
from crm.views import rules as view

pytestmark = pytest.mark.django_db
AS_OF = date(2026, 3, 1)


def leaf(fact, op, *value):
    return {"fact": fact, "op": op} | ({"value": value[0]} if value else {})


MANY, PARTNER, PRAHA = leaf("orders", ">=", 3), leaf("is_partner", "=", True), leaf("city", "=", "praha")


@pytest.fixture
def people():
    """Five: who has how many orders, is a partner, lives in Praha, with which revenue."""
    for name, orders, partner, city, revenue in [
        ("Ada", 5, True, "Praha", 100),
        ("Bea", 4, False, "Praha", 900),
        ("Cyril", 3, False, "Brno", 300),
        ("Dan", 1, True, "Praha", 50),
        ("Ema", 0, False, "Brno", 0),
    ]:
        vital = "vital_few" if revenue > 200 else "useful_many" if revenue else ""
        make_customer(
            name=name, city=city, facts={"orders": orders, "is_partner": partner, "revenue_12m": Decimal(revenue), "pareto_class": vital}
        )


@pytest.fixture
def figures(people):
    business = Business.load()
    business.as_of = AS_OF
    business.save()
    return Figures(business, AS_OF, Facts)


class TestCounted:
    @pytest.mark.parametrize(
        ("rule", "left", "count", "revenue"),
        [
            ({"all": [MANY, PARTNER]}, [3, 1], 1, 100),
            ({"all": [PARTNER, MANY]}, [2, 1], 1, 100),
            ({"any": [MANY, PARTNER, PRAHA]}, [3, 4, 4], 4, 1350),
            ({"not": {"any": [PARTNER, PRAHA]}}, [3, 2], 2, 300),
            ({"not": MANY}, [2], 2, 50),
            (MANY, [3], 3, 1300),
            ({"all": [{"any": [PARTNER, PRAHA]}, {"not": PARTNER}]}, [3, 1], 1, 900),
            ({"any": []}, [], 0, 0),
        ],
    )
    def test_the_people_still_in_are_counted_after_each_top_part(self, figures, rule, left, count, revenue):
        found = counted(parse(rule), figures, with_revenue=True)

        assert (found.left, found.people, found.everyone, found.revenue) == (left, count, 5, revenue)
        assert found.share == count / 5

    def test_it_costs_two_statements_however_many_parts_there_are(self, figures, django_assert_num_queries):
        with django_assert_num_queries(2):
            assert counted(parse({"all": [MANY, PARTNER, PRAHA] * 10}), figures).revenue is None

    def test_where_there_is_nobody_the_share_is_none(self, figures):
        empty = Figures(figures.business, AS_OF, PastFacts, is_past=True)

        assert counted(parse(MANY), empty).share == 0.0

    def test_the_sample_is_ten_people_by_revenue(self, figures):
        for number in range(12):
            make_customer(name=f"More {number}", facts={"orders": 9, "revenue_12m": Decimal(number)})

        rows = sample(parse(MANY), figures, people=15)

        assert [str(row.customer) for row in rows][:4] == ["Bea", "Cyril", "Ada", "More 11"]
        assert len(rows) == 10
        assert [row.facts.pk for row in rows] == [row.facts.pk for row in sample(parse(MANY), figures, people=15_000)]


def owner():
    return cast.signed_in(cast.owner())


def page_of(client, rule):
    """The page of the list as the rule's address opens it, and what its builder sends."""
    html = client.get(reverse("customers"), {"rule": json.dumps(rule), "narrow": 1}).content.decode()
    return html, posted_by(html[html.index('id="by-rule"') : html.index('id="list"')])


def asked(client, where, data, control="rule-count", **headers):
    return client.post(
        reverse(where), data.dict() | {key: data.getlist(key) for key in data}, headers={"HX-Trigger-Name": control, **headers}
    )


class TestCountFragment:
    def test_it_says_the_rule_how_many_it_finds_and_who_is_still_in(self, figures):
        client = owner()
        _html, data = page_of(client, {"all": [MANY, PARTNER]})
        data["rule-samples"] = "1"

        answer = asked(client, "rule_count", data)
        said = text(answer)

        assert "1 person 20.0% of everyone" in said
        assert "Customers for whom this holds: “Orders” is at least 3 and “Partner” is yes." in said
        assert re.findall(r'id="(rule-\d-left)" hx-swap-oob="innerHTML">.*?(\d+)</span>', answer.content.decode(), re.DOTALL) == [
            ("rule-0-left", "3"),
            ("rule-1-left", "1"),
        ]
        assert "Ada" in said and "Bea" not in said
        link = unescape(re.search(r'href="(/customers/\?rule=[^"]+)"', answer.content.decode())[1])
        assert json.loads(parse_qs(urlsplit(link).query)["rule"][0]) == {"all": [MANY, PARTNER]}

    def test_only_an_owner_sees_what_they_bring_together(self, figures):
        _html, data = page_of(client := owner(), MANY)
        staff = cast.signed_in(cast.staff())

        assert "1,300 Kč" in text(asked(client, "rule_count", data))
        assert "Kč" not in text(asked(staff, "rule_count", data))

    @pytest.mark.parametrize("rule", [{"all": []}, {"all": [leaf("orders", ">=", "")]}, {"all": [leaf("zodiac", "=", "x")]}, {"any": []}])
    def test_a_rule_that_is_none_yet_is_not_counted(self, figures, rule):
        client = owner()
        _html, data = page_of(client, MANY)
        for key in [key for key in data if key.startswith("rule-0")] + ["rule-was"]:
            data.pop(key, None)
        data["rule-kind"] = next(iter(rule))
        for place, part in enumerate(rule[data["rule-kind"]]):
            data.update({f"rule-{place}-{key}": str(value) for key, value in part.items()})

        said = text(asked(client, "rule_count", data))

        assert "of everyone" not in said
        assert said in {"Everyone, for there is no rule yet.", "This is not a whole rule yet."}

    def test_before_the_first_night_it_says_so(self, people):
        client = owner()
        said = text(client.post(reverse("rule_count"), rows(MANY), headers={"HX-Trigger-Name": "rule-count"}))

        assert "Nobody is counted yet: the first figures come with the first night." in said

    @pytest.mark.parametrize(
        ("raised", "status", "said"),
        [(Overtaken(), 204, ""), (TooLong(), 200, "Counting this takes too long; the rule can be saved all the same.")],
    )
    def test_a_question_that_was_ended_answers_nothing_or_says_so(self, figures, monkeypatch, caplog, raised, status, said):
        monkeypatch.setattr(view, "counted", lambda *_arguments, **_named: (_ for _ in ()).throw(raised))

        answer = owner().post(reverse("rule_count"), rows(MANY), headers={"HX-Trigger-Name": "rule-count"})

        assert answer.status_code == status
        assert said in text(answer)
        assert caplog.records == []

    def test_another_fault_of_the_database_is_not_swallowed(self, figures, monkeypatch):
        monkeypatch.setattr(view, "counted", lambda *_arguments, **_named: (_ for _ in ()).throw(OperationalError("disk I/O error")))

        assert owner().post(reverse("rule_count"), rows(MANY), headers={"HX-Trigger-Name": "rule-count"}).status_code == 500


def rows(*rules):
    """What the rows of comparisons with one value each send."""
    sent = {"rule-kind": "all"}
    for place, rule in enumerate(rules):
        sent |= {f"rule-{place}-{key}": str(value).lower() if isinstance(value, bool) else str(value) for key, value in rule.items()}
    return sent


class TestBuilderFragment:
    def test_a_press_brings_the_rows_and_the_sentence(self, figures):
        answer = owner().post(reverse("rule_builder"), rows(MANY) | {"rule-do": "add"}, headers={"HX-Trigger-Name": "rule-do"})
        html = answer.content.decode()

        assert 'name="rule-1-fact"' in html and 'name="rule-0-value"' in html
        assert '<div id="rule-say" hx-swap-oob="innerHTML">' in html
        assert "This is not a whole rule yet." in html
        assert "Choose a fact." not in html

    def test_a_builder_in_a_set_of_forms_is_told_by_the_control_that_asks(self, figures):
        data = {key.replace("rule-", "stages-3-rule-", 1): value for key, value in rows(MANY).items()}
        client = owner()

        for control in ("stages-3-rule-0-fact", "stages-3-rule-kind", "stages-3-rule-do"):
            answer = client.post(reverse("rule_builder"), data, headers={"HX-Trigger-Name": control})
            assert 'name="stages-3-rule-0-fact"' in answer.content.decode()

    def test_what_may_not_be_asked_is_not_offered_and_not_counted(self, figures):
        sent = rows(leaf("stage", "=", "client")) | {"rule-forbidden": signed({"stages"})}
        client = owner()

        rows_again = client.post(reverse("rule_builder"), sent, headers={"HX-Trigger-Name": "rule-0-fact"}).content.decode()
        said = text(client.post(reverse("rule_count"), sent, headers={"HX-Trigger-Name": "rule-count"}))

        assert "“Stage” is decided after this rule, so the rule cannot ask it." in rows_again
        assert said == "This is not a whole rule yet."

    @pytest.mark.parametrize(
        "control", ["", "rule", "0-fact", "-0-fact", "rule-0-fact__gt", "rule-0-path", "<b>-0-fact", "x" * 500 + "-do", "rule-do\0"]
    )
    @pytest.mark.parametrize("where", ["rule_builder", "rule_count"])
    def test_a_request_that_no_builder_sends_is_refused(self, figures, where, control):
        assert owner().post(reverse(where), rows(MANY), headers={"HX-Trigger-Name": control}).status_code == 400

    @pytest.mark.parametrize("value", ["a\0b", "x" * 10_240, "<script>", "(a+)+$", "' OR 1=1 --", "9" * 500, "\N{FOX FACE}" * 300])
    @pytest.mark.parametrize("part", ["fact", "op", "value", "for", "kind"])
    def test_nothing_that_can_be_typed_breaks_it(self, figures, part, value):
        client = owner()
        for where in ("rule_builder", "rule_count"):
            answer = client.post(reverse(where), rows(MANY) | {f"rule-0-{part}": value}, headers={"HX-Trigger-Name": "rule-0-fact"})

            assert answer.status_code == 200
            assert "<script>" not in answer.content.decode()


class TestFilteredList:
    def show(self, client, sent, **more):
        return client.post(reverse("customers_by_rule"), sent | more)

    def test_the_rows_become_the_address_of_a_list(self, figures):
        answer = self.show(owner(), rows(MANY, PARTNER), q="a", sort="name", page="x", other="1")
        parts = parse_qs(urlsplit(answer.url).query)

        assert answer.status_code == 302
        assert json.loads(parts.pop("rule")[0]) == {"all": [MANY, PARTNER]}
        assert parts == {"q": ["a"], "sort": ["name"]}

    def test_without_rows_everyone_is_shown(self, figures):
        assert self.show(owner(), {"rule-kind": "all"}).url == reverse("customers")

    def test_each_part_of_the_rule_is_a_chip_that_leaves_the_others(self, figures):
        html, _data = page_of(owner(), {"all": [MANY, {"any": [PARTNER, PRAHA]}]})
        chips = re.findall(r'<li class="chip chip-long"><span id="chip-\d">(.*?)</span><a class="plain" href="([^"]+)"', html)
        left = [json.loads(parse_qs(urlsplit(unescape(link)).query)["rule"][0]) for _words, link in chips]

        assert [unescape(words) for words, _link in chips] == ["“Orders” is at least 3", "“Partner” is yes or “City” is praha"]
        assert left == [{"all": [{"any": [PARTNER, PRAHA]}]}, {"all": [MANY]}]

    def test_the_last_chip_leaves_everyone(self, figures):
        html, _data = page_of(owner(), {"all": [MANY]})

        assert re.search(r'href="/customers/\??" aria-label="Remove this rule"', html)

    def test_the_page_holds_the_rule_in_its_rows(self, figures):
        client, rule = owner(), {"any": [MANY, {"not": PARTNER}]}
        _html, data = page_of(client, rule)

        assert json.loads(parse_qs(urlsplit(client.post(reverse("customers_by_rule"), data).url).query)["rule"][0]) == rule

    def test_a_press_shows_the_page_again_with_the_builder_open(self, figures):
        answer = self.show(owner(), rows(MANY), **{"rule-do": "add", "q": "a"})
        html = answer.content.decode()

        assert answer.status_code == 200
        assert '<details class="by-rule" open>' in html
        assert 'name="rule-1-fact"' in html and 'value="a"' in html

    def test_a_rule_that_is_not_whole_is_told_and_the_list_stays(self, figures):
        answer = self.show(owner(), rows(leaf("orders", ">=", "")))

        assert answer.status_code == 200
        assert "Give a value." in text(answer) and "1 to 5 of 5 customers" in text(answer)

    def test_a_rule_that_no_address_holds_is_told(self, figures):
        answer = self.show(owner(), rows(*[leaf("city", "contains", "\N{FOX FACE}" * 50)] * 40))

        assert "This rule is too long for the address of a list; a shorter one can be shown." in text(answer)
