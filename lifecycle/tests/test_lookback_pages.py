"""What a browser gets: the offer, the choice, the progress, and the way back."""

from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone, translation

from config.tests import cast
from config.worker import run_job
from crm import jobs, money
from crm.figures import CHOICE, figures_for
from crm.models import Business, Customer, Job, Upload
from crm.tests.answers import said
from crm.tests.factories import make_order
from lifecycle.lookback_banner import banner

pytestmark = pytest.mark.django_db

DAY = "1998-06-30"


@pytest.fixture(autouse=True)
def old(monkeypatch):
    """A business whose newest order is from 1998 and whose figures stand at yesterday."""
    monkeypatch.setattr(jobs, "ring", lambda *arguments: None)
    make_order(ordered_on=DAY)
    Business.keep(as_of=Business.load().today() - timedelta(days=1))


def ask(client, day=DAY, **more):
    return client.post("/look-back/", {"day": day} | more)


def compute():
    for pk in Job.objects.filter(state="queued").values_list("pk", flat=True):
        run_job(pk)


def request_of(client):
    request = RequestFactory().get("/ladder/")
    request.session, request.user = client.session, get_user(client)
    return request


def get_user(client):
    return client.get("/look-back/progress/").wsgi_request.user


def shown(client):
    """The banner of this browser, and what it says."""
    request = request_of(client)
    found = banner(request, figures_for(request), timezone.now())
    return found, " ".join(render_to_string("lifecycle/_old_data.html", {"looking": found}, request).split())


class TestOffer:
    def test_it_names_the_day_of_the_newest_order_and_offers_it_to_an_owner(self, owner):
        found, html = shown(owner)

        assert (str(found.day), found.may_choose) == (DAY, True)
        assert f"The newest order is from <b>{money.day(found.day)}</b>." in html and "1998" in money.day(found.day)
        assert 'name="day" value="1998-06-30"' in html and 'name="next" value="/ladder/"' in html
        assert "Show the figures as of that day" in html

    def test_staff_are_told_who_can_have_it_computed(self, staff):
        _found, html = shown(staff)

        assert "An owner can have the figures as of that day computed." in html
        assert "<button" not in html

    def test_nothing_is_said_where_the_newest_order_is_young(self, owner):
        make_order(ordered_on=Business.load().today() - timedelta(days=60))

        assert shown(owner) == (None, "")

    def test_nothing_is_said_before_the_first_night(self, owner):
        Business.keep(as_of=None)

        assert shown(owner)[0] is None

    @pytest.mark.parametrize("language", ["en", "cs", "pl"])
    def test_a_number_in_it_is_a_number_in_every_language(self, owner, language):
        ask(owner)
        Job.objects.update(state="running", attempts=1, heartbeat=timezone.now(), started_at=timezone.now(), done=1000, total=2000)

        with translation.override(language):
            assert 'value="1000" max="2000"' in shown(owner)[1]


class TestWhere:
    @pytest.mark.parametrize("page", ["/", "/customers/", "/customers/{pk}/", "/ladder/", "/ladder/moves/", "/pareto/"])
    def test_pages_of_figures_say_it(self, owner, page):
        assert "The newest order is from" in owner.get(page.format(pk=Customer.objects.get().pk)).text

    @pytest.mark.parametrize("page", ["/log/", "/import/", "/import/{pk}/", "/nothing-here/"])
    def test_pages_without_figures_do_not(self, owner, page):
        upload = Upload.objects.create(token="7", file_name="orders.csv", refusal="No.", created_at=timezone.now())

        answer = owner.get(page.format(pk=upload.pk))

        assert answer.status_code == (404 if "nothing" in page else 200)
        assert "The newest order is from" not in answer.text


