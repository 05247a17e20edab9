"""Who may open what. Everyone signed in sees people; all but readers record and change them; what shows or moves the business as a whole is
an owner's.

A reader is refused by default: config/middleware.py lets none of their writes through to a view that does not say @readers_too.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from crm.models import User

Rest = ParamSpec("Rest")


def is_owner(user: User | AnonymousUser) -> bool:
    return isinstance(user, User) and user.is_owner


def may_write(user: User | AnonymousUser) -> bool:
    return isinstance(user, User) and user.may_write


def refuse_all_but_owners(user: User | AnonymousUser) -> None:
    if not is_owner(user):
        raise PermissionDenied(_("Only an owner of the business may open it. If you need it, ask one of them."))


def refuse_readers(user: User | AnonymousUser) -> None:
    if not may_write(user):
        raise PermissionDenied(_("Your account may look at everything here, and change nothing. If you need more, ask an owner."))


def owner_only(
    view: Callable[Concatenate[HttpRequest, Rest], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]:
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        refuse_all_but_owners(request.user)
        return view(request, *args, **kwargs)

    return guarded


def writers_only(
    view: Callable[Concatenate[HttpRequest, Rest], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]:
    """For a page that is nothing but a form: a reader does not even see it. Writes need it not, they are refused anyway."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        refuse_readers(request.user)
        return view(request, *args, **kwargs)

    return guarded


def readers_too(
    view: Callable[Concatenate[HttpRequest, Rest], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]:
    """For a view whose POST changes nothing of the business: it asks a question too long for an address, or is about one's own account."""
    view.readers_too = True  # type: ignore[attr-defined]  # as Django's own decorators mark a view
    return view


def before_second_factor(
    view: Callable[Concatenate[HttpRequest, Rest], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]:
    """For a view that is open to an owner who must set up two-factor login and has not yet."""
    view.before_second_factor = True  # type: ignore[attr-defined]  # as above
    return view
