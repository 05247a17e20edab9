"""The fields that the owner adds to the record: what they are called and hold, and the value of each customer."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.fields import MoneyField
from crm.models.customer import Customer, key_start

LONGEST_NAME, LONGEST_VALUE = 60, 500
# The column of a value, by the kind of its field.
COLUMNS = {"text": "text", "number": "number", "date": "date", "choice": "option", "yes_no": "yes"}


class CustomField(models.Model):
    """One field of the owner's own. The key is that of the first name, and stays: rules name the field by it. So does the kind."""

    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        NUMBER = "number", _("Number")
        DATE = "date", _("Date")
        CHOICE = "choice", _("Choice")
        YES_NO = "yes_no", _("Yes or no")

    key = models.SlugField(_("key"), max_length=60, editable=False)
    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    rank = models.PositiveSmallIntegerField(_("place"), default=0)

    name_key = models.TextField(default="", editable=False)
    # Not shown and not asked any more; its values are kept.
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("field")
        verbose_name_plural = _("fields")
        ordering = ["rank", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="custom_field_key_unique"),
            models.UniqueConstraint(fields=["name_key"], name="custom_field_name_unique"),
            models.CheckConstraint(condition=~Q(key="") & ~Q(name_key=""), name="custom_field_has_a_name"),
            models.CheckConstraint(condition=Q(kind__in=["text", "number", "date", "choice", "yes_no"]), name="custom_field_kind_is_known"),
        ]

    def __str__(self) -> str:
        return self.name


class FieldOption(models.Model):
    """What a field of choice offers. A retired one is offered no more, and stays with those who have it."""

    field = models.ForeignKey(CustomField, on_delete=models.CASCADE, db_index=False, verbose_name=_("field"), related_name="options")
    key = models.SlugField(_("key"), max_length=60, editable=False)
    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    rank = models.PositiveSmallIntegerField(_("place"), default=0)
    is_retired = models.BooleanField(_("retired"), default=False)

    class Meta:
        verbose_name = _("option")
        verbose_name_plural = _("options")
        ordering = ["rank", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["field", "key"], name="field_option_key_unique"),
            models.CheckConstraint(condition=~Q(key="") & ~Q(name=""), name="field_option_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


def _only(column: str) -> Q:
    """That this one column is filled, and no other."""
    filled = {
        "number": Q(number__isnull=False),
        "date": Q(date__isnull=False),
        "option": Q(option__isnull=False),
        "yes": Q(yes__isnull=False),
    }
    condition = ~Q(text="") & ~Q(text_key="") if column == "text" else Q(text="", text_key="")
    for name, is_filled in filled.items():
        condition &= is_filled if name == column else ~is_filled
    return condition


class FieldValue(models.Model):
    """What one customer has in one field, in the column of its kind. Who has nothing there has no row. Written by crm/people/values.py."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, db_index=False, verbose_name=_("customer"), related_name="field_values"
    )
    field = models.ForeignKey(CustomField, on_delete=models.PROTECT, db_index=False, verbose_name=_("field"), related_name="values")
    # That of the field, so that the database can hold a value against it.
    kind = models.CharField(max_length=6, choices=CustomField.Kind, editable=False)
    text = models.TextField(_("text"), max_length=LONGEST_VALUE, blank=True, default="")
    # Folded, for rules.
    text_key = models.TextField(default="", editable=False)
    # In whole hundredths, which compare exactly on both engines.
    number = MoneyField(_("number"), null=True, blank=True)
    date = models.DateField(_("date"), null=True, blank=True)
    option = models.ForeignKey(
        FieldOption, on_delete=models.PROTECT, null=True, blank=True, db_index=False, verbose_name=_("choice"), related_name="values"
    )
    yes = models.BooleanField(_("yes or no"), null=True, blank=True)

    class Meta:
        verbose_name = _("value of a field")
        verbose_name_plural = _("values of fields")
        indexes = [
            # For rules. A text by its start: an index takes none of any length.
            models.Index(F("field"), key_start("text_key"), name="field_value_text_idx"),
            models.Index(fields=["field", "number"], name="field_value_number_idx"),
            models.Index(fields=["field", "date"], name="field_value_date_idx"),
            models.Index(fields=["option"], name="field_value_option_idx"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["customer", "field"], name="field_value_one_per_customer"),
            models.CheckConstraint(
                condition=Q(*[Q(kind=kind) & _only(column) for kind, column in COLUMNS.items()], _connector=Q.OR),
                name="field_value_fits_its_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.field_id}"

    @property
    def value(self) -> object:
        """The text, number, date, option or answer."""
        return getattr(self, COLUMNS[self.kind])
