"""The pages of saved segments."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.tests import cast
from crm.models import Audit, Business, Facts, Job
from crm.rules import described
from crm.tests.answers import said
from crm.tests.factories import make_customer
from lifecycle.kotler import install
from segments import segment_moves
from segments.membership import count_all
from segments.models import Choice, Member, Segment, SegmentMove, SegmentSize, SegmentVersion
from segments.saved import make_segment

pytestmark = pytest.mark.django_db
DAY = date(2026, 6, 30)
MANY = {"fact": "orders", "op": ">=", "value": 3}
RULE = '{"fact": "orders", "op": ">=", "value": 3}'


@pytest.fixture
def jana():
    Business.keep(as_of=DAY)
    return cast.owner()


@pytest.fixture
def people(jana):
    """Ordered 0 to 5 times, for 100 each; the last is one of the vital few."""
    found = [make_customer(facts={"orders": orders, "revenue_12m": Decimal(100 * orders)}, name=f"Guest {orders}") for orders in range(6)]
    Facts.objects.filter(pk=found[5].pk).update(pareto_class="vital_few")
    return found


@pytest.fixture
def regulars(jana, people):
    made = make_segment(by=jana, name="Regulars", rule=MANY)
    count_all(DAY)
    return Segment.objects.get(pk=made.pk)


def page(owner, segment, query=""):
    return owner.get(reverse("segment", args=[segment.pk]) + query)


def sent(segment, **fields):
    return {"name": segment.name, "purpose": segment.purpose, "rule": RULE, "version": segment.version} | fields


def test_the_page_says_the_rule_and_how_many_it_takes(owner, regulars):
    shown = page(owner, regulars)
    text = shown.content.decode()

    assert "“Orders” is at least 3" in text or "at least 3" in text
    assert '<b class="num">3</b> people' in text
    assert "50.0% of everyone." in text
    assert [str(row.customer) for row in shown.context["page"].members] == ["Guest 5", "Guest 4", "Guest 3"]


def test_an_owner_sees_what_its_members_bring_and_staff_do_not(owner, regulars):
    theirs = page(owner, regulars).content.decode()
    staff = page(cast.signed_in(cast.staff()), regulars).content.decode()

    assert "1,200" in theirs and "Of the vital few" in theirs
    assert "1,200" not in staff and "Of the vital few" not in staff
    assert "Save segment" not in staff and "segment-form" not in staff


def test_saving_makes_a_version_and_has_a_worker_count(owner, regulars, jana):
    answer = owner.post(reverse("segment", args=[regulars.pk]), sent(regulars, rule='{"fact": "orders", "op": ">", "value": 4}'))

    regulars.refresh_from_db()
    assert answer.status_code == 302
    assert (regulars.version, regulars.is_counted) == (2, False)
    assert [version.by for version in SegmentVersion.objects.all()] == [jana, jana]
    assert Job.objects.filter(kind="segment", key=f"{regulars.pk}:2").exists()
    counting = page(owner, regulars).content.decode()
    assert '<b class="num">1</b> person' in counting and "the members are being counted" in counting


def test_a_name_alone_counts_nothing_anew(owner, regulars):
    owner.post(reverse("segment", args=[regulars.pk]), sent(regulars, name="Our regulars"))

    regulars.refresh_from_db()
    assert (regulars.name, regulars.key, regulars.version, regulars.is_counted) == ("Our regulars", "regulars", 2, True)


def test_the_second_of_two_editors_is_told_and_loses_nothing(owner, regulars):
    address, old = reverse("segment", args=[regulars.pk]), sent(regulars)
    owner.post(address, old | {"name": "First"})

    answer = owner.post(address, old | {"name": "Second", "purpose": "Hand-written"})
    text = answer.content.decode()

    assert "Jana Horáková saved this segment while you were editing it." in text
    assert 'value="Second"' in text and "Hand-written" in text
    assert Segment.objects.get().name == "First"
    owner.post(address, old | {"name": "Second", "version": answer.context["form"].data["version"]})
    assert Segment.objects.get().name == "Second"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": ""}, "Give the segment a name."),
        ({"name": "?!"}, ""),
        ({"name": "x" * 101}, "101 letters, and at most 100 are kept"),
        ({"name": "a\0b"}, "Null characters are not allowed."),
        ({"purpose": "x" * 1001}, "1001 letters, and at most 1000 are kept"),
        ({"rule": ""}, "Say whom you mean"),
        ({"rule": "{"}, "This is not JSON"),
        ({"rule": '{"fact": "pk", "op": "=", "value": 1}'}, "There is no fact called “pk”."),
        ({"rule": '{"fact": "customer__name", "op": "=", "value": "x"}'}, "There is no fact called “customer__name”."),
        ({"rule": '{"fact": "segment", "op": "=", "value": "none"}'}, "“Segment” is one of: regulars."),
        ({"rule": '{"fact": "segment", "op": "=", "value": "regulars"}'}, "would ask each other in a circle"),
        ({"version": "x"}, "while you were editing it"),
        ({"version": "9" * 30}, "while you were editing it"),
    ],
)
def test_bad_input_is_said_in_a_sentence_and_nothing_is_written(owner, regulars, fields, sentence):
    answer = owner.post(reverse("segment", args=[regulars.pk]), sent(regulars) | fields)

    if sentence:
        assert answer.status_code == 200 and sentence in answer.content.decode()
        assert Segment.objects.get().version == 1
    assert SegmentVersion.objects.count() == Segment.objects.get().version


def test_a_new_segment_begins_with_the_rule_of_the_address(owner):
    answer = owner.get(reverse("segment_new"), {"rule": RULE})
    assert answer.context["form"].initial["rule"] == MANY

    made = owner.post(reverse("segment_new"), {"name": "Žižkov", "rule": RULE})

    segment = Segment.objects.get()
    assert made.url == reverse("segment", args=[segment.pk])
    assert (segment.key, segment.owner.email) == ("zizkov", "jana@example.com")


def test_a_rule_in_the_address_that_is_none_is_told(owner):
    answer = owner.get(reverse("segment_new"), {"rule": "{"})

    assert answer.status_code == 200 and "This is not JSON" in answer.content.decode()


def test_the_list_shows_sizes_and_last_night(owner, regulars, people):
    SegmentSize.objects.create(segment=regulars, as_of=DAY - timedelta(days=30), size=7)
    Facts.objects.filter(pk=people[2].pk).update(orders=9)
    SegmentMove.objects.all().delete()
    count_all(DAY)

    (line,) = owner.get(reverse("segments")).context["list"].lines

    assert (line.segment.size, line.month_ago, line.came, line.left) == (4, 7, 1, 0)
    assert len(line.spark.line.points) == 2


def test_an_empty_list_says_what_a_segment_is(owner):
    assert "There are no segments yet." in owner.get(reverse("segments")).content.decode()


def test_before_the_first_night_the_pages_say_so(owner, people, jana):
    Business.keep(as_of=None)
    segment = make_segment(by=jana, name="Regulars", rule=MANY)

    assert "counted with the first figures" in owner.get(reverse("segments")).content.decode()
    assert "counted with the first figures" in page(owner, segment).content.decode()


def test_a_customer_is_found_and_put_in_by_hand(owner, regulars, people):
    found = page(owner, regulars, "?who=guest+0").content.decode()
    assert f'value="include:{people[0].pk}"' in found

    owner.post(reverse("segment_put", args=[regulars.pk]), {"pick": f"include:{people[0].pk}", "reason": "A friend"})

    assert Member.objects.filter(customer=people[0]).exists()
    assert "A friend" in page(owner, regulars).content.decode()
    owner.post(reverse("segment_put_back", args=[regulars.pk]), {"customer": people[0].pk})
    assert not Member.objects.filter(customer=people[0]).exists()


@pytest.mark.parametrize("pick", ["", "include", "include:", "include:0", "include:x", f"include:{'9' * 40}", "sideways:1", "include:²"])
def test_a_forged_choice_chooses_nobody(owner, regulars, pick):
    answer = owner.post(reverse("segment_put", args=[regulars.pk]), {"pick": pick, "reason": "x"})

    assert answer.status_code == 302 and not Choice.objects.exists()


@pytest.mark.parametrize("reason", ["", " ", "a\0b", "x" * 1001])
def test_a_choice_without_a_reason_that_can_be_kept_is_refused(owner, regulars, people, reason):
    answer = owner.post(reverse("segment_put", args=[regulars.pk]), {"pick": f"include:{people[0].pk}", "reason": reason})

    assert said(answer) and not Choice.objects.exists() and not Member.objects.filter(customer=people[0]).exists()


def test_see_all_leads_to_the_customers_by_the_rule_itself(owner, regulars, jana):
    listed = owner.get(page(owner, regulars).context["page"].in_customers).context["listing"]

    assert [str(row.customer) for row in listed.rows] == ["Guest 5", "Guest 4", "Guest 3"]
    assert "at least 3" in described(listed.form.node)


def test_see_all_asks_for_the_segment_where_somebody_was_put_in_by_hand(owner, regulars, people):
    owner.post(reverse("segment_put", args=[regulars.pk]), {"pick": f"include:{people[0].pk}", "reason": "A friend"})

    listed = owner.get(page(owner, regulars).context["page"].in_customers).context["listing"]

    assert [str(row.customer) for row in listed.rows] == ["Guest 5", "Guest 4", "Guest 3", "Guest 0"]
    assert described(listed.form.node) == "“Segment” is Regulars"


def test_a_segment_in_use_is_not_deleted_and_the_message_says_where(owner, regulars, jana):
    make_segment(by=jana, name="Asking", rule={"fact": "segment", "op": "=", "value": "regulars"})

    answer = owner.post(reverse("segment_delete", args=[regulars.pk]))

    assert said(answer) == ["“Regulars” cannot be deleted while it is used by: The segment “Asking”."]
    assert Segment.objects.count() == 2
    assert "The segment “Asking”" in page(owner, regulars).content.decode()


def test_a_segment_that_nothing_uses_goes_with_all_that_is_its(owner, regulars):
    answer = owner.post(reverse("segment_delete", args=[regulars.pk]))

    assert answer.url == reverse("segments")
    assert not any(model.objects.exists() for model in (Segment, SegmentVersion, Member, SegmentSize, SegmentMove))


def test_a_double_has_the_rule_and_a_name_of_its_own(owner, regulars):
    for _time in range(2):
        owner.post(reverse("segment_duplicate", args=[regulars.pk]))

    names = list(Segment.objects.values_list("name", "key"))
    assert names == [("Regulars", "regulars"), ("Regulars, copy", "regulars-copy"), ("Regulars, copy 2", "regulars-copy-2")]
    assert [segment.rule for segment in Segment.objects.all()] == [MANY] * 3


def test_an_earlier_rule_is_gone_back_to_with_one_click(owner, regulars):
    owner.post(reverse("segment", args=[regulars.pk]), sent(regulars, rule='{"fact": "orders", "op": "<", "value": 0}'))
    page(owner, regulars)

    answer = owner.post(reverse("segment_restore", args=[regulars.pk]), {"number": 1, "version": 2})

    regulars.refresh_from_db()
    assert (regulars.rule, regulars.version) == (MANY, 3)
    assert said(answer) == ["The rule of version 1 holds again."]


@pytest.mark.parametrize(
    ("fields", "status"), [({"number": "7", "version": 1}, 404), ({"number": "x"}, 404), ({"number": 1, "version": 9}, 302)]
)
def test_a_version_that_is_not_there_is_not_gone_back_to(owner, regulars, fields, status):
    assert owner.post(reverse("segment_restore", args=[regulars.pk]), fields).status_code == status
    assert Segment.objects.get().version == 1


def test_the_export_names_the_members_and_why(owner, regulars, people):
    people[0].name = "=1+1"
    people[0].save()
    owner.post(reverse("segment_put", args=[regulars.pk]), {"pick": f"include:{people[0].pk}", "reason": "A friend"})

    assert Audit.objects.filter(what="segment.exported").count() == 0
    answer = owner.post(reverse("segment_members", args=[regulars.pk]))
    lines = answer.getvalue().decode("utf-8-sig").splitlines()

    assert lines[0] == "external_id,email,name,since,why"
    assert lines[1] == ",,'=1+1,2026-06-30,Put in by hand: A friend"
    assert lines[2] == ",,Guest 3,2026-06-30,Orders: 3."
    assert len(lines) == 5
    assert answer["Content-Disposition"] == 'attachment; filename="segment-regulars.csv"'
    assert Audit.objects.filter(what="segment.exported").count() == 1


def test_an_address_that_is_opened_takes_nothing_out_and_writes_nothing(owner, regulars):
    assert owner.get(reverse("segment_members", args=[regulars.pk])).status_code == 405
    assert not Audit.objects.filter(what="segment.exported").exists()


def test_the_queries_of_the_list_do_not_grow_with_the_segments(owner, regulars, jana):
    owner.get(reverse("segments"))
    counts = []
    for more in range(2):
        for number in range(5):
            make_segment(by=jana, name=f"More {more} {number}", rule=MANY)
        count_all(DAY)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            owner.get(reverse("segments"))
        counts.append(len(asked))

    assert counts[0] == counts[1] <= 10


def test_the_queries_of_a_page_do_not_grow_with_its_members(owner, regulars, jana, people):
    counts = []
    for _more in range(2):
        for _one in range(8):
            make_customer(facts={"orders": 7})
        count_all(DAY + timedelta(days=len(counts)))
        page(owner, regulars)
        with CaptureQueriesContext(connection) as asked:
            page(owner, regulars)
        counts.append(len(asked))

    assert counts[0] == counts[1] <= 20


def test_all_moves_are_listed_page_by_page_the_newest_first(owner, regulars, people, monkeypatch):
    monkeypatch.setattr(segment_moves, "ON_A_PAGE", 2)
    Facts.objects.filter(pk=people[5].pk).update(orders=0)
    count_all(DAY + timedelta(days=1))
    address = reverse("segment_moves", args=[regulars.pk])

    first = owner.get(address).context["moves"]
    rest = owner.get(address, {"page": first.page.next}).context["moves"]

    assert [(told.move.customer.name, told.move.entered) for told in first.told + rest.told] == [
        ("Guest 5", False),
        ("Guest 5", True),
        ("Guest 4", True),
        ("Guest 3", True),
    ]
    assert first.told[0].reasons == ["Orders: 0."]
    assert [told.move.customer.name for told in owner.get(address, {"way": "out"}).context["moves"].told] == ["Guest 5"]


@pytest.mark.parametrize("query", [{"page": "x"}, {"page": "a\0"}, {"way": "up"}, {"way": "in'--"}])
def test_a_page_of_moves_that_is_none_is_the_first(owner, regulars, query):
    answer = owner.get(reverse("segment_moves", args=[regulars.pk]), query)

    assert answer.status_code == 200 and len(answer.context["moves"].told) == 3


def test_staff_look_but_do_not_touch(regulars):
    petr = cast.signed_in(cast.staff())

    assert petr.post(reverse("segment", args=[regulars.pk]), sent(regulars, name="Mine")).status_code == 403
    assert Segment.objects.get().name == "Regulars"
    assert "New segment" not in petr.get(reverse("segments")).content.decode()


def test_the_size_is_drawn_and_told_from_the_second_night_on(owner, regulars):
    assert "from the second night on" in page(owner, regulars).content.decode()
    SegmentSize.objects.create(segment=regulars, as_of=DAY - timedelta(days=40), size=7)
    SegmentSize.objects.create(segment=regulars, as_of=DAY - timedelta(days=400), size=9)

    shown = page(owner, regulars)

    assert 'aria-label="People in the segment: 7 on 21 May, 3 on 30 June"' in shown.content.decode()
    assert shown.context["page"].sizes_in_short == [(DAY, 3), (DAY - timedelta(days=40), 7)]


@pytest.mark.parametrize("route", ["segment", "segment_moves", "segment_members"])
def test_the_words_of_a_stage_are_looked_up_once_for_all_who_moved(owner, jana, route):
    install()
    stage = {"fact": "stage", "op": "in", "value": ["client", "repeat"]}
    made, counts = make_segment(by=jana, name="Placed", rule=stage), []
    for night in range(2):
        for _one in range(4):
            make_customer(facts={"stage": "client"})
        count_all(DAY + timedelta(days=night))
        SegmentMove.objects.update(source="night")
        with CaptureQueriesContext(connection) as asked:
            ask = owner.post if route == "segment_members" else owner.get
            answer = ask(reverse(route, args=[made.pk]))
            text = (answer.getvalue() if answer.streaming else answer.content).decode()
        counts.append(len(asked))
        assert text.count("Stage: Client.") == 4 * (night + 1)

    assert counts[0] == counts[1]
