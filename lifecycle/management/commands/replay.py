import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.faults import FAULTS, told
from crm.rules import InvalidRule
from lifecycle.replay import ReplayCut, ReplayRefused, replay


class Command(BaseCommand):
    help = "Replays the past: where everybody stood at each month end since the first order, and on each of the last 90 days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcome = replay(tell=self.tell)
        except (ReplayRefused, ReplayCut, InvalidRule, *FAULTS) as error:
            raise CommandError(told(error) if isinstance(error, FAULTS) else str(error)) from error
        if options["json"]:
            dates = {"from": outcome.first.isoformat(), "to": outcome.until.isoformat()}
            self.stdout.write(json.dumps({**dates, "moves": outcome.moves, "seconds": outcome.seconds}))
            return
        moves = ngettext("%(count)d move", "%(count)d moves", outcome.moves) % {"count": outcome.moves}
        days = {"first": date_format(outcome.first), "last": date_format(outcome.until)}
        self.stdout.write(
            _("The past from %(first)s to %(last)s is replayed: %(moves)s in %(seconds).1f s.")
            % {**days, "moves": moves, "seconds": outcome.seconds}
        )

    def tell(self, done: int, total: int, doing: str) -> None:
        self.stderr.write(f"{done:>4} / {total}  {doing}")
