from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from crm import navigation


class CrmConfig(AppConfig):
    """The record: customers, orders, interactions, imports; the facts row and its catalogue."""

    name = "crm"
    verbose_name = _("Record")

    def ready(self) -> None:
        # By name, for they need the models, which are not there yet when this module is loaded.
        import_module("crm.happened")
        import_module("crm.evidence_panel")
        navigation.register(
            navigation.Entry("customers", _("Customers"), "customers", navigation.Place.DAILY, order=20, in_tabs=True, key="c"),
            navigation.Entry("import", _("Import"), "import", navigation.Place.SET_UP, order=10, owners_only=True, key="i"),
        )
