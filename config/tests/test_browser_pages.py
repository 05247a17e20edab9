"""Every page in a real browser: nothing in the console, nothing refused by the policy, no barrier, nothing wider than the screen."""

import os

import pytest

from config.tests.browser import login_link, paths_of

pytestmark = pytest.mark.slow

# Both widths, both themes, three languages, each with each other at least once.
LOOKS = [(1440, False, "en"), (1440, True, "cs"), (390, False, "pl"), (390, True, "en")]
# The look does not depend on the database: once is enough there.
LOOKS = LOOKS[:1] if os.environ.get("DATABASE_URL") else LOOKS
OWNERS = ["/", "/customers/", "/customers/?q=nov&stage=repeat", "/ladder/", "/ladder/?days=365", "/ladder/moves/", "/pareto/"]
OWNERS += ["/import/", "/log/", "/demo/remove/", "/segments/", "/segments/new/"]
OWNERS += ["/settings/ladders/", "/settings/ladders/kotler/", "/settings/ladders/kotler/inactive/", "/settings/ladders/kotler/ladder/add/"]
OWNERS += ["/settings/ladders/engagement/client/leave/"]
OWNERS += ["/ladder/?ladder=kotler&days=90", "/ladder/?ladder=nothing&as_of=2001-01-01", "/ladder/moves/?reason=quiet&days=365"]


@pytest.fixture(scope="session")
def somebody(site):
    """The address of a customer who has ordered and was in touch."""
    found = site.shop.rows("SELECT customer_id FROM crm_facts WHERE orders > 5 AND interactions_12m > 0 ORDER BY customer_id LIMIT 1")
    return f"/customers/{found[0][0]}/"


@pytest.mark.parametrize(("width", "dark", "language"), LOOKS)
def test_every_page_of_an_owner_is_clean(visit, somebody, width, dark, language):
    visitor = visit("owner", width=width, dark=dark, language=language)
    paths = [*OWNERS, somebody]
    for path in paths:
        page = visitor.open(path)
        assert page.locator("h1").count() == 1, path
        assert page.locator("html").get_attribute("lang") == language
        assert not visitor.is_wider_than_the_screen(), path

    assert barriers(visit("owner", width=width, dark=dark, language=language, bypass_csp=True), paths) == []


def barriers(visitor, paths):
    return [barrier for path in paths if visitor.open(path) for barrier in visitor.barriers()]


@pytest.mark.parametrize("dark", [False, True])
def test_the_pages_of_staff_and_of_strangers_are_clean(visit, site, dark):
    theirs, strangers = ["/", "/customers/", "/ladder/", "/log/", "/segments/"], ["/login/", "/customers/"]
    staff, stranger = visit("staff", width=390, dark=dark), visit("", dark=dark)
    for visitor, paths in [(staff, theirs), (stranger, strangers)]:
        for path in paths:
            visitor.open(path)

    assert barriers(visit("staff", width=390, dark=dark, bypass_csp=True), theirs) == []
    assert barriers(visit("", dark=dark, bypass_csp=True), strangers) == []
    assert stranger.page.url == f"{site.address}/login/?next=/customers/"


def test_the_menu_leads_an_owner_to_every_page_and_staff_to_theirs(visit, site):
    shown = {}
    for role in ("owner", "staff"):
        page = visit(role).open("/")
        shown[role] = paths_of(
            page.locator("nav .nav-item").evaluate_all("links => links.map(link => link.getAttribute('href'))"), site.address
        )

    assert shown == {
        "owner": [
            "/",
            "/tasks/",
            "/customers/",
            "/segments/",
            "/complaints/",
            "/desk/",
            "/ladder/",
            "/pareto/",
            "/import/",
            "/settings/fields/",
            "/settings/tags/",
            "/team/",
            "/audit/",
            "/settings/ladders/",
            "/admin/",
        ],
        "staff": ["/", "/tasks/", "/customers/", "/segments/", "/complaints/", "/desk/", "/ladder/"],
    }


def test_a_link_of_the_command_signs_in_once(visit, site):
    link = login_link(site.shop, "staff")
    first = visit("")
    first.page.goto(link)
    assert first.page.locator("h1").count() == 1 and first.page.url == f"{site.address}/"

    again = visit("")
    answer = again.page.goto(link)
    again.forgive()

    assert answer.status == 410
    assert again.page.locator("main").inner_text().count("This link is no longer good") == 1


def test_the_theme_and_the_language_stay_as_they_were_chosen(visit):
    page = visit("owner").open("/customers/")
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="Switch between light and dark").click()
    assert page.reload() and page.locator("html").get_attribute("data-bs-theme") == "dark"

    page.locator(".side-foot summary").click()
    page.get_by_role("button", name="Čeština").click()
    page.wait_for_load_state()

    assert page.url.endswith("/customers/")
    assert page.locator("html").get_attribute("lang") == "cs"
