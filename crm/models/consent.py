from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.models.customer import Customer
from crm.models.user import User

LONGEST_CONSENT_TEXT = 4000


class ConsentText(models.Model):
    """The words that somebody agreed to. A version is never changed; other words are the next version."""

    class Purpose(models.TextChoices):
        MARKETING = "marketing", _("News and offers")
        PROFILING = "profiling", _("Working out what would suit them")
        SURVEYS = "opinion", _("Asking for their opinion")
        SERVICE = "service", _("Messages about their orders")

    purpose = models.CharField(_("what for"), max_length=10, choices=Purpose)
    version = models.PositiveIntegerField(_("version"))
    text = models.TextField(_("text"), max_length=LONGEST_CONSENT_TEXT)

    made_at = models.DateTimeField(_("made at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("text of a consent")
        verbose_name_plural = _("texts of consents")
        constraints = [
            models.UniqueConstraint(fields=["purpose", "version"], name="consent_text_version_unique"),
            models.CheckConstraint(
                condition=Q(purpose__in=["marketing", "profiling", "opinion", "service"]), name="consent_text_purpose_is_known"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="consent_text_says_something"),
            models.CheckConstraint(condition=Q(version__gt=0), name="consent_text_version_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}, {self.version}"


class Consent(models.Model):
    """That somebody agreed to be written to, or agrees no more. Only ever added to: the latest row of a purpose and channel is what holds.

    Written by crm/consents.py.
    """

    Purpose = ConsentText.Purpose

    class Channel(models.TextChoices):
        EMAIL = "email", _("E-mail")
        PHONE = "phone", _("Phone")
        SMS = "sms", _("Text message")
        POST = "post", _("Post")
        SOCIAL = "social", _("Social network")

    class How(models.TextChoices):
        PHONE = "phone", _("By phone")
        COUNTER = "counter", _("At the counter")
        PAPER = "paper", _("On paper")
        FORM = "form", _("With a form on the web")
        EMAIL = "email", _("By e-mail")
        ESHOP = "eshop", _("In the e-shop")

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, db_index=False, verbose_name=_("customer"), related_name="consents")
    purpose = models.CharField(_("what for"), max_length=10, choices=Purpose)
    channel = models.CharField(_("which way"), max_length=10, choices=Channel)
    # False where it was withdrawn.
    given = models.BooleanField(_("given"))
    on = models.DateField(_("on"))
    how = models.CharField(_("how"), max_length=10, choices=How)
    # By which words; empty where it was withdrawn.
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("by which text"))
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("recorded by"))

    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        # The latest of each purpose and channel is the first of its range.
        indexes = [models.Index(fields=["customer", "purpose", "channel", "-id"], name="consent_latest_idx")]
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose__in=["marketing", "profiling", "opinion", "service"]), name="consent_purpose_is_known"
            ),
            models.CheckConstraint(condition=Q(channel__in=["email", "phone", "sms", "post", "social"]), name="consent_channel_is_known"),
            models.CheckConstraint(
                condition=Q(how__in=["phone", "counter", "paper", "form", "email", "eshop"]), name="consent_how_is_known"
            ),
            models.CheckConstraint(condition=Q(given=True) | Q(text=None), name="consent_text_is_of_one_given"),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}, {self.get_channel_display()}"
