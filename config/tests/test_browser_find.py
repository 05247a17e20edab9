"""Finding anyone from any page: by keyboard, by touch on a phone, and by whoever asks strange things."""

import re

import pytest

pytestmark = pytest.mark.slow


def somebody(site):
    """Who has a phone, and a name that nobody else has."""
    return site.shop.rows("SELECT id, name, phone FROM crm_customer WHERE phone <> '' ORDER BY id")[7]


def test_by_keyboard_from_any_page(visit, site):
    pk, name, phone = somebody(site)
    digits = re.sub(r"\D", "", phone)[-9:]
    page = visit("staff").open("/ladder/")
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Find anyone")
    assert field.evaluate("field => field === document.activeElement")

    page.keyboard.type(digits)
    # While somebody types, others may be found by the digits that are there already.
    option = page.locator("#finder [role=option]").first.filter(has_text=name)
    option.wait_for()
    assert phone in option.inner_text()
    assert field.get_attribute("aria-activedescendant") == option.get_attribute("id") and field.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/customers/{pk}/")


def test_arrows_walk_escape_closes_and_slash_opens_again(visit):
    page = visit("staff").open("/customers/")
    page.keyboard.press("/")
    page.keyboard.type("no")
    page.locator("#finder [role=option]").nth(1).wait_for()
    ids = [option.get_attribute("id") for option in page.locator("#finder [role=option]").all()]
    field = page.get_by_role("combobox", name="Find anyone")

    page.keyboard.press("ArrowDown")
    assert field.get_attribute("aria-activedescendant") == ids[1]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert field.get_attribute("aria-activedescendant") == ids[-1]
    page.keyboard.press("Escape")
    assert page.locator("#finder").evaluate("panel => panel.open") is False
    page.keyboard.press("/")
    assert field.evaluate("field => field === document.activeElement")


def test_enter_before_the_answers_opens_the_first_of_them(visit, site):
    _pk, name, _phone = somebody(site)
    page = visit("staff").open("/")
    page.keyboard.press("/")
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/*/")

    assert name in page.locator("h1").inner_text()


def test_by_touch_on_a_phone_it_fills_the_screen(visit, site):
    pk, name, phone = somebody(site)
    page = visit("staff", width=390).open("/")
    page.get_by_role("link", name="Search customers").tap()
    box = page.locator("#finder").bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)

    page.get_by_role("combobox", name="Find anyone").fill(phone)
    option = page.locator("#finder [role=option]").first
    option.wait_for()
    assert option.bounding_box()["height"] >= 44 and name in option.inner_text()
    option.tap()
    page.wait_for_url(f"**/customers/{pk}/")


@pytest.mark.parametrize("q", ["<script>alert(1)</script>", "😀 علي", '%_\\"', "x" * 190])
def test_whatever_is_asked_it_says_that_nobody_is_found(visit, q):
    visitor = visit("staff", width=390)
    page = visitor.open("/")
    page.get_by_role("link", name="Search customers").tap()
    page.get_by_role("combobox", name="Find anyone").fill(q)
    page.locator(".finder-said", has_text="Nobody found").wait_for()

    assert q in page.locator(".finder-said").inner_text()
    assert not visitor.is_wider_than_the_screen()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1440, 390])
def test_it_has_no_barriers(visit, width, dark):
    visitor = visit("staff", width=width, dark=dark, bypass_csp=True)
    page = visitor.open("/")
    page.keyboard.press("/")
    assert visitor.barriers() == []
    page.keyboard.type("no")
    page.locator("#finder [role=option]").first.wait_for()

    assert visitor.barriers() == []
