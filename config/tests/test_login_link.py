"""The login link: the command that makes it, the address that takes it."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from config.tests import cast
from crm.links import link_for
from crm.models import Link

BAD = "This link is no longer good. A link works once, within 15 minutes."


@pytest.fixture
def link(jana) -> str:
    return link_for(jana, timezone.now())


def is_signed_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def test_a_link_signs_in_at_once_and_leads_to_the_start(client, link, jana):
    answer = client.get(link)

    assert (answer.status_code, answer.url) == (302, "/")
    assert answer.headers["Referrer-Policy"] == "no-referrer" and "no-store" in answer.headers["Cache-Control"]
    assert client.get("/").context["user"] == jana


def test_the_session_is_new_and_ends_with_the_browser_or_after_twelve_hours(client, link):
    session = client.session
    session["before"] = "visit"
    session.save()
    client.cookies["regulars"] = session.session_key
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client.get(link)
        assert client.cookies["regulars"].value != session.session_key
        assert client.cookies["regulars"]["max-age"] == ""
        for _while in range(4):
            clock.shift(timedelta(hours=2, minutes=59))
            assert is_signed_in(client)
        clock.shift(timedelta(minutes=3))
        assert is_signed_in(client)
        clock.shift(timedelta(minutes=2))
        assert not is_signed_in(client)


def test_a_link_takes_the_place_of_who_was_signed_in(client, link):
    client.force_login(cast.staff())
    session = client.session
    session["work"] = "of Petr"
    session.save()

    client.get(link)

    assert is_signed_in(client) and "work" not in client.session


def test_every_bad_link_reads_the_same(client, jana):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        ended = link_for(jana, timezone.now())
        clock.shift(timedelta(minutes=15))
        used, blocked = link_for(jana, timezone.now()), link_for(cast.staff(is_active=False), timezone.now())
        Client().get(used)
        pages = [client.get(link) for link in (ended, used, blocked, "/login/unknown/")]

    assert [page.status_code for page in pages] == [410] * 4
    assert all(page.context["notice"] == BAD and page.headers["Referrer-Policy"] == "same-origin" for page in pages)
    texts = {re.sub(r'value="[^"]*"', "", page.text) for page in pages}
    assert len(texts) == 1 and f'role="alert">{BAD}</div>' in texts.pop()
    assert not is_signed_in(client)


def test_the_page_of_a_bad_link_signs_in_with_a_password(client, jana):
    page = client.get("/login/unknown/")
    (action, leads_to) = re.findall(r'action="([^"]+)" novalidate>.*?name="next" value="([^"]+)"', page.text, re.DOTALL)[0]

    assert client.post(action, {"username": jana.email, "password": cast.PASSWORD, "next": leads_to}).url == "/"


def test_one_who_is_signed_in_stays_so_and_is_led_on(client, link):
    client.get(link)
    page = client.get(link)

    assert page.status_code == 410 and BAD in page.text
    assert '<a href="/">Go to the start page</a>' in page.text and "<input" not in page.text.partition("</main>")[0]
    assert is_signed_in(client)


def test_looking_at_a_link_does_not_use_it_up(client, link):
    assert [client.head(address).status_code for address in (link, "/login/unknown/")] == [200, 200]
    assert client.post(link).status_code == 405
    assert not is_signed_in(client)
    assert client.get(link).url == "/" and is_signed_in(client)


def test_a_link_does_not_lead_off_the_site(client, link):
    assert client.get(f"{link}?next=https://evil.example/").url == "/"


@pytest.mark.parametrize("address", ["/login/%00/", "/login/../../etc/", "/login/a b/", "/login/<script>/", "/login/é/"])
def test_what_cannot_be_a_link_is_no_page(client, db, address):
    assert client.get(address).status_code == 404


def test_the_command_prints_the_address_alone_and_the_sentence_beside_it(client, jana, capsys):
    call_command("login_link", " Jana@Example.com")
    said = capsys.readouterr()

    assert re.fullmatch(r"http://127\.0\.0\.1:8000/login/[\w-]{22}/\n", said.out)
    assert said.err == "This link signs Jana Horáková in, once, within 15 minutes.\n"
    client.get(said.out.strip().removeprefix("http://127.0.0.1:8000"))
    assert is_signed_in(client)


@pytest.mark.parametrize("email", ["nobody@example.com", "petr@example.com", ""])
def test_the_command_makes_none_for_whoever_may_not_sign_in(jana, capsys, email):
    cast.staff(is_active=False)

    with pytest.raises(CommandError, match="^Nobody with the e-mail .* may sign in.$") as refused:
        call_command("login_link", email)
    assert refused.value.returncode == 1
    assert not Link.objects.exists() and capsys.readouterr().out == ""
