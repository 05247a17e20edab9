"""One change to many customers: whom, what, how far, and back."""

from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import audit, export
from crm.access import owner_only
from crm.bulk_actions import doing
from crm.bulk_actions.page import Asking, Outcome
from crm.bulk_actions.selection import Selection
from crm.figures import figures_for
from crm.models import BulkAction, User


@require_http_methods(["GET", "HEAD", "POST"])
@owner_only
def ask(request: HttpRequest) -> HttpResponse:
    """Asks what is to be done with those who were chosen in the list; by POST has it done."""
    figures = figures_for(request)
    if figures.is_past:
        messages.error(request, _("The past cannot be changed: end the look back first."))
        return redirect("customers")
    asking = Asking.of(figures, request.GET, request.POST if request.method == "POST" else None)
    if not asking.people:
        messages.error(request, _("Nobody was chosen: tick those whom it is about, then go on."))
        return redirect("customers")
    if request.method == "POST" and (said := asking.said):
        kind, arguments, key = said
        by = cast(User, request.user)
        try:
            action = doing.ask(kind=kind, said=arguments, selection=asking.selection, people=asking.people, by=by, form_key=key)
        except ValidationError as wrong:
            asking.form.add_error(None, wrong)
        else:
            return redirect("bulk_action_result", action.pk)
    return render(request, "crm/bulk_actions/ask.html", {"asking": asking})


@require_POST
@owner_only
def take_out(request: HttpRequest) -> HttpResponseBase:
    """The chosen ones as a CSV file. By POST, for it leaves word of who took it."""
    figures = figures_for(request)
    found = Selection.of(request.POST).facts(figures)
    people = found.count()
    if not people:
        messages.error(request, _("Nobody was chosen: tick those whom it is about, then go on."))
        return redirect("customers")
    changes: audit.Changes = {"people": [None, people], "selection": [None, Selection.of(request.POST).keeps]}
    audit.keep(what="export.customers", by=cast(User, request.user), of=figures.business, changes=changes)
    attached = {"Content-Disposition": 'attachment; filename="customers.csv"'}
    rows = export.lines(export.header_of_some(), export.rows_of(found))
    return StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8", headers=attached)


@require_safe
@owner_only
def result(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "crm/bulk_actions/result.html", {"outcome": _outcome(pk)})


@require_safe
@owner_only
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """A part of that page, which asks for it again as long as there is something to wait for."""
    if "HX-Request" not in request.headers:
        return redirect("bulk_action_result", pk)
    return render(request, "crm/bulk_actions/_progress.html", {"outcome": _outcome(pk), "is_fragment": True})


@require_POST
@owner_only
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    if not doing.ask_undo(action=_found(pk), by=cast(User, request.user)):
        messages.info(request, _("There is nothing to take back: it is not at its end, or was taken back already."))
    return redirect("bulk_action_result", pk)


@require_POST
@owner_only
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Goes on with one that failed on its way."""
    if not doing.go_on(action=_found(pk)):
        messages.info(request, _("It is at its end, or still on its way."))
    return redirect("bulk_action_result", pk)


def _found(pk: int) -> BulkAction:
    return get_object_or_404(BulkAction.objects.select_related("job", "by"), pk=pk)


def _outcome(pk: int) -> Outcome:
    return Outcome.of(_found(pk), timezone.now())
