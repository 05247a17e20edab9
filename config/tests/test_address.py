import pytest

from config.address import url

LOOPBACK = ["127.0.0.1", "::1", "localhost", "[::1]"]


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ({}, "http://127.0.0.1:8000/login/"),
        ({"PORT": "8799"}, "http://127.0.0.1:8799/login/"),
        ({"BIND": "::1"}, "http://[::1]:8000/login/"),
        ({"ALLOWED_HOSTS": ["crm.local"]}, "http://crm.local:8000/login/"),
        ({"ALLOWED_HOSTS": ["crm.local", "127.0.0.1"]}, "http://127.0.0.1:8000/login/"),
        ({"ALLOWED_HOSTS": ["*"]}, "http://127.0.0.1:8000/login/"),
        ({"CERT_FILE": "/cert.pem"}, "https://127.0.0.1:8000/login/"),
        # Nobody calls a server 0.0.0.0, nor reaches the one behind a proxy at its own port.
        ({"CERT_FILE": "/cert.pem", "BIND": "0.0.0.0", "ALLOWED_HOSTS": ["crm.example.com"]}, "https://crm.example.com:8000/login/"),
        ({"TRUSTED_PROXIES": ["127.0.0.1"], "ALLOWED_HOSTS": [".example.com", "crm.example.com"]}, "https://crm.example.com/login/"),
        ({"TRUSTED_PROXIES": ["127.0.0.1"], "ALLOWED_HOSTS": ["127.0.0.1", "crm.example.com"]}, "https://crm.example.com/login/"),
        ({"TRUSTED_PROXIES": ["10.0.0.1"]}, "https://127.0.0.1/login/"),
    ],
)
def test_a_page_is_found_where_browsers_reach_it(settings, said, address):
    defaults = {"BIND": "127.0.0.1", "PORT": "8000", "ALLOWED_HOSTS": LOOPBACK, "CERT_FILE": "", "TRUSTED_PROXIES": []}
    for name, value in (defaults | said).items():
        setattr(settings, name, value)

    assert url("/login/") == address
