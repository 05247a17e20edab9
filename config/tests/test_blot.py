"""What goes wrong in a page is told, and no login link with it."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[2]


def test_a_page_that_breaks_tells_its_reason_and_blots_out_login_links(installation):
    script = """
        from django.conf import settings
        settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        import config.wsgi
        import logging
        from django.test import Client
        from config import health
        def broken():
            raise RuntimeError("the reason")
        health.report = broken
        print(Client(raise_request_exception=False, headers={"host": "localhost"}).get("/healthz").status_code)
        logging.getLogger("crm").warning("asked for %s", "/login/secret-token/")
        logging.getLogger("django.request").warning("Not Found: /nowhere/")
    """
    ended = subprocess.run([sys.executable, "-c", dedent(script)], cwd=ROOT, env=installation, capture_output=True, text=True, check=True)

    assert ended.stdout == "500\n"
    assert "RuntimeError: the reason" in ended.stderr
    assert "asked for /login/…/" in ended.stderr and "secret-token" not in ended.stderr
    assert "nowhere" not in ended.stderr
