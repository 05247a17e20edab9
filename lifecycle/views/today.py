"""Today, and "not now"."""

from datetime import date
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.access import is_owner
from crm.complaints import open_of
from crm.contact import ICONS, USUAL_MINUTES
from crm.figures import figures_for
from crm.models import Business, Interaction, User
from crm.profile import find
from crm.returning import way_back
from crm.tasks.lists import DueTasks
from lifecycle.models import NotNow
from lifecycle.morning import Morning
from lifecycle.today import AWAY, away_since


@require_safe
def today(request: HttpRequest) -> HttpResponse:
    figures = figures_for(request)
    morning = Morning.of(figures, figures.business.today(), with_money=is_owner(request.user))
    with_complaint = open_of([person.facts.customer_id for person in morning.contact.people]) if morning.contact else set()
    shown = {
        "morning": morning,
        "due_tasks": None if figures.is_past else _due_tasks(request, figures.business.today()),
        "kinds": [(kind, ICONS[kind]) for kind in Interaction.Kind],
        "minutes": USUAL_MINUTES,
        "draw_key": uuid4,
        "with_complaint": with_complaint,
    }
    return render(request, "lifecycle/today.html", shown)


def _due_tasks(request: HttpRequest, day: date) -> DueTasks:
    """The reader's own, or everyone's, as the address says."""
    assert isinstance(request.user, User)
    return DueTasks.of(request.user, day, everyones=request.GET.get("tasks") == "all")


@require_POST
def not_now(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts a customer off for two weeks, whether Today still names them or not."""
    customer = find(pk)
    assert isinstance(request.user, User)
    NotNow.objects.get_or_create(customer=customer, said_on=Business.load().today(), defaults={"by": request.user})
    said = _("%(who)s stays off the list for %(days)d days.") % {"who": customer, "days": AWAY.days}
    messages.success(request, said, extra_tags=reverse("undo_not_now", args=[pk]))
    return redirect(way_back(request, otherwise=reverse("home")))


@require_POST
def undo_not_now(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes back every "not now" that is still in force."""
    customer = find(pk)
    business = Business.load()
    NotNow.objects.filter(customer=customer, said_on__gt=away_since(business.as_of or business.today())).delete()
    messages.success(request, _("%(who)s may be on the list again.") % {"who": customer})
    return redirect(way_back(request, otherwise=reverse("home")))
