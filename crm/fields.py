"""Money: whole minor units in the database, Decimal in Python, so that sums are exact on both engines."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, TypeVar

from django import forms
from django.core import validators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.lookups import IntegerGreaterThanOrEqual, IntegerLessThan, Lookup
from django.utils.translation import gettext_lazy as _

CENT = Decimal("0.01")
# The largest amount of one order, in whole units, that is still taken for an amount.
LIMIT = Decimal(10**10)


def to_minor(value: Decimal) -> int:
    """`value` in minor units, half up (away from zero, as bookkeepers round)."""
    return int(value.scaleb(2).to_integral_value(ROUND_HALF_UP))


def from_minor(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2)


_ST = TypeVar("_ST", contravariant=True)
_GT = TypeVar("_GT", covariant=True)


class MoneyField(models.BigIntegerField[_ST, _GT]):
    """An amount in the business's currency, stored in minor units.

    Numbers in lookups are whole units: `amount__gte=5` is five crowns, not five hellers. Arithmetic between columns happens in the
    database, in minor units: a number in it means hellers, and the result needs `output_field=MoneyField()` to come back as an amount.
    """

    # For the plugin of mypy: what may be assigned, and what is read.
    _pyi_private_set_type: Decimal | int | str  # type: ignore[assignment]
    _pyi_private_get_type: Decimal  # type: ignore[assignment]

    description = _("Money in minor units")
    empty_strings_allowed = False

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Decimal | None:
        return None if value is None else from_minor(int(value))

    def to_python(self, value: Any) -> Decimal | None:
        if value is None:
            return None
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            amount = Decimal("NaN")
        # Here and not in a validator: those after it would compare with NaN, which raises an error of its own.
        if not amount.is_finite():
            raise ValidationError(_("%(value)s is not an amount; write it like 12.50."), params={"value": value})
        return amount

    def get_prep_value(self, value: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        amount = self.to_python(value)
        return None if amount is None else to_minor(amount)

    @property
    def validators(self) -> list[Any]:
        # Those of BigIntegerField would compare Decimals with the range of the column, in the wrong unit.
        return [
            validators.DecimalValidator(max_digits=12, decimal_places=2),
            validators.MinValueValidator(-LIMIT + CENT),
            validators.MaxValueValidator(LIMIT - CENT),
        ]

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else str(value)

    def formfield(self, **kwargs: Any) -> Any:
        # As Field.formfield, with Decimal in place of BigIntegerField's whole numbers; with a decimal comma where the language has one.
        defaults: dict[str, Any] = {"form_class": forms.DecimalField, "max_digits": 12, "decimal_places": 2, "localize": True}
        return models.Field.formfield(self, **(defaults | kwargs))


class _Exactly(Lookup[Any]):
    """IntegerField's lookup of this name rounds a float up to a whole number first: `amount__gte=12.5` would start at 13."""

    def get_prep_lookup(self) -> Any:
        if isinstance(self.rhs, float):
            self.rhs = Decimal(str(self.rhs))
        return super().get_prep_lookup()


@MoneyField.register_lookup
class MoneyAtLeast(_Exactly, IntegerGreaterThanOrEqual):
    pass


@MoneyField.register_lookup
class MoneyLessThan(_Exactly, IntegerLessThan):
    pass
