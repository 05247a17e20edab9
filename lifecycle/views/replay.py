"""Having the past replayed: after a rule was changed, say."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.access import owner_only
from crm.models import User
from crm.returning import way_back
from lifecycle.replayed import Span, ask


@require_POST
@owner_only
def replay(request: HttpRequest) -> HttpResponse:
    """Asks for it; at most one waits."""
    due = Span.due()
    if isinstance(due, str):
        messages.error(request, due)
    else:
        ask(cast(User, request.user))
    return redirect(way_back(request, otherwise=reverse("ladder")))
