"""The stock admin panel over ladders; what placing and the night write can only be looked at."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import MaxValueValidator
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.admin import Derived, Folded
from crm.rules import InvalidRule, described, parse
from crm.rules.forms import RuleField
from lifecycle.models import Ladder, NightlyRun, NightlyStep, PinChange, Position, Stage, Transition, validate_stages

LAST_RANK, OUT_OF_THE_WAY = 9_999, 10_000


class StageForm(forms.ModelForm[Stage]):
    rule = RuleField(label=_("Rule"), help_text=_("A rule as JSON. The first stage whose rule holds is taken."))

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
        super().clean()
        if any(self.errors):
            return
        kept = [form for form in self.forms if (form.has_changed() or form.instance.pk) and form not in self.deleted_forms]
        validate_stages(form.instance for form in kept)


class StageInline(admin.StackedInline[Stage, Ladder]):
    model = Stage
    form = StageForm
    formset = StagesFormSet  # type: ignore[assignment]  # of its own form, which the stubs do not foresee
    extra = 0
    ordering = ["rank"]
    readonly_fields = ["in_words", "version"]

    @admin.display(description=_("in words"))
    def in_words(self, stage: Stage) -> str:
        try:
            return described(parse(stage.rule))
        except InvalidRule as wrong:
            return str(wrong)


@admin.register(Ladder)
class LadderAdmin(admin.ModelAdmin[Ladder]):
    list_display = ["name", "key", "is_primary"]
    fields = ["key", "name", "is_primary"]
    inlines = [StageInline]
    actions = ["make_primary"]

    def get_readonly_fields(self, request: HttpRequest, obj: Ladder | None = None) -> list[str]:
        return ["is_primary", *(["key"] if obj else [])]

    def has_delete_permission(self, request: HttpRequest, obj: Ladder | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.is_primary)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for stage in formset.initial_forms:
            if "rule" in stage.changed_data:
                stage.instance.amended()
        self._make_room(formset)
        super().save_formset(request, form, formset, change)

    @staticmethod
    def _make_room(formset: Any) -> None:
        """Stages that change places are saved one after the other, and for a moment two would stand in one."""
        moving = [form.instance.pk for form in formset.initial_forms if {"rank", "rung"} & {*form.changed_data}]
        for number, pk in enumerate(moving):
            Stage.objects.filter(pk=pk).update(rank=OUT_OF_THE_WAY + number, rung=None)

    @admin.action(description=_("Make it the ladder that the facts and the pages speak of"))
    def make_primary(self, request: HttpRequest, queryset: QuerySet[Ladder]) -> None:
        try:
            queryset.get().make_primary()
        except Ladder.MultipleObjectsReturned:
            self.message_user(request, _("One ladder is the primary one; choose one."), "ERROR")


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
