from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from crm import catalogue, navigation


class SegmentsConfig(AppConfig):
    """What we derive from the facts: pure modules over pandas, and the one reader and writer of frames."""

    name = "segments"
    verbose_name = _("Segments")

    def ready(self) -> None:
        catalogue.register(
            catalogue.Fact(
                "pareto_class",
                catalogue.Kind.CHOICE,
                "pareto",
                means=_("Whether they are of the few who bring most of the revenue of 12 months."),
            )
        )
        navigation.register(
            navigation.Entry("segments", _("Segments"), "segments", navigation.Place.DAILY, order=30, key="s"),
            navigation.Entry("pareto", _("Pareto"), "pareto", navigation.Place.UNDERSTAND, order=20, owners_only=True, key="p"),
        )
        hiding = import_module("crm.hiding")
        hiding.sets_aside("segments.Member", then=import_module("segments.membership").keep_sizes)
        hiding.sets_aside("segments.SegmentMove")
        # By name, for they need the models, which are not there yet when this module is loaded.
        catalogue.FAMILIES["segment"] = import_module("segments.asking").family
        import_module("crm.people.uses").register(import_module("segments.asking").rules)
        import_module("crm.list_actions").register(import_module("segments.links").save_as_segment)
