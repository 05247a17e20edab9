"""Changing what was logged: by its author for a day, after that by an owner; nobody overwrites what they have not seen."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm import record
from crm.access import is_owner
from crm.complaints import logged
from crm.models import Interaction, User

AMENDED_WITHIN = timedelta(days=1)
# What somebody who changes it says anew.
SAID = ("kind", "direction", "minutes", "text", "happened_on", "incident", "incident_cause")


class ChangedMeanwhile(ValidationError):
    """Somebody has changed it since it was read."""

    def __init__(self) -> None:
        super().__init__(_("Somebody has changed this in the meantime. Compare the two, then save what is right."))


@dataclass(frozen=True)
class Amender:
    """Who may want to change what was logged, and when."""

    user: User
    now: datetime

    def may(self, interaction: Interaction) -> bool:
        is_author = interaction.by_id is not None and interaction.by_id == self.user.pk
        return self.user.may_write and (is_owner(self.user) or (is_author and interaction.created >= self.now - AMENDED_WITHIN))

    def refuse(self, interaction: Interaction) -> None:
        """Raises PermissionDenied for what is not theirs to change, or not any more."""
        if not self.may(interaction):
            raise PermissionDenied(_("You can change what you logged yourself, within a day. After that an owner can."))


@transaction.atomic
def amend(*, interaction: Interaction, seen: int, said: dict[str, Any], by: User, now: datetime) -> bool:
    """Writes what is said anew, of the contact whose revision is still `seen`; whether that is another than before.

    Its moment is kept while its day is. One in which they complain now, and did not before, opens a complaint, as logging it does; a
    complaint that is there stays as it is, whatever is said of the contact. Raises PermissionDenied, and ChangedMeanwhile.
    """
    Amender(by, now).refuse(interaction)
    # Two who save at once wait here for each other, and the second has not seen what the first wrote.
    stored = Interaction.objects.select_for_update().filter(pk=interaction.pk, revision=seen).first()
    if stored is None:
        raise ChangedMeanwhile
    new = {name: said[name] for name in SAID}
    if all(getattr(stored, name) == value for name, value in new.items()):
        return False
    complained = logged.complains(stored)
    if stored.happened_on != new["happened_on"]:
        stored.happened_at = None
    for name, value in new.items():
        setattr(stored, name, value)
    if stored.direction == Interaction.Direction.OUT:
        # What they wanted is said of those who came to us.
        stored.topic = ""
    record.save_interaction(interaction=stored, by=by)
    if logged.complains(stored) and not complained and logged.brought(stored) is None:
        logged.open_by(contact=stored, by=by, now=now)
    return True
