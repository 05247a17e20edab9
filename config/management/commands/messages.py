"""`manage.py messages extract` after a string has changed, `manage.py messages compile` after a translation has."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config import translations


class Command(BaseCommand):
    help = _("Collects the strings to translate into locale/, or compiles the translations that have changed.")
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["extract", "compile"])

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "compile":
            count = translations.compile_all()
            self.stdout.write(ngettext("%(count)s catalogue compiled.", "%(count)s catalogues compiled.", count) % {"count": count})
            return
        for language, count in translations.extract_all().items():
            sentence = ngettext("%(count)s string waits for a translation.", "%(count)s strings wait for a translation.", count)
            self.stdout.write(f"{language}: {sentence % {'count': count}}")
