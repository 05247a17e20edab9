"""The customer page's panel of merged records. Loaded by the AppConfig."""

from django.db.models import OuterRef

from crm import panels, presence
from crm.merging.page import MergedPanel
from crm.models import Merge

panels.register(panels.Panel("crm/merging/_merged.html", MergedPanel.of, order=80))
presence.register("merges", Merge.objects.filter(into=OuterRef("pk"), undone_at=None))
