"""Settings, Ladders: each change of a stage is shown in what it would do, then saved as a version of its ladder."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.access import owner_only
from crm.models import Business, User
from crm.rules.builder import pressed
from lifecycle.definitions import LadderDefinition, PreviewPage, ladder_lines
from lifecycle.editing import check, draft, make_ladder, make_primary, moves_people, newest, ranked, refuse_stale, restore, save_ladder
from lifecycle.models import Ladder, LadderVersion, Position, Stage
from lifecycle.retiring import retire
from lifecycle.stage_form import HomeForm, LadderForm, StageForm

# Sent by the page that shows what an edit would do: the edit has been looked at.
PREVIEWED = "previewed"
NOT_CARRIED = {"csrfmiddlewaretoken", "preview", "save", PREVIEWED}


@require_http_methods(["GET", "HEAD", "POST"])
@owner_only
def ladders(request: HttpRequest) -> HttpResponse:
    form = LadderForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            made = make_ladder(name=form.cleaned_data["name"], by=_owner(request))
        except ValidationError as wrong:
            form.add_error(None, wrong.messages)
        else:
            messages.success(request, _("Made. Everyone is placed on it in the next night."))
            return redirect("ladder_settings", made.key)
    return render(request, "lifecycle/settings_ladders.html", {"lines": ladder_lines(), "form": form})


@require_safe
@owner_only
def ladder(request: HttpRequest, key: str) -> HttpResponse:
    return render(request, "lifecycle/settings_ladder.html", {"definition": LadderDefinition.of(_ladder(key))})


@require_POST
@owner_only
def primary(request: HttpRequest, key: str) -> HttpResponse:
    make_primary(_ladder(key), cast(User, request.user))
    messages.success(request, _("The pages speak of this ladder now. Everyone’s stage is written down anew, which takes a moment."))
    return redirect("ladder_settings", key)


@require_POST
@owner_only
def back(request: HttpRequest, key: str) -> HttpResponse:
    found, number = _ladder(key), _number(request, "number")
    try:
        saved = restore(ladder=found, number=number, by=_owner(request), seen=_number(request, "seen"))
    except ValidationError as wrong:
        messages.error(request, " ".join(wrong.messages))
    else:
        _say(request, saved)
    return redirect("ladder_settings", key)


@require_POST
@owner_only
def order(request: HttpRequest, key: str) -> HttpResponse:
    """Tries a stage one sooner or one later."""
    found = _ladder(key)
    stages = draft(found)
    place = next((number for number, stage in enumerate(stages) if stage.key == request.POST.get("stage")), -1)
    other = place + {"up": -1, "down": 1}.get(request.POST.get("way", ""), len(stages))
    if place < 0 or not 0 <= other < len(stages):
        messages.error(request, _("That stage cannot be tried sooner or later than it is."))
        return redirect("ladder_settings", key)
    stages[place], stages[other] = stages[other], stages[place]
    try:
        refuse_stale(found, _number(request, "seen"))
        check(found, ranked(stages))
        return _previewed_or_saved(request, found, stages, back=reverse("ladder_settings", args=[key]))
    except ValidationError as wrong:
        messages.error(request, " ".join(wrong.messages))
        return redirect("ladder_settings", key)


@require_http_methods(["GET", "HEAD", "POST"])
@owner_only
def add(request: HttpRequest, key: str) -> HttpResponse:
    found = _ladder(key)
    return _edit(request, found, Stage(ladder=found, rule={"any": []}))


@require_http_methods(["GET", "HEAD", "POST"])
@owner_only
def stage(request: HttpRequest, key: str, stage: str) -> HttpResponse:
    found = _ladder(key)
    return _edit(request, found, get_object_or_404(found.stages.kept(), key=stage))


def _edit(request: HttpRequest, found: Ladder, edited: Stage) -> HttpResponse:
    form = StageForm(request.POST if request.method == "POST" else None, instance=edited, ladder=found)
    # From the preview, to go on with what was typed.
    goes_on = "again" in request.POST or pressed(form)
    if form.is_bound and not goes_on and form.is_valid():
        stages = form.stages()
        try:
            refuse_stale(found, _number(request, "seen"))
            check(found, stages)
            return _previewed_or_saved(request, found, stages, back=request.path)
        except ValidationError as wrong:
            form.add_error(None, wrong.messages)
    shown = {"form": form, "ladder": found, "stage": edited, "seen": newest(found)}
    return render(request, "lifecycle/settings_stage.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@owner_only
def leave(request: HttpRequest, key: str, stage: str) -> HttpResponse:
    """Takes a stage off the ladder."""
    found = _ladder(key)
    leaving = get_object_or_404(found.stages.kept().select_related("ladder"), key=stage)
    form = HomeForm(request.POST if request.method == "POST" else None, stage=leaving)
    if form.is_bound and form.is_valid():
        left = [other for other in draft(found) if other != leaving]
        try:
            refuse_stale(found, _number(request, "seen"))
            check(found, left)
            if PREVIEWED in request.POST:
                retire(
                    stage=leaving,
                    home=form.cleaned_data["home"],
                    by=_owner(request),
                    today=Business.load().today(),
                    seen=_number(request, "seen"),
                )
                messages.success(request, _("Taken off the ladder; its customers have their new home."))
                return redirect("ladder_settings", key)
            moving = {"leaving": leaving, "home": form.cleaned_data["home"], "people": _people(leaving)}
            return _preview(request, found, left, back=request.path, **moving)
        except ValidationError as wrong:
            form.add_error(None, wrong.messages)
    shown = {"form": form, "ladder": found, "stage": leaving, "people": _people(leaving), "seen": newest(found)}
    return render(request, "lifecycle/settings_leave.html", shown)


def _previewed_or_saved(request: HttpRequest, found: Ladder, stages: Sequence[Stage], *, back: str) -> HttpResponse:
    """Saves what has been looked at, or can move nobody; shows what it would do otherwise. Raises ValidationError as `save_ladder` does."""
    wants_save = "preview" not in request.POST and not moves_people(draft(found), stages)
    if PREVIEWED not in request.POST and not wants_save:
        return _preview(request, found, stages, back=back)
    _say(request, save_ladder(ladder=found, stages=stages, by=_owner(request), seen=_number(request, "seen")))
    return redirect("ladder_settings", found.key)


def _preview(request: HttpRequest, found: Ladder, stages: Sequence[Stage], *, back: str, **more: Any) -> HttpResponse:
    carried = [(name, value) for name, values in request.POST.lists() if name not in NOT_CARRIED for value in values]
    shown = {"page": PreviewPage.now(found, stages), "carried": carried, "back": back, "previewed": PREVIEWED, **more}
    return render(request, "lifecycle/settings_preview.html", shown)


def _people(stage: Stage) -> int:
    return Position.objects.filter(ladder=stage.ladder_id, stage=stage).count()


def _say(request: HttpRequest, saved: LadderVersion | None) -> None:
    if saved is None:
        messages.info(request, _("Nothing was changed."))
    else:
        messages.success(request, _("Saved as version %(number)d. It holds from the next night on.") % {"number": saved.number})


def _ladder(key: str) -> Ladder:
    return get_object_or_404(Ladder, key=key)


def _owner(request: HttpRequest) -> User:
    return cast(User, request.user)


def _number(request: HttpRequest, name: str) -> int:
    """What is no number is read as the oldest there can be: whoever forged it is told that the ladder has changed."""
    text = request.POST.get(name, "")
    with suppress(ValueError):
        return int(text) if len(text) < 10 and text.isascii() else 0
    return 0
