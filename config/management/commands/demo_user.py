"""`manage.py demo_user --role owner|staff|reader [--json]`: someone of that role in the demo, and a fresh login link for them."""

import json
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from config.address import url
from crm.links import link_for
from crm.models import Business, User


def demo_user(role: str) -> User:
    """The first of that role; where there is none, one at an address that cannot be anybody's (RFC 2606)."""
    user = User.objects.filter(role=role, is_active=True).order_by("pk").first()
    if not user:
        values = {"role": role, "is_active": True}
        user, _made = User.objects.update_or_create(
            email=f"{role}@example.com", defaults=values, create_defaults=values | {"password": make_password(None)}
        )
    return user


class Command(BaseCommand):
    help = _("Prints an e-mail and a login link of someone of this role, in the demo only.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", choices=User.Role.values, required=True)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, role: str, **options: Any) -> None:
        if not Business.load().is_demo:
            raise CommandError(_("This is not the demo: make a login link for one of your people with manage.py login_link E-MAIL."))
        user = demo_user(role)
        link = url(link_for(user, timezone.now()))
        self.stdout.write(json.dumps({"email": user.email, "role": role, "link": link}) if options["json"] else f"{user.email}\n{link}")
        self.stderr.write(_("This link signs %(person)s in, once, within 15 minutes.") % {"person": user})
