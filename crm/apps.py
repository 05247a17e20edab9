from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CrmConfig(AppConfig):
    """The record: customers, orders, interactions, imports; the facts row and its catalogue."""

    name = "crm"
    verbose_name = _("Record")
