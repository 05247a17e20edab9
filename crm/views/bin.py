"""The bin: into it, out of it, and who is in it."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm import bin
from crm.access import owner_only
from crm.bin_page import BinPage
from crm.models import Customer, User
from crm.profile import find


@require_safe
@owner_only
def shown(request: HttpRequest) -> HttpResponse:
    return render(request, "crm/bin.html", {"page": BinPage.of(request.GET.get("page", ""))})


@require_POST
@owner_only
def put(request: HttpRequest, pk: int) -> HttpResponse:
    customer = find(pk)
    try:
        bin.put_in_bin(customer=customer, by=cast(User, request.user), now=timezone.now())
    except bin.NotThere as gone:
        messages.info(request, str(gone))
    else:
        said = _("%(who)s is deleted. %(then)s") % {"who": customer, "then": bin.BINNED}
        messages.success(request, said, extra_tags=reverse("customer_restore", args=[pk]))
    return redirect("customers")


@require_POST
@owner_only
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    customer = get_object_or_404(Customer, pk=pk)
    try:
        bin.restore(customer=customer, by=cast(User, request.user))
    except bin.NotThere as gone:
        messages.info(request, str(gone))
    else:
        messages.success(request, _("%(who)s is back, with all that is theirs.") % {"who": customer})
    return redirect("customer", pk)
