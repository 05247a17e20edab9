"""What holds for every page: it says its language, has one heading, labels its fields, and carries no script or style of its own."""

import re
from datetime import date
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.test import Client, RequestFactory
from django.utils import translation
from django.views.defaults import server_error

from config import translations
from config.tests import cast
from crm.audit_page import LATEST as AUDIT
from crm.bin_page import LATEST as BIN
from crm.models import Business, Customer, User
from crm.paging import Cursor
from crm.tests.factories import make_customer
from lifecycle.kotler import install
from lifecycle.moved import LATEST as MOVES
from segments.models import Segment

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
# The same in every language.
NAMES = {"Regulars", "· Regulars", "E-mail", "English", "Čeština", "Polski", "Dvě zrna", "*", "/", "DZ", "Pareto", "Import", "Menu"}


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.texts += [value for name, value in attributes if name in {"aria-label", "title", "placeholder", "alt"}]

    def handle_data(self, data):
        self.texts += [" ".join(data.split())] if data.strip() else []

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def login(client: Client):
    return client.get("/login/")


def refused(client: Client):
    return client.post("/login/", {"username": "jana@example", "password": ""})


def wrong(client: Client):
    return client.post("/login/", {"username": "jana@example.com", "password": "wrong"})


def home(client: Client):
    client.force_login(cast.owner(name="Dvě zrna"))
    return client.get("/")


def not_found(client: Client):
    return client.get("/nothing/")


def forbidden(client: Client):
    client.force_login(cast.staff())
    return client.get("/admin/login/")


def stale_form(client: Client):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    return strict.post("/login/")


def broken(client: Client):
    return server_error(RequestFactory().get("/"))


PAGES = [(login, 200), (refused, 200), (wrong, 200), (home, 200), (not_found, 404), (forbidden, 403), (stale_form, 403), (broken, 500)]
every_page = pytest.mark.parametrize(("visit", "status"), PAGES, ids=[visit.__name__ for visit, _ in PAGES])


@pytest.fixture(autouse=True)
def business(db):
    Business.objects.create(pk=Business.ONLY, name="Dvě zrna")


@every_page
def test_a_page_has_its_language_one_heading_a_title_and_a_way_past_the_top(client, visit, status):
    answer = visit(client)
    page = Page(answer.text)

    assert answer.status_code == status
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == len(page.all("title")) == len(page.all("main")) == 1
    assert page.all("a")[0]["href"] == "#main" and page.all("main")[0]["id"] == "main"
    assert "<title> ·" not in answer.text


@every_page
def test_every_field_has_a_label_and_every_id_is_used_once(client, visit, status):
    page = Page(visit(client).text)

    labelled = {attributes["for"] for attributes in page.all("label")}
    fields = [attributes for attributes in page.all("input") if attributes["type"] != "hidden"]
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    described = {target for _, attributes in page.tags for target in (attributes.get("aria-describedby") or "").split()}
    assert {attributes["id"] for attributes in fields if not attributes.get("aria-label")} <= labelled
    assert len(ids) == len(set(ids))
    assert described <= set(ids)


@every_page
def test_a_page_brings_no_style_or_script_of_its_own(client, visit, status):
    page = Page(visit(client).text)

    assert page.all("style") == [] and all("src" in attributes for attributes in page.all("script"))
    assert [attributes for _, attributes in page.tags if any(name == "style" or name.startswith("on") for name in attributes)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_brings_no_style_or_script_of_its_own(path):
    assert re.findall(r"<style|<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=|javascript:|https?://", path.read_text()) == []


@every_page
@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_a_page_is_whole_in_every_language(client, visit, status, language):
    english = Page(visit(client).text).texts
    User.objects.all().delete()
    client = Client()
    client.cookies["django_language"] = language
    with translation.override(language):
        answer = visit(client)
    translated = Page(answer.text)

    assert translated.all("html") == [{"lang": language}]
    assert len(translated.texts) == len(english)
    assert {text for text in translated.texts if text in english} <= NAMES


@pytest.mark.parametrize("address", ["/login/", "/nothing/", "/healthz", "/admin/login/"])
def test_every_answer_carries_the_strict_policy(client, address):
    headers = client.get(address).headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"


ASKED = {
    "/ladder/": ["days"],
    "/ladder/moves/": ["from", "to", "way", "days", "on", "page"],
    "/customers/": ["q", "stage", "pareto", "tag", "sort", "rule", "page"],
    "/pareto/": ["show", "page"],
    "/log/": ["who", "customer"],
    "/find/": ["q"],
    "/tasks/": ["who", "show", "page"],
    "/tasks/new/": ["customer"],
    "/complaints/": ["state", "whose", "page"],
    "/desk/": ["page"],
    "/audit/": ["who", "what", "since", "until", "page"],
    "/customers/duplicates/": ["page"],
    "/customers/bin/": ["page"],
    "/customers/1/": ["before", "show"],
    "/customers/1/history/": ["who", "what", "since", "page"],
    "/customers/1/brought/": ["page"],
    "/customers/1/merge/": ["who"],
    "/segments/": ["page"],
    "/segments/1/moves/": ["way", "page"],
}
# Also what sqlmap tries (B26): it is a text like any other.
NONSENSE = [
    "\0",
    "a\0b",
    "x" * 100_000,
    "9" * 5000,
    "-1",
    "-" + "9" * 30,
    "1.5",
    "NaN",
    "<script>",
    "{}",
    "[" * 5000,
    "\u202e",
    "\ud7ff",
    "%",
    "",
    "' OR '1'='1",
    "1) OR 1=1 --",
    "1; DROP TABLE crm_customer; --",
    "' UNION SELECT password FROM crm_user --",
    "1 AND (SELECT 1 FROM PG_SLEEP(5))",
    "\\'; SELECT randomblob(1000000000) --",
]


@pytest.mark.parametrize(("page", "name"), [(page, name) for page, names in ASKED.items() for name in names])
def test_nonsense_in_an_address_is_no_error_of_ours(client, page, name):
    Business.keep(as_of=date(2026, 11, 23))
    install()
    make_customer({"stage": "repeat"}, pk=1)
    Segment.objects.create(pk=1, key="all", name="All", rule={"all": []})
    client.force_login(cast.owner())

    answers = {nonsense[:20]: client.get(page, {name: nonsense}).status_code for nonsense in NONSENSE}

    assert {text: status for text, status in answers.items() if status >= 500} == {}
    assert Customer.objects.count() == User.objects.count() == 1


def test_a_page_of_one_list_is_no_page_of_another(client):
    """Each goes on by what it is sorted by: a day, a moment, a number."""
    Business.keep(as_of=date(2026, 11, 23))
    install()
    client.force_login(cast.owner())
    orders = {"/audit/": (AUDIT, "1"), "/customers/bin/": (BIN, "2026-11-23 12:00:00+00:00"), "/ladder/moves/": (MOVES, "2026-11-23")}

    for sort, value in orders.values():
        for page in orders:
            assert client.get(page, {"page": Cursor(True, value, 1, 1).written(sort)}).status_code == 200


@pytest.mark.parametrize("visit", [not_found, stale_form, broken])
def test_an_error_page_reads_nothing_from_the_database(client, visit, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Page(visit(client).text).all("h1")
