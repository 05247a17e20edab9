"""The ladder, and the moves behind its numbers."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.figures import figures_for
from lifecycle.ladder import LadderPage, span
from lifecycle.moved import MovesPage


@require_safe
def ladder(request: HttpRequest) -> HttpResponse:
    figures = figures_for(request)
    shown = LadderPage.of(figures, figures.as_of, span(request.GET.get("days", ""))) if figures.as_of else None
    return render(request, "lifecycle/ladder.html", {"ladder": shown})


@require_safe
def moves(request: HttpRequest) -> HttpResponse:
    figures = figures_for(request)
    shown = MovesPage.of(request.GET, figures, figures.as_of) if figures.as_of else None
    return render(request, "lifecycle/moves.html", {"moved": shown})
