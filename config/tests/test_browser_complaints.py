"""A complaint taken to its end and a question answered: by keyboard alone, by touch on a phone; and nothing in the way of anybody."""

import os

import pytest

from config.tests.test_browser_pins import main, tab_to

pytestmark = pytest.mark.slow

LOOKS = [(1440, False), (390, True)]
LOOKS = LOOKS[:1] if os.environ.get("DATABASE_URL") else LOOKS


def somebody(site, number):
    """The address of one without a complaint, whom nobody else in these tests touches."""
    found = site.shop.rows(
        f"SELECT id FROM crm_customer WHERE id NOT IN (SELECT customer_id FROM crm_complaint) ORDER BY id LIMIT 1 OFFSET {7 * number}"
    )
    return f"/customers/{found[0][0]}/"


def test_a_complaint_is_opened_waits_and_is_solved_by_keyboard(visit, site):
    page = visit("staff").open(somebody(site, 0))
    tab_to(page, "Open a complaint")
    page.keyboard.press("Enter")
    page.wait_for_selector("#open_what")
    tab_to(page, "What they complain of")
    page.keyboard.type("The grinder does not start.")
    tab_to(page, "Open a complaint")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=30 days are left")

    tab_to(page, "Wait for the customer")
    page.keyboard.press("Enter")
    tab_to(page, "What we wait for")
    page.keyboard.type("The receipt.")
    tab_to(page, "Wait for the customer")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=The clock has stood since")
    tab_to(page, "The customer has answered")
    page.keyboard.press("Enter")
    tab_to(page, "What the customer answered")
    tab_to(page, "The customer has answered")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=the days of waiting do not count")

    tab_to(page, "Solve")
    page.keyboard.press("Enter")
    tab_to(page, "Solution")
    page.keyboard.type("Gave a new one.")
    tab_to(page, "Solve")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Solved on")
    assert "Gave a new one." in main(page) and "The receipt." in main(page)


def test_a_question_is_logged_and_answered_by_touch(visit, site):
    """On a phone, with a finger; an open complaint is on the page of the customer all the while."""
    address = somebody(site, 1)
    page = visit("staff", width=390).open(address)
    page.locator("#id_text").fill("Is it gluten free?")
    page.locator(".enquiry > summary").tap()
    page.locator("#id_topic").select_option("question")
    page.locator("#id_waits").tap()
    page.locator("#quicklog button", has_text="Log").tap()
    page.wait_for_selector("text=logged, 5 minutes")

    page.goto(f"{site.address}/desk/")
    row = page.locator("li.task", has_text="Is it gluten free?")
    row.locator("button", has_text="Take and answer").tap()
    page.wait_for_selector("text=You answer it")
    page.locator("#id_text").fill("It is.")
    page.locator("button", has_text="Log the answer").tap()
    page.wait_for_selector("h1:text('To answer')")
    assert "Is it gluten free?" not in main(page)

    page.goto(site.address + address)
    page.locator("label[for=id_kind-complaint]").tap()
    page.locator("#id_text").fill("It was not.")
    page.locator("#quicklog button", has_text="Log").tap()
    page.wait_for_selector("text=Complaint of")
    page.goto(site.address + address)
    assert "30 days are left" in page.locator(".open-complaints").inner_text()


def test_without_script_all_of_it_is_done(visit, site):
    page = visit("owner", java_script_enabled=False).open(somebody(site, 2))
    page.locator("a", has_text="Open a complaint").click()
    page.locator("#open_what").fill("It leaks.")
    page.locator("main button", has_text="Open a complaint").click()
    page.locator("summary", has_text="Close without a solution").click()
    page.locator("#close_reason").fill("It is a watering can.")
    page.locator(".deeds details[open] button").click()
    assert "Closed on" in main(page) and "It is a watering can." in main(page)


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_the_pages_are_clean_with_all_that_is_folded_open(visit, site, width, dark):
    first, enquiry = (
        site.shop.rows(f"SELECT min(id) FROM {table} WHERE {what}")[0][0]
        for table, what in (("crm_complaint", "state = 'open'"), ("crm_enquiry", "answered_at IS NULL"))
    )
    (marked,) = site.shop.rows(f"SELECT customer_id FROM crm_complaint WHERE id = {first}")[0]
    paths = ["/complaints/", "/complaints/?state=solved&whose=mine", f"/complaints/{first}/", f"/customers/{marked}/complaint/"]
    paths += ["/desk/", f"/desk/{enquiry}/answer/", f"/desk/{enquiry}/done/", f"/customers/{marked}/"]
    for bypass in (False, True):
        visitor = visit("staff", width=width, dark=dark, bypass_csp=bypass)
        for path in paths:
            page = visitor.open(path)
            page.locator("details.enquiry, .deeds details").evaluate_all("all => all.forEach(one => { one.name = ''; one.open = true })")
            assert page.locator("h1").count() == 1 and not visitor.is_wider_than_the_screen(), path
            assert not bypass or visitor.barriers() == [], path


def test_of_two_at_one_complaint_the_later_one_sees_both_and_chooses_by_keyboard(visit, site):
    """Clean for axe while both versions are shown; what was typed is there until it is saved."""
    first = visit("owner").open(somebody(site, 3))
    tab_to(first, "Open a complaint")
    first.keyboard.press("Enter")
    first.wait_for_selector("#open_what")
    first.locator("#open_what").fill("It broke.")
    first.locator("main button", has_text="Open a complaint").click()
    first.wait_for_selector("text=30 days are left")
    later = visit("staff", bypass_csp=True)
    page = later.open(first.url.removeprefix(site.address))
    for one, words in ((page, ""), (first, "The blade broke.")):
        one.locator("summary", has_text="Correct").click()
        if words:
            one.locator("#correct_what").fill(words)
            one.locator("form[action$='/correct/'] button").click()
            one.wait_for_selector("text=The complaint is corrected.")

    page.locator("#correct_what").fill("The motor broke.")
    tab_to(page, "Correct")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Nothing is saved yet.")
    assert "They wrote The blade broke." in main(page) and "You wrote The motor broke." in main(page)
    assert later.barriers() == [] and not later.is_wider_than_the_screen()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert page.locator("#mine-what").is_checked()
    tab_to(page, "Correct")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=The complaint is corrected.")
    assert "The motor broke." in main(page)
