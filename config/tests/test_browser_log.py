"""Logging from anywhere: by keyboard, by touch, without a connection, and after a tab was closed."""

import pytest

from crm.fold import fold

pytestmark = pytest.mark.slow


def logged(site, text):
    return site.shop.rows(f"SELECT customer_id FROM crm_interaction WHERE text = '{text}'")


@pytest.fixture(scope="session")
def somebody(site):
    """A customer's key and name, which nobody else's is part of."""
    return site.shop.rows(
        "SELECT id, name FROM crm_customer WHERE name <> '' AND (SELECT count(*) FROM crm_customer AS other"
        " WHERE other.name = crm_customer.name) = 1 ORDER BY id LIMIT 1"
    )[0]


def test_a_call_is_logged_by_keyboard(visit, site, somebody):
    key, name = somebody
    page = visit("staff").open("/")
    page.keyboard.press("l")
    # Before the form is there: of a letter that no key of this keyboard has, the page would hear nothing until a field has the focus.
    page.keyboard.type(fold(name))
    page.locator("#log-found input").first.wait_for()
    page.keyboard.press("Enter")
    page.keyboard.type("Wants the new harvest.")
    page.keyboard.press("Control+Enter")
    page.get_by_text("logged, 5 minutes.").wait_for()
    page.locator("#log").wait_for(state="hidden")

    assert [tuple(row) for row in logged(site, "Wants the new harvest.")] == [(key,)]
    assert page.evaluate("localStorage.length") == 0


def test_what_is_typed_before_the_form_of_a_known_customer_is_there_is_what_happened(visit, site, somebody):
    key, name = somebody
    page = visit("staff").open(f"/customers/{key}/")
    page.keyboard.press("l")
    page.keyboard.type("Typed at once.")
    page.locator("#log-found :checked").wait_for()
    page.locator(".log-form textarea:focus").wait_for()

    assert page.locator("#log [name=who]").input_value() == name
    assert page.locator(".log-form textarea").input_value() == "Typed at once."


def test_what_was_logged_is_taken_back_by_a_key_which_is_a_letter_in_a_field(visit, site, somebody):
    page = visit("staff").open(f"/customers/{somebody[0]}/")
    page.keyboard.press("l")
    page.locator("#log textarea").wait_for()
    page.keyboard.type("Zzz, only to be taken back.")
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Undo", exact=True).wait_for()
    assert len(logged(site, "Zzz, only to be taken back.")) == 1

    page.locator("#log").wait_for(state="hidden")
    page.keyboard.press("z")
    page.get_by_text("Taken back").wait_for()
    assert logged(site, "Zzz, only to be taken back.") == []


def test_the_change_of_a_contact_is_wide_enough_for_a_thumb_and_apart_from_the_minutes(visit, site, somebody):
    page = visit("staff", width=390).open(f"/customers/{somebody[0]}/")
    page.locator("#quicklog textarea").fill("To be tapped.")
    page.locator("#quicklog button", has_text="Log").tap()
    page.get_by_text("To be tapped.").wait_for()
    minutes, change = (page.locator(f".tl-item:has-text('To be tapped.') .tl-side {part}").bounding_box() for part in ("span", "a"))

    assert change["height"] >= 44 and change["x"] >= minutes["x"] + minutes["width"] + 8


def test_escape_closes_the_dialog_and_the_keyboard_is_where_it_was(visit):
    page = visit("staff").open("/")
    page.get_by_role("link", name="Log interaction").focus()
    page.keyboard.press("Enter")
    page.locator("#log-who").wait_for()
    for _ in range(30):
        page.keyboard.press("Tab")
        # Past its last field stands the browser's own bar, which is nothing of the page.
        assert page.evaluate("document.activeElement === document.body || document.activeElement.closest('#log') !== null")
    page.keyboard.press("Escape")

    assert page.locator("#log.show").count() == 0
    assert page.evaluate("document.activeElement.textContent.trim()") == "Log interaction"


def test_on_a_customers_page_it_is_that_customer(visit, site, somebody):
    key, name = somebody
    page = visit("staff").open(f"/customers/{key}/")
    page.keyboard.press("l")
    page.locator("#log textarea").wait_for()

    assert page.locator("#log-who").input_value() == name
    page.keyboard.type("From their own page.")
    page.keyboard.press("Control+Enter")
    page.locator("#timeline").get_by_text("From their own page.").wait_for()
    assert [tuple(row) for row in logged(site, "From their own page.")] == [(key,)]


