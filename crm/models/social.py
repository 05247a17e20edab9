from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.models.customer import Customer


class SocialProfile(models.Model):
    """Where a customer is found on a social network. Written by crm/people/profiles.py, which makes the address of a name."""

    class Network(models.TextChoices):
        FACEBOOK = "facebook", "Facebook"
        INSTAGRAM = "instagram", "Instagram"
        LINKEDIN = "linkedin", "LinkedIn"
        X = "x", "X"
        TIKTOK = "tiktok", "TikTok"
        YOUTUBE = "youtube", "YouTube"
        WEBSITE = "website", _("Website")

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, db_index=False, verbose_name=_("customer"), related_name="social_profiles"
    )
    network = models.CharField(_("network"), max_length=10, choices=Network)
    # As it is shown: the name on the network, or the address without its beginning.
    handle = models.CharField(_("name there"), max_length=300)
    url = models.CharField(_("address"), max_length=400)

    added_at = models.DateTimeField(_("added"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("social profile")
        verbose_name_plural = _("social profiles")
        constraints = [
            models.UniqueConstraint(fields=["customer", "network", "url"], name="social_profile_once"),
            models.CheckConstraint(
                condition=Q(network__in=["facebook", "instagram", "linkedin", "x", "tiktok", "youtube", "website"]),
                name="social_network_is_known",
            ),
            models.CheckConstraint(condition=Q(url__startswith="https://"), name="social_profile_is_https"),
            models.CheckConstraint(condition=~Q(handle=""), name="social_profile_has_a_name"),
        ]

    def __str__(self) -> str:
        return f"{self.get_network_display()}: {self.handle}"
