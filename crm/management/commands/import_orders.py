import argparse
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.importing.errors import Errors, Interrupted, Refused, refusal_of
from crm.importing.orders import DATES, DECIMALS, DEFAULT_SOURCE, import_orders
from crm.models import Import, Order

LISTED = 20
STOPPED = 130  # as the shell says of what Ctrl-C has ended


def a_source(text: str) -> str:
    limit = Import._meta.get_field("source").max_length or 0
    if not text.strip():
        raise argparse.ArgumentTypeError(_("a source has a name"))
    if len(text.strip()) > limit:
        raise argparse.ArgumentTypeError(_("the name of a source has at most %(limit)s characters") % {"limit": limit})
    if not text.isprintable():
        raise argparse.ArgumentTypeError(_("the name of a source holds no tabs, line ends or other characters that cannot be seen"))
    if text.strip() == Order.BY_HAND:
        raise argparse.ArgumentTypeError(_("“%(source)s” is the source of orders entered by hand") % {"source": Order.BY_HAND})
    return text.strip()


class Command(BaseCommand):
    help = "Takes the orders in a CSV file into the record."
    # Needs no pages; what it needs of the database it says itself.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", type=a_source, default=DEFAULT_SOURCE, help=_("the shop or program that the file comes from"))
        parser.add_argument("--dates", choices=DATES, help=_("the order of day, month and year, where the column does not say"))
        parser.add_argument("--decimal", choices=DECIMALS, help=_("what parts the decimals, where the column does not say"))
        parser.add_argument("--json", action="store_true", help=_("print the result as one JSON object"))

    def handle(self, *args: Any, **options: Any) -> None:
        done, refusal = self.take(options)
        if refusal:
            self.stderr.write(str(refusal))
        if options["json"]:
            self.stdout.write(json.dumps(as_dict(done, refusal)))
        elif done.rows:
            self.stdout.write(in_words(done))
        if refusal and refusal.stopped:
            sys.exit(STOPPED)
        if not done.cursor:  # no order of the file is in the record
            sys.exit(1)

    def take(self, options: dict[str, Any]) -> tuple[Import, Refused | None]:
        """What was done, and what kept it from being all."""
        try:
            with terminated_as_interrupted():
                done = import_orders(
                    path=options["file"],
                    source=options["source"],
                    dates=options["dates"],
                    decimal=options["decimal"],
                    now=datetime.now(UTC),
                    say=self.stderr.write,
                )
        except Interrupted as interrupted:
            return interrupted.record, interrupted
        except (Refused, Error, OSError, KeyboardInterrupt) as error:
            return Import(), refusal_of(error)
        return done, None


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM does what Ctrl-C does: the batch that is being written is taken back, and a sentence says how to go on."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def as_dict(done: Import, refusal: Refused | None = None) -> dict[str, Any]:
    ended = [refusal.error.as_dict()] if refusal else []
    return {
        "rows": done.rows,
        "customers": {"created": done.customers_created, "updated": done.customers_updated},
        "orders": {
            "created": done.orders_created,
            "updated": done.orders_updated,
            "unchanged": done.orders_unchanged,
            "anonymous": done.orders_anonymous,
        },
        "errors": [*ended, *done.errors][: Errors.KEPT],
        "error_count": done.error_count + len(ended),
    }


def in_words(done: Import) -> str:
    lines = [
        ngettext("%(count)s row read.", "%(count)s rows read.", done.rows) % {"count": done.rows},
        _("Customers: %(created)s created, %(updated)s updated.") % {"created": done.customers_created, "updated": done.customers_updated},
        _("Orders: %(created)s created, %(updated)s updated, %(unchanged)s unchanged; %(anonymous)s of them without a customer.")
        % {
            "created": done.orders_created,
            "updated": done.orders_updated,
            "unchanged": done.orders_unchanged,
            "anonymous": done.orders_anonymous,
        },
    ]
    if done.error_count:
        lines.append(ngettext("%(count)s row has an error:", "%(count)s rows have errors:", done.error_count) % {"count": done.error_count})
        lines += [_error_in_words(error) for error in done.errors[:LISTED]]
        more = done.error_count - LISTED
        if more > 0:
            lines.append(ngettext("and %(count)s more.", "and %(count)s more.", more) % {"count": more})
    return "\n".join(lines)


def _error_in_words(error: dict[str, Any]) -> str:
    if error["column"]:
        return _("row %(row)s, %(column)s: %(reason)s") % error
    return _("row %(row)s: %(reason)s") % error
