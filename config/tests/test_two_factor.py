"""The second factor at the door: after the password and after a link, once per code, and not for ever."""

import re
from datetime import datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from config.tests import cast
from crm import factors
from crm.links import link_for
from crm.models import Audit, Business, UsedCode, User

WRONG = "This code does not fit, or has been used. The app shows a new one every 30 seconds."
pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def secret(jana, clock) -> str:
    """Of two-factor login, set up a minute ago."""
    secret = factors.new_secret()
    assert factors.switch_on(by=jana, secret=secret, code=factors.code_at(secret, timezone.now()), now=timezone.now())
    clock.shift(timedelta(minutes=2))
    return secret


def code(secret: str, off: int = 0) -> str:
    return factors.code_at(secret, timezone.now() + timedelta(seconds=off))


def first(client: Client, **changes):
    return client.post("/login/", {"username": "jana@example.com", "password": cast.PASSWORD} | changes)


def second(client: Client, code: str):
    return client.post("/login/code/", {"code": code})


def is_signed_in(client: Client) -> bool:
    return client.get("/team/").status_code == 200


def test_the_password_alone_lets_nobody_in(client, secret):
    answer = first(client)

    assert answer.url == "/login/code/" and not is_signed_in(client)
    assert "<h1>Enter the code</h1>" in client.get("/login/code/").text


def test_the_code_after_it_does_and_leads_where_one_wanted_to_go(client, secret):
    first(client, next="/customers/?q=eva")

    assert second(client, code(secret)).url == "/customers/?q=eva"
    assert is_signed_in(client)


def test_each_step_changes_the_session_key(client, secret):
    client.get("/login/")
    first(client)
    between = client.cookies["regulars"].value
    second(client, code(secret))

    assert client.cookies["regulars"].value != between


def test_a_link_is_the_first_factor_only(client, jana, secret):
    answer = client.get(link_for(jana, timezone.now()))

    assert answer.url == "/login/code/" and not is_signed_in(client)
    assert second(client, code(secret)).url == "/" and is_signed_in(client)


def test_a_link_of_somebody_with_a_code_signs_out_who_was_in(client, jana, secret):
    client.force_login(cast.staff())
    client.get(link_for(jana, timezone.now()))

    assert client.get("/account/").url.startswith("/login/")


@pytest.mark.parametrize("off", [-30, 0, 30])
def test_a_clock_may_be_half_a_minute_wrong(client, secret, off):
    first(client)

    assert second(client, code(secret, off)).status_code == 302


@pytest.mark.parametrize("off", [-90, 90])
def test_but_not_more(client, secret, off):
    first(client)

    page = second(client, code(secret, off))
    assert page.status_code == 200 and WRONG in page.text and not is_signed_in(client)


def test_a_code_lets_in_once(secret, clock):
    used = code(secret)
    for browser, lets_in in ((Client(), True), (Client(), False)):
        first(browser)
        assert (second(browser, used).status_code == 302) is lets_in
    clock.shift(timedelta(seconds=30))
    other = Client()
    first(other)
    assert WRONG in second(other, used).text


def test_the_code_that_set_it_up_does_not_sign_in(jana, clock, client):
    secret = factors.new_secret()
    used = code(secret)
    factors.switch_on(by=jana, secret=secret, code=used, now=timezone.now())
    first(client)

    assert WRONG in second(client, used).text


def test_a_code_may_be_typed_in_groups(client, secret):
    first(client)
    typed = code(secret)

    assert second(client, f" {typed[:3]} {typed[3:]} ").status_code == 302


def test_a_recovery_code_lets_in_once(jana, secret):
    spare, *_others = factors.renew_codes(by=jana)
    for browser, lets_in in ((Client(), True), (Client(), False)):
        first(browser)
        assert (second(browser, spare).status_code == 302) is lets_in
    assert factors.codes_left(jana) == 9


@pytest.mark.parametrize("typed", ["", "000000 ", "x" * 41, "' or 1=1", "１２３４５６", "\x00", "-1"])
def test_what_is_no_code_is_said_to_be_none(client, secret, typed):
    first(client)

    assert second(client, typed).status_code == 200
    assert not is_signed_in(client)


