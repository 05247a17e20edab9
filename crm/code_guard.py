"""Stops whoever guesses codes, or the password of an account that is open before them: five wrong ones in a quarter of an hour.

It counts per person, from wherever it comes: one gets here by the first factor only, so no stranger can lock anyone out. The rows are
django-axes', without an address.
"""

from datetime import datetime, timedelta
from hashlib import sha256

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, QuerySet, Sum

from crm.models import User

LIMIT = 5


def _rows(user: User) -> QuerySet[AccessAttempt]:
    rows: QuerySet[AccessAttempt] = AccessAttempt.objects.filter(username=_key(user), ip_address=None)
    return rows


def _key(user: User) -> str:
    return sha256(f"code of {user.pk}".encode()).hexdigest()


def failed(user: User, now: datetime) -> None:
    """One row for each: they are counted together, and go with their time."""
    AccessAttempt.objects.create(username=_key(user), ip_address=None, user_agent="", failures_since_start=1, attempt_time=now)
    _rows(user).filter(attempt_time__lte=now - settings.AXES_COOLOFF_TIME).delete()


def wait(user: User, now: datetime) -> timedelta | None:
    """How long still; None where they may try."""
    found = _rows(user).filter(attempt_time__gt=now - settings.AXES_COOLOFF_TIME)
    sums = found.aggregate(sum=Sum("failures_since_start"), last=Max("attempt_time"))
    if (sums["sum"] or 0) < LIMIT:
        return None
    end: datetime = sums["last"] + settings.AXES_COOLOFF_TIME
    return max(end - now, timedelta(seconds=1))


def forget(user: User) -> None:
    _rows(user).delete()
