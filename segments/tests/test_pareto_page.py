from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from config.tests import cast
from crm.charts.shapes import Point
from crm.figures import Figures
from crm.models import Business, Facts
from crm.tests.factories import make_customer
from segments.steps import classify_pareto
from segments.vital_few import ParetoPage, Standing

pytestmark = pytest.mark.django_db
AS_OF = date(2026, 6, 30)


def buyer(name, now, before=0, **facts):
    last = facts.pop("last", AS_OF if now else date(2025, 6, 30))
    dates = dict.fromkeys(["first_order_on", "last_order_on", "due_on", "inactive_on", "lost_on"], last)
    amounts = {"revenue_12m": Decimal(now), "revenue_prev_12m": Decimal(before)}
    return make_customer(name=name, facts=dates | amounts | facts).pk


@pytest.fixture
def business():
    Business.keep(as_of=AS_OF)


@pytest.fixture
def six(business):
    """Of 1,000 the first three bring 850; of 1,250 a year ago Bistro, Dana and Filip brought 1,150."""
    people = {
        "Alena": buyer("Alena", 500, 100),
        "Bistro": buyer("Bistro", 200, 600),
        "Cyril": buyer("Cyril", 150, 0),
        "Dana": buyer("Dana", 100, 300),
        "Emil": buyer("Emil", 50, 0),
        "Filip": buyer("Filip", 0, 250),
    }
    classify_pareto(AS_OF)
    return people


def figures():
    return Figures(Business.load(), Business.load().as_of, Facts)


def page(shown="few", number="1"):
    return ParetoPage.of(figures(), AS_OF, shown, number)


def names(people):
    return [str(person.facts.customer) for person in people]


def opened(query=""):
    return cast.signed_in(cast.owner()).get(reverse("pareto") + query)


def test_the_finding_says_how_few_bring_how_much(six):
    assert page().finding == "3 of 5 buying customers (60.0%) make 85% of the last 12 months' revenue."


def test_one_who_carries_everything_is_said_in_the_singular(business):
    buyer("Alena", 990)
    buyer("Bistro", 10)
    classify_pareto(AS_OF)

    assert page().finding == "1 of 2 buying customers (50.0%) makes 99% of the last 12 months' revenue."


def test_the_vital_few_are_those_that_the_night_has_placed(six):
    standing = Standing.read(figures())

    assert standing.few == [six["Alena"], six["Bistro"], six["Cyril"]]
    assert set(standing.few) == set(Facts.objects.filter(pareto_class="vital_few").values_list("pk", flat=True))
    assert names(page().listed) == ["Alena", "Bistro", "Cyril"]


def test_the_vital_few_of_a_year_ago_are_found_by_the_same_rule(six):
    assert names(page("left").listed) == ["Dana", "Filip"]
    assert names(page("came").listed) == ["Alena", "Cyril"]


def test_the_share_that_the_business_has_set_decides_a_year_ago_too(six):
    Business.keep(pareto_share=Decimal("0.48"))
    classify_pareto(AS_OF)

    # 600 of 1,250 is 48 %.
    assert (page().few.people, page().few.people_before) == (1, 1)
    assert (names(page().came), names(page().left)) == (["Alena"], ["Bistro"])


def test_shares_are_those_of_the_largest_now_and_a_year_ago(six):
    # 20 % of five is one; of four one at least; 50 % of five is three and of four two.
    tops = {top.percent: top for top in page().tops}

    assert (tops[20].people, tops[20].share, tops[20].people_before, tops[20].share_before) == (1, 0.5, 1, 0.48)
    assert (tops[50].people, tops[50].share, tops[50].people_before, tops[50].share_before) == (3, 0.85, 2, 0.72)
    assert (page().few.share, page().few.share_before, page().part_before) == (0.85, 0.92, 0.75)


def test_what_makes_a_vital_customer_is_said_in_money(six):
    found = page()

    assert (found.least, found.others) == (150, 2)
    assert round(found.each_of_few, 2) == Decimal("283.33")
    assert found.each_of_others == 75
    assert (str(found.biggest.facts.customer), found.biggest.share, found.biggest_before) == ("Alena", 0.5, 0.48)


def test_the_curve_passes_through_the_vital_few(six):
    curve = page().curve

    assert curve.line.points == (Point(0, 100), Point(20, 50), Point(40, 30), Point(60, 15), Point(80, 5), Point(100, 0))
    assert curve.behind.points == (Point(0, 100), Point(25, 52), Point(50, 28), Point(75, 8), Point(100, 0))
    assert (curve.mark.at, curve.mark.label) == (Point(60, 15), "3 customers bring 85%")


def test_everyone_on_the_list_has_their_rank_share_and_rhythm(six):
    Facts.objects.filter(pk=six["Bistro"]).update(typical_gap_days=14.5, long_gap_days=43, last_order_on=date(2026, 6, 10))
    alena, bistro, _ = page().listed

    assert (alena.rank, alena.share, alena.days, alena.rhythm) == (1, 0.5, 0, "no rhythm yet")
    assert (bistro.rank, bistro.share, bistro.days, bistro.rhythm) == (2, 0.2, 20, "usually every 15 days")
    assert [person.rank for person in page("left").listed] == [4, None]


