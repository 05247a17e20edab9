from django.apps import AppConfig

from config import celery, checks


class Accounts(AppConfig):
    """allauth's accounts, whose modules those of the second factor import. Nothing of it runs: signing in is ours."""

    name = "allauth.account"
    default_auto_field = "django.db.models.AutoField"


class Factors(AppConfig):
    """allauth's second factor, as crm/factors.py uses it; without its signals."""

    name = "allauth.mfa"
    default_auto_field = "django.db.models.BigAutoField"


class ConfigConfig(AppConfig):
    """The roof: settings, addresses, processes. Imports anything, is imported by nothing."""

    name = "config"
    # The floors below ring by a task's name: they find this application without knowing it.
    celery = celery.app

    def ready(self) -> None:
        checks.register()
