from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from crm.fold import fold


def validate_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("%(zone)s is not a time zone; write it like Europe/Prague."), params={"zone": name})


two_letters = RegexValidator(r"\A[A-Za-z]{2}\Z", _("Two letters, such as cz."))


class Business(models.Model):
    """The one business of this installation: what its owner sets, and where its figures stand."""

    ONLY = 1
    # The business gap until ten customers have a rhythm of their own (DEFINITIONS, Facts).
    DEFAULT_GAP_DAYS = 90

    name = models.CharField(_("name"), max_length=200, blank=True)
    zone = models.CharField(_("time zone"), max_length=64, default="Europe/Prague", validators=[validate_zone])
    currency = models.CharField(
        _("currency"),
        max_length=3,
        default="CZK",
        validators=[RegexValidator(r"\A[A-Z]{3}\Z", _("A currency is three capital letters, like CZK."))],
    )
    country = models.CharField(
        _("country, two letters"),
        max_length=2,
        default="CZ",
        db_default="CZ",
        validators=[two_letters],
        help_text=_("Telephone numbers without a country are of this one."),
    )
    pareto_share = models.DecimalField(
        _("share that the vital few make"),
        max_digits=3,
        decimal_places=2,
        default=Decimal("0.80"),
        validators=[MinValueValidator(Decimal("0.01")), MaxValueValidator(Decimal("1"))],
    )
    complaint_days = models.PositiveSmallIntegerField(
        _("days for a complaint"),
        default=30,
        db_default=30,
        validators=[MinValueValidator(1), MaxValueValidator(366)],
        help_text=_("The legal deadline of a claim, in days from the day it is opened. A change holds for those opened from then on."),
    )
    owners_need_code = models.BooleanField(_("owners must use two-factor login"), default=False, editable=False)

    as_of = models.DateField(_("figures as of"), null=True, blank=True, editable=False)
    # What PastFacts stand at; empty where there are none, or while they are written.
    past_as_of = models.DateField(_("figures of the past as of"), null=True, blank=True, editable=False)
    gap_days = models.PositiveIntegerField(_("business gap in days"), default=DEFAULT_GAP_DAYS, editable=False)
    # Set with the first row of the demo; one that was cut off is not whole, and is begun anew (lifecycle/demo/).
    is_demo = models.BooleanField(_("holds the demo"), default=False, editable=False)
    demo_is_whole = models.BooleanField(_("the demo is whole"), default=False, editable=False)

    class Meta:
        verbose_name = _("business")
        verbose_name_plural = _("business")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="business_is_one"),
            models.CheckConstraint(condition=Q(country=Upper("country")) & ~Q(country=""), name="business_country_is_upper"),
            models.CheckConstraint(condition=Q(pareto_share__gt=0, pareto_share__lte=1), name="business_pareto_share_is_a_share"),
            models.CheckConstraint(condition=Q(gap_days__gt=0), name="business_gap_is_positive"),
            models.CheckConstraint(condition=Q(complaint_days__gte=1, complaint_days__lte=366), name="business_complaint_days_in_range"),
        ]

    def __str__(self) -> str:
        return self.name or "Regulars"

    def clean(self) -> None:
        self.country = self.country.upper()

    @classmethod
    def load(cls) -> "Business":
        """The one row, or its defaults where it is not there yet: to look is not to write."""
        return cls.objects.first() or cls(pk=cls.ONLY)

    @classmethod
    def keep(cls, **values: Any) -> None:
        """Sets these fields of the one row."""
        cls.objects.update_or_create(pk=cls.ONLY, defaults=values)

    @classmethod
    def in_turn(cls) -> None:
        """What two may not write at once is written by one after the other: waits for the other's transaction.

        Before any customer is locked, and customers before what is theirs: in one order everywhere, or two would wait for each other.
        """
        list(cls.objects.select_for_update().values_list("pk"))

    def local_date(self, instant: datetime) -> date:
        """The business date of an instant."""
        return instant.astimezone(ZoneInfo(self.zone)).date()

    def today(self) -> date:
        """The business date now. Only the outermost caller asks; everything below takes a date."""
        return self.local_date(datetime.now(UTC))


class Channel(models.Model):
    """Where orders come from: the e-shop, the counter, the phone. The key is the folded name."""

    id = models.SmallAutoField(primary_key=True)
    key = models.CharField(_("key"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=50)

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        constraints = [models.CheckConstraint(condition=~Q(key=""), name="channel_key_not_empty")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """The key is that of the first name, and stays. No form shows it, so that what is wrong with it is said of the name."""
        self.key = self.key or fold(self.name)
        if not self.key:
            raise ValidationError({"name": _("A name has a letter or a digit.")})
        if len(self.key) > 50:
            raise ValidationError({"name": _("This name is too long.")})
        if Channel.objects.filter(key=self.key).exclude(pk=self.pk).exists():
            raise ValidationError({"name": _("Another channel has this name already.")})
