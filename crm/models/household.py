from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.models.user import User


class Household(models.Model):
    """People who live, and often buy, together. Its members point at it; written by crm/people/households.py."""

    name = models.CharField(_("name"), max_length=100)

    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+")
    made_at = models.DateTimeField(_("made"), db_default=Now(), editable=False)
    # One that was dissolved has no members; `was` holds the primary keys of those it had, so that it can be undone.
    dissolved_at = models.DateTimeField(_("dissolved"), null=True, blank=True, editable=False)
    was = models.JSONField(default=list, editable=False)

    class Meta:
        verbose_name = _("household")
        verbose_name_plural = _("households")
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="household_has_a_name")]

    def __str__(self) -> str:
        return self.name
