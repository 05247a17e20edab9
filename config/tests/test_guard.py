"""Whoever guesses has to wait; nobody else has to."""

from datetime import timedelta
from hashlib import sha256
from types import SimpleNamespace

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from config import guard
from config.tests import cast
from crm.links import link_for
from crm.models import User

HERE, THERE = "203.0.113.7", "198.51.100.9"
LOCKED = "Too many tries to sign in have failed. Try again in 15 minutes."


def sign_in(password: str = "wrong", email: str = "jana@example.com", address: str = HERE, **meta):
    return Client(REMOTE_ADDR=address, **meta).post("/login/", {"username": email, "password": password})


def fail(times: int, **who) -> list[int]:
    return [sign_in(**who).status_code for _ in range(times)]


def is_let_in(**who) -> bool:
    return sign_in(cast.PASSWORD, **who).status_code == 302


def address(peer: str, forwarded: str = "", proxies: tuple[str, ...] = (), settings=None) -> str:
    settings.TRUSTED_PROXIES = [*proxies]
    meta = {"REMOTE_ADDR": peer} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})
    return guard.address(SimpleNamespace(META=meta))


def test_the_tenth_failure_locks_and_says_for_how_long(jana, clock):
    assert fail(9) == [200] * 9
    page = sign_in()

    assert page.status_code == 429 and page.headers["Retry-After"] == "900"
    assert f'role="alert">{LOCKED}</div>' in page.text
    assert "<h1>Sign in to Regulars</h1>" in page.text


def test_while_it_is_locked_the_right_password_does_not_open(jana, clock):
    fail(10)
    page = sign_in(cast.PASSWORD)

    assert page.status_code == 429 and LOCKED in page.text
    assert "regulars" not in page.cookies


@pytest.mark.parametrize("email", ["jana@example.com", "nobody@example.com", "gone@example.com", "n" * 300 + "@example.com"])
def test_a_lock_does_not_tell_whether_there_is_such_a_person(jana, clock, email):
    User.objects.create_user("gone@example.com", cast.PASSWORD, is_active=False)

    assert fail(11, email=email) == [200] * 9 + [429] * 2
    page = sign_in(email=email)
    assert LOCKED in page.text and email not in page.text


def test_the_lock_is_over_a_quarter_of_an_hour_after_the_last_failure_that_it_counted(jana, clock):
    fail(10)
    clock.shift(timedelta(minutes=5))
    page = sign_in(cast.PASSWORD)
    assert "Try again in 10 minutes." in page.text and page.headers["Retry-After"] == "600"
    clock.shift(timedelta(minutes=9, seconds=1))
    assert "Try again in 1 minute." in sign_in().text
    clock.shift(timedelta(seconds=59))

    assert is_let_in()


def test_an_e_mail_written_otherwise_is_the_same_person(jana, clock):
    fail(5)

    assert fail(5, email=" JANA@Example.COM")[-1] == 429


def test_another_browser_is_no_way_round(jana, clock):
    fail(9, HTTP_USER_AGENT="one")

    assert fail(1, HTTP_USER_AGENT="two") == [429]


def test_nobody_is_locked_out_by_who_fails_in_their_name_elsewhere(jana, clock):
    fail(10, address=THERE)

    assert is_let_in(address=HERE)


def test_a_colleague_at_the_same_address_still_gets_in(jana, clock):
    cast.staff()
    fail(10)

    assert is_let_in(email="petr@example.com")


def test_a_hundred_failures_lock_the_address_whoever_it_says_it_is(jana, clock):
    for number in range(99):
        sign_in(email=f"guess{number}@example.com")
    assert sign_in(email="guess99@example.com").status_code == 429
    page = sign_in(cast.PASSWORD)

    assert page.status_code == 429 and LOCKED in page.text
    assert is_let_in(address=THERE)


def test_one_who_gets_in_begins_anew(jana, clock):
    fail(9)
    assert is_let_in()

    assert fail(9) == [200] * 9


def test_who_signs_in_between_guesses_at_another_s_password_gains_nothing(jana, clock):
    cast.staff()
    fail(9)
    assert is_let_in(email="petr@example.com")

    assert fail(1) == [429]


def test_a_login_link_opens_the_door_whatever_is_locked_and_ends_that_person_s_lock(jana, clock):
    fail(10)
    link = link_for(jana, timezone.now())

    assert Client(REMOTE_ADDR=HERE).get(link).url == "/"
    assert is_let_in()


