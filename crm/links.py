"""Login links: they sign someone in without a password, once, within a quarter of an hour. The operator's commands make them."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from django.urls import reverse

from crm.models import Link, User

GOOD_FOR = timedelta(minutes=15)
TOKEN_BYTES = 16


def digest(token: str) -> str:
    """128 random bits need neither salt nor a slow hash."""
    return sha256(token.encode()).hexdigest()


def link_for(user: User, now: datetime) -> str:
    """The path of a new link. Earlier ones of the same person stay good until they are used or end; those that have ended go."""
    Link.objects.filter(expires_at__lte=now).delete()
    token = secrets.token_urlsafe(TOKEN_BYTES)
    Link.objects.create(user=user, digest=digest(token), expires_at=now + GOOD_FOR)
    return reverse("login_link", args=[token])


def redeem(token: str, now: datetime) -> User | None:
    """Whom the link signs in, if it is good; of several that come at once, one. A bad one is only looked up, not written."""
    good = Link.objects.filter(digest=digest(token), used_at=None, expires_at__gt=now, user__is_active=True)
    link = good.select_related("user").first()
    if link and Link.objects.filter(pk=link.pk, used_at=None).update(used_at=now) == 1:
        return link.user
    return None
