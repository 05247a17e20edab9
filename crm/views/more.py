"""What the owner's fields say of a customer: filled in on the page, or on a page of its own."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm.access import writers_only
from crm.figures import figures_for
from crm.models import User
from crm.people.more import More, MoreForm
from crm.profile import find


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def more(request: HttpRequest, pk: int) -> HttpResponse:
    customer, is_part = find(pk), bool(request.headers.get("HX-Request"))
    form = MoreForm(customer, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and form.save(cast(User, request.user)):
        messages.success(request, _("Saved."))
        if not is_part:
            return redirect("customer", pk)
        return render(request, "crm/people/_more_saved.html", {"panel": More.of(customer, figures_for(request))})
    return render(request, "crm/people/_more_form.html" if is_part else "crm/people/more.html", {"form": form})
