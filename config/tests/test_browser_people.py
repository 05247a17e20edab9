"""People's pages: a tag put on and taken off, a household, a company and a field of one's own by keyboard, who somebody is and what they
agreed to changed on their page; on a phone, in the dark; and nothing in the way of anybody."""

import os

import pytest

from config.tests.test_browser_pins import main, tab_to

pytestmark = pytest.mark.slow

LOOKS = [(1440, False), (390, True)]
LOOKS = LOOKS[:1] if os.environ.get("DATABASE_URL") else LOOKS
# Nobody else in these tests touches the last ones; by their place from the end.
PERSON = "FROM crm_customer WHERE entity = 'person' AND email <> '' AND household_id IS NULL AND works_at_id IS NULL"


def of(site, sql):
    return site.shop.rows(sql)[0][0]


def somebody(site, place):
    """The key and the e-mail of one who has neither household nor company."""
    return site.shop.rows(f"SELECT id, email {PERSON} ORDER BY id DESC LIMIT 1 OFFSET {40 + place}")[0]


def enter(page, words):
    tab_to(page, words)
    page.keyboard.press("Enter")


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_the_pages_are_in_nobodys_way(visit, site, width, dark):
    visitor = visit("owner", width=width, dark=dark, bypass_csp=True)
    household = of(site, "SELECT household_id FROM crm_customer WHERE household_id IS NOT NULL ORDER BY 1 LIMIT 1")
    who = of(site, f"SELECT id FROM crm_customer WHERE household_id = {household} ORDER BY id LIMIT 1")
    firm = of(site, "SELECT works_at_id FROM crm_customer WHERE works_at_id IS NOT NULL ORDER BY 1 LIMIT 1")
    brought = of(site, "SELECT referred_by_id FROM crm_customer WHERE referred_by_id IS NOT NULL ORDER BY 1 LIMIT 1")
    tag, field = of(site, "SELECT MIN(id) FROM crm_tag"), of(site, "SELECT MIN(id) FROM crm_customfield")
    pages = [f"/households/{household}/", f"/customers/{firm}/people/", f"/customers/{brought}/brought/"]
    pages += ["/settings/fields/", f"/settings/fields/{field}/", "/settings/tags/", f"/settings/tags/{tag}/"]
    pages += [f"/customers/{who}/{page}/" for page in ("edit", "consents", "tags", "more", "reach", "company")]
    pages += [f"/customers/bulk-actions/?customer={who}"]
    for address in pages:
        visitor.open(address)
        assert visitor.barriers() == [] and not visitor.is_wider_than_the_screen(), address


def test_a_tag_is_put_on_and_taken_off_by_keyboard(visit, site):
    who, _email = somebody(site, 0)
    page = visit("staff").open(f"/customers/{who}/")
    enter(page, "Add a tag")
    tab_to(page, "Name of the tag")
    # None of the keys of the page fires while somebody types.
    page.keyboard.type("Jogs lots")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tag >> text=Jogs lots")
    # One goes on where one was.
    page.wait_for_selector("#tag-name:focus")
    page.keyboard.type("vip")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tag >> text=VIP")

    page.get_by_role("button", name="Take off Jogs lots").press("Enter")
    page.wait_for_selector("[data-toast] >> text=The tag “Jogs lots” is taken off")
    assert page.locator(".tag").all_inner_texts() == ["VIP"]
    page.locator("[data-toast]", has_text="is taken off").get_by_role("button", name="Undo").press("Enter")
    page.wait_for_selector(".tag >> text=Jogs lots")

    page.get_by_role("link", name="Jogs lots").press("Enter")
    page.wait_for_selector("#id_tag")
    assert page.locator("tbody tr").count() == 1 and page.locator(".tag-small", has_text="Jogs lots").count() == 1


def test_on_a_phone_a_tag_is_put_on_by_touch(visit, site):
    who, _email = somebody(site, 1)
    visitor = visit("staff", width=390)
    page = visitor.open(f"/customers/{who}/")
    page.locator(".tag-new summary").tap()
    page.locator("#tag-name").fill("W" * 40)
    page.locator(".tag-new form button").tap()
    page.wait_for_selector(".tag")
    boxes = [one.bounding_box() for one in page.locator(".tag button, .tag-new summary, .tag-new form button").all()]
    assert min(box["height"] for box in boxes) >= 44 and not visitor.is_wider_than_the_screen()