def test_equals_have_ranks_by_the_order_in_which_they_were_made(business):
    for name in ("Alena", "Bistro", "Cyril"):
        buyer(name, 100)
    classify_pareto(AS_OF)

    assert [(str(person.facts.customer), person.rank) for person in page().listed] == [("Alena", 1), ("Bistro", 2), ("Cyril", 3)]


def test_a_year_that_began_with_the_first_order_is_said_to_be_no_whole_year(six):
    assert page().begins == date(2025, 6, 30)
    Facts.objects.filter(pk=six["Alena"]).update(first_order_on=date(2024, 6, 30))
    assert page().begins is None


def test_the_page_shows_the_numbers_and_leads_to_the_people(six):
    text = opened().content.decode()

    assert "3 of 5 buying customers (60.0%) make 85% of the last 12 months&#x27; revenue." in text
    assert f'href="{reverse("customers")}?pareto=vital_few"' in text
    for customer in six.values():
        assert (f'href="{reverse("customer", args=[customer])}"' in text) == (customer != six["Emil"])
    assert "more than a year ago: the top 20% made 48.0% of the revenue then and make 50.0% now." in text
    assert "500\N{NO-BREAK SPACE}Kč" in text


def test_numbers_in_the_picture_keep_their_point_in_czech(six):
    client = cast.signed_in(cast.owner())
    client.cookies["django_language"] = "cs"
    text = client.get(reverse("pareto")).content.decode()

    assert 'points="0,100 20,50 40,30 60,15 80,5 100,0"' in text and 'cx="60.0%"' in text
    assert 'class="bar-fg" width="50.0%"' in text


def test_nothing_is_compared_where_there_was_no_year_before(business):
    buyer("Alena", 100)
    classify_pareto(AS_OF)
    answer = opened()

    assert "there is nothing to compare with" in answer.content.decode()
    assert "Came in within a year" not in answer.content.decode()
    assert answer.context["page"].curve.behind is None


def test_before_the_first_night_the_page_says_so(db):
    assert "There are no figures yet." in opened().content.decode()


def test_where_nobody_has_revenue_the_page_says_so(business):
    buyer("Alena", -50, 100)

    assert "Nobody brought any revenue in the 12 months to 30 June" in opened().content.decode()


def test_who_bought_since_the_last_night_waits_for_the_next_one(business):
    buyer("Alena", 100)
    text = opened().content.decode()

    assert "1 customer bought in the last 12 months. Who of them are the vital few is worked out tonight." in text
    assert "?pareto=vital_few" not in text


def test_who_left_is_shown_even_where_the_night_has_placed_nobody(business):
    buyer("Alena", 100, 50)

    assert names(page("left").listed) == ["Alena"]
    assert opened("?show=left").status_code == 200


@pytest.fixture
def sixty(business):
    for number in range(60):
        buyer(f"Customer {number:02}", 1000 - number)
    Business.keep(pareto_share=Decimal("1"))
    classify_pareto(AS_OF)


def test_a_long_list_comes_in_pages(sixty):
    first, last = page(number="1"), page(number="3")

    assert (len(first.listed), names(first.listed)[0], names(first.listed)[-1]) == (25, "Customer 00", "Customer 24")
    assert (len(last.listed), names(last.listed)[-1], last.listed[-1].rank) == (10, "Customer 59", 60)
    assert 'href="?show=few&amp;page=2#people"' in opened().content.decode()


@pytest.mark.parametrize("number", ["0", "-1", "999", "x", "", "1e3", "²", "\0", "9" * 5000, "<script>"])
def test_a_page_that_is_not_there_gives_the_nearest(sixty, number):
    assert len(page(number=number).listed) in {10, 25}


@pytest.mark.parametrize("query", ["?show=all", "?show=", "?show=%00", "?show=<script>", "?show=standing"])
def test_a_list_that_is_not_there_is_not_found(six, query):
    assert opened(query).status_code == 404


def test_only_ten_who_moved_are_shown_with_a_link_to_all(sixty):
    Facts.objects.update(revenue_prev_12m=0)
    buyer("Petr", 0, 10)
    answer = opened()

    assert len(answer.context["page"].came) == 10
    assert 'href="?show=came#people"' in answer.content.decode() and "Show all 60" in answer.content.decode()
    assert 'href="?show=left#people">Show' not in answer.content.decode()


def test_a_name_is_shown_as_text(business):
    buyer("<script>alert(1)</script>", 100)
    buyer("=cmd|' /C calc'!A0 \u202e" + "x" * 170, 50)
    classify_pareto(AS_OF)
    text = opened().content.decode()

    assert "<script>alert" not in text and "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_the_page_is_an_owners_alone(six):
    assert cast.signed_in(cast.staff()).get(reverse("pareto")).status_code == 403
    assert cast.signed_in(None).get(reverse("pareto")).status_code == 302


def test_the_page_asks_few_questions_of_the_database_whatever_the_number_of_rows(sixty):
    client = cast.signed_in(cast.owner())
    with CaptureQueriesContext(connection) as of_many:
        client.get(reverse("pareto"))
    Facts.objects.filter(revenue_12m__lt=1000).delete()
    with CaptureQueriesContext(connection) as of_one:
        client.get(reverse("pareto"))

    assert len(of_many) == len(of_one) <= 9


def test_a_date_of_this_year_is_short_and_another_has_its_year(six):
    with translation.override("en"):
        text = opened().content.decode()

    year = "" if timezone.localdate().year == 2026 else " 2026"
    assert f"12 months to 30 June{year}" in text