@pytest.mark.parametrize("where", ["in the dialog", "on the page"])
def test_a_complaint_and_what_follows_it_are_seen_at_once(visit, site, somebody, where):
    key, _name = somebody
    form = "#log" if where == "in the dialog" else "#quicklog"
    page = visit("staff").open(f"/customers/{key}/")
    if where == "in the dialog":
        page.keyboard.press("l")
    page.locator(f"{form} textarea").fill(f"The bag was torn, {where}.")
    page.locator(f"{form} label", has_text="Complaint").first.click()
    page.locator(f"{form} textarea").press("Control+Enter")
    page.locator("#timeline").get_by_text(f"The bag was torn, {where}.").first.wait_for()

    page.locator("[data-toast]", has_text="logged").wait_for()
    assert page.locator(".open-complaints li", has_text=f"The bag was torn, {where}.").count() == 1
    assert site.shop.rows(f"SELECT count(*) FROM crm_complaint WHERE what = 'The bag was torn, {where}.'") == [(1,)]
    assert page.evaluate("localStorage.length") == 0


def test_by_touch_it_fills_the_screen_and_its_buttons_are_at_the_thumb(visit, site, somebody):
    key, name = somebody
    visitor = visit("staff", width=390)
    page = visitor.open("/")
    page.locator(".tab-log").tap()
    page.locator("#log-who").fill(name)
    page.locator("#log-found label").first.tap()
    page.locator("#log-text").fill("By touch.")
    button = page.locator(".log-form").get_by_role("button", name="Log", exact=True)
    box, form = button.bounding_box(), page.locator(".log-form").bounding_box()
    assert (form["x"], form["y"], form["width"], form["height"]) == (0, 0, 390, 844)
    assert box["height"] >= 44 and box["y"] + box["height"] > 800
    assert not visitor.is_wider_than_the_screen()
    button.tap()
    page.get_by_text("logged, 5 minutes.").wait_for()

    assert [tuple(row) for row in logged(site, "By touch.")] == [(key,)]


def test_without_a_connection_it_stays_and_is_logged_once_when_it_is_back(visit, site, somebody):
    key, _name = somebody
    visitor = visit("staff")
    page = visitor.open(f"/customers/{key}/")
    page.locator(".quicklog textarea").fill("While the line was dead.")
    page.context.set_offline(True)
    page.keyboard.press("Control+Enter")
    page.get_by_text("There is no connection. What you wrote is kept here").wait_for()
    page.keyboard.press("Control+Enter")
    assert page.locator(".quicklog textarea").input_value() == "While the line was dead."
    assert logged(site, "While the line was dead.") == []
    page.context.set_offline(False)
    page.locator("#timeline").get_by_text("While the line was dead.").wait_for()
    visitor.forgive()

    assert len(logged(site, "While the line was dead.")) == 1
    assert page.evaluate("localStorage.length") == 0


def test_what_was_sent_without_a_connection_has_its_own_time(visit, site, somebody):
    key, _name = somebody
    visitor = visit("staff")
    page = visitor.open(f"/customers/{key}/")
    page.clock.install()
    page.locator(".quicklog textarea").fill("Two hours on the road.")
    page.context.set_offline(True)
    page.keyboard.press("Control+Enter")
    page.locator(".quicklog [data-unsent]").wait_for()
    page.clock.fast_forward(7_200_000)
    page.context.set_offline(False)
    page.locator("#timeline").get_by_text("Two hours on the road.").wait_for()
    visitor.forgive()

    seconds = "strftime('%s', created) - strftime('%s', happened_at)"
    if site.shop.environ.get("DATABASE_URL"):
        seconds = "extract(epoch FROM created - happened_at)"
    ago = site.shop.rows(f"SELECT {seconds} FROM crm_interaction WHERE text = 'Two hours on the road.'")
    assert [7_190 < row[0] < 7_300 for row in ago] == [True]


