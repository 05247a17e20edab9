"""Two customers side by side, merged and taken apart, and one deleted and brought back: by keyboard, on a phone, in the dark; nothing in
the way of anybody."""

import os
import re

import pytest

from config.tests.test_browser_pins import tab_to

pytestmark = pytest.mark.slow

LOOKS = [(1440, False), (390, True)]
LOOKS = LOOKS[:1] if os.environ.get("DATABASE_URL") else LOOKS


def two_of(page):
    """The keys of two customers of the demo."""
    links = page.locator("#list tbody th a").evaluate_all("all => all.slice(0, 2).map(one => one.getAttribute('href'))")
    return [int(re.search(r"\d+", link).group()) for link in links]


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_the_pages_are_in_nobodys_way(visit, width, dark):
    visitor = visit("owner", width=width, dark=dark, bypass_csp=True)
    stays, goes = two_of(visitor.open("/customers/"))
    for address in ("/customers/bin/", "/customers/duplicates/", f"/customers/{stays}/merge/", f"/customers/{stays}/merge/{goes}/"):
        visitor.open(address)
        assert visitor.barriers() == [] and not visitor.is_wider_than_the_screen()


def test_two_are_merged_and_taken_apart_by_keyboard(visit):
    visitor = visit("owner")
    stays, goes = two_of(visitor.open("/customers/"))
    page = visitor.open(f"/customers/{stays}/merge/{goes}/")
    page.locator("input[name=keep_name]:checked").focus()
    page.keyboard.press("ArrowRight")
    chosen = page.locator("input[name=keep_name][value=from]:checked").locator("xpath=..").inner_text().strip()
    tab_to(page, "Merge")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"h1:has-text('{chosen}')")
    page.locator("[data-toast]", has_text="is merged into").get_by_role("button", name="Undo").press("Enter")
    page.wait_for_selector("text=are two customers again")
    assert page.locator("main").get_by_role("link", name=chosen, exact=True).count() == 1


def test_one_is_deleted_and_brought_back_by_keyboard(visit):
    visitor = visit("owner")
    who, _other = two_of(visitor.open("/customers/"))
    page = visitor.open(f"/customers/{who}/")
    page.locator(".more-menu summary").press("Enter")
    tab_to(page, "Delete")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-toast] >> text=is deleted")
    page.locator("[data-toast]", has_text="is deleted").get_by_role("button", name="Undo").press("Enter")
    page.wait_for_selector("text=is back, with all that is theirs")


@pytest.mark.parametrize("width", [390, 768, 1440][: 3 if not os.environ.get("DATABASE_URL") else 1])
def test_the_menu_of_a_customer_is_on_the_screen_and_closes_by_escape_and_by_a_click_elsewhere(visit, width):
    visitor = visit("owner", width=390 if width < 1000 else width)
    page = visitor.open("/customers/?q=example")
    visitor.page.set_viewport_size({"width": width, "height": 844})
    who, _other = two_of(page)
    visitor.open(f"/customers/{who}/")
    summary, opened = page.locator(".more-menu summary"), page.locator(".more-menu[open]")
    summary.press("Enter")
    box = page.locator(".more-menu-list").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width and not visitor.is_wider_than_the_screen()

    tab_to(page, "Delete")
    page.keyboard.press("Escape")
    assert opened.count() == 0 and summary.evaluate("it => it === document.activeElement")

    summary.press("Enter")
    page.locator("#timeline").click(position={"x": 2, "y": 2})
    assert opened.count() == 0
