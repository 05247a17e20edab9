"""Somebody builds a nested rule by keyboard alone, on a wide screen and on a phone's, and sees whom it finds."""

import re
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.slow
COUNT = ".rule-count .big-num b"


def tab_to(page, selector, most=120):
    """Goes on by the Tab key until it stands on the control."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("at => document.activeElement.matches(at)", selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab: {page.evaluate('document.activeElement.outerHTML')[:200]}")


def focused(page):
    return page.evaluate("document.activeElement.id")


def until(page, holds, arg=None):
    """Waits by asking: the page's policy does not let Playwright wait inside it."""
    for _ in range(600):
        if page.evaluate(holds, arg):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{holds} does not come true")


def people(page):
    until(page, "() => !document.querySelector('.htmx-request, .htmx-settling')")
    return int(re.sub(r"\D", "", page.locator(COUNT).inner_text()))


def choose(page, control, value, then):
    """Opens the list by typing the words of an option, as a keyboard does, and waits for what the choice brings."""
    assert focused(page) == control
    page.locator(f"#{control}").select_option(value)
    page.wait_for_selector(then)
    until(page, "id => document.activeElement.id === id", control)


def find(page, words, row):
    """Types a part of the name of a fact, and Enter adds a row on it."""
    tab_to(page, "[data-rule-find]")
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#id_rule-{row}-value-0")


def press(page, button, then):
    tab_to(page, button)
    page.keyboard.press("Enter")
    page.wait_for_selector(then)


@pytest.mark.parametrize(
    ("rule", "typed"),
    [('{"fact":"orders_12m","op":">=","value":5}', "3712"), ('{"fact":"city","op":"contains","value":"x"}', "Hradec")],
)
def test_what_is_typed_while_the_rows_are_on_their_way_is_kept(visit, rule, typed):
    page = visit("owner").open(f"/customers/?rule={quote(rule)}")
    page.locator("#by-rule button").click()
    page.locator("#id_rule-0-op").select_option("=")
    page.locator("#id_rule-0-value-0").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(typed, delay=40)
    until(page, "() => !document.querySelector('.htmx-request, .htmx-settling')")

    assert page.locator("#id_rule-0-value-0").input_value() == typed
    page.keyboard.type("9")
    assert page.locator("#id_rule-0-value-0").input_value() == f"{typed}9"


@pytest.mark.parametrize("width", [1440, 390])
def test_a_nested_rule_is_built_by_keyboard_alone(visit, width):
    visitor = visit("owner", width=width)
    page = visitor.open("/customers/")
    page.locator("h1").click()
    press(page, "#by-rule button", "#id_rule-0-fact")

    # The first row: the fact by its name, then a number; what is counted follows.
    tab_to(page, "#id_rule-0-fact")
    choose(page, "id_rule-0-fact", "orders", "#id_rule-0-value-0")
    tab_to(page, "#id_rule-0-value-0")
    page.keyboard.type("1")
    page.wait_for_selector(COUNT)
    bought = people(page)

    find(page, "revenue in 12", 1)
    assert focused(page) == "id_rule-1-fact"
    tab_to(page, "#id_rule-1-value-0")
    page.keyboard.type("2000")
    # Without a value there is no count, and with an empty text it would be 0.
    until(page, f"n => +(document.querySelector('{COUNT}')?.innerText.replace(/\\D/g, '') || n) < n", bought)
    spent = people(page)
    assert 0 < spent < bought

    # A group of two, of which any holds.
    press(page, "#id_rule-group", "#id_rule-2-0-fact")
    until(page, "() => document.activeElement.id === 'id_rule-2-0-fact'")
    choose(page, "id_rule-2-0-fact", "pareto_class", "#id_rule-2-0-value-0")
    tab_to(page, "#id_rule-2-0-value-0")
    page.keyboard.press("Space")
    press(page, "#id_rule-2-add", "#id_rule-2-1-fact")
    until(page, "() => document.activeElement.id === 'id_rule-2-1-fact'")
    choose(page, "id_rule-2-1-fact", "is_partner", "#id_rule-2-1-value-0")
    tab_to(page, "#id_rule-2-1-value-0")
    page.keyboard.type("y")
    until(page, "() => document.querySelector('#rule-2-left').innerText.trim() !== ''")
    assert 0 < people(page) <= spent
    assert "(“Pareto class” is one of: Vital few or “Partner” is yes)" in page.locator("#rule-say").inner_text()

    # One is removed; the keyboard stays in the rows.
    page.locator("h1").click()
    tab_to(page, "#id_rule-1-remove")
    page.keyboard.press("Enter")
    page.wait_for_selector("#id_rule-1-0-fact")
    until(page, "() => document.activeElement.id === 'id_rule-1-remove'")
    assert page.locator(".rules > li").count() == 4
    found = people(page)

    tab_to(page, "#by-rule > .actions .btn-primary")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/?rule=*")
    assert page.locator(".chip-long").count() == 2
    assert f"of {found} customers" in page.locator(".table-foot").inner_text()
    assert not visitor.is_wider_than_the_screen()
    assert visitor.complaints == []


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_a_builder_has_no_barriers(visit, width, dark):
    visitor = visit("owner", width=width, dark=dark, bypass_csp=True)
    page = visitor.open("/customers/?rule=" + RULE)
    page.locator("#by-rule button").click()
    page.wait_for_selector(COUNT)
    page.locator("#id_rule-add").click()
    page.wait_for_selector("#id_rule-3-fact")

    assert visitor.barriers() == []
    assert not visitor.is_wider_than_the_screen()


RULE = (
    '{"all":[{"fact":"stage","op":"in","value":["repeat","client"]},{"any":[{"fact":"birthday","op":"between","value":["1970-01-01","1990-12-31"]},'
    '{"fact":"city","op":"in","value":["Praha","Brno"]}]},{"not":{"fact":"is_partner","op":"=","value":true}}]}'
)


def test_without_script_a_rule_is_built_by_its_buttons(visit):
    page = visit("owner", java_script_enabled=False).open("/customers/")
    page.locator("#by-rule button").click()
    page.locator("#id_rule-0-fact").select_option("orders")
    page.get_by_role("button", name="Show what fits").click()
    page.locator("#id_rule-0-value-0").fill("5")
    page.locator("#id_rule-find").fill("partner")
    page.keyboard.press("Enter")
    page.locator("#id_rule-1-value-0").select_option("false")
    page.get_by_role("button", name="Show them in the list").click()

    assert page.locator(".chip-long").all_inner_texts()[0].startswith("“Orders” is at least 5")
    assert page.locator("[data-row]").count() > 0


def test_in_the_admin_panel_a_stage_has_the_same_builder(visit):
    visitor = visit("owner")
    page = visitor.open("/admin/lifecycle/ladder/1/change/")
    rows = page.locator("[name^='stages-0-rule-'][name$='-fact']")
    before = rows.count()
    page.locator("#id_stages-0-rule-add").click()
    until(page, f"() => document.querySelectorAll(\"[name^='stages-0-rule-'][name$='-fact']\").length === {before + 1}")
    page.locator("#stages-0-rule-count").scroll_into_view_if_needed()

    assert page.evaluate("document.activeElement.name").endswith("-fact")
    assert visitor.complaints == []