def test_somebody_gets_a_household_and_a_company_by_keyboard(visit, site):
    (who, _own), (_other, email) = somebody(site, 2), somebody(site, 3)
    visitor = visit("staff")
    page = visitor.open(f"/customers/{who}/")
    enter(page, r"Who lives with them\?")
    page.wait_for_selector("h1:has-text('Household')")
    tab_to(page, "Who lives with them")
    page.keyboard.type(email)
    tab_to(page, "What the household is called")
    page.keyboard.type("The Jokers")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('The Jokers')")
    assert "Household of 2" in main(page)

    firm = of(site, "SELECT name FROM crm_customer WHERE entity = 'company' ORDER BY id LIMIT 1")
    page = visitor.open(f"/customers/{who}/company/")
    tab_to(page, "Where they work")
    page.keyboard.type(firm)
    tab_to(page, "As what")
    page.keyboard.type("Cook")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"text=works at {firm}.")
    page.get_by_role("link", name=firm).first.press("Enter")
    page.wait_for_selector(f"h1:has-text('{firm}')")
    assert "Cook" in main(page)


def test_a_field_is_made_and_filled_in_on_the_page_by_keyboard(visit, site):
    who, _email = somebody(site, 4)
    page = visit("owner").open("/settings/fields/")
    tab_to(page, r"Name\*?")
    page.keyboard.type("Shoe size")
    tab_to(page, r"Kind\*?")
    page.keyboard.type("Number")
    enter(page, "Add the field")
    page.wait_for_selector("text=“Shoe size” is on the page of every customer now.")

    page = visit("staff").open(f"/customers/{who}/")
    enter(page, "Edit: more about them")
    page.wait_for_selector("#more form")
    tab_to(page, "Shoe size")
    page.keyboard.type("38.5")
    page.keyboard.press("Enter")
    page.wait_for_selector("#more dd >> text=38.5")


def test_who_somebody_is_and_what_they_agreed_to_change_on_their_page_by_keyboard(visit, site):
    who, _email = somebody(site, 5)
    page = visit("staff").open(f"/customers/{who}/")
    page.locator("#about-them").get_by_role("link", name="Edit").press("Enter")
    page.wait_for_selector("#about-them form")
    page.wait_for_selector("#id_name:focus")
    tab_to(page, r"City\*?")
    page.keyboard.press("Control+a")
    page.keyboard.type("Dolní Lhota")
    page.keyboard.press("Enter")
    page.wait_for_selector("#about-them dd >> text=Dolní Lhota")

    page.get_by_role("button", name="They agree: News and offers: Phone").press("Enter")
    page.wait_for_selector("[data-toast] >> text=Recorded that they agree.")
    page.get_by_role("button", name="Withdraw: News and offers: Phone").press("Enter")
    page.wait_for_selector("[data-toast] >> text=Recorded that they do not agree.")
    page.locator("[data-toast]", has_text="do not agree").get_by_role("button", name="Undo").press("Enter")
    page.wait_for_selector("text=1 consent is as it was before.")
    assert page.get_by_role("button", name="Withdraw: News and offers: Phone").count() == 1


def test_long_names_without_a_space_make_no_page_wider_than_the_screen(visit, site):
    visitor = visit("staff", width=390)
    (first, _), (second, email) = somebody(site, 7), somebody(site, 8)
    page = visitor.open(f"/customers/{first}/edit/")
    page.locator("#id_name").fill("Ž" * 200)
    page.locator("#id_name").press("Enter")
    page.wait_for_url(f"**/customers/{first}/")
    page = visitor.open(f"/customers/{first}/household/")
    page.locator("input[name=who]").fill(email)
    page.locator("input[name=name]").fill("Ł" * 100)
    page.locator("input[name=name]").press("Enter")
    page.wait_for_url("**/households/*/")
    household = page.url.removeprefix(visitor.address)

    ways = ["", "edit/", "history/", "tags/", "consents/", "complaint/", "evidence/", "stage/", "reach/", "company/", "more/"]
    for address in [household, *(f"/customers/{who}/{way}" for who in (first, second) for way in ways)]:
        visitor.open(address)
        assert not visitor.is_wider_than_the_screen(), address


