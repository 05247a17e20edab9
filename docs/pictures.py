"""Makes the pictures of docs/tour.md from the application as `make run` starts it, with the demo: `.venv/bin/python docs/pictures.py`."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
TOUR = Path(__file__).with_name("tour")
PORT = "8791"
LINK = re.compile(r"http://\S+/login/\S+/")
PATIENCE_SECONDS = 240
# Quiet for two months, and worth a call.
RULE = {"all": [{"fact": "revenue_12m", "op": ">=", "value": 5000}, {"fact": "last_order_on", "op": "not_last", "value": 60}]}
# Name: what to open, and how many pixels of it to show; of a phone where the name says so.
PICTURES = {
    "today": ("/", 860),
    "customers": ("/customers/?stage=client", 620),
    "customer": ("", 900),
    "ladder": ("/ladder/", 1180),
    "segment": (f"/segments/new/?{urlencode({'rule': json.dumps(RULE)})}", 860),
    "stage": ("/settings/ladders/kotler/inactive/", 860),
    "pareto": ("/pareto/", 760),
    "import": ("/import/", 760),
    "today-phone": ("/", 844),
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        environ = os.environ | {"DATA_DIR": f"{folder}/data", "PORT": PORT, "DATABASE_URL": "", "REDIS_URL": ""}
        with log.open("wb") as sink:
            up = subprocess.Popen([sys.executable, "manage.py", "up"], cwd=ROOT, env=environ, stdout=sink, stderr=sink)
        try:
            take(link_in(log))
        finally:
            up.send_signal(signal.SIGINT)
            up.wait()


def link_in(log: Path) -> str:
    """The login link that it prints when it is ready."""
    for _ in range(PATIENCE_SECONDS):
        if found := LINK.search(log.read_text()):
            time.sleep(3)  # the link is printed before the web process listens
            return found[0]
        time.sleep(1)
    raise SystemExit(log.read_text())


def take(link: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(link)
        address = page.url.rstrip("/")
        for name, (path, height) in PICTURES.items():
            page.set_viewport_size({"width": 390 if name.endswith("-phone") else 1440, "height": height})
            # The builder of rules counts when it is there.
            page.goto(address + (path or one_of_the_vital_few(page, address)), wait_until="networkidle")
            page.screenshot(path=TOUR / f"{name}.png")
        browser.close()


def one_of_the_vital_few(page: Page, address: str) -> str:
    """Somebody with a story: the third of the largest clients."""
    page.goto(f"{address}/customers/?stage=client")
    return str(page.locator("[data-row] a").nth(2).get_attribute("href"))


if __name__ == "__main__":
    main()
