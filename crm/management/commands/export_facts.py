from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import audit, export
from crm.faults import told
from crm.models import Business, Facts


class Command(BaseCommand):
    help = "Writes every customer's facts to a CSV file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="where to write; an existing file is replaced")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            # An ordinary question first: of a server-side cursor that fails, Django closes what never opened, and raises that error raw.
            Facts.objects.exists()
            rows = export.write(options["file"])
            audit.keep(what="facts.exported", by=None, of=Business.load(), note=str(options["file"]))
        except Error as error:
            raise CommandError(told(error)) from error
        except OSError as error:
            values = {"file": options["file"], "reason": error.strerror or str(error)}
            raise CommandError(_("The file %(file)s cannot be written: %(reason)s.") % values) from error
        self.stderr.write(ngettext("%(rows)d customer written.", "%(rows)d customers written.", rows) % {"rows": rows}, self.style.SUCCESS)
