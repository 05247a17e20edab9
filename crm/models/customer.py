from typing import Any, NamedTuple, Self

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.fold import fold
from crm.models.business import Business, two_letters
from crm.models.household import Household
from crm.models.user import User
from crm.phones import digits_of, phone_key

KEY_START = 50


class KeyStart(models.Func):
    """The first letters of a key. By code points on both engines, so that a range of the index is those that begin alike."""

    function = "SUBSTR"
    template = f"%(function)s(%(expressions)s, 1, {KEY_START})"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return super().as_sql(compiler, connection, template=f'({self.template} COLLATE "C")', **context)


def key_start(path: str = "search_key") -> models.Func:
    """What lists by name are sorted by: an index takes no text of any length. Without parameters, for SQLite would not know the index."""
    return KeyStart(path, output_field=models.TextField())


# A space is taken away when it is kept.
company_number_letters = RegexValidator(r"\A[0-9A-Za-z ./-]*\Z", _("A company number has only letters without accents, digits and . - /."))


class CustomerQuerySet(models.QuerySet["Customer"]):
    def present(self) -> Self:
        """Without those in the bin, and those merged into another."""
        return self.filter(binned_at=None, merged_into=None)


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

    class Prefers(models.TextChoices):
        CALL = "call", _("Call")
        EMAIL = "email", _("E-mail")
        TEXT = "text", _("Text message")
        VISIT = "visit", _("Visit")
        SOCIAL = "social", _("Social network")
        LETTER = "letter", _("Letter")

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
    company_number = models.CharField(
        _("company number"), max_length=20, blank=True, default="", db_default="", validators=[company_number_letters]
    )
    card = models.CharField(_("loyalty card"), max_length=40, blank=True, default="", db_default="")
    disqualified_on = models.DateField(_("disqualified on"), null=True, blank=True)
    lost_marked_on = models.DateField(_("marked as lost on"), null=True, blank=True)
    partner_on = models.DateField(_("partner since"), null=True, blank=True)
    only_us_on = models.DateField(_("buys only from us since"), null=True, blank=True)
    referred_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("referred by"), related_name="referrals"
    )
    referred_on = models.DateField(_("referred on"), null=True, blank=True)
    household = models.ForeignKey(
        Household, on_delete=models.SET_NULL, null=True, blank=True, editable=False, verbose_name=_("household"), related_name="members"
    )
    # A company; its people are found by it. That it is one, crm/people/companies.py sees to.
    works_at = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, editable=False, verbose_name=_("works at"), related_name="people"
    )
    position = models.CharField(_("position"), max_length=100, blank=True, default="", db_default="", editable=False)
    # How they have said they want to be reached, and between which whole hours; 24 is the end of the day.
    prefers = models.CharField(_("prefers"), max_length=6, choices=Prefers, blank=True, default="", db_default="", editable=False)
    best_from = models.PositiveSmallIntegerField(_("best from"), null=True, blank=True, editable=False)
    best_until = models.PositiveSmallIntegerField(_("best until"), null=True, blank=True, editable=False)

    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    search_key = models.TextField(_("search key"), blank=True, editable=False)
    # Folded, for rules: text compares by the folded key on both engines. With a default of the database, for imports that bring neither.
    # No limit: a letter may fold into many.
    city_key = models.TextField(default="", db_default="", editable=False)
    source_key = models.TextField(default="", db_default="", editable=False)
    # The number as the telephone network knows it, in digits; empty where there is none.
    phone_key = models.CharField(max_length=20, default="", db_default="", editable=False)
    # Of the form that added them: one sent twice adds one. Empty for who came otherwise.
    form_key = models.UUIDField(null=True, unique=True, editable=False)
    # Hidden by either, and then without a Facts row (crm/hiding.py): in the bin since, or one and the same with another.
    binned_at = models.DateTimeField(_("in the bin since"), null=True, editable=False)
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        db_index=False,
        verbose_name=_("merged into"),
        related_name="merged",
    )

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes = [
            # The list by name.
            # The few who are hidden.
            models.Index(fields=["binned_at"], condition=Q(binned_at__isnull=False), name="customer_binned_idx"),
            models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name="customer_merged_idx"),
            models.Index(key_start(), "id", name="customer_name_idx"),
            models.Index(fields=["phone_key"], condition=~Q(phone_key=""), name="customer_phone_idx"),
            models.Index(fields=["company_number"], condition=~Q(company_number=""), name="customer_company_number_idx"),
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
            models.UniqueConstraint(
                fields=["card"],
                condition=~Q(card=""),
                name="customer_card_unique",
                violation_error_message=_("Another customer has this card already."),
            ),
            models.CheckConstraint(condition=~Q(card__contains=" "), name="customer_card_has_no_space"),
            models.CheckConstraint(
                condition=~Q(company_number__contains=" ") & Q(company_number=Upper("company_number")),
                name="customer_company_number_has_one_spelling",
                violation_error_message=_("A company number is kept in capital letters and without spaces."),
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
            models.CheckConstraint(
                condition=Q(works_at=None) | ~Q(works_at=F("pk")),
                name="customer_not_at_own_company",
                violation_error_message=_("Nobody works at themselves."),
            ),
            models.CheckConstraint(
                condition=Q(prefers__in=["", "call", "email", "text", "visit", "social", "letter"]), name="customer_prefers_is_known"
            ),
            models.CheckConstraint(condition=Q(best_from=None) | Q(best_from__lte=23), name="customer_best_from_is_an_hour"),
            models.CheckConstraint(
                condition=Q(best_until=None) | Q(best_until__gte=1, best_until__lte=24), name="customer_best_until_is_an_hour"
            ),
            models.CheckConstraint(
                condition=Q(best_from=None) | Q(best_until=None) | Q(best_from__lt=F("best_until")),
                name="customer_best_hours_in_order",
                violation_error_message=_("The best time ends after it begins."),
            ),
            models.CheckConstraint(condition=Q(binned_at=None) | Q(merged_into=None), name="customer_binned_or_merged_not_both"),
            models.CheckConstraint(condition=Q(merged_into=None) | ~Q(merged_into=F("pk")), name="customer_not_merged_into_self"),
            models.CheckConstraint(condition=Q(entity__in=["person", "company"]), name="customer_entity_is_known"),
            models.CheckConstraint(condition=Q(market__in=["b2c", "b2b"]), name="customer_market_is_known"),
            models.CheckConstraint(condition=Q(kind__in=["external", "intermediary", "internal"]), name="customer_kind_is_known"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.external_id or f"#{self.pk}"

    @property
    def is_hidden(self) -> bool:
        return self.binned_at is not None or self.merged_into_id is not None

    def clean(self) -> None:
        self.email = self.email.strip().lower()
        self.country, self.language = self.country.upper(), self.language.lower()
        self.company_number, self.card = "".join(self.company_number.split()).upper(), "".join(self.card.split())
        if self.entity == self.Entity.PERSON and self.pk and Customer.objects.filter(works_at=self.pk).exists():
            raise ValidationError({"entity": _("People work there, so it is a company: take them out of it first.")})
        if self.entity == self.Entity.COMPANY and self.works_at_id:
            raise ValidationError({"entity": _("They work at a company, so they are a person: take them out of it first.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves, with the keys that belong to the texts of this row."""
        self.phone_key = phone_key(self.phone, self.country, Business.load().country) if self.phone else ""
        self.search_key = search_key(Texts(*(getattr(self, name) for name in Texts._fields)))
        self.city_key, self.source_key = fold(self.city), fold(self.source)
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "phone_key", "search_key", "city_key", "source_key"}
        super().save(*args, **kwargs)


class Texts(NamedTuple):
    """What a customer is found by."""

    name: str = ""
    email: str = ""
    phone: str = ""
    phone_key: str = ""
    external_id: str = ""
    company_number: str = ""
    card: str = ""
    city: str = ""


def search_key(texts: Texts) -> str:
    """What a search for part of a customer looks through, beginning with the name: folded, the phone also as the digits of its key."""
    digits = digits_of(texts.phone)
    bare = "" if digits in texts.phone_key else digits
    return fold(" ".join((*texts[:3], bare, *texts[3:])))
