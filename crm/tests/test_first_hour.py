"""The first hour: an empty record, the demo on trial, and out again."""

import re
from datetime import UTC, date, datetime

import pytest

from config import worker
from crm import demo_jobs, jobs
from crm.models import Business, Customer, Job, Order, Upload, User
from crm.tests.factories import make_customer, make_interaction, make_order
from crm.tests.handing_in import TWO_WAYS, take_in, text_of, work
from lifecycle.demo import fill

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
ASKING = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def quiet(monkeypatch, tmp_path, settings):
    monkeypatch.setattr(jobs, "ring", lambda *arguments: None)
    settings.DATA_DIR = tmp_path


@pytest.fixture
def demo():
    customer = make_customer()
    make_order(customer), make_order(customer), make_interaction(customer)
    Business.keep(is_demo=True, demo_is_whole=True, name="Dvě zrna", as_of=date(2025, 1, 20))


class TestEmpty:
    def test_an_owner_imports_or_tries_the_demo(self, owner):
        answer = owner.get("/")
        html, said = answer.content.decode(), text_of(answer)

        assert "Bring in your orders and see who your regulars are" in said
        assert 'class="way" href="/import/"' in html and 'action="/demo/fill/"' in html
        assert len(re.findall("<h1", html)) == 1

    def test_staff_are_told_who_brings_in_the_orders(self, staff):
        answer = staff.get("/")

        assert "There are no customers yet An owner of the business brings in the orders." in text_of(answer)
        assert "/demo/fill/" not in answer.content.decode() and "/import/" not in answer.content.decode()

    def test_who_has_customers_sees_none_of_it(self, owner):
        make_customer()

        assert "Bring in your orders" not in text_of(owner.get("/"))


class TestFill:
    def test_a_worker_fills_it_and_the_page_waits(self, owner):
        assert owner.post("/demo/fill/").url == "/"
        assert Job.objects.values_list("kind", "arguments", "key").get() == ("demo", {"by": User.objects.get().pk}, "demo")

        answer = owner.get("/")
        assert "The demo is on its way" in text_of(answer) and 'hx-get="/demo/progress/"' in answer.content.decode()
        assert "/demo/fill/" not in answer.content.decode()

    def test_a_double_click_fills_it_once(self, owner):
        owner.post("/demo/fill/"), owner.post("/demo/fill/")

        assert Job.objects.count() == 1

    @pytest.mark.parametrize("make", [make_customer, lambda: make_order(customer_id=None)])
    def test_where_there_is_anything_it_is_refused_in_words(self, owner, make):
        make()
        answer = owner.post("/demo/fill/", follow=True)

        assert "The demo goes into an empty record only, and there is something in this one." in answer.content.decode()
        assert Job.objects.count() == 0

    def test_a_file_that_brought_nothing_is_not_in_the_way(self, owner):
        take_in(owner, TWO_WAYS), take_in(owner, "customer_id,date,amount\nk1,never,1\n")
        owner.post("/demo/fill/")

        assert Job.objects.filter(kind="demo").count() == 1

    def test_the_worker_fills_the_record_as_the_command_does(self, owner, monkeypatch):
        filled = []
        monkeypatch.setattr(worker, "fill_demo", lambda **given: filled.append(given) or fill.fill_demo(customers=12, **given))
        owner.post("/demo/fill/")
        work()

        assert Job.objects.filter(kind="demo").values_list("state", "reason").get() == ("finished", "")
        assert (Customer.objects.count() >= 12, Business.load().is_demo, len(filled)) == (True, True, 1)
        assert "You are looking at an example: Dvě zrna , a business that does not exist." in text_of(owner.get("/"))

    def test_one_that_failed_says_why_and_is_offered_again(self, owner):
        owner.post("/demo/fill/")
        job = jobs.claim(Job.objects.get().pk, NOON)
        jobs.fail(job, NOON, "A night or an import is running: wait until it has ended, then try again.")
        said = text_of(owner.get("/"))

        assert "The demo could not be filled: A night or an import is running" in said and "Try the demo" in said

    def test_someone_who_is_no_owner_any_more_fills_nothing(self, owner):
        owner.post("/demo/fill/")
        User.objects.update(role=User.Role.STAFF)

        with pytest.raises(Exception, match="Only an owner"):
            work()
        assert (Job.objects.get().state, Customer.objects.count()) == ("failed", 0)


