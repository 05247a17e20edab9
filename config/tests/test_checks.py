import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core import checks

ROOT = Path(__file__).resolve().parents[2]
CLOSED = {"BIND": "127.0.0.1", "ALLOWED_HOSTS": ["127.0.0.1", "localhost", "::1", "[::1]"], "HTTPS": False}


@pytest.fixture
def complaints(settings):
    """The ids of our own complaints under some settings."""

    def ask(**values) -> list[str]:
        for name, value in values.items():
            setattr(settings, name, value)
        return [message.id for message in checks.run_checks() if str(message.id).startswith("regulars.")]

    return ask


def test_it_has_nothing_against_the_defaults(complaints):
    assert complaints() == []


@pytest.mark.parametrize("bind", ["127.0.0.1", "::1", "localhost"])
def test_it_lets_this_machine_in_without_hosts_or_https(complaints, bind):
    assert complaints(**CLOSED | {"BIND": bind}) == []


@pytest.mark.parametrize("bind", ["0.0.0.0", "::", "192.168.1.4", "crm.example.com"])
def test_it_refuses_to_bind_beyond_loopback_without_hosts(complaints, bind):
    assert complaints(**CLOSED | {"BIND": bind, "HTTPS": True}) == ["regulars.E001"]


def test_it_refuses_to_bind_beyond_loopback_with_a_star_for_host(complaints):
    assert complaints(BIND="0.0.0.0", HTTPS=True, ALLOWED_HOSTS=["crm.example.com", "*"]) == ["regulars.E001"]


def test_it_refuses_to_bind_beyond_loopback_without_https(complaints):
    assert complaints(BIND="0.0.0.0", HTTPS=False, ALLOWED_HOSTS=["crm.example.com"]) == ["regulars.E002"]


def test_it_binds_beyond_loopback_with_hosts_and_https(complaints):
    assert complaints(BIND="0.0.0.0", HTTPS=True, ALLOWED_HOSTS=["crm.example.com"]) == []


@pytest.mark.parametrize("port", ["0", "65536", "-1", "80a", "٨٠٠٠", "1e3"])
def test_it_refuses_a_port_that_is_none(complaints, port):
    assert complaints(PORT=port) == ["regulars.E003"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [("http://localhost", ["regulars.E004"]), ("redis://[bad", ["regulars.E004"]), ("unix:///run/redis", []), ("rediss://r:6379/0", [])],
)
def test_it_refuses_a_redis_address_that_is_none(complaints, url, expected):
    assert complaints(REDIS_URL=url) == expected


@pytest.mark.parametrize("proxy", ["*", "proxy.example.com", "10.0.0.1/8"])
def test_it_refuses_to_trust_a_proxy_without_an_address(complaints, proxy):
    assert complaints(TRUSTED_PROXIES=["127.0.0.1", "10.0.0.0/8", proxy]) == ["regulars.E005"]


@pytest.mark.parametrize(("text", "expected"), [("0", []), ("1", []), ("", []), ("no", ["regulars.E009"]), ("2", ["regulars.E009"])])
def test_it_refuses_to_guess_whether_the_demo_is_wanted(complaints, monkeypatch, text, expected):
    monkeypatch.setenv("DEMO", text)
    assert complaints() == expected


def test_it_refuses_a_certificate_without_its_key(complaints, tmp_path):
    (tmp_path / "cert.pem").touch()
    assert complaints(CERT_FILE=str(tmp_path / "cert.pem"), KEY_FILE="") == ["regulars.E006"]


def test_it_refuses_a_certificate_that_cannot_be_read(complaints, tmp_path):
    assert complaints(CERT_FILE=str(tmp_path / "none.pem"), KEY_FILE=str(tmp_path)) == ["regulars.E007", "regulars.E007"]


def test_it_refuses_a_certificate_and_a_key_that_do_not_fit(complaints, tmp_path):
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("root:x:0:0:root:/root:/bin/bash\n")
    assert complaints(CERT_FILE=str(tmp_path / "cert.pem"), KEY_FILE=str(tmp_path / "key.pem")) == ["regulars.E008"]


def test_every_complaint_says_what_to_set(settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.BIND, settings.PORT, settings.CERT_FILE, settings.TRUSTED_PROXIES = "0.0.0.0", "x", "/none", ["*"]
    messages = [str(message.msg) for message in checks.run_checks() if str(message.id).startswith("regulars.")]
    assert len(messages) == 6 and all(
        message.endswith(".") and any(word in message for word in ("set", "has to", "have to")) for message in messages
    )


def test_production_settings_pass_the_deployment_checks(installation):
    environ = installation | {"ALLOWED_HOSTS": "crm.example.com", "TRUSTED_PROXIES": "127.0.0.1", "BIND": "0.0.0.0"}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "") and "0 silenced" in ended.stdout


def test_settings_that_cannot_be_read_are_told_in_one_line():
    command = [sys.executable, "manage.py", "check"]
    ended = subprocess.run(command, cwd=ROOT, env=os.environ | {"DATABASE_URL": "mysql://a/b"}, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr == "DATABASE_URL has to read postgres://user:password@host:port/name, or be left out for SQLite.\n"
