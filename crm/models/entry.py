"""Who comes in, and how: invitations, the sessions of people, codes already used."""

from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from crm.models.user import User


class Invitation(models.Model):
    """A link by which one person joins in one role, as its hash. crm/invitations.py makes and redeems them."""

    email = models.EmailField(_("e-mail"))
    role = models.CharField(_("role"), max_length=10, choices=User.Role)

    digest = models.CharField(_("hash"), max_length=64, unique=True, editable=False)
    by = models.ForeignKey(User, models.CASCADE, verbose_name=_("by"), related_name="+", editable=False)
    expires_at = models.DateTimeField(_("good until"), editable=False)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.CheckConstraint(condition=Q(role__in=["owner", "staff", "reader"]), name="invitation_role_is_known"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="invitation_email_is_lower"),
            models.CheckConstraint(condition=Q(accepted_at=None) | Q(withdrawn_at=None), name="invitation_ends_once"),
            models.UniqueConstraint(fields=["email"], condition=Q(accepted_at=None, withdrawn_at=None), name="invitation_open_is_one"),
        ]

    def __str__(self) -> str:
        return self.email


class UserSession(models.Model):
    """Where somebody is signed in: beside Django's session, with which it goes, what its owner knows it by."""

    session = models.OneToOneField(Session, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, verbose_name=_("user"), related_name="+")
    began_at = models.DateTimeField(_("signed in"))
    # Written at most every few minutes.
    seen_at = models.DateTimeField(_("last seen"))
    address = models.GenericIPAddressField(_("address"), null=True)
    agent = models.CharField(_("browser"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [models.CheckConstraint(condition=Q(seen_at__gte=F("began_at")), name="session_seen_after_it_began")]

    def __str__(self) -> str:
        return f"{self.user}, {self.began_at}"


class UsedCode(models.Model):
    """A time-based code that has let somebody in, by its half minute: it lets nobody in again."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    counter = models.BigIntegerField()

    class Meta:
        verbose_name = _("used code")
        verbose_name_plural = _("used codes")
        constraints = [models.UniqueConstraint(fields=["user", "counter"], name="used_code_once")]
