from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LifecycleConfig(AppConfig):
    """Where customers stand, and what to do: the nightly run; stages and Today come to live here."""

    name = "lifecycle"
    verbose_name = _("Lifecycle")
