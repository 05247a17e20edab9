"""The demo: tried on an empty record, and taken out to make room for one's own data. A worker does both."""

from dataclasses import dataclass
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from crm import demo_jobs
from crm.access import owner_only
from crm.models import Business, Customer, Interaction, Job, Order, User
from lifecycle.demo.empty import is_empty


@dataclass(frozen=True)
class Contents:
    """What goes with the demo."""

    customers: int
    orders: int
    interactions: int

    @classmethod
    def count(cls) -> "Contents":
        return cls(Customer.objects.count(), Order.objects.count(), Interaction.objects.count())


@require_POST
@owner_only
def fill(request: HttpRequest) -> HttpResponse:
    if is_empty():
        demo_jobs.ask_for(demo_jobs.FILL, cast(User, request.user))
    else:
        messages.error(request, _("The demo goes into an empty record only, and there is something in this one."))
    return redirect("home")


@require_http_methods(["GET", "HEAD", "POST"])
@owner_only
def remove(request: HttpRequest) -> HttpResponse:
    """Says what goes, then has it removed. Where there is no demo (any more), the way is free."""
    if not Business.load().is_demo:
        return redirect("import")
    if request.method == "POST":
        demo_jobs.ask_for(demo_jobs.REMOVE, cast(User, request.user))
        return redirect("import")
    return render(request, "crm/demo_remove.html", {"contents": Contents.count()})


@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """A part of the banner. Once there is nothing to wait for, the page is to be read again."""
    if "HX-Request" not in request.headers:
        return redirect("home")
    job = demo_jobs.latest()
    if job is None or job.state not in Job.OPEN:
        return HttpResponseClientRefresh()
    return render(request, "crm/_demo_progress.html", {"job": job})
