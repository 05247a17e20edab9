from django.apps import AppConfig

from config import checks


class ConfigConfig(AppConfig):
    """The roof: settings, addresses, processes. Imports anything, is imported by nothing."""

    name = "config"

    def ready(self) -> None:
        checks.register()