class TestRemove:
    def test_it_says_first_what_goes(self, owner, demo):
        said = text_of(owner.get("/demo/remove/"))

        assert "1 made-up customer goes 2 of their orders go 1 interaction goes, whoever logged it" in said
        assert "Remove the demo Keep it for now" in said
        assert Job.objects.count() == 0

    def test_then_a_worker_removes_it_and_the_way_is_free(self, owner, demo):
        assert owner.post("/demo/remove/").url == "/import/"
        assert "The demo is being removed." in text_of(owner.get("/import/"))
        work()

        assert (Customer.objects.count(), Order.objects.count(), Business.load().is_demo) == (0, 0, False)
        assert "looking at an example" not in text_of(owner.get("/import/"))
        assert "Bring in your orders" in text_of(owner.get("/"))

    def test_a_file_that_was_handed_in_outlives_it(self, owner, demo):
        upload = take_in(owner, TWO_WAYS, replace_demo="on")
        owner.post("/demo/remove/")
        work()

        assert Upload.objects.get() == upload
        assert (upload.ask, Business.load().is_demo) == ("dates", False)

    def test_where_there_is_no_demo_nothing_is_removed(self, owner):
        make_order()
        assert (owner.get("/demo/remove/").url, owner.post("/demo/remove/").url) == ("/import/", "/import/")
        assert Job.objects.count() == 0

        demo_jobs.ask_for(demo_jobs.REMOVE, User.objects.get())
        work()
        assert (Job.objects.get().state, Order.objects.count()) == ("finished", 1)

    def test_staff_remove_nothing(self, staff, demo):
        assert [staff.get("/demo/remove/").status_code, staff.post("/demo/remove/").status_code] == [403, 403]
        assert Job.objects.count() == 0

    def test_someone_who_is_no_owner_any_more_removes_nothing(self, owner, demo):
        owner.post("/demo/remove/")
        User.objects.update(role=User.Role.STAFF)

        with pytest.raises(Exception, match="Only an owner"):
            work()
        assert "The demo could not be removed: Only an owner of the business may open it." in text_of(owner.get("/"))
        assert Order.objects.count() == 2


class TestBanner:
    def test_it_stands_on_every_page_and_offers_the_way_out_to_owners(self, owner, staff, demo):
        for page in ("/", "/import/", "/ladder/", "/pareto/", "/customers/"):
            html = owner.get(page).content.decode()
            assert "You are looking at an example: <b>Dvě zrna</b>" in html and 'href="/demo/remove/"' in html, page

        html = staff.get("/").content.decode()
        assert "You are looking at an example" in html and "/demo/remove/" not in html

    def test_without_the_demo_it_is_not_there(self, owner):
        make_order()

        assert "looking at an example" not in owner.get("/import/").content.decode()

    def test_while_it_is_filled_it_shows_how_far(self, owner, demo):
        Business.keep(demo_is_whole=False)
        job = jobs.claim(demo_jobs.ask_for(demo_jobs.FILL, User.objects.get()).pk, NOON)
        jobs.progress(job, NOON, done=30, total=112, doing="The nights of 03/2024")

        assert 'value="30" max="112"' in owner.get("/customers/").content.decode()

    def test_the_part_that_is_asked_for_each_second_has_the_page_read_again_at_the_end(self, staff):
        job = demo_jobs.ask_for(demo_jobs.FILL, User.objects.get())
        waiting = staff.get("/demo/progress/", headers=ASKING)
        assert "<progress" in waiting.content.decode() and "HX-Refresh" not in waiting.headers

        jobs.finish(jobs.claim(job.pk, NOON), NOON)
        assert staff.get("/demo/progress/", headers=ASKING).headers["HX-Refresh"] == "true"
        assert staff.get("/demo/progress/").url == "/"
