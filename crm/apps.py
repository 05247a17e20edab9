from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from crm import catalogue, navigation


class CrmConfig(AppConfig):
    """The record: customers, orders, interactions, imports; the facts row and its catalogue."""

    name = "crm"
    verbose_name = _("Record")

    def ready(self) -> None:
        # By name, for they need the models, which are not there yet when this module is loaded.
        import_module("crm.happened")
        import_module("crm.evidence_panel")
        import_module("crm.merging.panel")
        import_module("crm.tasks.panel")
        import_module("crm.tasks.many")
        import_module("crm.complaints.customer")
        import_module("crm.people.panels")
        import_module("crm.people.many")
        import_module("crm.tags.page")
        import_module("crm.tags.many")
        catalogue.FAMILIES["tag"] = import_module("crm.tags.asking").family
        catalogue.FAMILIES["field_"] = import_module("crm.people.asking").family
        import_module("crm.consent_panel")
        catalogue.FAMILIES["may_be_sent_"] = import_module("crm.consents_asked").family
        navigation.register(
            navigation.Entry("customers", _("Customers"), "customers", navigation.Place.DAILY, order=20, in_tabs=True, key="c"),
            navigation.Entry("tasks", _("Tasks"), "tasks", navigation.Place.DAILY, order=15, key="k"),
            navigation.Entry("complaints", _("Complaints"), "complaint", navigation.Place.DAILY, order=40),
            navigation.Entry("desk", _("To answer"), "answer", navigation.Place.DAILY, order=50),
            navigation.Entry("import", _("Import"), "import", navigation.Place.SET_UP, order=10, owners_only=True, key="i"),
            navigation.Entry("fields", _("Fields"), "fields", navigation.Place.SET_UP, order=40, owners_only=True),
            navigation.Entry("tags", _("Tags"), "tag", navigation.Place.SET_UP, order=41, owners_only=True),
            navigation.Entry("team", _("Team"), "team", navigation.Place.SET_UP, order=80, owners_only=True),
            navigation.Entry("audit", _("Audit log"), "history", navigation.Place.SET_UP, order=90, owners_only=True),
        )
