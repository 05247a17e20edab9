"""Many customers changed at once, by keyboard, and taken back; staff see nothing of it."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_an_owner_chooses_with_the_keys_and_gives_them_to_somebody(visit):
    jana = visit()
    page = jana.open("/customers/")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    names = page.locator("tr.is-sel .c-name a").all_inner_texts()
    assert len(names) == 2 and page.locator("[data-bulk-count]").inner_text() == "2"

    page.keyboard.press("Escape")
    assert page.locator("tr.is-sel").count() == 0 and page.locator("[data-bulk]").is_hidden()

    page.locator("[data-check-all]").focus()
    page.keyboard.press("Space")
    assert page.locator("[data-bulk-count]").inner_text() == "50"
    page.keyboard.press("Space")
    for name in names:
        page.get_by_role("checkbox", name=f"Choose {name}").check()
    page.get_by_role("button", name="Change", exact=True).press("Enter")
    page.get_by_role("heading", name="Change many at once").wait_for()
    assert page.get_by_text("2 customers", exact=True).is_visible()
    page.get_by_label("Who looks after them").check()
    page.locator("#id_owner-owner").select_option(label="Petr Malý")
    page.get_by_role("button", name="Do it for 2 customers").press("Enter")

    page.get_by_text("Done for 2 customers.").last.wait_for()
    page.get_by_role("button", name="Undo").press("Enter")
    page.get_by_text("Taken back for 2 customers.").last.wait_for()


def test_those_chosen_are_exported_and_no_secret_stands_in_an_address(visit):
    jana = visit()
    page = jana.open("/customers/")
    page.get_by_role("checkbox").nth(1).check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export", exact=True).press("Enter")
    assert len(Path(download.value.path()).read_text().splitlines()) == 2

    page.get_by_role("button", name="Change", exact=True).press("Enter")
    page.get_by_role("heading", name="Change many at once").wait_for()
    assert "customer=" in page.url and "csrf" not in page.url


def test_a_filter_is_changed_as_a_whole(visit):
    jana = visit()
    page = jana.open("/customers/?stage=client")
    page.get_by_role("link", name="Change all of this list at once").click()

    assert page.url.endswith("/customers/bulk-actions/?stage=client&all=1")
    assert page.get_by_role("button", name="Do it for").is_visible()


def test_nothing_stands_in_anybodys_way(visit):
    blind = visit(bypass_csp=True)
    page = blind.open("/customers/")
    page.locator("[data-row-check]").first.check()
    found = blind.barriers()
    page.get_by_role("button", name="Change", exact=True).click()
    page.get_by_role("heading", name="Change many at once").wait_for()

    assert found + blind.barriers() == []


def test_staff_choose_nobody(visit):
    petr = visit("staff")
    page = petr.open("/customers/")

    assert page.locator("tbody tr").count() > 0
    assert page.locator("[data-row-check]").count() == 0
