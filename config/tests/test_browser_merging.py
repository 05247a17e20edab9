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
