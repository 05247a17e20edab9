from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm import catalogue, navigation
from crm.navigation import Entry, Place


class LifecycleConfig(AppConfig):
    """Where customers stand, and what to do: ladders, stages, positions, the nightly run; Today."""

    name = "lifecycle"
    verbose_name = _("Lifecycle")

    def ready(self) -> None:
        catalogue.register(
            catalogue.Fact("stage", catalogue.Kind.CHOICE, "stages", offers=self.stages),
            catalogue.Fact("stage_since", catalogue.Kind.DATE, "stages"),
        )
        # By name, for they need the models, which are not there yet when this module is loaded.
        import_module("lifecycle.standing")
        import_module("lifecycle.pins")
        import_module("lifecycle.groups")
        navigation.register(
            Entry("home", _("Today"), "today", Place.DAILY, order=10, in_tabs=True, key="t"),
            Entry("ladder", _("Ladder"), "ladder", Place.UNDERSTAND, order=10, in_tabs=True, key="l"),
        )

    def stages(self) -> dict[str, str]:
        """The stages of the primary ladder with their names, from the first tried to the last."""
        found = self.get_model("Stage")._default_manager.filter(ladder__is_primary=True, is_retired=False).order_by("rank")
        return {key: gettext(name) for key, name in found.values_list("key", "name")}
