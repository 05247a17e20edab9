"""The people of the business: their roles, whether they may sign in, and where they are signed in.

Each change holds from their next request.
Nothing that is theirs goes to somebody else: what they logged keeps their name, what they were to do stays theirs until a person moves it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Case, Exists, Max, OuterRef, QuerySet, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit, sessions
from crm.models import Business, Invitation, User, UserSession

# More than a small business has; the page says where it stops.
MOST = 300

audit.register(
    audit.Action("user.role", gettext_lazy("Role changed")),
    audit.Action("user.deactivated", gettext_lazy("Deactivated")),
    audit.Action("user.reactivated", gettext_lazy("May sign in again")),
    audit.Action("user.signed_out", gettext_lazy("Signed out everywhere")),
    audit.Action("team.two_factor", gettext_lazy("Two-factor login for owners changed")),
)


@dataclass(frozen=True)
class Team:
    people: Sequence[User]
    invitations: Sequence[Invitation]
    owners_need_code: bool
    has_more: bool

    @classmethod
    def now(cls, business: Business) -> "Team":
        people = list(_people()[: MOST + 1])
        invited = Invitation.objects.filter(accepted_at=None, withdrawn_at=None).select_related("by").order_by("-expires_at", "-pk")
        return cls(people[:MOST], list(invited[:MOST]), business.owners_need_code, len(people) > MOST)


def _people() -> QuerySet[User]:
    """Owners first, then staff, then readers; those who have left last."""
    rank = Case(*(When(role=role, then=Value(place)) for place, role in enumerate(User.Role.values)), default=Value(9))
    factor = Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.TOTP)
    seen = UserSession.objects.filter(user=OuterRef("pk")).order_by().values("user").annotate(at=Max("seen_at")).values("at")
    return User.objects.annotate(rank=rank, has_factor=Exists(factor), seen_at=seen).order_by("-is_active", "rank", "name", "pk")


def _locked(user: User) -> User:
    """The person, and all owners behind them, locked: two owners who demote each other at once come one after the other."""
    list(User.objects.select_for_update().filter(role=User.Role.OWNER, is_active=True).order_by("pk").values_list("pk"))
    return User.objects.select_for_update().get(pk=user.pk)


@transaction.atomic
def change_role(*, user: User, role: str, by: User) -> bool:
    """Whether there was something to change. Raises ValidationError of an unknown role, and of the last owner."""
    user = _locked(user)
    if role not in User.Role.values:
        raise ValidationError(_("Choose one of the roles in the list."))
    before, user.role = user.role, User.Role(role)
    if before == role:
        return False
    user.clean()
    user.save(update_fields=["role"])
    audit.keep(what="user.role", by=by, of=user, changes={"role": [before, role]})
    return True


@transaction.atomic
def deactivate(*, user: User, by: User) -> bool:
    """Whether they could sign in until now. Their sessions end, and so do the invitations that they made."""
    user = _locked(user)
    if not user.is_active:
        return False
    user.is_active = False
    user.clean()
    user.save(update_fields=["is_active"])
    sessions.end_all(user)
    audit.keep(what="user.deactivated", by=by, of=user, changes={"is_active": [True, False]})
    return True


@transaction.atomic
def reactivate(*, user: User, by: User) -> bool:
    """With the password and the role that they had."""
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True) != 1:
        return False
    audit.keep(what="user.reactivated", by=by, of=user, changes={"is_active": [False, True]})
    return True


@transaction.atomic
def sign_out(*, user: User, by: User) -> int:
    """From how many places."""
    places = sessions.end_all(user)
    if places:
        audit.keep(what="user.signed_out", by=by, of=user)
    return places


@transaction.atomic
def require_code(*, of_owners: bool, by: User) -> None:
    business = Business.load()
    if business.owners_need_code != of_owners:
        Business.keep(owners_need_code=of_owners)
        changes: audit.Changes = {"owners_need_code": [not of_owners, of_owners]}
        audit.keep(what="team.two_factor", by=by, of=business, changes=changes)


def seen_at(user: User) -> datetime | None:
    """By their sessions; before there were such rows, by Django's word."""
    return getattr(user, "seen_at", None) or user.last_login
