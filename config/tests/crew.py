"""A worker and a clock as processes on an installation of a test's own, with a broker of its own; to be killed, robbed and watched.

crew = Crew(shop)          # the broker is the one that the installation's environment names
crew.start()               # a worker; crew.start_clock() for the clock
crew.ring("tick")
crew.until(crew.is_quiet)  # the night done, no changed customer waiting, no job open
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from celery import Celery
from kombu.exceptions import OperationalError

from config.celery import configuration
from config.management.commands import up
from crm.models import Business, Changed, Customer, Facts, Order
from crm.tests.forked import fork
from crm.tests.installation import Installation
from lifecycle.models import NightlyRun, Position, Transition

PATIENCE_SECONDS = 120
CONTENT = (Business, Customer, Order, Facts, Changed, NightlyRun, Position, Transition)
CLOCK = frozenset({"created", "started_at", "finished_at", "failed_at", "seconds", "recorded_at"})

# Customers with rhythms, refunds, referrals and contacts; some ordered today, after the night that is due; some have no Facts row.
FILL = """
import sys
from datetime import timedelta
from django.db import transaction
from crm.models import Business, Changed, Customer, Facts, Interaction, Order

Business.keep(zone=sys.argv[1], as_of=None)
today = Business.load().today()
people = range(1, 121)
with transaction.atomic():
    Customer.objects.bulk_create(Customer(pk=pk, external_id=str(pk), name=f"Customer {pk}") for pk in people)
    for pk in people:
        if pk % 7 == 0:
            Customer.objects.filter(pk=pk).update(referred_by=pk - 1 - pk % 3, referred_on=today - timedelta(days=500))
    turns = [(pk, n, (pk * 13 + n * (pk % 60 + 1)) % 700, (pk * 37 + n) % 500 - (n == 4) * 200) for pk in people for n in range(pk % 6)]
    turns += [(pk, 9, 0, 100) for pk in people if pk % 10 == 1]
    Order.objects.bulk_create(
        Order(customer_id=pk, ordered_on=today - timedelta(days=ago), amount=amount, status=n % 2, key=f"{pk}-{n}")
        for pk, n, ago, amount in turns
    )
    Interaction.objects.bulk_create(
        Interaction(customer_id=pk, kind="call", happened_on=today - timedelta(days=pk), minutes=5) for pk in people if pk % 9 == 0
    )
    Facts.objects.bulk_create(Facts(customer_id=pk) for pk in people if pk % 2)
    Changed.objects.bulk_create(Changed(customer_id=pk, why="order") for pk in people if pk % 5 == 0)
"""
# Back to what FILL left, with the night still to come; in SQL, because a process for it would take a second.
KEEP = ["CREATE TABLE kept_facts AS SELECT * FROM crm_facts", "CREATE TABLE kept_changed AS SELECT customer_id, why FROM crm_changed"]
WIPE = [
    "DELETE FROM lifecycle_nightlystep",
    "DELETE FROM lifecycle_nightlyrun",
    "DELETE FROM lifecycle_transition",
    "DELETE FROM lifecycle_position",
    "DELETE FROM crm_changed",
    "DELETE FROM crm_facts",
    "INSERT INTO crm_facts SELECT * FROM kept_facts",
    "INSERT INTO crm_changed (customer_id, why) SELECT customer_id, why FROM kept_changed",
    "UPDATE crm_business SET as_of = NULL, gap_days = 90",
]


def zone_of_a_quiet_hour():
    """A zone where it is now about noon: no date changes and no night falls due while a test runs."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


class Crew:
    def __init__(self, shop: Installation) -> None:
        self.shop = shop
        environ = shop.environ
        self.failpoint = Path(environ["DATA_DIR"], "failpoint")
        # Beside the folder, which a test may fill up.
        self.log = Path(environ["DATA_DIR"]).with_suffix(".log")
        self.processes: list[ForkServerProcess] = []
        self.bell = Celery("tests", set_as_current=False)
        self.bell.conf.update(configuration(environ.get("REDIS_URL", ""), Path(environ["DATA_DIR"]).resolve(), self.database()))

    def database(self) -> str:
        """Its name, as the settings of that installation have it."""
        if url := self.shop.environ.get("DATABASE_URL"):
            return url.partition("?")[0].rpartition("/")[2]
        return str(Path(self.shop.environ["DATA_DIR"]).resolve() / "regulars.sqlite3")

    def start(self, first: Callable[[], object] | None = None, settings: str = "config.settings") -> ForkServerProcess:
        """`first`: what the worker is to do before it starts."""
        return self._start(up.worker().command, first, settings)

    def start_clock(self) -> ForkServerProcess:
        return self._start(up.clock().command)

    def _start(self, command: list[str], first: Callable[[], object] | None = None, settings: str = "config.settings") -> ForkServerProcess:
        environ = self.shop.environ | {"FAILPOINT": str(self.failpoint), "DJANGO_SETTINGS_MODULE": settings}
        out, err = (Connection(os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT), readable=False) for _ in range(2))
        python, *arguments = command
        assert python == sys.executable
        self.processes.append(fork(arguments, environ, out, err, first))
        return self.processes[-1]

    def kill(self) -> None:
        """Every process that still runs, and those below it, by `kill -9`."""
        for process in self.processes:
            if process.is_alive():
                # Before it has a session of its own it has nobody below it.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.kill()
                process.join()
        self.processes.clear()

    def take_for_dead(self) -> None:
        """As if the minutes had passed after which a worker without a sign of life is taken for dead: a job may have been in its hands."""
        self.shop.write("UPDATE crm_job SET heartbeat = '2000-01-01 00:00:00' WHERE state = 'running'")

    def ring(self, task: str, *arguments: object) -> None:
        self.bell.send_task(task, args=list(arguments))

    def until(self, reached, ringing: str = "") -> None:
        """Waits, and rings each second where that is asked: the clock of real life rings each minute."""
        deadline, next_ring = time.monotonic() + PATIENCE_SECONDS, 0.0
        while not reached():
            assert time.monotonic() < deadline, self.log.read_text()[-5000:]
            if ringing and time.monotonic() > next_ring:
                # On a full disk no message can be left.
                with suppress(OperationalError, OSError):
                    self.ring(ringing)
                next_ring = time.monotonic() + 1
            time.sleep(0.05)

    def wipe(self) -> None:
        self.shop.write(*WIPE)

    def is_quiet(self) -> bool:
        """The night is done, and nothing waits."""
        finished = self.shop.rows("SELECT count(*) FROM lifecycle_nightlyrun WHERE state = 'finished'")[0][0]
        waiting = self.shop.rows("SELECT count(*) FROM lifecycle_nightlyrun WHERE state <> 'finished'")[0][0]
        noted = self.shop.rows("SELECT count(*) FROM crm_changed")[0][0]
        jobs = self.shop.rows("SELECT count(*) FROM crm_job WHERE state IN ('queued', 'running')")[0][0]
        return finished > 0 and not (waiting or noted or jobs)

    def content(self):
        return self.shop.content(*CONTENT, without=CLOCK)
