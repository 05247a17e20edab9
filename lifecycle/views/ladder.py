"""The ladder, and the moves behind its numbers."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.access import is_owner
from crm.figures import figures_for
from lifecycle.choice import Choice
from lifecycle.ladder import LadderPage, span
from lifecycle.moved import MovesPage
from lifecycle.replayed import replay_job


@require_safe
def ladder(request: HttpRequest) -> HttpResponse:
    figures, asked = figures_for(request), request.GET
    choice = Choice.of(asked.get("ladder", ""), figures.business)
    shown = None
    if figures.as_of:
        days, may_see = span(asked.get("days", "")), is_owner(request.user)
        shown = LadderPage.of(figures, figures.as_of, days, choice, asked.get("as_of", ""), shows_revenue=may_see)
    context = {"ladder": shown, "choice": choice, "ladder_stages": choice.marks, "replay": replay_job()}
    return render(request, "lifecycle/ladder.html", context)


@require_safe
def moves(request: HttpRequest) -> HttpResponse:
    figures = figures_for(request)
    choice = Choice.of(request.GET.get("ladder", ""), figures.business)
    shown = MovesPage.of(request.GET, figures, figures.as_of, choice) if figures.as_of else None
    return render(request, "lifecycle/moves.html", {"moved": shown, "ladder_stages": choice.marks})
