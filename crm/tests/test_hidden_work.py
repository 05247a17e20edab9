"""What is to be done for customers in the bin waits there with them; of who was merged away, it is of the one who stays."""

import re
from datetime import UTC, date, datetime
from html import unescape
from uuid import uuid4

import pytest
from django.urls import reverse

from crm import hiding
from crm.bin import put_in_bin, restore
from crm.complaints.page import DEEDS
from crm.complaints.seen import Seen
from crm.complaints.writing import open_complaint
from crm.consents import may_send, object_to_marketing, record_consent
from crm.contact import log, undo
from crm.evidence import record_evidence
from crm.hiding import Hidden
from crm.merging.merge import merge
from crm.models import Complaint, Consent, Customer, Enquiry, Household, Interaction, Task
from crm.people.companies import leave_company, set_company
from crm.people.fields import make_field
from crm.people.households import dissolve, live_together, put_in
from crm.people.households import restore as put_together
from crm.people.profiles import add_profile
from crm.people.reach import save_reach
from crm.people.sources import known_sources
from crm.people.values import keep_values
from crm.tags.writing import put_tag, take_tag
from crm.tasks.lists import DueTasks
from crm.tasks.writing import change, hand_over_all, open_task
from crm.tests.answers import text
from crm.tests.factories import (
    make_company,
    make_complaint,
    make_customer,
    make_enquiry,
    make_household,
    make_interaction,
    make_owner,
    make_task,
    make_user,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = date(2026, 11, 24)


@pytest.fixture
def owner():
    return make_owner()


@pytest.fixture
def eva():
    return make_customer(name="Eva Skrytá")


def main(client, address):
    """The page without what the dialogs and the menu hold."""
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode().partition("<main")[2].partition("</main>")[0])))


@pytest.fixture
def waiting(eva, petr):
    """Something of everything that waits, with its page and how the list counts it."""
    open_ = make_complaint(eva, owner=petr)
    make_complaint(eva, owner=petr, state="waiting", waiting_since=DAY)
    make_complaint(eva, owner=petr, state="solved", solution="x", ended_on=DAY)
    enquiry, task = make_enquiry(eva), make_task(petr, customer=eva, why="Ring Eva")
    return {"complaint": open_, "desk_answer": enquiry, "task": task}


LISTS = {
    "/complaints/": ("1 complaint is open", "No complaint is open."),
    "/complaints/?whose=mine": ("1 complaint is open", "No complaint is open."),
    "/complaints/?state=waiting": ("Waiting 1", "Waiting 0"),
    "/complaints/?state=solved": ("Solved, closed", "There is none here."),
    "/desk/": ("1 waits for an answer.", "Nobody waits for an answer."),
    "/tasks/": ("Ring Eva", ""),
    "/tasks/?who=all": ("Ring Eva", ""),
    "/": ("Ring Eva", ""),
}


@pytest.mark.parametrize("address", LISTS)
def test_what_waits_for_somebody_in_the_bin_is_not_listed_or_counted_and_comes_back(staff, owner, eva, waiting, address):
    there, gone = LISTS[address]
    before = main(staff, address)
    assert "Eva Skrytá" in before and there in before

    put_in_bin(customer=eva, by=owner, now=NOW)
    hidden = main(staff, address)
    assert "Eva Skrytá" not in hidden and "Ring Eva" not in hidden and gone in hidden

    restore(customer=eva, by=owner)
    assert main(staff, address) == before


@pytest.mark.parametrize("address", LISTS)
def test_what_waits_for_who_was_merged_away_is_of_the_one_who_stays(staff, owner, eva, waiting, address):
    stays, last = make_customer(name="Ivana Zůstala"), make_customer(name="Zora Poslední")

    merge(into=stays, from_=eva, fields={}, by=owner, now=NOW)
    once = main(staff, address)
    assert "Ivana Zůstala" in once and "Eva Skrytá" not in once and LISTS[address][0] in once

    merge(into=last, from_=stays, fields={}, by=owner, now=NOW)
    assert "Zora Poslední" in main(staff, address)
    put_in_bin(customer=last, by=owner, now=NOW)
    assert not any(name in main(staff, address) for name in ("Zora Poslední", "Ivana Zůstala", "Eva Skrytá", "Ring Eva"))


