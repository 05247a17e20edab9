from importlib import import_module

from django.apps import AppConfig
from django.db.models import F
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm import catalogue, marks, navigation
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
        marks.provide(self.stage_marks)
        # By name, for it needs the models, which are not there yet when this module is loaded.
        import_module("lifecycle.standing")
        navigation.register(
            Entry("home", _("Today"), "today", Place.DAILY, order=10, in_tabs=True, key="t"),
            Entry("ladder", _("Ladder"), "ladder", Place.UNDERSTAND, order=10, in_tabs=True, key="l"),
        )

    def stages(self) -> dict[str, str]:
        """The stages of the primary ladder with their names, from the first tried to the last."""
        found = self.get_model("Stage")._default_manager.filter(ladder__is_primary=True).order_by("rank")
        return {key: gettext(name) for key, name in found.values_list("key", "name")}

    def stage_marks(self) -> dict[str, marks.StageMark]:
        """The same as they are drawn, from the lowest rung up; what stands beside the ladder last."""
        found = self.get_model("Stage")._default_manager.filter(ladder__is_primary=True)
        stages = found.order_by(F("rung").asc(nulls_last=True), "rank").values_list("key", "name", "rung", "colour")
        rungs = [rung for _key, _name, rung, _colour in stages if rung is not None]
        filled = {rung: -(-marks.RUNGS * (place + 1) // len(rungs)) for place, rung in enumerate(rungs)}
        return {key: marks.StageMark(key, gettext(name), filled.get(rung), colour) for key, name, rung, colour in stages}
