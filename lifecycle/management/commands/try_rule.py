import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.faults import FAULTS, told
from lifecycle.management.commands.nightly import a_date
from lifecycle.trying import NotTried, Tried, find_stage, read_rule, try_rule


class Command(BaseCommand):
    help = "Says whom a rule fits, and with --stage who would move if it were that stage's. Writes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("rule", type=Path, metavar="RULE.json", help="the file with the rule")
        parser.add_argument("--stage", metavar="LADDER/STAGE", help="the stage whose rule it would be, such as kotler/inactive")
        parser.add_argument("--as-of", type=a_date, metavar="YYYY-MM-DD", help="the business date; that of the figures unless given")
        parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            stage = find_stage(options["stage"]) if options["stage"] is not None else None
            tried = try_rule(read_rule(options["rule"]), stage=stage, as_of=options["as_of"])
        except NotTried as reason:
            raise CommandError(str(reason)) from reason
        except FAULTS as error:
            raise CommandError(told(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(as_dict(tried)))
        else:
            self._print_words(tried)

    def _print_words(self, tried: Tried) -> None:
        for cell in tried.cells or []:
            before = cell.before.key if cell.before else _("not placed yet")
            self.stdout.write(f"{before:<20} → {cell.after.key:<20} {cell.customers:>9} {cell.revenue:>15.2f}")
        fits = ngettext("The rule fits %(count)d customer.", "The rule fits %(count)d customers.", tried.count)
        self.stdout.write(fits % {"count": tried.count})


def as_dict(tried: Tried) -> dict[str, Any]:
    """Revenue as in export_facts: a decimal number as text, two decimals."""
    made: dict[str, Any] = {"count": tried.count, "seconds": round(tried.seconds, 3)}
    if tried.cells is not None:
        made["matrix"] = [
            {
                "from": cell.before.key if cell.before else None,
                "to": cell.after.key,
                "customers": cell.customers,
                "revenue": f"{cell.revenue:.2f}",
            }
            for cell in tried.cells
        ]
    return made
