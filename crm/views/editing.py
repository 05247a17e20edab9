"""Adding a customer, and changing what is kept about one."""

from typing import cast

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from crm.access import writers_only
from crm.customer_form import EditCustomerForm, NewCustomerForm, add_customer, added_before
from crm.editing import Clash, edit_customer
from crm.models import Business, User
from crm.profile import find

_TAKEN = gettext_lazy("Somebody else took this e-mail or id a moment ago: look them up, or give another one.")


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def new(request: HttpRequest) -> HttpResponse:
    """The form, and whom it adds; for htmx, while it is filled in, those who may be the same person."""
    today = Business.load().today()
    if request.method != "POST":
        return render(request, "crm/customer_new.html", {"form": NewCustomerForm(today=today)})
    form = NewCustomerForm(request.POST, today=today)
    is_valid = form.is_valid()
    if request.headers.get("HX-Target") == "alike":
        return render(request, "crm/_alike.html", {"form": form})
    if before := added_before(request.POST.get("key", "")):
        return redirect("customer", before.pk)
    if is_valid and form.is_confirmed and (added := _add(request, form)):
        return redirect("customer", added)
    if is_valid:
        form.warn()
    return render(request, "crm/customer_new.html", {"form": form})


def _add(request: HttpRequest, form: NewCustomerForm) -> int | None:
    try:
        added = add_customer(customer=form.instance, key=form.cleaned_data["key"], by=cast(User, request.user))
    except IntegrityError:
        form.add_error(None, _TAKEN)
        return None
    messages.success(request, _("%(who)s is added.") % {"who": added})
    return added.pk


@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """In its place on the customer's page for htmx, by itself without."""
    found, in_place = find(pk), bool(request.headers.get("HX-Request"))
    form = EditCustomerForm(request.POST if request.method == "POST" else None, today=Business.load().today(), instance=found)
    if request.method == "POST" and _save(request, form):
        if in_place:
            return HttpResponse(status=204, headers={"HX-Redirect": reverse("customer", args=[pk])})
        return redirect("customer", pk)
    if in_place:
        form.take_focus()
    shown = {"form": form, "customer": find(pk) if form.is_bound else found, "focus": "data-focus" if in_place else "autofocus"}
    return render(request, "crm/_edit.html" if in_place else "crm/customer_edit.html", shown)


def _save(request: HttpRequest, form: EditCustomerForm) -> bool:
    """Whether it is in the record now; if not, the form says why."""
    if not form.is_valid():
        return False
    if not form.is_confirmed:
        form.warn()
        return False
    seen, by = form.cleaned_data["seen"], cast(User, request.user)
    try:
        changed = edit_customer(customer=form.instance, seen=seen, mine=form.mine, chosen=form.chosen, by=by)
    except Clash as clash:
        form.show(clash)
        return False
    except IntegrityError:
        form.add_error(None, _TAKEN)
        return False
    messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
    return True
