"""By keyboard alone: a stage is edited, looked at in its preview, saved, and taken back."""

import pytest

pytestmark = pytest.mark.slow


def press(page, name):
    """The button of that name, by the keyboard."""
    page.get_by_role("button", name=name, exact=True).focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_stage_is_edited_with_its_preview_and_taken_back(visit, site):
    visitor = visit("owner")
    page = visitor.open("/settings/ladders/categories/loyal/")
    page.get_by_label("Name").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("Devoted")
    press(page, "Preview")

    assert "Nothing is saved yet." in page.locator("main").inner_text()
    assert not visitor.is_wider_than_the_screen()
    press(page, "Save these changes")

    page.wait_for_url(f"{site.address}/settings/ladders/categories/")
    assert "Renamed “Loyal” to “Devoted”." in page.locator("main").inner_text()
    press(page, "Back to version 1")

    assert "Went back to version 1." in page.locator("main").inner_text()
    assert page.get_by_role("link", name="Loyal", exact=True).count() == 1


def test_a_ladder_of_the_longest_name_makes_no_page_wider(visit):
    visitor = visit("owner", width=390)
    page = visitor.open("/settings/ladders/")
    page.get_by_label("Name of the ladder").fill("Ř" * 100)
    with page.expect_navigation():
        page.keyboard.press("Enter")

    made = page.url.removeprefix(visitor.address)
    for path in ("/settings/ladders/", made, "/ladder/", "/customers/"):
        assert visitor.open(path).locator("h1").count() == 1
        assert not visitor.is_wider_than_the_screen(), path
