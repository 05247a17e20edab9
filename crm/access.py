"""Who may open what. Everyone signed in sees people and logs; what shows or moves the business as a whole is an owner's."""

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


def refuse_all_but_owners(user: User | AnonymousUser) -> None:
    if not is_owner(user):
        raise PermissionDenied(_("Only an owner of the business may open it. If you need it, ask one of them."))


def owner_only(
    view: Callable[Concatenate[HttpRequest, Rest], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]:
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        refuse_all_but_owners(request.user)
        return view(request, *args, **kwargs)

    return guarded