def test_today_counts_no_task_of_theirs(petr, owner, eva, waiting):
    make_task(petr, why="About nobody")
    put_in_bin(customer=eva, by=owner, now=NOW)

    assert [row.task.why for row in DueTasks.of(petr, DAY).rows] == ["About nobody"]


def test_what_a_leaver_has_for_them_is_neither_counted_nor_handed_over(staff, owner, eva):
    gone, heir = make_user(name="Gone", is_active=False), make_user(name="Heir")
    shown, hidden = make_task(gone, why="Shown"), make_task(gone, customer=eva, why="Hidden")
    put_in_bin(customer=eva, by=owner, now=NOW)

    assert "Hidden" not in main(staff, "/tasks/?who=left") and "Shown" in main(staff, "/tasks/?who=left")
    assert hand_over_all(of=gone, to=heir, by=owner) == 1

    shown.refresh_from_db(), hidden.refresh_from_db()
    assert (shown.assignee, hidden.assignee) == (heir, gone)
    restore(customer=eva, by=owner)
    assert "Hidden" in main(staff, "/tasks/?who=left")


@pytest.mark.parametrize("route", ["complaint", "desk_answer", "task"])
def test_their_pages_say_where_they_are(staff, owner, eva, waiting, route):
    address = reverse(route, args=[waiting[route].pk])
    assert staff.get(address).status_code == 200

    put_in_bin(customer=eva, by=owner, now=NOW)

    assert staff.get(address).status_code == 410
    restore(customer=eva, by=owner)
    assert staff.get(address).status_code == 200


def sent(waiting):
    """What is sent from a tab that was open: the address, and the form."""
    one, task, enquiry = waiting["complaint"], waiting["task"], waiting["desk_answer"]
    for name in DEEDS:
        seen = Seen.of(one, DEEDS[name].form.kind).signed()
        typed = dict.fromkeys(("text", "what", "solution", "reason", "promised"), "Typed while they went.")
        yield reverse("complaint_act", args=[one.pk, name]), typed | {"key": str(uuid4()), "seen": seen, "nature": "grievance"}
    contact = {"kind": "call", "minutes": "5", "text": "Typed while they went.", "key": str(uuid4())}
    yield reverse("desk_answer", args=[enquiry.pk]), contact
    yield reverse("desk_take", args=[enquiry.pk]), {}
    yield reverse("desk_done", args=[enquiry.pk]), {"reason": "Typed while they went."}
    yield (
        reverse("task", args=[task.pk]),
        {"why": "Typed while they went.", "due_on": "2030-01-01", "assignee": str(task.assignee_id), "seen": "0"},
    )
    yield reverse("task_snooze", args=[task.pk]), {"until": "week", "reason": "Typed while they went."}
    for route in ("task_done", "task_cancel"):
        yield reverse(route, args=[task.pk]), {}
    yield reverse("undo_log", args=[enquiry.interaction_id]), {}


def shown(answer):
    return re.findall(r"<pre[^>]*>(.*?)</pre>", text(answer))


def test_what_is_sent_from_an_open_tab_is_shown_again_and_not_written(staff, owner, eva, waiting):
    put_in_bin(customer=eva, by=owner, now=NOW)

    def rows():
        return [list(model.objects.order_by("pk").values()) for model in (Complaint, Enquiry, Interaction, Task)]

    before = rows()

    for address, form in sent(waiting):
        answer = staff.post(address, form)
        assert answer.status_code == 410, address
        assert not form or "Typed while they went." in text(answer)
        # Not what was chosen of a few, and nothing of the form's own.
        assert {said for said in shown(answer) if "went." not in said} <= {"2030-01-01"}
        assert rows() == before, address


