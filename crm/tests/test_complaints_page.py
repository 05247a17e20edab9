"""The pages of complaints: what is due stands first, everything may be done on one page, and the mark is wherever the customer is."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.urls import reverse

from crm.complaints.customer import Panel, ended, opened
from crm.complaints.page import DEEDS
from crm.complaints.seen import Seen
from crm.models import Business, Complaint, ComplaintStep, Interaction
from crm.tests.answers import text
from crm.tests.factories import make_complaint, make_customer, make_order, make_user

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
DAY = date(2026, 11, 3)


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr("crm.views.complaints.timezone.now", lambda: NOW)
    monkeypatch.setattr(Business, "today", lambda self: DAY)


def claim(customer, due, **fields):
    values = {"nature": "claim", "deadline_on": due, "due_on": due, "opened_on": DAY - timedelta(30), "opened_at": NOW - timedelta(30)}
    return make_complaint(customer, **(values | fields))


def seen(complaint, name):
    """What the form for this shows of the complaint as it is now, as the page carries it."""
    return Seen.of(Complaint.objects.get(pk=complaint.pk), DEEDS[name].form.kind).signed()


def act(client, complaint, name, **said):
    sent = {"key": str(uuid4()), "seen": said.pop("seen", None) or seen(complaint, name)} | said
    return client.post(reverse("complaint_act", args=[complaint.pk, name]), sent)


def names(answer):
    return re.findall(r"Customer \d+|Eva Nováková", re.sub(r".*</h1>", "", answer.content.decode(), flags=re.S))


class TestTheList:
    def test_what_is_overdue_stands_first_then_by_the_day(self, staff):
        for name, due in (("Customer 3", DAY + timedelta(3)), ("Customer 1", DAY - timedelta(5)), ("Customer 2", DAY)):
            claim(make_customer(name=name), due)
        make_complaint(make_customer(name="Customer 4"))

        shown = staff.get(reverse("complaints"))

        assert names(shown) == [f"Customer {number}" for number in range(1, 5)]
        assert "4 complaints are open; 1 is overdue." in text(shown)
        assert "5 days over: it was due on 29 October." in text(shown) and "No day is set for it." in text(shown)

    def test_those_that_wait_and_those_that_ended_have_their_own_lists(self, staff):
        make_complaint(make_customer(name="Customer 1"), state="waiting", waiting_since=DAY)
        make_complaint(make_customer(name="Customer 2"), state="solved", solution="x", ended_on=DAY - timedelta(1))
        make_complaint(make_customer(name="Customer 3"), state="closed", reason="x", ended_on=DAY)

        assert "No complaint is open." in text(staff.get(reverse("complaints")))
        assert names(staff.get(f"{reverse('complaints')}?state=waiting")) == ["Customer 1"]
        assert names(staff.get(f"{reverse('complaints')}?state=solved")) == ["Customer 3", "Customer 2"]

    def test_one_that_ended_in_time_is_not_late_once_its_day_has_passed(self, staff):
        one = claim(make_customer(), DAY - timedelta(3), state="solved", solution="x", ended_on=DAY - timedelta(5))

        shown, page = staff.get(f"{reverse('complaints')}?state=solved"), staff.get(reverse("complaint", args=[one.pk]))

        assert "Solved on 29 October." in text(shown) and "tile-bad" not in shown.content.decode() and "t-bad" not in shown.content.decode()
        assert "pill-good" in page.content.decode() and "pill-bad" not in page.content.decode()

    def test_of_those_that_wait_whose_clock_has_least_left_stands_first(self, staff, monkeypatch):
        """Each was stopped on another day, so that the day that is due says little; what was promised later runs from its own day."""
        monkeypatch.setattr("crm.complaints.listing.ON_A_PAGE", 2)
        late, soon = DAY - timedelta(1), DAY - timedelta(20)
        promise = {"promised": "x", "promised_on": DAY + timedelta(11), "given_on": DAY}
        for number, since, due, said in (
            (3, soon, DAY + timedelta(5), {}),
            (1, late, DAY + timedelta(9), {}),
            (2, soon, DAY + timedelta(11), promise),
            (4, late, None, {}),
        ):
            dates = {"deadline_on": None if said else due, "due_on": due, "opened_on": soon, "waiting_since": since}
            make_complaint(make_customer(name=f"Customer {number}"), state="waiting", **dates, **said)

        first = staff.get(f"{reverse('complaints')}?state=waiting")
        onward = unescape(re.search(r'rel="next" href="([^"]+)"', first.content.decode())[1])
        assert names(first) + names(staff.get(f"{reverse('complaints')}{onward}")) == [f"Customer {number}" for number in range(1, 5)]

    def test_mine_are_those_that_i_see_to(self, staff, petr):
        make_complaint(make_customer(name="Customer 1"), owner=petr)
        make_complaint(make_customer(name="Customer 2"), owner=make_user())

        assert names(staff.get(f"{reverse('complaints')}?whose=mine")) == ["Customer 1"]

    def test_those_of_people_who_have_left_are_said_and_shown_alone(self, staff, petr):
        gone = make_user(name="Karel Bývalý", is_active=False)
        for number, owner in enumerate((petr, gone, None), 1):
            make_complaint(make_customer(name=f"Customer {number}"), owner=owner)
        make_complaint(make_customer(), owner=gone, state="solved", solution="x", ended_on=DAY)

        page = staff.get(reverse("complaints"))
        said = "2 of them were seen to by people who have left; nobody gets them by themselves."

        assert said in text(page) and "Karel Bývalý has left" in text(page)
        assert names(staff.get(f"{reverse('complaints')}?whose=left")) == ["Customer 2", "Customer 3"]
        assert "has left" not in text(staff.get(f"{reverse('complaints')}?state=solved"))

    def test_where_nobody_has_left_it_is_not_offered(self, staff, petr):
        make_complaint(make_customer(), owner=petr)

        assert "have left" not in text(staff.get(reverse("complaints")))

    @pytest.mark.parametrize("asked", ["state=whim", "whose=x", "page=x", "page=%00", "state=open&page=" + "x" * 4000])
    def test_an_address_that_says_nothing_shows_the_open_ones(self, staff, asked):
        make_complaint(make_customer(name="Customer 1"))

        assert names(staff.get(f"{reverse('complaints')}?{asked}")) == ["Customer 1"]

    def test_it_is_paged(self, staff):
        customer = make_customer()
        for number in range(60):
            claim(customer, DAY + timedelta(number // 3), what=f"No {number:02}.")

        first = staff.get(reverse("complaints"))
        on = unescape(re.search(r'rel="next" href="([^"]+)"', first.content.decode())[1])
        second = staff.get(reverse("complaints") + on)

        found = [re.findall(r"No (\d\d)\.", text(page)) for page in (first, second)]
        assert ([len(each) for each in found], found[0] + found[1]) == ([50, 10], [f"{number:02}" for number in range(60)])

    @pytest.mark.parametrize("rows", [1, 30])
    def test_rows_do_not_cost_statements(self, staff, rows, django_assert_num_queries):
        for _ in range(rows):
            claim(make_customer(), DAY)

        with django_assert_num_queries(7):
            assert staff.get(reverse("complaints")).status_code == 200


class TestOpening:
    def test_it_is_opened_from_the_customer_s_page(self, staff, petr, eva):
        order, address = make_order(eva, ordered_on=date(2026, 10, 1)), reverse("complaint_open", args=[eva.pk])
        assert address in staff.get(reverse("customer", args=[eva.pk])).content.decode()
        assert "1 October" in text(staff.get(address))

        form = {"nature": "claim", "what": "It broke.", "order": order.pk, "owner": petr.pk, "promised": "A call", "key": str(uuid4())}
        answer = staff.post(address, form | {"promised_on": "2026-11-05"}, follow=True)

        made = Complaint.objects.get()
        assert answer.redirect_chain == [(reverse("complaint", args=[made.pk]), 302)]
        assert (made.order, made.owner, made.due_on, made.deadline_on) == (order, petr, date(2026, 11, 5), date(2026, 12, 3))
        assert "A complaint of Eva Nováková is open." in text(answer)

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            ({"what": ""}, "Say what they complain of."),
            ({"what": "x" * 2001}, "This is too long: 2001 letters, and at most 2000 are kept."),
            ({"what": "a\0b"}, "Null characters are not allowed."),
            ({"nature": "whim"}, "There is no such choice; choose one of those shown."),
            ({"order": "999999"}, "There is no such choice; choose one of those shown."),
            ({"owner": "999999"}, "There is no such choice; choose one of those shown."),
            ({"promised_on": "soon"}, "There is no such day: give the day, the month and the year."),
            ({"promised_on": "2026-11-01", "promised": "x"}, "That day has been: promise something by today or a later day."),
            ({"promised_on": "2026-11-05"}, "Say what was promised by that day."),
            ({"key": "x"}, "This form is out of date: open the page again and send it once more."),
        ],
    )
    def test_a_mistake_is_a_sentence_and_what_was_written_stays(self, staff, petr, eva, wrong, sentence):
        form = {"nature": "claim", "what": "Kept.", "owner": petr.pk, "key": str(uuid4())} | wrong

        answer = staff.post(reverse("complaint_open", args=[eva.pk]), form)

        assert (answer.status_code, Complaint.objects.count()) == (200, 0)
        assert sentence in text(answer)
        assert "what" in wrong or "Kept." in text(answer)

    def test_an_order_of_another_is_no_choice(self, staff, petr, eva):
        form = {"nature": "claim", "what": "x", "owner": petr.pk, "order": make_order().pk, "key": str(uuid4())}

        assert staff.post(reverse("complaint_open", args=[eva.pk]), form).status_code == 200
        assert Complaint.objects.count() == 0


class TestThePage:
    def test_a_staff_member_takes_it_to_its_end(self, staff, eva):
        one = claim(eva, DAY + timedelta(12))

        act(staff, one, "note", text="Called the maker.")
        assert "The clock stands until the customer answers." in text(staff.get(act(staff, one, "wait", text="Needs the receipt.").url))
        waiting = text(staff.get(reverse("complaint", args=[one.pk])))
        assert "The clock has stood since 3 November; 12 days are left." in waiting and "Needs the receipt." in waiting
        act(staff, one, "go-on", text="Brought it.")
        act(staff, one, "promise", promised="A new one", promised_on="2026-11-10")
        act(staff, one, "solve", solution="Gave a new one.", cost="1250.50", satisfaction="5")

        page, done = text(staff.get(reverse("complaint", args=[one.pk]))), Complaint.objects.get()
        assert (done.state, done.satisfaction, str(done.cost)) == ("solved", 5, "1250.50")
        assert "Solved on 3 November." in page and "Gave a new one." in page and "5 of 5" in page
        steps = [step.kind for step in ComplaintStep.objects.order_by("pk")]
        assert steps == ["note", "waiting", "goes_on", "promise", "solved"]

    def test_it_is_handed_to_a_colleague(self, staff, eva):
        one, jana = make_complaint(eva), make_user(name="Jana")

        assert act(staff, one, "hand", owner=jana.pk).status_code == 302
        assert Complaint.objects.get().owner == jana
        assert "Handed to Jana" in text(staff.get(reverse("complaint", args=[one.pk])))

    def test_they_come_back_within_a_week_or_later(self, staff, eva):
        lately = make_complaint(eva, state="solved", solution="x", ended_on=DAY - timedelta(7))
        long_ago = make_complaint(eva, state="solved", solution="x", ended_on=DAY - timedelta(8))

        assert "this complaint is opened again" in text(staff.get(reverse("complaint", args=[lately.pk])))
        assert "a new complaint is opened that refers to this one" in text(staff.get(reverse("complaint", args=[long_ago.pk])))
        assert act(staff, lately, "back", text="Again.").url == reverse("complaint", args=[lately.pk])
        new = act(staff, long_ago, "back", text="Again.").url

        assert new not in {reverse("complaint", args=[one.pk]) for one in (lately, long_ago)}
        assert "the complaint of 15 January 2025" in text(staff.get(new))
        assert reverse("complaint", args=[long_ago.pk]) in staff.get(new).content.decode()
        assert new in staff.get(reverse("complaint", args=[long_ago.pk])).content.decode()
        assert Interaction.objects.count() == 2

    @pytest.mark.parametrize("ago", [3, 30])
    def test_that_they_came_back_is_taken_back_from_where_it_is_said(self, staff, eva, ago):
        one = make_complaint(eva, state="solved", solution="x", ended_on=DAY - timedelta(ago))
        said = staff.get(act(staff, one, "back", text="Again.").url)
        undo = re.search(r'action="(/interactions/\d+/undo/)"', said.content.decode())[1]

        answer = staff.post(undo, {"next": said.request["PATH_INFO"]}, follow=True)

        # Of one that was opened for it there is no page to go back to.
        there = reverse("complaint", args=[one.pk]) if ago == 3 else reverse("customer", args=[eva.pk])
        assert (answer.status_code, answer.redirect_chain) == (200, [(there, 302)])
        assert "Taken back: it is not in the record any more." in text(answer)
        assert (Complaint.objects.get(), Complaint.objects.get().state, Interaction.objects.count()) == (one, "solved", 0)

    @pytest.mark.parametrize(
        ("name", "said", "sentence"),
        [
            ("note", {"text": ""}, "Say what was done."),
            ("solve", {"solution": ""}, "Say how it was solved."),
            ("solve", {"solution": "x", "cost": "-1"}, "What it cost is not below zero."),
            ("solve", {"solution": "x", "cost": "NaN"}, "That is not an amount; write it like 12.50."),
            ("solve", {"solution": "x", "cost": "1.234"}, "An amount has at most two decimals."),
            ("solve", {"solution": "x", "cost": "9" * 30}, "That is not an amount; write it like 12.50."),
            ("solve", {"solution": "x", "satisfaction": "6"}, "It is a number from 1 to 5, or nothing."),
            ("close", {"reason": ""}, "Say why it is closed without a solution."),
            ("promise", {"promised": "x", "promised_on": "2026-02-30"}, "There is no such day"),
            ("promise", {"promised": "x", "promised_on": "2026-11-02"}, "That day has been"),
            ("correct", {"nature": "claim", "what": "x", "deadline_on": "2020-01-01"}, "A deadline is not before the day"),
            ("hand", {"owner": "77777"}, "There is no such choice"),
        ],
    )
    def test_a_mistake_is_a_sentence_in_its_open_form(self, staff, eva, name, said, sentence):
        one, _other = make_complaint(eva), make_user()
        before = list(Complaint.objects.values())

        answer = act(staff, one, name, **said)

        assert (answer.status_code, list(Complaint.objects.values()), ComplaintStep.objects.count()) == (200, before, 0)
        assert sentence in text(answer)
        assert len(re.findall(r"<details name=\"deed\" open>", answer.content.decode())) == 1

    def test_who_was_slower_is_told_and_keeps_what_they_wrote(self, staff, eva):
        one = make_complaint(eva, state="closed", reason="x", ended_on=DAY)

        answer = act(staff, one, "wait", text="Needs the receipt.")

        assert "Somebody was faster: this complaint is “Closed without a solution” now." in text(answer)
        assert "Needs the receipt." in text(answer)

    def test_there_is_nothing_else_to_do(self, staff, eva):
        assert staff.post(reverse("complaint_act", args=[make_complaint(eva).pk, "burn"]), {"key": str(uuid4())}).status_code == 404

    @pytest.mark.parametrize("words", ["<script>alert(1)</script>", "{{ 7 }}", "\u202eعلي", "x" * 2000, "🦊" * 500])
    def test_what_is_written_is_shown_as_text(self, staff, words):
        one = make_complaint(make_customer(name=words[:200]), what=words)
        act(staff, one, "solve", solution=words)

        pages = [reverse("complaint", args=[one.pk]), f"{reverse('complaints')}?state=solved", reverse("customer", args=[one.customer_id])]
        for page in pages:
            shown = staff.get(page).content.decode()
            assert "<script>alert" not in shown and words[:50] in unescape(shown)

    def test_steps_do_not_cost_statements(self, staff, petr, eva, django_assert_num_queries):
        one = make_complaint(eva, owner=petr, order=make_order(eva))
        for _ in range(210):
            ComplaintStep.objects.create(complaint=one, happened_on=DAY, at=NOW, text="x", by=petr, kind="note")

        with django_assert_num_queries(8):
            answer = staff.get(reverse("complaint", args=[one.pk]))

        assert answer.content.decode().count('class="tl-item"') == 200
        assert "Older steps are not shown" in text(answer)


class TestWhereverTheCustomerIs:
    def test_their_page_says_it_in_its_head_and_in_the_timeline(self, staff, eva):
        one = claim(eva, DAY - timedelta(2), what="The grinder broke.")
        ended = make_complaint(eva, state="solved", solution="Gave a new one.", ended_on=DAY - timedelta(1))

        answer = staff.get(reverse("customer", args=[eva.pk]))

        page = answer.content.decode()
        head = page[page.index('id="head"') : page.index('id="quicklog"')]
        assert "2 days over" in head and reverse("complaint", args=[one.pk]) in head and "The grinder broke." in head
        assert reverse("complaint", args=[ended.pk]) not in head
        assert "Complaint opened" in text(answer) and "Complaint solved" in text(answer) and "Gave a new one." in text(answer)

    def test_nothing_is_said_of_one_who_has_none(self, staff, eva):
        page = staff.get(reverse("customer", args=[eva.pk])).content.decode()

        assert "open-complaints" not in page and "None so far." in page

    def test_the_list_marks_them(self, staff, eva):
        make_customer(), make_complaint(eva)

        page = staff.get(reverse("customers")).content.decode()

        assert page.count("has-complaint") == 1
        assert page.index("Eva Nováková") < page.index("has-complaint")

    def test_older_events_go_on_where_the_first_page_ended(self, staff, eva):
        for number in range(35):
            make_complaint(eva, opened_on=date(2025, 1, 1) + timedelta(number), what=f"No {number:02}.")
        address = reverse("customer", args=[eva.pk])

        first = staff.get(address)
        on = unescape(re.search(r'id="older" href="([^"]+)"', first.content.decode())[1])
        older = staff.get(on, headers={"HX-Request": "true", "HX-Target": "older"})

        assert re.findall(r"No (\d\d)\.", text(older)) == [f"{number:02}" for number in range(4, -1, -1)]

    def test_the_page_of_a_customer_reads_them_once(self, staff, eva, django_assert_num_queries):
        make_complaint(eva)
        with django_assert_num_queries(1) as seen:
            figures = type("Figures", (), {"business": Business()})
            Panel.of_open(eva, figures), Panel.of_all(eva, figures), opened(eva, None, 30), ended(eva, None, 30)

        assert "crm_complaint" in seen[0]["sql"]
