import json
from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models import Business
from lifecycle import nightly


class Command(BaseCommand):
    help = "Recomputes every customer's facts as of the end of a day: yesterday, or --as-of."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--as-of", type=date.fromisoformat, metavar="YYYY-MM-DD", help="the business date that the figures stand for")
        parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        today = Business.load().today()
        as_of = options["as_of"] or today - timedelta(days=1)
        try:
            outcome = nightly.run(as_of, today=today)
        except (nightly.NightRefused, nightly.NightFailed) as error:
            if options["json"]:
                self._print_json(nightly.Outcome(as_of, ran=False, reason=str(error)))
            raise CommandError(str(error)) from error
        if options["json"]:
            self._print_json(outcome)
        else:
            self._print_words(outcome)

    def _print_json(self, outcome: nightly.Outcome) -> None:
        steps = [{"name": name, "rows": rows, "seconds": seconds} for name, rows, seconds in outcome.steps]
        reason = {} if outcome.ran else {"reason": outcome.reason}
        self.stdout.write(json.dumps({"as_of": outcome.as_of.isoformat(), "ran": outcome.ran, **reason, "steps": steps}))

    def _print_words(self, outcome: nightly.Outcome) -> None:
        if not outcome.ran:
            self.stdout.write(outcome.reason)
            return
        for name, rows, seconds in outcome.steps:
            changed = ngettext("%(rows)d row changed", "%(rows)d rows changed", rows) % {"rows": rows}
            self.stdout.write(f"{name:<14} {changed:>22} {seconds:>9.3f} s")
        self.stdout.write(_("The figures stand at %(as_of)s.") % {"as_of": outcome.as_of.isoformat()})
