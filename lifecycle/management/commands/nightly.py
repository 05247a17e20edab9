import json
import re
from argparse import ArgumentParser, ArgumentTypeError
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import jobs
from crm.faults import FAULTS, told
from crm.models import Business
from lifecycle import nightly


def a_date(text: str) -> date:
    # fromisoformat alone also takes 20260304 and weeks.
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        with suppress(ValueError):
            return date.fromisoformat(text)
    raise ArgumentTypeError(_("“%(text)s” is not a date; write it like 2026-03-04.") % {"text": text})


class Command(BaseCommand):
    help = "Recomputes every customer's facts as of the end of a day: yesterday, or --as-of."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--as-of", type=a_date, metavar="YYYY-MM-DD", help="the business date that the figures stand for")
        parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        as_of = options["as_of"]
        try:
            today = Business.load().today()
            as_of = as_of or today - timedelta(days=1)
            outcome = nightly.run(as_of, today=today)
        except (nightly.NightRefused, nightly.NightFailed, *FAULTS) as error:
            reason = told(error) if isinstance(error, FAULTS) else str(error)
            if options["json"]:
                self._print_json(as_of, nightly.Outcome(ran=False, reason=reason))
            raise CommandError(reason) from error
        # Whoever did something after that date is refreshed by a worker, where one runs.
        jobs.ring_refresh()
        if options["json"]:
            self._print_json(as_of, outcome)
        else:
            self._print_words(as_of, outcome)

    def _print_json(self, as_of: date | None, outcome: nightly.Outcome) -> None:
        steps = [{"name": name, "rows": rows, "seconds": seconds} for name, rows, seconds in outcome.steps]
        reason = {} if outcome.ran else {"reason": outcome.reason}
        self.stdout.write(json.dumps({"as_of": as_of and as_of.isoformat(), "ran": outcome.ran, **reason, "steps": steps}))

    def _print_words(self, as_of: date, outcome: nightly.Outcome) -> None:
        if not outcome.ran:
            self.stdout.write(outcome.reason)
            return
        for name, rows, seconds in outcome.steps:
            changed = ngettext("%(rows)d row changed", "%(rows)d rows changed", rows) % {"rows": rows}
            self.stdout.write(f"{name:<14} {changed:>22} {seconds:>9.3f} s")
        self.stdout.write(_("The figures stand at %(as_of)s.") % {"as_of": as_of.isoformat()})