class TestAround:
    """What people write of a customer who went between their click and the write."""

    @pytest.fixture
    def field(self, owner):
        return make_field(name="Shoe size", kind="number", by=owner)

    @pytest.mark.parametrize("way", ["bin", "merge"])
    def test_nothing_is_written_about_who_is_hidden(self, owner, eva, field, way):
        other, firm = make_customer(), make_company()
        household = make_household(other)
        put_in_bin(customer=eva, by=owner, now=NOW) if way == "bin" else merge(into=other, from_=eva, fields={}, by=owner, now=NOW)
        said = {"purpose": "marketing", "channel": "email", "how": "phone"}
        contact = {"kind": "call", "minutes": 5, "direction": "", "text": "Called", "key": uuid4()}
        task, logged = make_task(owner, customer=other), make_interaction(Customer(pk=eva.pk), by=owner, created=NOW)
        again = {name: getattr(task, name) for name in ("due_on", "assignee", "repeats", "every")}
        acts = [
            lambda: log(customer=eva, contact=contact, by=owner, now=NOW),
            lambda: undo(interaction=logged, by=owner, now=NOW),
            lambda: open_task(why="Call", due_on=DAY, assignee=owner, by=owner, today=DAY, customer=eva),
            lambda: change(task=task, seen=0, by=owner, today=DAY, why="Call", customer=eva, **again),
            lambda: open_complaint(customer=eva, nature="grievance", what="Broken", by=owner, today=DAY, now=NOW, key=uuid4()),
            lambda: set_company(person=eva, company=firm, position="", by=owner),
            lambda: leave_company(person=eva, by=owner),
            lambda: live_together(customer=make_customer(), other=eva, name="", by=owner),
            lambda: put_in(household=household, customer=eva, by=owner),
            lambda: add_profile(customer=eva, network="facebook", text="eva", by=owner),
            lambda: save_reach(customer=eva, said={"prefers": "call"}, by=owner),
            lambda: keep_values(customer=eva, given={field: 41}, seen={}, by=owner),
            lambda: put_tag(customer=eva, name="VIP", by=owner),
            lambda: take_tag(customer=eva, tag=1, by=owner),
            lambda: record_evidence(customer=eva, kind="only_us", holds=True, happened_on=DAY, by=owner, text="", today=DAY),
            lambda: record_consent(customer=eva, given=True, on=DAY, by=owner, today=DAY, **said),
            lambda: object_to_marketing(customer=eva, how="phone", on=DAY, by=owner, today=DAY),
        ]
        before = Customer.objects.values().get(pk=eva.pk)
        written = [list(model.objects.values()) for model in (Consent, Interaction, Task, Complaint)]

        for act in acts:
            with pytest.raises(Hidden):
                act()

        assert Customer.objects.values().get(pk=eva.pk) == before
        assert [list(model.objects.values()) for model in (Consent, Interaction, Task, Complaint)] == written

    def test_who_is_not_there_at_all_is_not_found(self, eva):
        gone = Customer(pk=eva.pk + 1_000)

        with pytest.raises(hiding.Http404):
            hiding.locked(eva, gone)

    def test_no_message_goes_to_who_is_hidden(self, owner, eva):
        merged, stays = make_customer(), make_customer()
        for one in (eva, merged, stays):
            record_consent(customer=one, purpose="marketing", channel="email", given=True, how="phone", on=DAY, by=owner, today=DAY)
        put_in_bin(customer=eva, by=owner, now=NOW)
        merge(into=stays, from_=merged, fields={}, by=owner, now=NOW)

        assert may_send([eva, merged, stays], "marketing", "email") == {stays.pk}
        # What needs no consent goes to nobody in the bin either.
        assert may_send([eva, merged, stays], "service", "email") == {stays.pk}
        restore(customer=eva, by=owner)
        assert may_send([eva], "marketing", "email") == {eva.pk}

    def test_their_sources_are_not_offered(self, owner):
        make_customer(source="Fair"), put_in_bin(customer=make_customer(source="Flyer"), by=owner, now=NOW)

        assert known_sources() == ["Fair"]

    def test_a_household_is_put_together_with_who_is_in_the_bin_and_without_who_was_merged_away(self, owner, eva):
        binned, merged = make_customer(), make_customer()
        household = make_household(eva, binned, merged)
        dissolve(household=household, now=NOW, by=owner)
        put_in_bin(customer=binned, by=owner, now=NOW)
        merge(into=make_customer(), from_=merged, fields={}, by=owner, now=NOW)

        came = put_together(household=Household.objects.get(), by=owner)

        # Told is who is seen to come back.
        assert (came, set(household.members.all())) == (1, {eva, binned})
