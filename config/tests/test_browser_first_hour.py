"""The first hour of an owner, in a browser, on processes as `make run` starts them: from the demo to figures of their own."""

import csv
import re

import pytest

pytestmark = pytest.mark.slow

# Long enough for a machine that runs the rest of the suite beside it.
PATIENCE = 180_000


@pytest.fixture
def old_orders(tmp_path):
    """A file of a shop that closed in 2019: Anna each month, Bert now and then, Clara once."""
    path = tmp_path / "orders.csv"
    rows = [("Anna", "anna@example.com", f"A{month}", f"2019-{month:02}-10", 100 + month) for month in range(1, 7)]
    rows += [("Bert", "bert@example.com", "B1", "2019-02-01", 50), ("Bert", "bert@example.com", "B2", "2019-05-20", 70)]
    rows += [
        ("Clara", "clara@example.com", "C1", "2019-06-15", "<script>alert(1)</script>"),
        ("=1+1", "dan@example.com", "D1", "2019-06-01", 9),
    ]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("name", "email", "order", "date", "amount"), *rows])
    return path


def import_in_browser(page, path):
    page.goto(re.match(r"https?://[^/]+", page.url)[0] + "/import/")
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Import").click()


def test_an_owner_takes_the_demo_out_and_brings_old_orders_in(visit, open_site, demo, old_orders):
    site = open_site(demo)
    visitor = visit("owner", at=site)
    page = visitor.open("/")
    page.set_default_timeout(PATIENCE)

    page.get_by_role("link", name="Start with my own data").click()
    page.get_by_role("button", name=re.compile("Remove")).click()
    # Asked of the record: a page on its way to the next one has no banner either.
    site.until(lambda: site.shop.rows("SELECT count(*) FROM crm_customer") == [(0,)])
    page.goto(site.address + "/import/")
    assert page.locator(".demo").count() == 0

    import_in_browser(page, old_orders)
    page.locator("main").get_by_text("alert(1)").wait_for()  # the row that has no amount, as text
    assert page.locator("progress").count() == 0
    assert site.shop.rows("SELECT count(*) FROM crm_order") == [(9,)]

    visitor.open("/")
    page.get_by_text("The newest order is from").wait_for()
    page.get_by_role("button", name="Show the figures as of that day").click()
    page.get_by_text("You are looking at the figures as of").wait_for()
    assert "Anna" in visitor.open("/customers/").locator("main").inner_text()
    assert visitor.open("/pareto/").locator("main").inner_text().count("Anna") >= 1
    assert visitor.open("/customers/?q=1%2B1").locator("[data-row]").count() == 1


def test_a_member_of_staff_finds_somebody_logs_a_call_and_cannot_open_pareto(visit, site):
    visitor = visit("staff")
    page = visitor.open("/")
    page.locator("[data-find]").fill("no")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/?q=no*")
    page.locator("[data-row] a").first.click()
    page.wait_for_url("**/customers/*/")
    page.locator(".quicklog textarea").fill("Asked for a darker roast")
    page.locator(".quicklog").get_by_role("button", name="Log").click()
    page.locator(".tl").get_by_text("Asked for a darker roast").first.wait_for()

    answer = page.goto(site.address + "/pareto/")
    visitor.forgive()

    assert answer.status == 403
    assert "Only an owner" in page.locator("main").inner_text()
    assert site.shop.rows("SELECT count(*) FROM crm_interaction WHERE text = 'Asked for a darker roast'") == [(1,)]


def test_a_call_logged_on_today_takes_the_name_off_the_list_until_it_is_undone(visit):
    page = visit("owner").open("/")
    names = page.locator("[aria-labelledby=h-tasks] .task .task-who a").all_inner_texts()
    page.locator("[aria-labelledby=h-tasks] .task").first.get_by_role("button", name=re.compile("^Log")).first.click()
    page.locator("[data-toast]").wait_for()
    assert names[0] not in page.locator("[aria-labelledby=h-tasks] .task .task-who a").all_inner_texts()

    page.locator("[data-toast]").get_by_role("button", name="Undo").click()
    page.locator("[aria-labelledby=h-tasks] .task .task-who a", has_text=names[0]).first.wait_for()


def test_who_is_not_to_be_called_now_rests(visit):
    page = visit("owner").open("/")
    names = page.locator("[aria-labelledby=h-tasks] .task .task-who a").all_inner_texts()
    page.locator("[aria-labelledby=h-tasks] .task").first.get_by_role("button", name="Not now").click()
    page.locator("[data-toast]").wait_for()

    assert names[0] not in page.locator("[aria-labelledby=h-tasks] .task .task-who a").all_inner_texts()
