from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.fold import fold
from crm.models.user import User


def key_start(path: str = "search_key") -> models.Func:
    """What lists by name are sorted by: an index takes no text of any length. Without parameters, for SQLite would not know the index."""
    return models.Func(path, function="SUBSTR", template="%(function)s(%(expressions)s, 1, 50)", output_field=models.TextField())


two_letters = RegexValidator(r"\A[A-Za-z]{2}\Z", _("Two letters, such as cz."))


class Customer(models.Model):
    """Someone who buys or might: a person or a company."""

    class Entity(models.TextChoices):
        PERSON = "person", _("Person")
        COMPANY = "company", _("Company")

    class Market(models.TextChoices):
        B2C = "b2c", _("B2C: buys for themselves")
        B2B = "b2b", _("B2B: buys for a business")

    class Kind(models.TextChoices):
        EXTERNAL = "external", _("External: buys from us")
        INTERMEDIARY = "intermediary", _("Intermediary: sells on what we make")
        INTERNAL = "internal", _("Internal: works for us")

    entity = models.CharField(_("person or company"), max_length=10, choices=Entity, default=Entity.PERSON)
    market = models.CharField(_("market"), max_length=3, choices=Market, default=Market.B2C)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.EXTERNAL)
    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country, two letters"), max_length=2, blank=True, validators=[two_letters])
    language = models.CharField(_("language, two letters"), max_length=2, blank=True, validators=[two_letters])
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    source = models.CharField(_("acquisition source"), max_length=100, blank=True)
    owner = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("looked after by"), related_name="customers"
    )
    external_id = models.CharField(_("id elsewhere"), max_length=100, blank=True)
    disqualified_on = models.DateField(_("disqualified on"), null=True, blank=True)
    lost_marked_on = models.DateField(_("marked as lost on"), null=True, blank=True)
    partner_on = models.DateField(_("partner since"), null=True, blank=True)
    only_us_on = models.DateField(_("buys only from us since"), null=True, blank=True)
    referred_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("referred by"), related_name="referrals"
    )
    referred_on = models.DateField(_("referred on"), null=True, blank=True)

    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    search_key = models.TextField(_("search key"), blank=True, editable=False)
    # Folded, for rules: text compares by the folded key on both engines. With a default of the database, for imports that bring neither.
    # No limit: a letter may fold into many.
    city_key = models.TextField(default="", db_default="", editable=False)
    source_key = models.TextField(default="", db_default="", editable=False)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes = [
            # The list by name.
            models.Index(key_start(), "id", name="customer_name_idx"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["external_id"],
                condition=~Q(external_id=""),
                name="customer_external_id_unique",
                violation_error_message=_("Another customer has this id already."),
            ),
            models.UniqueConstraint(
                fields=["email"],
                condition=~Q(email=""),
                name="customer_email_unique",
                violation_error_message=_("Another customer has this e-mail already."),
            ),
            models.CheckConstraint(
                condition=Q(email=Lower("email")),
                name="customer_email_is_lower",
                violation_error_message=_("An e-mail is kept in small letters."),
            ),
            models.CheckConstraint(
                condition=Q(country=Upper("country")),
                name="customer_country_is_upper",
                violation_error_message=_("A country is kept in capital letters."),
            ),
            models.CheckConstraint(
                condition=Q(language=Lower("language")),
                name="customer_language_is_lower",
                violation_error_message=_("A language is kept in small letters."),
            ),
            models.CheckConstraint(
                condition=Q(referred_by=None) | ~Q(referred_by=F("pk")),
                name="customer_not_referred_by_self",
                violation_error_message=_("Nobody refers themselves."),
            ),
            models.CheckConstraint(
                condition=Q(referred_by=None, referred_on=None) | Q(referred_by__isnull=False, referred_on__isnull=False),
                name="customer_referral_has_its_date",
                violation_error_message=_("A referral needs both: who referred, and when."),
            ),
            models.CheckConstraint(condition=Q(entity__in=["person", "company"]), name="customer_entity_is_known"),
            models.CheckConstraint(condition=Q(market__in=["b2c", "b2b"]), name="customer_market_is_known"),
            models.CheckConstraint(condition=Q(kind__in=["external", "intermediary", "internal"]), name="customer_kind_is_known"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.external_id or f"#{self.pk}"

    def clean(self) -> None:
        self.email = self.email.strip().lower()
        self.country, self.language = self.country.upper(), self.language.lower()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves, with the keys that belong to the texts of this row."""
        self.search_key = search_key(self.name, self.email, self.phone, self.external_id)
        self.city_key, self.source_key = fold(self.city), fold(self.source)
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "search_key", "city_key", "source_key"}
        super().save(*args, **kwargs)


def search_key(name: str, email: str, phone: str, external_id: str) -> str:
    """What a search for part of a customer looks through: folded, the phone also as bare digits."""
    digits = "".join(letter for letter in phone if letter.isdigit())
    return fold(" ".join((name, email, phone, digits, external_id)))
