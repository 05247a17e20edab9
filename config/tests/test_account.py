"""One's own account: password, second factor, sessions."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from config.tests import cast
from crm import factors
from crm.models import Audit, User, UserSession
from crm.sessions import device

NEW = "another-good-password"
pytestmark = pytest.mark.usefixtures("clock")


def signed_in(**meta) -> Client:
    client = Client(**meta)
    assert client.post("/login/", {"username": "jana@example.com", "password": cast.PASSWORD}).url == "/"
    return client


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def set_up(client: Client, clock) -> tuple[str, list[str]]:
    """The secret, and the recovery codes of the answer."""
    page = client.get("/account/two-factor/").text
    secret = re.search(r"factor-secret[^>]*>([A-Z2-7 ]+)<", page)[1].replace(" ", "")
    answer = client.post("/account/two-factor/", {"present": cast.PASSWORD, "code": factors.code_at(secret, timezone.now())})
    clock.shift(timedelta(minutes=2))
    return secret, re.findall(r"<code dir=\"ltr\">(\d+)</code>", answer.text)


@pytest.mark.parametrize("who", [cast.owner, cast.staff, cast.reader])
def test_everyone_has_an_account_and_may_change_it(db, who):
    client = cast.signed_in(who())

    assert "<h1>Your account</h1>" in client.get("/account/").text
    assert client.post("/account/password/", {"present": cast.PASSWORD, "new": NEW}).url == "/account/"
    assert is_in(client) and User.objects.get().check_password(NEW)


def test_a_new_password_signs_out_everywhere_else_and_gives_this_one_a_new_key(jana):
    here, there = signed_in(), signed_in()
    old = here.cookies["regulars"].value
    here.post("/account/password/", {"present": cast.PASSWORD, "new": NEW})

    assert is_in(here) and not is_in(there)
    assert here.cookies["regulars"].value != old
    assert UserSession.objects.count() == 1
    here.cookies["regulars"] = old
    assert not is_in(here)
    assert [*Audit.objects.values_list("what", flat=True)] == ["user.password"]
    assert NEW not in str([*Audit.objects.values()])


@pytest.mark.parametrize(
    ("sent", "field", "sentence"),
    [
        ({"present": "wrong"}, "present", "This is not your present password."),
        ({"present": ""}, "present", "This field is required."),
        ({"new": "short"}, "new", "This password is too short. It must contain at least 10 characters."),
        ({"new": "qwertyuiop"}, "new", "This password is too common."),
        ({"new": "jana@example.com"}, "new", "The password is too similar to the e-mail."),
        ({"new": "x" * 1001}, "new", "This is too long: 1001 letters, and at most 1000 are kept."),
        ({"new": "long enough\x00 words"}, "new", "Null characters are not allowed."),
    ],
)
def test_what_is_wrong_with_a_new_password_is_said_and_nothing_changes(jana, sent, field, sentence):
    page = signed_in().post("/account/password/", {"present": cast.PASSWORD, "new": NEW} | sent)

    assert sentence in page.context["password_form"].errors[field]
    assert User.objects.get().check_password(cast.PASSWORD) and cast.PASSWORD not in page.text


@pytest.mark.parametrize("password", ["x7" * 32, "slovo " * 166, "🦊" * 10, "  leading and trailing  ", "příliš žluťoučký kůň"])
def test_any_long_password_is_taken_letter_by_letter(jana, password):
    client = signed_in()
    client.post("/account/password/", {"present": cast.PASSWORD, "new": password})

    assert Client().post("/login/", {"username": "jana@example.com", "password": password}).url == "/"
    assert Client().post("/login/", {"username": "jana@example.com", "password": password[:-1]}).status_code == 200


def test_five_wrong_passwords_on_one_s_own_page_make_one_wait(jana):
    client = signed_in()
    for _try in range(5):
        client.post("/account/password/", {"present": "wrong", "new": NEW})

    page = client.post("/account/password/", {"present": cast.PASSWORD, "new": NEW})
    assert page.context["password_form"].errors["present"] == ["Too many tries were wrong. Wait a quarter of an hour."]


def test_two_factor_login_is_set_up_by_a_code_of_the_app(jana, clock):
    client = signed_in()
    _secret, codes = set_up(client, clock)

    assert len(set(codes)) == 10 and factors.is_on(jana)
    page = client.get("/account/").text
    assert "You have 10 recovery codes left." in page and not any(code in page for code in codes)
    assert client.get("/account/two-factor/").url == "/account/"
    assert client.get("/account/two-factor/picture.svg").status_code == 404


def test_the_picture_holds_the_secret_and_obeys_the_policy(jana):
    client = signed_in()
    client.get("/account/two-factor/")
    answer = client.get("/account/two-factor/picture.svg")

    assert answer.headers["Content-Type"] == "image/svg+xml" and "no-store" in answer.headers["Cache-Control"]
    assert answer.content.startswith(b"<?xml") and b"style=" not in answer.content and b"data:" not in answer.content


@pytest.mark.parametrize("sent", [{"code": "000000"}, {"code": ""}, {"present": "wrong"}, {"present": ""}])
def test_without_the_password_and_a_code_that_fits_nothing_is_set_up(jana, sent):
    client = signed_in()
    secret = re.search(r"factor-secret[^>]*>([A-Z2-7 ]+)<", client.get("/account/two-factor/").text)[1]
    right = {"present": cast.PASSWORD, "code": factors.code_at(secret.replace(" ", ""), timezone.now())}
    page = client.post("/account/two-factor/", right | sent)

    assert page.status_code == 200 and page.context["form"].errors and secret in page.text
    assert not factors.is_on(jana)


def test_a_code_for_a_secret_that_was_never_shown_sets_nothing_up(jana):
    page = signed_in().post("/account/two-factor/", {"present": cast.PASSWORD, "code": "123456"})

    assert page.status_code == 200 and not factors.is_on(jana)


def test_setting_it_up_and_switching_it_off_ends_the_other_sessions(jana, clock):
    here, there = signed_in(), signed_in()
    old = here.cookies["regulars"].value
    secret, _codes = set_up(here, clock)
    assert is_in(here) and not is_in(there) and here.cookies["regulars"].value != old

    answer = here.post("/account/two-factor/off/", {"present": cast.PASSWORD, "code": factors.code_at(secret, timezone.now())})
    assert answer.url == "/account/" and not factors.is_on(jana) and is_in(here)


@pytest.mark.parametrize("sent", [{"code": "000000"}, {"present": "wrong"}])
def test_it_is_not_switched_off_without_both(jana, clock, sent):
    client = signed_in()
    secret, codes = set_up(client, clock)
    page = client.post("/account/two-factor/off/", {"present": cast.PASSWORD, "code": codes[0]} | sent)

    assert page.context["off_form"].errors and factors.is_on(jana)


def test_new_recovery_codes_take_the_place_of_the_old(jana, clock):
    client = signed_in()
    secret, old = set_up(client, clock)
    sent = {"present": cast.PASSWORD, "code": factors.code_at(secret, timezone.now())}
    new = re.findall(r"<code dir=\"ltr\">(\d+)</code>", client.post("/account/two-factor/codes/", sent).text)

    assert len(new) == 10 and not set(new) & set(old)
    assert not factors.passes(user=jana, code=old[0], now=timezone.now())
    assert factors.passes(user=jana, code=new[0], now=timezone.now())


def test_sessions_are_listed_with_what_one_knows_them_by(jana):
    signed_in(HTTP_USER_AGENT="Mozilla/5.0 (iPhone; CPU iPhone OS 17) AppleWebKit Safari/604", REMOTE_ADDR="203.0.113.7")
    page = signed_in(HTTP_USER_AGENT="<script>alert(1)</script>").get("/account/").text

    assert "Safari on iPhone" in page and "203.0.113.7" in page and "This one" in page and "Unknown browser" in page
    assert "<script>alert" not in page


def test_one_session_is_ended_by_its_owner_and_then_the_others(jana):
    here, one, two = signed_in(), signed_in(), signed_in()
    first = UserSession.objects.get(session_id=one.cookies["regulars"].value)

    here.post(f"/account/sessions/{first.pk}/end/")
    assert (is_in(here), is_in(one), is_in(two)) == (True, False, True)
    here.post("/account/sessions/others/end/")
    assert (is_in(here), is_in(two)) == (True, False)
    assert UserSession.objects.count() == 1


def test_the_session_of_somebody_else_is_not_there(jana):
    theirs = signed_in()
    row = UserSession.objects.get()
    stranger = cast.signed_in(cast.staff())

    assert stranger.post(f"/account/sessions/{row.pk}/end/").status_code == 404
    assert is_in(theirs) and "Unknown browser" not in stranger.get("/account/").text


def test_signing_out_takes_the_line_away(jana):
    client = signed_in()
    client.post("/logout/")

    assert not UserSession.objects.exists()


def test_a_session_ends_after_three_hours_without_a_click(jana, clock):
    client = signed_in()
    clock.shift(timedelta(hours=2, minutes=59))
    assert is_in(client)
    clock.shift(timedelta(hours=2, minutes=59))
    assert is_in(client)
    clock.shift(timedelta(hours=3, minutes=1))
    assert not is_in(client)


def test_a_session_ends_after_twelve_hours_however_much_it_is_used(jana, clock):
    client = signed_in()
    for _hour in range(11):
        clock.shift(timedelta(hours=1))
        assert is_in(client)
    clock.shift(timedelta(hours=1))
    assert not is_in(client)


def test_that_it_is_used_is_written_every_few_minutes_only(jana, clock, django_assert_num_queries):
    client = signed_in()
    began = UserSession.objects.get().seen_at
    clock.shift(timedelta(minutes=4))
    client.get("/account/")
    assert UserSession.objects.get().seen_at == began
    clock.shift(timedelta(minutes=1))
    client.get("/account/")
    assert UserSession.objects.get().seen_at == timezone.now()


def test_the_page_asks_as_much_with_a_hundred_sessions(jana, django_assert_max_num_queries):
    client = signed_in()
    for _each in range(5):
        signed_in()

    with django_assert_max_num_queries(8):
        client.get("/account/")


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36", "Chrome on Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605 Version/17 Safari/605", "Safari on Mac"),
        ("curl/8", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_named_in_plain_words(agent, said):
    assert device(agent) == said
