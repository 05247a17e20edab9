from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.user import User


class Link(models.Model):
    """A login link, as its hash: who reads the database cannot open the door with it. crm/links.py makes and redeems them."""

    user = models.ForeignKey(User, models.CASCADE, verbose_name=_("user"), related_name="+")
    digest = models.CharField(_("hash"), max_length=64, unique=True)
    expires_at = models.DateTimeField(_("good until"))
    used_at = models.DateTimeField(_("used"), null=True, blank=True)

    class Meta:
        verbose_name = _("login link")
        verbose_name_plural = _("login links")
