"""By keyboard alone: an owner invites somebody, who joins, sets up two-factor login, and signs in with it."""

from datetime import UTC, datetime, timedelta

import pytest

from crm import factors

pytestmark = pytest.mark.slow
PASSWORD = "seven-green-bottles"
LOOKS = [
    pytest.param({}, id="as it is"),
    pytest.param({"bypass_csp": True}, id="with axe"),
    pytest.param({"bypass_csp": True, "width": 390, "dark": True}, id="with axe, on a phone in the dark"),
]


def code_of(secret: str, ahead: int = 0) -> str:
    return factors.code_at(secret.replace(" ", ""), datetime.now(UTC) + timedelta(seconds=ahead))


@pytest.mark.parametrize("look", LOOKS)
def test_somebody_is_invited_and_signs_in_with_two_factors(visit, site, look):
    email = f"eva{len(look)}@example.com"

    def barriers(visitor):
        wide = ["wider than the screen"] if visitor.is_wider_than_the_screen() else []
        return wide + (visitor.barriers() if look else [])

    owner = visit("owner", **look)
    page = owner.open("/team/")
    assert barriers(owner) == []
    page.get_by_label("E-mail").fill(email)
    page.keyboard.press("Enter")
    link = page.get_by_label("Link of the invitation").input_value()
    assert barriers(owner) == []

    eva = visit("", **look)
    page = eva.page
    page.goto(link)
    assert barriers(eva) == []
    page.locator("input[autocomplete=name]:focus").wait_for()
    page.keyboard.type("Eva Nová")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.address}/")

    eva.open("/account/")
    assert barriers(eva) == []
    page.get_by_role("link", name="Set up two-factor login").press("Enter")
    page.wait_for_url("**/two-factor/")
    assert page.evaluate("document.querySelector('.factor-qr').complete && document.querySelector('.factor-qr').naturalWidth > 0")
    assert barriers(eva) == []
    secret = page.locator(".factor-secret").inner_text()
    page.get_by_label("Present password").fill(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.type(code_of(secret))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Your recovery codes").wait_for()
    assert page.locator(".codes li").count() == 10
    assert barriers(eva) == []

    page.context.clear_cookies()
    eva.open("/login/")
    # A busy machine puts the cursor into the field a little after the page is there.
    page.locator("input[type=email]:focus").wait_for()
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Enter the code").wait_for()
    assert barriers(eva) == []
    page.locator("input[autocomplete=one-time-code]:focus").wait_for()
    page.keyboard.type(code_of(secret, ahead=30))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.address}/")
