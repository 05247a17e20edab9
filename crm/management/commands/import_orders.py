import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.importing.errors import Refused
from crm.importing.orders import DATES, DECIMALS, DEFAULT_SOURCE, import_orders
from crm.models import Import, Order

LISTED = 20


def a_source(text: str) -> str:
    limit = Import._meta.get_field("source").max_length or 0
    if not 0 < len(text.strip()) <= limit or not text.isprintable():
        raise argparse.ArgumentTypeError(_("a source has 1 to %(limit)s characters") % {"limit": limit})
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
        try:
            done = import_orders(
                path=options["file"],
                source=options["source"],
                dates=options["dates"],
                decimal=options["decimal"],
                now=datetime.now(UTC),
                say=self.stderr.write,
            )
        except Refused as refusal:
            done = self.refused(refusal)
        except DatabaseError as error:
            done = self.refused(Refused(_("The database cannot be used: %(why)s.") % {"why": str(error).strip()}))
        if options["json"]:
            self.stdout.write(json.dumps(as_dict(done)))
        elif done.rows:
            self.stdout.write(in_words(done))
        if done.state != Import.State.FINISHED:
            sys.exit(1)

    def refused(self, refusal: Refused) -> Import:
        self.stderr.write(str(refusal))
        return Import(errors=[refusal.error.as_dict()], error_count=1)


def as_dict(done: Import) -> dict[str, Any]:
    return {
        "rows": done.rows,
        "customers": {"created": done.customers_created, "updated": done.customers_updated},
        "orders": {
            "created": done.orders_created,
            "updated": done.orders_updated,
            "unchanged": done.orders_unchanged,
            "anonymous": done.orders_anonymous,
        },
        "errors": done.errors,
        "error_count": done.error_count,
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
        lines.append(
            ngettext("%(count)s row was left out:", "%(count)s rows were left out:", done.error_count) % {"count": done.error_count}
        )
        lines += [_error_in_words(error) for error in done.errors[:LISTED]]
        more = done.error_count - LISTED
        if more > 0:
            lines.append(ngettext("and %(count)s more.", "and %(count)s more.", more) % {"count": more})
    return "\n".join(lines)


def _error_in_words(error: dict[str, Any]) -> str:
    if error["column"]:
        return _("row %(row)s, %(column)s: %(reason)s") % error
    return _("row %(row)s: %(reason)s") % error
