"""`manage.py two_factor_off E-MAIL`: for whoever has lost both the phone and the recovery codes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from crm import factors, sessions
from crm.models import User


class Command(BaseCommand):
    help = _("Switches off someone's two-factor login, and signs them out everywhere.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="E-MAIL")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        user = User.objects.filter(email=User.objects.normalize_email(email)).first()
        if not user or not factors.switch_off(user=user, by=None):
            raise CommandError(_("Nobody with the e-mail %(email)s uses two-factor login.") % {"email": email})
        sessions.end_all(user)
        self.stderr.write(_("%(person)s signs in without a code again.") % {"person": user})
