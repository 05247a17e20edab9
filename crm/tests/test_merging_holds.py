"""What holds of two customers holds of the one that they become: a no stays a no, and a company a company; and nobody hidden is moved."""

from datetime import date

import pytest

from config.tests import cast
from crm.consents import SaidAlready, may_send, object_to_marketing, record_consent
from crm.merging import CannotMerge, merge, unmerge
from crm.models import Audit, Consent, Customer, Merge, MergeMoved
from crm.people.companies import set_company
from crm.people.households import live_together
from crm.tests.factories import make_company, make_customer, make_owner
from crm.tests.merged_world import NOW, TODAY

pytestmark = pytest.mark.django_db
EARLY, LATE = date(2026, 3, 1), date(2026, 5, 1)


@pytest.fixture
def by():
    return make_owner()


@pytest.fixture
def pair():
    return make_customer(), make_customer()


def say(customer, given, on, by, **more):
    record_consent(customer=customer, purpose="marketing", channel="email", given=given, how="phone", on=on, by=by, today=TODAY, **more)


def joined(into, source, by, **fields):
    return merge(into=into, from_=source, fields=fields, by=by, now=NOW)


def gets_mail(*customers):
    return [bool(may_send([one], "marketing", "email")) for one in customers]


@pytest.mark.parametrize("refuses", [0, 1], ids=["who stays", "who goes"])
@pytest.mark.parametrize("first", [True, False], ids=["written down first", "written down last"])
def test_a_no_of_either_outlives_an_earlier_yes_of_the_other(by, pair, refuses, first):
    said = [(pair[refuses], False, LATE), (pair[1 - refuses], True, EARLY)]
    for customer, given, on in said if first else said[::-1]:
        say(customer, given, on, by)
    rows = list(Consent.objects.order_by("pk").values())
    done = joined(*pair, by)
    assert gets_mail(pair[0]) == [False]

    unmerge(merge=done, by=by, now=NOW)
    assert gets_mail(pair[refuses], pair[1 - refuses]) == [False, True]
    assert list(Consent.objects.order_by("pk").values()) == rows


def test_a_yes_of_a_later_day_holds(by, pair):
    say(pair[0], False, EARLY, by)
    say(pair[1], True, LATE, by)
    joined(*pair, by)

    assert gets_mail(pair[0]) == [True]


def test_they_may_agree_anew_once_they_are_one(by, pair):
    say(pair[0], False, LATE, by)
    say(pair[1], True, EARLY, by)
    joined(*pair, by)
    say(pair[0], True, TODAY, by)

    assert gets_mail(pair[0]) == [True]


def test_a_no_goes_along_a_chain_and_leaves_nothing_behind(by, pair):
    third = make_customer()
    say(pair[0], False, LATE, by)
    say(pair[1], True, EARLY, by)
    say(third, True, EARLY, by)
    rows = list(Consent.objects.order_by("pk").values())
    first = joined(*pair, by)
    second = joined(third, pair[0], by)
    assert gets_mail(third) == [False]

    unmerge(merge=first, by=by, now=NOW)
    unmerge(merge=second, by=by, now=NOW)
    assert list(Consent.objects.order_by("pk").values()) == rows
    assert not MergeMoved.objects.exists()


def test_a_no_that_is_said_while_they_are_one_is_of_both_when_they_come_apart(by, pair):
    for each in pair:
        say(each, True, EARLY, by)
    done = joined(*pair, by)
    say(pair[0], False, TODAY, by)

    done = unmerge(merge=done, by=by, now=NOW)
    assert gets_mail(*pair) == [False, False]
    assert [(one.customer, one.on, one.by) for one in done.refused] == [(pair[1], TODAY, by)]
    assert Audit.objects.filter(what="consent.withdrawn", customer_pk=pair[1].pk).count() == 1


def test_what_they_agree_to_while_they_are_one_is_of_who_stays_alone(by, pair):
    done = joined(*pair, by)
    say(pair[0], False, EARLY, by)
    say(pair[0], True, TODAY, by)

    assert unmerge(merge=done, by=by, now=NOW).refused == []
    assert gets_mail(*pair) == [True, False]


@pytest.mark.parametrize("refuses", [0, 1], ids=["who stays", "who goes"])
@pytest.mark.parametrize("says", [say, lambda one, _no, on, by: object_to_marketing(customer=one, how="phone", on=on, by=by, today=on)])
def test_a_no_is_said_anew_where_the_one_that_holds_is_of_one_of_them_alone(by, pair, refuses, says):
    say(pair[1 - refuses], True, EARLY, by)
    say(pair[refuses], False, LATE, by)
    done = joined(*pair, by)
    says(pair[0], False, TODAY, by)
    with pytest.raises(SaidAlready):
        say(pair[0], False, TODAY, by)

    unmerge(merge=done, by=by, now=NOW)
    assert gets_mail(*pair) == [False, False]