def test_five_wrong_codes_make_one_wait_wherever_they_come_from(secret, clock):
    for place in range(5):
        browser = Client(REMOTE_ADDR=f"203.0.113.{place}")
        first(browser)
        assert second(browser, "000000").status_code == 200

    browser = Client(REMOTE_ADDR="198.51.100.9")
    first(browser)
    page = second(browser, code(secret))
    assert page.status_code == 429 and page.headers["Retry-After"] == "900"
    assert "Too many codes were wrong. Try again in 15 minutes." in page.text and not is_signed_in(browser)
    clock.shift(timedelta(minutes=15))
    first(browser)
    assert second(browser, code(secret)).status_code == 302


def test_nobody_without_the_password_can_make_somebody_wait(client, secret):
    for _try in range(20):
        assert second(Client(), "000000").url == "/login/"
    first(client)

    assert second(client, code(secret)).status_code == 302


def test_whoever_takes_too_long_begins_anew(client, secret, clock):
    first(client)
    clock.shift(timedelta(minutes=10, seconds=1))

    assert second(client, code(secret)).url == "/login/" and not is_signed_in(client)


@pytest.mark.parametrize("happened", ["deactivated", "new password"])
def test_what_happens_between_the_steps_counts(client, jana, secret, happened):
    first(client)
    if happened == "deactivated":
        User.objects.update(is_active=False)
    else:
        jana.set_password("another-good-password")
        jana.save()

    assert second(client, code(secret)).url == "/login/"


def test_a_form_from_elsewhere_is_refused(secret):
    assert Client(enforce_csrf_checks=True).post("/login/code/", {"code": code(secret)}).status_code == 403


def test_a_code_of_another_person_does_not_fit(client, secret):
    other, theirs = cast.staff(), factors.new_secret()
    factors.switch_on(by=other, secret=theirs, code=code(theirs), now=timezone.now() - timedelta(seconds=0))
    first(client)

    assert WRONG in second(client, code(theirs, 30)).text


def test_the_secret_is_not_readable_in_the_database(jana, secret, settings):
    kept = str([*Authenticator.objects.values_list("data", flat=True)])
    codes = factors.renew_codes(by=jana)

    assert secret not in kept and not any(each in str([*Authenticator.objects.values_list("data", flat=True)]) for each in codes)
    settings.SECRET_KEY = "of another installation"
    assert not factors.passes(user=jana, code=code(secret), now=timezone.now()) and factors.codes_left(jana) == 0


def test_setting_it_up_and_switching_it_off_is_kept_without_the_secret(jana, secret):
    factors.switch_off(user=jana, by=jana)

    assert [*Audit.objects.order_by("pk").values_list("what", flat=True)] == ["factor.on", "factor.off"]
    assert secret not in str([*Audit.objects.values()])
    assert not UsedCode.objects.exists() and not factors.switch_off(user=jana, by=jana)


def test_a_code_known_to_the_standard_is_computed():
    """RFC 6238, appendix B: the secret "12345678901234567890" at 59 seconds gives 94287082, whose last six digits an app shows."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

    assert factors.code_at(secret, datetime.fromtimestamp(59, timezone.get_default_timezone())) == "287082"


def test_only_owners_are_led_to_set_it_up_where_they_must(client, jana):
    Business.keep(owners_need_code=True)
    client.force_login(jana)

    for address in ("/", "/customers/", "/team/", "/admin/", "/import/"):
        assert (client.get(address).status_code, client.get(address).url) == (302, "/account/two-factor/")
    assert client.post("/team/two-factor/", {"owners": ""}).url == "/account/two-factor/" and Business.load().owners_need_code
    assert client.get("/customers/", headers={"hx-request": "true"}).headers["HX-Redirect"] == "/account/two-factor/"
    assert client.get("/account/two-factor/").status_code == client.get("/account/").status_code == 200
    assert cast.signed_in(cast.staff()).get("/").status_code == 200
    assert client.post("/logout/").url == "/login/"


def test_an_owner_who_has_set_it_up_goes_on(client, jana, secret):
    Business.keep(owners_need_code=True)
    first(client)
    second(client, code(secret))

    assert is_signed_in(client)


def test_the_operator_switches_it_off_for_whoever_has_lost_everything(client, jana, secret, capsys):
    call_command("two_factor_off", " Jana@Example.com ")

    assert capsys.readouterr().err == "Jana Horáková signs in without a code again.\n"
    assert first(client).url == "/" and is_signed_in(client)
    with pytest.raises(CommandError, match=re.escape("Nobody with the e-mail jana@example.com uses two-factor login.")):
        call_command("two_factor_off", "jana@example.com")
