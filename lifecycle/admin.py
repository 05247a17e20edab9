"""The stock admin panel over ladders; what placing and the night write can only be looked at."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from crm.admin import Derived, Folded
from crm.models import User
from crm.rules import InvalidRule, described, parse
from crm.rules.forms import RuleField
from lifecycle.definitions import PreviewPage
from lifecycle.editing import LAST_RANK, check, draft, make_primary, moves_people, newest, refuse_stale, save_ladder
from lifecycle.models import AFTER_STAGES, Ladder, LadderVersion, NightlyRun, NightlyStep, PinChange, Position, Stage, Transition
from lifecycle.versions import in_words

# Sent by the page that shows what an edit would do: the edit has been looked at.
PREVIEWED = "_previewed"


class _Unseen(Exception):
    """The edit can move people, and nobody has looked at whom. Undoes what the panel has written by then."""

    def __init__(self, ladder: Ladder, stages: list[Stage]) -> None:
        self.ladder, self.stages = ladder, stages


class LadderForm(forms.ModelForm[Ladder]):
    # The version that the page was made of, so that who saves second is told.
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Ladder
        fields = ["key", "name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["seen"] = newest(self.instance)

    def clean_seen(self) -> int:
        # A form without it is of nobody knows when.
        seen: int = self.cleaned_data["seen"] or 0
        if self.instance.pk:
            try:
                refuse_stale(self.instance, seen)
            except ValidationError:
                # Shown again, the page carries the newest one: whoever has read the sentence may save.
                self.data = {**self.data, "seen": newest(self.instance)}
                raise
        return seen


class StageForm(forms.ModelForm[Stage]):
    rule = RuleField(forbidden=AFTER_STAGES, label=_("Rule"), help_text=_("Of the stages, the first whose rule holds is taken."))

    class Meta:
        model = Stage
        fields = ["rank", "rung", "key", "name", "rule", "colour", "text"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rank"].validators.append(MaxValueValidator(LAST_RANK))
        # Rules and Facts name a stage by its key.
        self.fields["key"].disabled = self.instance.pk is not None


class StagesFormSet(BaseInlineFormSet[Stage, Ladder, StageForm]):
    def clean(self) -> None:
        # First, and not by deleted_forms: of a stage in which somebody stands the panel has a complaint of its own, which leads nowhere.
        leaving = [form.instance for form in self.initial_forms if form["DELETE"].data]
        if leaving:
            sentence = _("“%(stage)s” cannot be deleted here: take it off by the link beside it, which asks where its customers go.")
            raise ValidationError([sentence % {"stage": stage} for stage in leaving])
        super().clean()
        if not any(self.errors):
            check(self.instance, self.stages())

    def stages(self) -> list[Stage]:
        """All of them, as edited."""
        return [form.instance for form in self.forms if (form.has_changed() or form.instance.pk) and form not in self.deleted_forms]


class StageInline(admin.StackedInline[Stage, Ladder]):
    model = Stage
    form = StageForm
    formset = StagesFormSet  # type: ignore[assignment]  # of its own form, which the stubs do not foresee
    extra = 0
    ordering = ["rank"]
    readonly_fields = ["in_words", "version", "take_off"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Stage]:
        return super().get_queryset(request).filter(is_retired=False)

    @admin.display(description=_("in words"))
    def in_words(self, stage: Stage) -> str:
        try:
            return described(parse(stage.rule))
        except InvalidRule as wrong:
            return str(wrong)

    @admin.display(description=_("take it off"))
    def take_off(self, stage: Stage) -> str:
        """Where a new home for its customers is chosen."""
        if not stage.pk:
            return ""
        address = reverse("stage_leave", args=[stage.ladder.key, stage.key])
        return format_html('<a href="{}">{}</a>', address, _("Give its customers a new home"))


@admin.register(Ladder)
class LadderAdmin(admin.ModelAdmin[Ladder]):
    list_display = ["name", "key", "is_primary"]
    form = LadderForm
    fields = ["key", "name", "is_primary", "seen"]
    inlines = [StageInline]
    actions = ["make_primary"]

    def get_readonly_fields(self, request: HttpRequest, obj: Ladder | None = None) -> list[str]:
        return ["is_primary", *(["key"] if obj else [])]

    def has_delete_permission(self, request: HttpRequest, obj: Ladder | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.is_primary)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Shows what an edit would do, before it is saved."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except _Unseen as edit:
            return self._preview(request, edit)
        except ValidationError as wrong:
            # Somebody saved between the form's look and the lock; all that was written is undone.
            for sentence in wrong.messages:
                messages.error(request, sentence)
            return HttpResponseRedirect(request.get_full_path())

    def _preview(self, request: HttpRequest, edit: _Unseen) -> HttpResponse:
        carried = [(name, value) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken" for value in values]
        shown = {
            **self.admin_site.each_context(request),
            "title": _("What these changes would do"),
            "opts": self.opts,
            "page": PreviewPage.now(edit.ladder, edit.stages),
            "carried": carried,
            "previewed": PREVIEWED,
        }
        return TemplateResponse(request, "admin/lifecycle/ladder/preview.html", shown)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        ladder, stages = form.instance, formset.stages()
        if change and PREVIEWED not in request.POST and moves_people(draft(ladder), stages):
            raise _Unseen(ladder, stages)
        # For the panel's own history, which tells of them.
        formset.save(commit=False)
        save_ladder(ladder=ladder, stages=stages, by=cast(User, request.user), seen=form.cleaned_data["seen"])

    @admin.action(description=_("Make it the ladder that the facts and the pages speak of"))
    def make_primary(self, request: HttpRequest, queryset: QuerySet[Ladder]) -> None:
        try:
            make_primary(queryset.get(), cast(User, request.user))
        except Ladder.MultipleObjectsReturned:
            self.message_user(request, _("One ladder is the primary one; choose one."), "ERROR")


@admin.register(LadderVersion)
class LadderVersionAdmin(Derived):
    list_display = ["ladder", "number", "saved_at", "by", "in_words"]
    list_filter = ["ladder"]
    list_select_related = ["ladder", "by"]
    ordering = ["-pk"]

    @admin.display(description=_("what was changed"))
    def in_words(self, version: LadderVersion) -> str:
        return " ".join(in_words(version.changes))


@admin.register(Position)
class PositionAdmin(Folded, Derived):
    list_display = ["customer", "ladder", "stage", "since", "pinned", "pinned_until"]
    list_filter = ["ladder", "stage", "pinned"]
    list_select_related = ["customer", "ladder", "stage"]
    search_fields = ["customer__search_key"]
    ordering = ["-pk"]


@admin.register(Transition)
class TransitionAdmin(Folded, Derived):
    list_display = ["customer", "ladder", "from_stage", "to_stage", "effective_on", "source", "by", "reason"]
    list_filter = ["ladder", "source", "to_stage"]
    list_select_related = ["customer", "ladder", "from_stage", "to_stage", "by"]
    search_fields = ["customer__search_key"]
    ordering = ["-pk"]


@admin.register(PinChange)
class PinChangeAdmin(Folded, Derived):
    list_display = ["customer", "ladder", "stage", "kind", "effective_on", "until", "by", "reason"]
    list_filter = ["ladder", "kind"]
    list_select_related = ["customer", "ladder", "stage", "by"]
    search_fields = ["customer__search_key"]
    ordering = ["-pk"]


class NightlyStepInline(admin.TabularInline[NightlyStep, NightlyRun]):
    model = NightlyStep
    extra = 0


@admin.register(NightlyRun)
class NightlyRunAdmin(Derived):
    list_display = ["as_of", "state", "started_at", "failed_at", "finished_at", "reason"]
    inlines = [NightlyStepInline]
