import time
from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import jobs
from crm.faults import FAULTS, told
from crm.models import Business, Customer, Order
from lifecycle import replayed
from lifecycle.demo.empty import DemoRefused, remove_demo
from lifecycle.demo.fill import CUSTOMERS, SEED, fill_demo
from lifecycle.nightly import NightFailed

FEWEST, MOST = 50, 20_000


def a_size(text: str) -> int:
    if not (text.isascii() and text.isdigit() and FEWEST <= int(text) <= MOST):
        raise ArgumentTypeError(_("a number from %(fewest)d to %(most)d") % {"fewest": FEWEST, "most": MOST})
    return int(text)


class Command(BaseCommand):
    help = "Fills an empty database with a made-up roastery, or takes it out again."
    # Needs no pages; what it needs of the database it says itself.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--customers", type=a_size, default=CUSTOMERS, metavar="N", help="how many customers")
        parser.add_argument("--seed", type=int, default=SEED, metavar="S", help="another seed makes another roastery")
        parser.add_argument("--remove", action="store_true", help="take the demo out, so that your own data can come in")

    def handle(self, *args: Any, **options: Any) -> None:
        start = time.perf_counter()
        now = datetime.now(UTC)
        try:
            if options["remove"]:
                remove_demo(now=now)
                self.stdout.write(_("The demo is gone and the record is empty."))
                return
            fill_demo(now=now, customers=options["customers"], seed=options["seed"])
        except (DemoRefused, NightFailed, *FAULTS) as error:
            raise CommandError(told(error) if isinstance(error, FAULTS) else str(error)) from error
        # Whoever ordered today is refreshed by a worker, where one runs.
        jobs.ring_refresh()
        # So is the past between its nights.
        replayed.ask()
        self.stdout.write(self.summary(time.perf_counter() - start))

    def summary(self, seconds: float) -> str:
        customers, orders = Customer.objects.count(), Order.objects.count()
        as_of = Business.load().as_of
        told = {
            "customers": ngettext("%(count)d customer", "%(count)d customers", customers) % {"count": customers},
            "orders": ngettext("%(count)d order", "%(count)d orders", orders) % {"count": orders},
            "as_of": as_of and date_format(as_of),
            "seconds": round(seconds),
        }
        return _("The demo is there: %(customers)s, %(orders)s, figures as of %(as_of)s, in %(seconds)d s.") % told
