"""Invitations: a link that an owner hands to one person, good once, for a week, for the e-mail and the role that it was made for.

It is good only while whoever made it is an owner who may sign in.
"""

import secrets
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit
from crm.links import TOKEN_BYTES, digest
from crm.models import Invitation, User

GOOD_FOR = timedelta(days=7)

audit.register(
    audit.Action("invitation.made", gettext_lazy("Invited")),
    audit.Action("invitation.renewed", gettext_lazy("Invitation renewed")),
    audit.Action("invitation.withdrawn", gettext_lazy("Invitation withdrawn")),
    audit.Action("invitation.accepted", gettext_lazy("Joined by invitation")),
)


def invite(*, email: str, role: str, by: User, now: datetime) -> tuple[Invitation, str]:
    """The invitation, and the path of its link, which nobody can read from the database later."""
    email = User.objects.normalize_email(email)
    known = User.objects.filter(email=email).first()
    if known and known.is_active:
        raise ValidationError({"email": _("%(person)s can sign in with this e-mail already.") % {"person": known}})
    if known:
        raise ValidationError({"email": _("%(person)s has left and keeps this e-mail: let them sign in again below.") % {"person": known}})
    if Invitation.objects.filter(email=email, accepted_at=None, withdrawn_at=None).exists():
        raise ValidationError({"email": _("There is an invitation for this e-mail already: renew or withdraw it below.")})
    token = secrets.token_urlsafe(TOKEN_BYTES)
    made = Invitation(email=email, role=role, by=by, digest=digest(token), expires_at=now + GOOD_FOR)
    made.full_clean(exclude=["digest"], validate_constraints=False)
    try:
        with transaction.atomic():
            made.save()
            audit.keep(what="invitation.made", by=by, of=made, changes={"role": ["", role]})
    except IntegrityError:
        # Another owner was quicker by a moment.
        raise ValidationError({"email": _("There is an invitation for this e-mail already: renew or withdraw it below.")}) from None
    return made, reverse("join", args=[token])


@transaction.atomic
def renew(*, invitation: Invitation, by: User, now: datetime) -> str:
    """The path of a new link; the old one is good no more. Empty where there is nothing to renew."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    still = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)
    if still.update(digest=digest(token), expires_at=now + GOOD_FOR, by=by) != 1:
        return ""
    audit.keep(what="invitation.renewed", by=by, of=invitation)
    return reverse("join", args=[token])


@transaction.atomic
def withdraw(*, invitation: Invitation, by: User, now: datetime) -> bool:
    still = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)
    if still.update(withdrawn_at=now) != 1:
        return False
    audit.keep(what="invitation.withdrawn", by=by, of=invitation)
    return True


def good(now: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(
        accepted_at=None, withdrawn_at=None, expires_at__gt=now, by__is_active=True, by__role=User.Role.OWNER
    ).select_related("by")


def find(token: str, now: datetime) -> Invitation | None:
    """The one that the link belongs to, if it is good. To look does not use it up."""
    return good(now).filter(digest=digest(token)).first()


def accept(*, invitation: Invitation, name: str, password: str, now: datetime) -> User:
    """The person, who may sign in from now on. Of several that come at once, one does; the others get ValidationError."""
    user = User(email=invitation.email, name=name, role=invitation.role)
    try:
        validate_password(password, user)
    except ValidationError as wrong:
        raise ValidationError({"password": wrong.messages}) from None
    user.set_password(password)
    try:
        with transaction.atomic():
            if good(now).filter(pk=invitation.pk, digest=invitation.digest).update(accepted_at=now) != 1:
                raise ValidationError(_("This invitation is no longer good. Ask for a new one."))
            user.save()
            audit.keep(what="invitation.accepted", by=user, of=user, changes={"role": ["", user.role]})
    except IntegrityError:
        raise ValidationError(_("Somebody signs in with this e-mail already.")) from None
    return user
