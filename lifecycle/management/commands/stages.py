from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.faults import told
from crm.rules import InvalidRule
from lifecycle.kotler import KEY
from lifecycle.management.commands.nightly import a_date
from lifecycle.stood import NotStood, write


class Command(BaseCommand):
    help = "Writes who stands in which stage of a ladder, and since when, to a CSV file: now, or at the end of a day in the past."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="where to write; an existing file is replaced")
        parser.add_argument("--ladder", default=KEY, metavar="KEY", help=f"the key of the ladder; {KEY} if left out")
        parser.add_argument("--as-of", type=a_date, metavar="YYYY-MM-DD", help="the day; that of the figures if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = write(options["file"], options["ladder"], options["as_of"])
        except (NotStood, InvalidRule) as error:
            raise CommandError(str(error)) from error
        except Error as error:
            raise CommandError(told(error)) from error
        except OSError as error:
            values = {"file": options["file"], "reason": error.strerror or str(error)}
            raise CommandError(_("The file %(file)s cannot be written: %(reason)s.") % values) from error
        self.stderr.write(ngettext("%(rows)d customer written.", "%(rows)d customers written.", rows) % {"rows": rows}, self.style.SUCCESS)
