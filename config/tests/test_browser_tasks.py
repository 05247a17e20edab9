"""A task added, done, undone and put off: by keyboard alone, by touch on a phone, without script; and nothing in the way of anybody."""

import os

import pytest

from config.tests.test_browser_pins import tab_to

pytestmark = pytest.mark.slow

LOOKS = [(1440, False), (390, True)]
LOOKS = LOOKS[:1] if os.environ.get("DATABASE_URL") else LOOKS


def main(page):
    return page.locator("main").inner_text()


def added(page, what):
    """A task of one's own for today, written by the form by itself; on the list."""
    page.locator("#task_why").fill(what)
    page.get_by_role("button", name="Add task").click()
    page.wait_for_selector(f"text=has a new task: {what}")


def row(page, what):
    return page.locator("[data-row]", has_text=what)


def walk_to(page, what):
    """By j, until the row has the keys. A page that has come but now does not hear them yet."""
    page.wait_for_load_state()
    for _ in range(60):
        page.keyboard.press("j")
        if what in page.locator("[data-row].is-cur").inner_text():
            return
    raise AssertionError(f"No j leads to {what}.")


def test_a_task_is_added_done_undone_and_put_off_by_keyboard(visit):
    visitor = visit("staff")
    page = visitor.open("/tasks/")
    page.keyboard.press("Escape")
    tab_to(page, "Add a task")
    page.keyboard.press("Enter")
    tab_to(page, "What to do")
    # None of the keys of the list fires while somebody types: these letters would go, do, and put off.
    page.keyboard.type("jot gods kind")
    tab_to(page, "Add task")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=has a new task: jot gods kind.")

    walk_to(page, "jot gods kind")
    page.keyboard.press("d")
    page.wait_for_selector("text=Done: jot gods kind.")
    assert row(page, "jot gods kind").count() == 0
    page.locator("[data-toast]", has_text="Done: jot").get_by_role("button", name="Undo").press("Enter")
    page.wait_for_selector("text=It is open again: jot gods kind.")

    walk_to(page, "jot gods kind")
    page.keyboard.press("s")
    page.wait_for_selector("input[name=reason]:focus")
    page.keyboard.type("Nobody answered")
    tab_to(page, "For a week")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-toast] >> text=Put off until")
    assert "Put off: Nobody answered" in row(page, "jot gods kind").inner_text()

    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url(f"{visitor.address}/")
    assert "Your tasks" in main(page) and row(page, "jot gods kind").count() == 0
    page.keyboard.press("g")
    page.keyboard.press("k")
    page.wait_for_selector("h1:has-text('Tasks')")


def test_on_a_phone_it_is_done_and_put_off_by_touch(visit):
    visitor = visit("staff", width=390)
    page = visitor.open("/tasks/new/")
    added(page, "Send the list")
    buttons = row(page, "Send the list").locator(".btn:visible").all()
    assert len(buttons) == 2 and all(button.bounding_box()["height"] >= 44 for button in buttons)

    row(page, "Send the list").locator("summary").tap()
    menu = row(page, "Send the list").locator(".menu-in")
    box = menu.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and not visitor.is_wider_than_the_screen()
    menu.locator("input[name=reason]").fill("They are away")
    menu.get_by_role("button", name="Until tomorrow").tap()
    page.wait_for_selector("[data-toast] >> text=Put off until")

    row(page, "Send the list").get_by_role("button", name="Done").tap()
    page.wait_for_selector("text=Done: Send the list.")
    assert row(page, "Send the list").count() == 0


def test_without_script_it_is_done_and_what_is_wrong_is_said(visit):
    page = visit("owner", java_script_enabled=False).open("/tasks/new/")
    page.locator("#task_why").fill("Ask about the grinder")
    page.locator("#task_who").fill("a")
    page.get_by_role("button", name="Add task").click()
    assert "choose who it is about" in main(page)
    page.locator("input[name=customer]").first.check()
    page.get_by_role("button", name="Add task").click()
    assert "Ask about the grinder" in main(page)

    page.locator("[data-row]", has_text="Ask about the grinder").locator(".task-who a").nth(1).click()
    assert "Ask about the grinder" in page.locator("#todo").inner_text()
    page.locator("#todo").get_by_role("button", name="Done: Ask about the grinder").click()
    assert "Nothing is to be done for them." in main(page) and "Task done" in main(page)


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_the_pages_are_clean_with_all_that_is_folded_open(visit, site, width, dark):
    ((pk,),) = site.shop.rows("SELECT id FROM crm_task WHERE snoozed_because <> '' AND customer_id IS NOT NULL ORDER BY id LIMIT 1")
    for bypass in (False, True):
        visitor = visit("staff", width=width, dark=dark, bypass_csp=bypass)
        for path in ("/tasks/?who=all", "/tasks/?who=left", "/tasks/?show=closed&who=all", "/tasks/new/", f"/tasks/{pk}/", "/?tasks=all"):
            page = visitor.open(path)
            for kind in ("by-hand", "menu"):
                for summary in page.locator(f"main details.{kind} > summary").all()[:1]:
                    summary.click()
            assert page.locator("h1").count() == 1 and not visitor.is_wider_than_the_screen(), path
            assert not bypass or visitor.barriers() == [], path
