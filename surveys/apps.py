from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SurveysConfig(AppConfig):
    """What customers told us. Empty so far: surveys are the eighth thing to be built; the app is here so that the tower is whole."""

    name = "surveys"
    verbose_name = _("Surveys")
