"""`manage.py login_link E-MAIL`: how the operator lets someone in who has no password, has lost it, or waits out a lock."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from config.address import url
from crm.links import link_for
from crm.models import User


class Command(BaseCommand):
    help = _("Prints a login link for someone who may sign in.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="E-MAIL")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        user = User.objects.filter(email=User.objects.normalize_email(email), is_active=True).first()
        if not user:
            raise CommandError(_("Nobody with the e-mail %(email)s may sign in.") % {"email": email})
        self.stdout.write(url(link_for(user, timezone.now())))
        self.stderr.write(_("This link signs %(person)s in, once, within 15 minutes.") % {"person": user})
