"""A customer pinned and released, and evidence recorded, by keyboard alone; without script; and nothing in the way of anybody."""

import os
import re

import pytest

pytestmark = pytest.mark.slow

LOOKS = [(1440, False), (390, True)]
LOOKS = LOOKS[:1] if os.environ.get("DATABASE_URL") else LOOKS


def somebody(site, number):
    """The address of a Repeat whom nobody else in these tests touches."""
    found = site.shop.rows(
        f"SELECT customer_id FROM crm_facts JOIN crm_customer ON crm_customer.id = customer_id"
        f" WHERE stage = 'repeat' AND only_us_on IS NULL ORDER BY customer_id DESC LIMIT 1 OFFSET {number}"
    )
    return f"/customers/{found[0][0]}/"


def tab_to(page, words):
    """Goes on by the Tab key until that which is called so has the focus; how it is reached without a mouse."""
    for _ in range(120):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "(() => { const at = document.activeElement;"
            " return (at.labels && at.labels[0] ? at.labels[0].innerText : at.getAttribute('aria-label') || at.innerText || '').trim() })()"
        )
        if re.fullmatch(words, name):
            return
    raise AssertionError(f"No Tab leads to {words}.")


def main(page):
    return page.locator("main").inner_text()


def test_a_customer_is_pinned_and_released_by_keyboard(visit, site):
    page = visit("staff").open(somebody(site, 0))
    tab_to(page, "Set the stage by hand")
    page.keyboard.press("Enter")
    tab_to(page, "Stage")
    page.keyboard.type("Partner")
    tab_to(page, "Why")
    page.keyboard.type("Sells our coffee in his shop.")
    tab_to(page, "Set")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=is moved to Partner and kept there")

    assert "Why Partner?" in main(page) and "Sells our coffee in his shop." in main(page)
    tab_to(page, "Release from Partner")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=is not kept in Partner any more")
    assert "Released from Partner" in main(page)
    # The worker places them by the rules, and the page keeps up by itself.
    page.wait_for_selector("text=Why Repeat?", timeout=30_000)


def test_evidence_is_recorded_and_taken_back_by_keyboard(visit, site):
    page = visit("staff").open(somebody(site, 1))
    tab_to(page, "Record what you know")
    page.keyboard.press("Enter")
    assert not page.locator("#evidence_lost_reason").is_visible()
    tab_to(page, "What you know")
    page.keyboard.type("Has left")
    tab_to(page, "Why they left")
    page.keyboard.type("Buys else")
    tab_to(page, "How we know")
    page.keyboard.type("Said so at the market.")
    tab_to(page, "Record")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=has left us.")

    assert "Left us on" in main(page) and "Buys elsewhere" in main(page)
    page.wait_for_selector("text=Why Lost?", timeout=30_000)
    tab_to(page, "Take back: Left us on .*")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Taken back: it stays in the timeline.")
    tab_to(page, r"Undo\s+z")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=has left us.")
    assert "Left us on" in main(page)


def test_without_script_both_are_done_and_what_is_wrong_is_said(visit, site):
    address = somebody(site, 2)
    page = visit("owner", java_script_enabled=False).open(address)
    page.locator("summary", has_text="Record what you know").click()
    record = page.locator(".hand-form", has=page.locator("#evidence_kind")).get_by_role("button", name="Record")
    page.locator("#evidence_kind").select_option("referred")
    page.locator("#evidence_who").fill("a")
    record.click()
    assert "choose who it was" in main(page)
    page.locator("input[name=referrer]").first.check()
    record.click()
    assert "Recommended to us by" in main(page)

    page.locator("summary", has_text="Set the stage by hand").click()
    page.locator("#stage_stage").select_option("kotler/advocate")
    page.locator("#stage_reason").fill("Sends us people.")
    page.locator(".hand-form button", has_text="Set").click()
    assert "Why Advocate?" in main(page)
    page.locator("main button", has_text="Release").first.click()
    assert "Released from Advocate" in main(page)


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_the_pages_are_clean_with_all_that_is_folded_open(visit, site, width, dark):
    address = somebody(site, 3)
    for bypass in (False, True):
        visitor = visit("staff", width=width, dark=dark, bypass_csp=bypass)
        for path in (address, f"{address}stage/", f"{address}evidence/"):
            page = visitor.open(path)
            for summary in page.locator("details.by-hand > summary").all():
                summary.click()
            assert page.locator("h1").count() == 1 and not visitor.is_wider_than_the_screen(), path
            assert not bypass or visitor.barriers() == [], path