class TestChoice:
    def test_an_owner_who_takes_the_offer_has_it_computed_and_then_looks_at_it(self, owner):
        answer = ask(owner, next="/ladder/?days=30")

        assert (answer.status_code, answer.url, said(answer)) == (302, "/ladder/?days=30", [])
        assert Job.objects.values_list("kind", "arguments", "key").get() == ("lookback", {"as_of": DAY}, DAY)
        assert "are being computed" in shown(owner)[1]

        compute()

        found, html = shown(owner)
        assert found.is_past
        assert "You are looking at the figures as of" in html and "Back to" in html

    def test_asked_twice_it_is_computed_once(self, owner):
        ask(owner), ask(owner)

        assert Job.objects.count() == 1

    def test_what_is_computed_is_not_computed_again_and_is_there_for_all(self, owner, staff):
        ask(owner)
        compute()
        assert shown(staff)[0].may_choose

        ask(staff)

        assert shown(staff)[0].is_past
        assert Job.objects.count() == 1

    def test_staff_do_not_have_it_computed(self, staff):
        answer = ask(staff)

        assert "an owner can have it done" in said(answer)[0]
        assert (Job.objects.count(), CHOICE in staff.session) == (0, False)

    def test_it_is_of_one_session_alone(self, owner):
        ask(owner)
        compute()
        other = cast.signed_in(get_user(owner))

        assert (shown(owner)[0].is_past, shown(other)[0].is_past) == (True, False)

    def test_signing_out_forgets_it(self, owner):
        ask(owner)
        compute()
        user = get_user(owner)
        owner.post("/logout/")
        owner.force_login(user)

        assert not shown(owner)[0].is_past

    def test_the_way_back_leads_to_the_live_figures_and_keeps_what_is_computed(self, owner):
        ask(owner)
        compute()

        answer = owner.post("/look-back/end/", {"next": "/ladder/"})

        assert answer.url == "/ladder/"
        assert not shown(owner)[0].is_past
        assert str(Business.load().past_as_of) == DAY
        assert owner.post("/look-back/end/").url == "/"

    @pytest.mark.parametrize("day", ["1998-06-30", "1999-02-28", "2020-02-29"])
    def test_any_day_from_the_first_order_to_the_live_date_may_be_chosen(self, owner, day):
        make_order(ordered_on=Business.load().today())

        assert said(ask(owner, day)) == []
        assert "are being computed" in shown(owner)[1]
        compute()
        found, html = shown(owner)
        assert (str(found.day), found.is_past) == (day, True)
        assert "You are looking at the figures as of" in html

    @pytest.mark.parametrize(
        "day", ["1998-06-29", "2999-01-01", "0000-00-00", "30 June 1998", "19990228", "<script>", "\0", "9" * 5000, ""]
    )
    def test_another_day_is_refused_in_words(self, owner, day):
        answer = ask(owner, day)

        assert answer.status_code == 302
        assert said(answer)[0].startswith("You can look back at any day from ")
        assert (Job.objects.count(), CHOICE in owner.session) == (0, False)

    def test_the_live_date_leads_back_to_the_live_figures(self, owner):
        ask(owner)
        ask(owner, Business.load().as_of.isoformat())

        assert CHOICE not in owner.session
        assert Job.objects.count() == 1

    def test_without_figures_of_an_order_it_says_so(self, owner):
        Business.keep(as_of=None)

        assert said(ask(owner)) == ["There is no day to look back at: there are no figures of any order yet."]

    def test_a_chosen_day_whose_figures_a_night_has_taken_away_is_not_spoken_of_again(self, owner):
        make_order(ordered_on=Business.load().today())
        ask(owner, "1999-02-28")
        compute()
        Business.keep(past_as_of=None)

        assert shown(owner)[0] is None

    @pytest.mark.parametrize("page", ["https://example.com/", "//example.com", "javascript:alert(1)", ""])
    def test_it_leads_to_pages_of_ours_alone(self, owner, page):
        assert ask(owner, next=page).url == "/"

    def test_a_failure_is_told_with_its_reason_and_can_be_tried_again(self, owner):
        ask(owner)
        Job.objects.update(state="failed", reason="The disk is full.", finished_at=timezone.now())

        _found, html = shown(owner)
        assert "could not be computed: The disk is full." in html and "<button" in html

        ask(owner)
        assert Job.objects.filter(state="queued").count() == 1


