"""A staff member's morning in a browser: each step with its time and what it took of hands, by keyboard and by touch.

`python -m config.tests.timed_morning ADDRESS FOLDER`, beside a demo that `manage.py up` serves there, in its environment (DATA_DIR,
DATABASE_URL). Prints a table for each width and keeps a picture after each step in FOLDER. Adds two tasks for each caller, and what is
logged of them.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from django.utils import timezone
from playwright.sync_api import Browser, Page, sync_playwright

import config.standalone  # noqa: F401  (makes Django ready for the models below)
from bench.report import table
from config.management.commands.demo_user import demo_user
from config.tests.browser import CHROMIUM, FLAGS, context_for
from config.tests.morning import Caller, Step, by_keyboard, by_touch, prepare
from crm.links import link_for
from crm.models import Customer, User

Way = Callable[[Page, Caller], Iterator[Step]]
WAYS: dict[int, Way] = {1440: by_keyboard, 390: by_touch}
HEAD = ["step", "s, median", "s, each", "presses or taps", "letters"]


@dataclass(frozen=True)
class Visit:
    """Made before the browser is there: Playwright runs a loop of its own, beside which Django asks no database."""

    width: int
    caller: Caller
    link: str


def visits(address: str, times: int) -> list[Visit]:
    """Callers whose number nobody else has, and who have never complained."""
    found = Customer.objects.present().filter(complaints=None).exclude(phone="").exclude(name="").order_by("pk")
    alone = [one for one in found[: 20 * times] if Customer.objects.filter(phone=one.phone).count() == 1]
    widths = [width for width in WAYS for _ in range(times)]
    staff, now = demo_user(User.Role.STAFF), timezone.now()
    return [Visit(width, _caller(one), address + link_for(staff, now)) for width, one in zip(widths, alone, strict=False)]


def _caller(customer: Customer) -> Caller:
    return Caller(customer.pk, customer.name, customer.phone.removeprefix("+420").replace(" ", ""))


def visited(browser: Browser, address: str, visit: Visit, folder: Path) -> list[Step]:
    with context_for(browser, width=visit.width) as context:
        page = context.new_page()
        page.goto(visit.link)
        prepare(page, address, visit.caller)
        steps = []
        for number, step in enumerate(WAYS[visit.width](page, visit.caller), 1):
            steps.append(step)
            page.screenshot(path=folder / f"{visit.width}-{number}.png")
    return steps


def rows(runs: list[list[Step]]) -> list[list[str]]:
    made = []
    for each in zip(*runs, strict=True):
        seconds = [step.seconds for step in each]
        every = ", ".join(f"{one:.2f}" for one in seconds)
        made.append([each[0].what, f"{median(seconds):.2f}", every, str(each[0].deeds), str(each[0].letters)])
    return made


def main() -> int:
    parser = ArgumentParser(prog="config.tests.timed_morning", description="A morning at the counter, in a browser.")
    parser.add_argument("address")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    planned = visits(options.address, options.times)
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as browser:
        done = [(visit.width, visited(browser, options.address, visit, options.folder)) for visit in planned]
    for width in WAYS:
        print(f"At {width} px:\n\n{table(HEAD, rows([steps for at, steps in done if at == width]))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
