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
            catalogue.Fact(
                "stage", catalogue.Kind.CHOICE, "stages", offers=self.stages, means=_("Where the customer stands on the main ladder.")
            ),
            catalogue.Fact(
                "stage_since",
                catalogue.Kind.DATE,
                "stages",
                means=_("The day on which the customer came to this stage."),
                has_come=True,
            ),
        )
        catalogue.FAMILIES["stage_on_"] = self.belongings
        hiding = import_module("crm.hiding")
        hiding.sets_aside("lifecycle.Position", "lifecycle.Transition", "lifecycle.PinChange")
        hiding.drops("lifecycle.ReplayedMove")
        # By name, for they need the models, which are not there yet when this module is loaded.
        import_module("lifecycle.standing")
        import_module("lifecycle.pins")
        import_module("lifecycle.groups")
        import_module("crm.people.uses").register(import_module("lifecycle.belonging").rules)
        navigation.register(
            Entry("home", _("Today"), "today", Place.DAILY, order=10, in_tabs=True, key="t"),
            Entry("ladder", _("Ladder"), "ladder", Place.UNDERSTAND, order=10, in_tabs=True, key="l"),
            Entry("ladders", _("Settings"), "settings", Place.SET_UP, order=90, owners_only=True),
        )

    def stages(self) -> dict[str, str]:
        """The stages of the primary ladder with their names, from the first tried to the last."""
        found = self.get_model("Stage")._default_manager.filter(ladder__is_primary=True, is_retired=False).order_by("rank")
        return {key: gettext(name) for key, name in found.values_list("key", "name")}

    def belongings(self) -> dict[str, catalogue.Fact]:
        """For each ladder the fact on which stage of it somebody stands."""
        facts: dict[str, catalogue.Fact] = import_module("lifecycle.belonging").stages_on()
        return facts