def test_whoever_asks_for_one_kind_of_the_timeline_by_keyboard_stays_where_they_are(visit, site):
    who, _email = somebody(site, 9)
    page = visit("staff").open(f"/customers/{who}/")
    for kind in ("orders", "contact", "all"):
        page.locator(f"#tl-{kind}").press("Enter")
        page.wait_for_selector(f"#tl-{kind}[aria-current=true]:focus")


def test_a_form_in_its_place_that_is_wrong_leaves_the_keyboard_in_what_is_wrong(visit, site):
    who, _email = somebody(site, 10)
    page = visit("staff").open(f"/customers/{who}/")
    page.locator("#about-them").get_by_role("link", name="Edit").press("Enter")
    page.locator("#id_city").fill("x" * 101)
    page.locator("#about-them").get_by_role("button", name="Save").press("Enter")
    page.locator("#about-them").get_by_text("This is too long: 101 letters, and at most 100 are kept.").wait_for()
    page.wait_for_selector("#id_city:focus")
    page.locator("#id_city").fill("Brno")
    page.locator("#id_phone").fill("no phone")
    page.locator("#about-them").get_by_role("button", name="Save").press("Enter")
    page.wait_for_selector("#about-them .alert:focus >> text=does not look like a phone number")


def test_a_form_in_its_place_is_alive_as_soon_as_it_is_there(visit, site):
    who, _email = somebody(site, 10)
    page = visit("staff").open(f"/customers/{who}/")
    page.evaluate("""() => {
        document.isTheSame = true;
        new MutationObserver((_changes, observer) => {
            const form = document.querySelector("#about-them form");
            if (!form) { return; }
            observer.disconnect();
            document.stoodIn = document.activeElement.id;
            form.elements.city.value = "x".repeat(101);
            form.requestSubmit();
        }).observe(document.body, {childList: true, subtree: true});
    }""")
    page.locator("#about-them").get_by_role("link", name="Edit").press("Enter")
    page.locator("#about-them").get_by_text("This is too long: 101 letters, and at most 100 are kept.").wait_for()

    assert page.evaluate("[document.isTheSame, document.stoodIn]") == [True, "id_name"]


def test_a_form_that_comes_while_somebody_writes_elsewhere_takes_no_letter(visit, site):
    who, _email = somebody(site, 11)
    visitor, waiting = visit("staff"), []
    visitor.hold("**/edit/", waiting.append, "GET")
    page = visitor.open(f"/customers/{who}/")
    page.locator("#about-them").get_by_role("link", name="Edit").click()
    page.locator(".quicklog textarea").click()
    page.keyboard.type("Wants the ")
    while not waiting:
        page.wait_for_timeout(20)
    waiting[0].continue_()
    page.locator("#id_name").wait_for()
    page.keyboard.type("new harvest.")

    assert page.locator(".quicklog textarea").input_value() == "Wants the new harvest."


@pytest.mark.parametrize(("status", "sentence"), [(None, "There is no connection, so"), (500, "Something went wrong on the way, so")])
def test_what_is_saved_in_vain_says_so_once_and_is_still_in_the_form(visit, site, status, sentence):
    who, _email = somebody(site, 12)
    visitor = visit("staff")
    visitor.hold("**/edit/", lambda route: route.fulfill(status=status, body="no") if status else route.abort())
    page = visitor.open(f"/customers/{who}/")
    page.locator("#about-them").get_by_role("link", name="Edit").click()
    page.locator("#id_city").fill("Not lost")
    for _ in range(2):
        page.locator("#about-them").get_by_role("button", name="Save").click()
        page.locator("[data-toast]").get_by_text(sentence).wait_for()
    visitor.forgive()

    assert page.locator("[data-toast]").count() == 1
    assert page.locator("#id_city").input_value() == "Not lost"
