from django.contrib import admin

from crm.admin import Derived
from lifecycle.models import NightlyRun, NightlyStep


class NightlyStepInline(admin.TabularInline[NightlyStep, NightlyRun]):
    model = NightlyStep
    extra = 0


@admin.register(NightlyRun)
class NightlyRunAdmin(Derived):
    list_display = ["as_of", "state", "started_at", "finished_at", "reason"]
    inlines = [NightlyStepInline]
