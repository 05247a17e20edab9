"""By keyboard alone, and without script."""

import pytest

pytestmark = pytest.mark.slow


def test_the_keys_lead_where_they_say(visit, site):
    page = visit("owner").open("/")
    for keys, path in [
        (("g", "c"), "/customers/"),
        (("g", "l"), "/ladder/"),
        (("g", "p"), "/pareto/"),
        (("g", "t"), "/"),
    ]:
        page.locator("body").click(position={"x": 700, "y": 5})
        for key in keys:
            page.locator("body").press(key)
        page.wait_for_url(site.address + path)
    page.locator("body").press("l")
    page.locator("#log form").wait_for()


def test_keys_are_not_swallowed_after_a_dialog_that_could_not_be_fetched(visit):
    visitor = visit("owner")
    visitor.hold("**/log/**", lambda route: route.fulfill(status=204), "GET")
    page = visitor.open("/customers/")
    with page.expect_response("**/log/**"):
        page.keyboard.press("l")
    page.keyboard.press("Escape")
    page.locator("#log").wait_for(state="hidden")
    page.keyboard.press("/")
    page.keyboard.type("gl")

    assert page.evaluate("document.activeElement.value") == "gl"


def test_no_key_leads_anywhere_while_somebody_types(visit, site):
    page = visit("owner").open("/customers/")
    page.keyboard.press("/")
    page.keyboard.type("gl")

    assert page.url == f"{site.address}/customers/"
    assert page.evaluate("document.activeElement.value") == "gl"


def test_a_list_is_walked_and_opened_by_keys(visit):
    page = visit("owner").open("/customers/")
    names = page.locator("[data-row] a").all_inner_texts()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/*/")

    assert page.locator("h1").inner_text().strip() in names[1]


def test_everything_that_can_be_reached_shows_that_it_is(visit):
    """Forty steps of the Tab key: each lands on something seen, with a ring."""
    page = visit("owner").open("/")
    for _ in range(40):
        page.keyboard.press("Tab")
        ring = page.evaluate(
            "(() => { const at = document.activeElement, look = getComputedStyle(at);"
            " return at === document.body || look.outlineStyle !== 'none' || look.boxShadow !== 'none' || at.closest('.find') !== null })()"
        )
        assert ring, page.evaluate("document.activeElement.outerHTML")


def test_without_script_an_owner_finds_somebody_and_logs_a_call(visit, site):
    before = site.shop.rows("SELECT count(*) FROM crm_interaction")[0][0]
    page = visit("owner", java_script_enabled=False).open("/")
    page.locator("aside input[name=q]").fill("a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/?q=a*")
    page.locator("[data-row] a").first.click()
    page.locator(".quicklog textarea").fill("Called about the new harvest.")
    page.locator(".quicklog button[type=submit], .quicklog button:not([type])").last.click()

    assert "Called about the new harvest." in page.locator("main").inner_text()
    assert site.shop.rows("SELECT count(*) FROM crm_interaction")[0][0] == before + 1
