from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from crm import catalogue


class LifecycleConfig(AppConfig):
    """Where customers stand, and what to do: ladders, stages, positions, the nightly run; Today comes to live here."""

    name = "lifecycle"
    verbose_name = _("Lifecycle")

    def ready(self) -> None:
        catalogue.register(
            catalogue.Fact("stage", catalogue.Kind.CHOICE, "stages", offers=self.stages),
            catalogue.Fact("stage_since", catalogue.Kind.DATE, "stages"),
        )

    def stages(self) -> dict[str, str]:
        """The stages of the primary ladder with their names, from the first tried to the last."""
        found = self.get_model("Stage")._default_manager.filter(ladder__is_primary=True).order_by("rank")
        return dict(found.values_list("key", "name"))