@pytest.mark.parametrize("where", ["#quicklog", "#log"])
def test_what_is_written_on_while_it_is_sent_begins_the_next_one(visit, site, somebody, where):
    key, _name = somebody
    visitor, on_its_way = visit("staff"), []
    visitor.hold("**/log/", on_its_way.append)
    page = visitor.open(f"/customers/{key}/")
    if where == "#log":
        page.keyboard.press("l")
    page.locator(f"{where} textarea").fill(f"Sent from {where}.")
    with page.expect_request("**/log/"):
        page.keyboard.press("Control+Enter")
    page.keyboard.type(" And one more thing.")
    on_its_way[0].continue_()
    page.get_by_text("logged, 5 minutes.").wait_for()
    if where == "#log":
        page.locator("#log").wait_for(state="hidden")
        page.keyboard.press("l")
    page.locator(where).get_by_text("You had begun to write this.").wait_for()

    assert page.locator(f"{where} textarea").input_value() == "And one more thing."
    assert len(logged(site, f"Sent from {where}.")) == 1
    page.locator(where).get_by_role("button", name="Throw it away").click()


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (500, "It is not logged: something went wrong on the way."),
        (403, "It is not logged: you are not allowed to, or this page was open for too long."),
        (None, "It is not logged: you are not signed in any more."),
    ],
)
@pytest.mark.parametrize("where", [".quicklog", ".log-form"])
def test_what_is_refused_is_said_and_stays_in_the_form(visit, somebody, status, sentence, where):
    key, _name = somebody
    visitor = visit("staff")
    if status:
        visitor.hold("**/log/", lambda route: route.fulfill(status=status, body="no"))
    page = visitor.open(f"/customers/{key}/")
    if where == ".log-form":
        page.keyboard.press("l")
    page.locator(f"{where} textarea").fill("Not lost")
    if not status:
        page.context.clear_cookies(name="regulars")
    page.keyboard.press("Control+Enter")
    page.locator(where).get_by_text(sentence).wait_for()
    visitor.forgive()

    assert page.locator(f"{where} textarea").input_value() == "Not lost"
    assert "Not lost" in page.evaluate("Object.values(localStorage).join()")


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (500, "The form cannot be fetched: something went wrong on the way."),
        (403, "The form cannot be fetched: you are not allowed to log"),
        (None, "You are not signed in any more, so there is no form."),
    ],
)
def test_a_dialog_that_does_not_come_says_why(visit, status, sentence):
    visitor = visit("staff")
    if status:
        visitor.hold("**/log/", lambda route: route.fulfill(status=status, body="no"), "GET")
    page = visitor.open("/tasks/")
    if not status:
        page.context.clear_cookies(name="regulars")
    page.keyboard.press("l")
    page.locator("#log").get_by_text(sentence).wait_for()
    visitor.forgive()

    assert page.locator("#log .skel").count() == 0


def test_what_was_begun_is_there_after_the_tab_was_closed_and_can_be_thrown_away(visit, somebody):
    key, _name = somebody
    visitor = visit("staff")
    first = visitor.open(f"/customers/{key}/")
    first.locator(".quicklog textarea").fill("Half a sentence")
    context = first.context
    again = context.new_page()
    first.close()
    again.goto(f"{visitor.address}/customers/{key}/")

    assert again.locator(".quicklog textarea").input_value() == "Half a sentence"
    assert again.get_by_text("You had begun to write this.").first.is_visible()
    again.get_by_role("button", name="Throw it away").first.click()
    assert again.locator(".quicklog textarea").input_value() == ""
    assert again.evaluate("localStorage.length") == 0


def test_to_sign_out_takes_the_drafts_along(visit, open_site, demo, somebody):
    key, _name = somebody
    page = visit("staff", at=open_site(demo)).open(f"/customers/{key}/")
    page.locator(".quicklog textarea").fill("Not for the next one here")
    page.evaluate("localStorage.setItem('draft:999:1', 'of another')")
    page.locator(".side-foot summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login/**")

    assert page.evaluate("Object.keys(localStorage)") == ["draft:999:1"]


def test_the_toast_of_what_was_logged_goes_after_ten_seconds(visit, somebody):
    key, _name = somebody
    page = visit("staff").open(f"/customers/{key}/")
    page.clock.install()
    page.locator(".quicklog textarea").fill("To be seen for a while")
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Undo").wait_for()
    page.clock.run_for(9_000)
    assert page.get_by_role("button", name="Undo").count() == 1
    page.clock.run_for(2_000)

    assert page.get_by_role("button", name="Undo").count() == 0


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_the_dialog_and_the_page_of_a_change_have_no_barrier(visit, site, somebody, width, dark):
    key, _name = somebody
    visitor = visit("owner", width=width, dark=dark, bypass_csp=True)
    page = visitor.open("/log/")
    page.locator("[data-log]").first.evaluate("link => link.click()")
    page.locator("#log-who").fill("a")
    page.locator("#log-found input").first.wait_for()
    page.locator(".log-form .log-more summary").click()
    found = visitor.barriers()
    interaction = site.shop.rows("SELECT id FROM crm_interaction ORDER BY id LIMIT 1")[0][0]
    for path in (f"/interactions/{interaction}/", f"/customers/{key}/?show=contact"):
        visitor.open(path)
        assert not visitor.is_wider_than_the_screen()
        found += visitor.barriers()

    assert found == []
