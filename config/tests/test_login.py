import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from config.tests import cast
from crm.models import Business, User

OFF_SITE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    r"\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "\x00/",
]


def sign_in(client: Client, **changes):
    return client.post("/login/", {"username": "jana@example.com", "password": cast.PASSWORD} | changes)


def is_signed_in(client: Client) -> bool:
    return client.get("/").status_code == 200


def test_the_page_asks_for_e_mail_and_password(client, db, django_assert_num_queries):
    with django_assert_num_queries(1):
        page = client.get("/login/")

    assert page.status_code == 200
    assert "<h1>Sign in to Regulars</h1>" in page.text
    assert "Forgot" not in page.text


def test_looking_at_the_page_writes_nothing(client, db):
    client.get("/login/")

    assert not Business.objects.exists()
    assert "regulars" not in client.cookies


def test_the_business_is_named_once_it_has_a_name(client, db):
    assert '<p class="dim">' not in client.get("/login/").text

    Business.keep(name="Dvě zrna <roastery>")
    assert '<p class="dim">Dvě zrna &lt;roastery&gt;</p>' in client.get("/login/").text


@pytest.mark.parametrize("email", ["jana@example.com", "  Jana@Example.COM "])
def test_the_right_password_lets_in_however_the_e_mail_is_written(client, jana, email):
    answer = sign_in(client, username=email)

    assert (answer.status_code, answer.url) == (302, "/")
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "wrong"},
        {"username": "nobody@example.com"},
        {"username": "gone@example.com"},
        {"username": "n" * 300 + "@example.com"},
    ],
)
def test_every_refusal_reads_the_same(client, jana, changes):
    User.objects.create_user("gone@example.com", cast.PASSWORD, is_active=False)

    page = sign_in(client, **changes)

    assert page.status_code == 200
    assert page.context["form"].errors == {"__all__": ["This e-mail and this password do not belong together. Check both and try again."]}
    assert not is_signed_in(client)
    assert f'value="{changes.get("username", "jana@example.com")}"' in page.text
    assert cast.PASSWORD not in page.text


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"username": "jana@example"}, "username", "This is not a whole e-mail address: it should look like jana@example.com."),
        ({"username": ""}, "username", "Enter your e-mail."),
        ({"password": ""}, "password", "Enter your password."),
        ({"username": "jana\x00@example.com"}, "username", "This is not a whole e-mail address: it should look like jana@example.com."),
        ({"password": "\x00"}, "password", "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_right_is_said_at_its_field(client, jana, changes, field, sentence):
    page = sign_in(client, **changes)

    assert sentence in page.context["form"].errors[field]
    assert f'aria-describedby="id_{field}_error"' in page.text


def test_signing_in_changes_the_session_key(client, jana):
    session = client.session
    session["before"] = "visit"
    session.save()
    client.cookies["regulars"] = session.session_key

    sign_in(client)

    assert client.cookies["regulars"].value != session.session_key


def test_without_the_tick_the_cookie_ends_with_the_browser_and_the_session_after_twelve_hours(client, jana):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sign_in(client)
        assert client.cookies["regulars"]["max-age"] == client.cookies["regulars"]["expires"] == ""
        for _while in range(4):
            clock.shift(timedelta(hours=2, minutes=59))
            assert is_signed_in(client)
        clock.shift(timedelta(minutes=3))
        assert is_signed_in(client)
        clock.shift(timedelta(minutes=2))
        assert not is_signed_in(client)


def test_with_the_tick_the_session_ends_after_twelve_hours_however_much_it_is_used(client, jana):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sign_in(client, keep="on")
        assert client.cookies["regulars"]["max-age"] == 12 * 3600
        clock.shift(timedelta(hours=11, minutes=59))
        session = client.session
        session["work"] = "done"
        session.save()
        assert is_signed_in(client)
        clock.shift(timedelta(minutes=2))
        assert not is_signed_in(client)


def test_whoever_may_no_longer_sign_in_is_out_at_the_next_click(client, jana):
    sign_in(client)
    User.objects.update(is_active=False)

    assert client.get("/").url == "/login/?next=/"


def test_a_new_password_ends_every_session_that_the_old_one_began(client, jana):
    elsewhere = Client()
    sign_in(client)
    sign_in(elsewhere)
    jana.set_password("another-good-password")
    jana.save()

    assert not is_signed_in(client) and not is_signed_in(elsewhere)


def test_whoever_is_no_owner_any_more_is_out_of_the_owner_s_pages_at_the_next_click(client, jana):
    sign_in(client)
    assert client.get("/admin/").status_code == 200
    User.objects.update(role=User.Role.STAFF)

    assert client.get("/admin/", follow=True).status_code == 403
    assert is_signed_in(client)


def test_the_page_asked_for_is_where_the_way_leads(client, jana):
    asked = client.get("/admin/crm/customer/?q=eva")
    page = client.get(asked.url)
    answer = sign_in(client, next=page.context["page"])

    assert answer.url == "/admin/crm/customer/?q=eva"
    assert client.get(asked.url).url == "/admin/crm/customer/?q=eva"


@pytest.mark.parametrize("page", OFF_SITE)
def test_the_way_never_leads_off_the_site(client, jana, page):
    assert client.get("/login/", {"next": page}).context["page"] == "/"
    assert sign_in(client, next=page).url == "/"
    assert client.get("/login/", {"next": page}).url == "/"


@pytest.mark.parametrize("page", OFF_SITE)
def test_the_way_through_the_admin_panel_never_leads_off_the_site(client, jana, page):
    assert client.get("/admin/login/", {"next": page}).url == "/login/?next=/admin/"
    client.force_login(jana)
    assert client.get("/admin/login/", {"next": page}).url == "/admin/"


def test_staff_are_told_that_the_admin_panel_is_not_theirs(client, db):
    client.force_login(cast.staff())

    page = client.get("/admin/", follow=True)

    assert page.status_code == 403
    assert "<h1>This page is not open to you</h1>" in page.text


def test_signing_out_ends_the_session_and_is_asked_for_by_post(client, jana):
    sign_in(client)
    old = client.cookies["regulars"].value
    assert client.get("/logout/").status_code == 405 and is_signed_in(client)

    assert client.post("/logout/").url == "/login/"
    client.cookies["regulars"] = old
    assert not is_signed_in(client)


def test_the_admin_panel_s_own_way_out_leads_to_the_login_page(client, jana):
    client.force_login(jana)

    assert client.post("/admin/logout/").url == "/login/"


@pytest.mark.parametrize("address", ["/", "/login/", "/admin/", "/nothing/", "/healthz"])
def test_nothing_shown_may_be_kept_by_a_cache(client, jana, address):
    client.force_login(jana)

    assert "no-store" in client.get(address).headers["Cache-Control"]


@pytest.mark.parametrize("address", ["/login/", "/logout/", "/language/"])
def test_a_form_from_elsewhere_is_refused_in_words(jana, address):
    page = Client(enforce_csrf_checks=True).post(address, {"username": jana.email, "password": cast.PASSWORD})

    assert page.status_code == 403
    assert "<h1>That did not go through</h1>" in page.text
    assert "regulars" not in page.cookies


@pytest.mark.parametrize(
    ("code", "heading"), [("cs", "Přihlášení do Regulars"), ("pl", "Zaloguj się do Regulars"), ("en", "Sign in to Regulars")]
)
def test_the_language_is_chosen_without_script_and_kept(client, db, code, heading):
    page = client.get("/login/?next=/admin/").text
    (back,) = re.findall(r'action="/language/">.*?name="next" value="([^"]+)"', page, re.DOTALL)

    answer = client.post("/language/", {"language": code, "next": back})

    assert answer.url == "/login/?next=/admin/"
    assert answer.cookies["django_language"]["max-age"] == 365 * 24 * 3600
    page = client.get(answer.url).text
    assert f"<h1>{heading}</h1>" in page and f'<html lang="{code}">' in page
    assert f'value="{code}" lang="{code}" aria-current="true"' in page


def test_the_language_switch_stays_on_the_site_and_with_known_languages(client, db):
    assert client.post("/language/", {"language": "xx", "next": "//evil.example/"}).url == "/"
    assert client.get("/login/", headers={"accept-language": "de, pl;q=0.5"}).headers["Content-Language"] == "pl"
