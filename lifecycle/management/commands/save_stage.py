from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from crm.access import is_owner
from crm.faults import FAULTS, told
from crm.models import User
from lifecycle.editing import newest, save_ladder
from lifecycle.trying import NotTried, find_stage, read_rule, with_rule


class Command(BaseCommand):
    help = "Gives a stage another rule, as an owner. Nobody moves before the next night."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stage", metavar="LADDER/STAGE", help="such as kotler/inactive")
        parser.add_argument("--rule", type=Path, required=True, metavar="RULE.json", help="the file with the rule")
        parser.add_argument("--by", required=True, metavar="E-MAIL", help="the owner who changes it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            by = owner(options["by"])
            stage = find_stage(options["stage"])
            stages = with_rule(stage, read_rule(options["rule"]))
            saved = save_ladder(ladder=stage.ladder, stages=stages, by=by)
        except NotTried as reason:
            raise CommandError(str(reason)) from reason
        except ValidationError as wrong:
            raise CommandError(" ".join(wrong.messages)) from wrong
        except FAULTS as error:
            raise CommandError(told(error)) from error
        if saved is None:
            sentence = _("The stage has that rule already; the ladder stays at version %(number)d.")
            self.stdout.write(sentence % {"number": newest(stage.ladder)})
        else:
            self.stdout.write(_("Saved as version %(number)d of the ladder, from the next night on.") % {"number": saved.number})


def owner(email: str) -> User:
    """Raises NotTried."""
    found = User.objects.filter(email__iexact=email, is_active=True).first() if "\0" not in email else None
    if not is_owner(found):  # type: ignore[arg-type]  # nobody is no owner
        raise NotTried(_("“%(email)s” is no owner; only an owner changes a ladder.") % {"email": email[:100]})
    assert found
    return found