def test_whoever_wants_no_marketing_may_say_so_anew_once_they_are_one_of_two(by, pair):
    say(pair[0], True, EARLY, by)
    object_to_marketing(customer=pair[1], how="phone", on=LATE, by=by, today=TODAY)
    joined(*pair, by)
    staff = cast.signed_in(cast.staff())
    page, asks = f"/customers/{pair[0].pk}/", "They want no marketing<"
    assert asks in staff.get(page).content.decode()

    staff.post(f"{page}consents/objection/")
    shown = staff.get(page).content.decode()
    assert asks not in shown and "They want no marketing of any kind" in shown


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["the first merge first", "the last merge first"])
def test_a_no_that_is_said_at_the_end_of_a_chain_is_of_all_of_it(by, pair, order):
    third = make_customer()
    for each in (*pair, third):
        say(each, True, EARLY, by)
    merges = [joined(pair[0], pair[1], by), joined(third, pair[0], by)]
    say(third, False, TODAY, by)

    for each in order:
        unmerge(merge=merges[each], by=by, now=NOW)
    assert gets_mail(*pair, third) == [False, False, False]


def test_a_no_that_was_said_on_the_way_is_of_nobody_who_came_later(by, pair):
    third = make_customer()
    for each in (*pair, third):
        say(each, True, EARLY, by)
    first = joined(pair[0], pair[1], by)
    say(pair[0], False, TODAY, by)
    second = joined(third, pair[0], by)

    unmerge(merge=first, by=by, now=NOW)
    unmerge(merge=second, by=by, now=NOW)
    assert gets_mail(*pair, third) == [False, False, True]


def test_the_no_of_a_third_is_not_of_who_was_merged_before_them(by, pair):
    third = make_customer()
    for each in pair:
        say(each, True, EARLY, by)
    say(third, False, LATE, by)
    first = joined(*pair, by)
    joined(pair[0], third, by)

    unmerge(merge=first, by=by, now=NOW)
    assert gets_mail(*pair) == [False, True]


def test_the_audit_tells_of_the_no_that_a_merge_brings_and_takes_back(by, pair):
    say(pair[0], True, LATE, by)
    say(pair[1], False, LATE, by)
    say(pair[0], True, LATE, by, text="May we?")
    told = Audit.objects.filter(pk__gt=Audit.objects.latest("pk").pk, what__startswith="consent").order_by("pk")
    told = told.values_list("what", "customer_pk", "by_pk", "changes__given")
    done = joined(*pair, by)
    unmerge(merge=done, by=by, now=NOW)

    assert list(told) == [
        ("consent.withdrawn", pair[0].pk, by.pk, [True, False]),
        ("consent.gone_back", pair[0].pk, by.pk, [False, None]),
    ]


def test_the_pages_of_a_merge_say_what_was_refused_since(by, pair):
    done, owner = joined(*pair, by), cast.signed_in(by)
    say(pair[0], False, TODAY, by)

    assert "stays refused by both: News and offers: E-mail" in " ".join(owner.get(f"/merges/{done.pk}/").content.decode().split())
    after = owner.post(f"/merges/{done.pk}/undo/", follow=True)
    assert "now refused by both: News and offers: E-mail." in after.content.decode()


@pytest.mark.parametrize(("stays", "words"), [("person", "People work there"), ("company", "They work at a company")])
def test_no_person_is_made_a_place_of_work_and_no_company_an_employee(by, stays, words):
    company, person, other = make_company(), make_customer(), make_company()
    set_company(person=make_customer(), company=company, position="Buyer", by=by)
    set_company(person=person, company=other, position="Buyer", by=by)
    before = list(Customer.objects.order_by("pk").values())

    with pytest.raises(CannotMerge, match=words):
        joined(person, company, by, **({"entity": "from"} if stays == "company" else {}))
    assert list(Customer.objects.order_by("pk").values()) == before and not Merge.objects.exists()
    # Who leaves the place where they work may become a company.
    joined(person, company, by, entity="from", works_at="from")
    assert Customer.objects.filter(works_at=person).count() == 1


@pytest.mark.parametrize("how", ["bin", "merge"])
def test_whoever_is_not_there_any_more_is_put_into_no_household(by, pair, how):
    home = live_together(customer=make_customer(), other=make_customer(), name="Nováků", by=by)
    owner, staff = cast.signed_in(by), cast.signed_in(cast.staff())
    paths = {"bin": f"/customers/{pair[0].pk}/bin/", "merge": f"/customers/{pair[1].pk}/merge/{pair[0].pk}/"}
    assert owner.post(paths[how]).status_code == 302

    assert staff.post(f"/households/{home.pk}/back/{pair[0].pk}/").status_code == 410
    assert home.members.count() == 2