class TestAddress:
    """?as_of=1999-02-28 on any page of figures."""

    def figures(self, client, query):
        request = RequestFactory().get(f"/ladder/{query}")
        request.session, request.user = client.session, get_user(client)
        return request, figures_for(request)

    def test_the_day_that_is_computed_is_shown_and_the_session_keeps_its_own(self, owner, staff):
        ask(owner)
        compute()

        _request, figures = self.figures(staff, f"?as_of={DAY}")
        assert (str(figures.as_of), figures.is_past, figures.asked) == (DAY, True, None)
        assert not self.figures(staff, "")[1].is_past
        assert CHOICE not in staff.session

    def test_the_live_date_shows_the_live_figures_whatever_is_chosen(self, owner):
        ask(owner)
        compute()

        _request, figures = self.figures(owner, f"?as_of={Business.load().as_of}")
        assert (figures.is_past, figures.asked) == (False, None)

    def test_of_a_day_that_is_not_computed_it_says_so_and_an_owner_may_have_it_done(self, owner, staff):
        request, figures = self.figures(owner, "?as_of=1999-02-28")
        html = render_to_string("lifecycle/_old_data.html", {"looking": banner(request, figures, timezone.now())}, request)

        assert (str(figures.asked), figures.as_of) == ("1999-02-28", Business.load().as_of)
        assert "are not computed; these are of" in html and 'name="day" value="1999-02-28"' in html
        request, figures = self.figures(staff, "?as_of=1999-02-28")
        html = render_to_string("lifecycle/_old_data.html", {"looking": banner(request, figures, timezone.now())}, request)
        assert "An owner can have the figures as of that day computed." in html and "<button" not in html

    def test_computed_from_there_the_page_shows_it(self, owner):
        ask(owner, "1999-02-28", next="/ladder/?as_of=1999-02-28")
        assert "are being computed" in owner.get("/ladder/?as_of=1999-02-28").text
        compute()

        assert "You are looking at the figures as of" in owner.get("/ladder/?as_of=1999-02-28").text

    @pytest.mark.parametrize("page", ["/", "/customers/", "/ladder/", "/ladder/moves/", "/pareto/"])
    @pytest.mark.parametrize(
        "text", ["2999-01-01", "1969-12-31", "yesterday", "%00", "", "19990228", "1999-W05-1", "9" * 3000, "%ED%A0%80"]
    )
    def test_what_is_no_day_of_the_figures_is_told_once_and_the_live_figures_shown(self, owner, page, text):
        answer = owner.get(f"{page}?as_of={text}")

        assert answer.status_code == 200
        assert answer.text.count("The day in the address is none that has figures") == 1
        assert "are not computed" not in answer.text

    def test_before_the_first_night_it_asks_for_nothing(self, owner):
        Business.keep(as_of=None)

        assert owner.get("/ladder/?as_of=1999-02-28").status_code == 200


class TestProgress:
    def read(self, client):
        return client.get("/look-back/progress/", headers={"hx-request": "true"})

    def test_it_waits_then_counts_then_has_the_page_read_again(self, owner):
        ask(owner)
        waiting = self.read(owner).content.decode()
        now = timezone.now()
        Job.objects.update(state="running", attempts=1, heartbeat=now, started_at=now, done=2, total=6)
        running = self.read(owner).content.decode()

        assert "Waiting for its turn" in waiting and "value=" not in waiting
        assert 'value="2" max="6"' in running and "2 of 6 steps" in running

        Job.objects.update(state="queued", done=0, total=0)
        compute()
        done = self.read(owner)
        assert (done.status_code, done.headers["HX-Refresh"]) == (200, "true")

    def test_the_banner_asks_for_it_each_second_while_it_is_computed_and_no_longer(self, owner):
        assert "hx-get" not in shown(owner)[1]
        ask(owner)
        assert 'hx-get="/look-back/progress/" hx-trigger="every 1s"' in shown(owner)[1]
        compute()
        assert "hx-get" not in shown(owner)[1]

    def test_who_waits_for_nothing_has_the_page_read_again(self, staff):
        assert self.read(staff).headers["HX-Refresh"] == "true"

    def test_opened_as_a_page_it_leads_home(self, owner):
        assert owner.get("/look-back/progress/").url == "/"


def test_the_offer_costs_no_statement_and_the_choice_one(owner, django_assert_num_queries):
    for queries in (0, 1):
        request = request_of(owner)
        # The session and who is signed in are read by then.
        figures, _read = figures_for(request), (request.session.get(CHOICE), request.user.is_authenticated)
        with django_assert_num_queries(queries):
            assert str(banner(request, figures, timezone.now()).day) == DAY
        ask(owner)