def test_links_that_are_no_good_are_counted_and_locked_too(jana, clock):
    client = Client(REMOTE_ADDR=HERE)
    assert [client.get(f"/login/guess{number}/").status_code for number in range(11)] == [410] * 9 + [429] * 2
    page = client.get("/login/guess/")

    assert LOCKED in page.text and page.headers["Referrer-Policy"] == "same-origin"
    assert is_let_in()
    assert client.get(link_for(jana, timezone.now())).url == "/"


def test_neither_password_nor_e_mail_nor_token_is_stored(jana, clock):
    sign_in("s3cret-password", HTTP_USER_AGENT="Firefox")
    Client(REMOTE_ADDR=HERE).get("/login/s3cret-token/?s3cret=1")
    Client(REMOTE_ADDR=HERE).get(link_for(jana, timezone.now()))
    sign_in("s3cret-password")

    rows = list(AccessAttempt.objects.order_by("username").values())
    nothing = {"user_agent": "", "http_accept": "", "path_info": "", "get_data": "", "post_data": ""}
    nobody, jana = rows
    assert nobody | nothing == nobody and jana | nothing == jana
    assert (nobody["username"], nobody["ip_address"], nobody["failures_since_start"]) == ("", HERE, 1)
    assert jana["username"] == sha256(b"jana@example.com").hexdigest()
    assert not AccessLog.objects.exists() and not AccessFailureLog.objects.exists()


def test_the_table_holds_one_row_for_a_person_at_an_address_and_only_while_it_counts(jana, clock):
    fail(20)
    assert AccessAttempt.objects.count() == 1
    clock.shift(timedelta(minutes=15))
    sign_in(address=THERE)

    assert [row.ip_address for row in AccessAttempt.objects.all()] == [THERE]


def test_a_lock_is_told_to_the_operator_once_and_without_names(jana, clock, caplog):
    fail(12)

    assert [record.getMessage() for record in caplog.records if record.name == "config.guard"] == [
        "Too many failed sign-ins from 203.0.113.7: it has to wait."
    ]
    assert "jana" not in caplog.text


def test_the_operator_can_end_every_lock(jana, clock, capsys):
    fail(10)
    call_command("axes_reset")

    assert is_let_in()


def test_the_address_is_the_peer_s_whatever_a_stranger_writes_into_the_header(settings):
    assert address(HERE, settings=settings) == HERE
    assert address(HERE, "192.0.2.1", settings=settings) == HERE
    assert address(HERE, "192.0.2.1", ("10.0.0.0/8",), settings=settings) == HERE


@pytest.mark.parametrize(
    ("forwarded", "found"),
    [
        ("203.0.113.7", HERE),
        ("192.0.2.1, 203.0.113.7", HERE),  # the left one was sent by whoever asks
        ("192.0.2.1,203.0.113.7, 10.1.2.3", HERE),  # two proxies
        ("10.9.9.9, 10.1.2.3", "10.9.9.9"),  # from inside
        ("", "10.0.0.1"),
        ("unknown", "10.0.0.1"),
        ("203.0.113.7, nonsense", "10.0.0.1"),
        ("::ffff:203.0.113.7", HERE),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("x" * 100_000, "10.0.0.1"),
    ],
)
def test_a_trusted_proxy_names_the_address_and_only_the_next_one(settings, forwarded, found):
    assert address("10.0.0.1", forwarded, ("10.0.0.0/8",), settings=settings) == found


@pytest.mark.parametrize(
    ("peer", "found"),
    [("2001:db8:1:2::9", "2001:db8:1:2::"), ("::1", "::"), ("::ffff:203.0.113.7", HERE), ("", "0.0.0.0"), ("@", "0.0.0.0")],
)
def test_a_peer_is_an_address_or_the_network_that_one_person_has(settings, peer, found):
    assert address(peer, settings=settings) == found


def test_a_header_made_up_for_each_guess_is_no_way_round(jana, clock, settings):
    settings.TRUSTED_PROXIES = ["10.0.0.1"]
    answers = [sign_in(address="10.0.0.1", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}, {HERE}").status_code for number in range(10)]

    assert answers == [200] * 9 + [429]
    assert is_let_in(address="10.0.0.1", HTTP_X_FORWARDED_FOR=THERE)
