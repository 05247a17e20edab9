from django.apps import AppConfig

from config import celery, checks


class ConfigConfig(AppConfig):
    """The roof: settings, addresses, processes. Imports anything, is imported by nothing."""

    name = "config"
    # The floors below ring by a task's name: they find this application without knowing it.
    celery = celery.app

    def ready(self) -> None:
        checks.register()
