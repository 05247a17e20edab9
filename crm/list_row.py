"""One row of the list of customers, in the words and numbers that it prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from crm import rhythm
from crm.models import Customer, FactsRow
from crm.money import day, money, number


@dataclass(frozen=True)
class Row:
    """One customer of the list. `days` are those since the last order."""

    facts: FactsRow
    as_of: date | None
    is_past: bool
    tags: Sequence[str] = ()

    @property
    def customer(self) -> Customer:
        return self.facts.customer

    @property
    def key(self) -> str:
        return str(self.facts.pk)

    @cached_property
    def name(self) -> str:
        return str(self.customer)

    @property
    def address(self) -> str:
        return reverse("customer", args=(self.facts.pk,))

    @property
    def choose(self) -> str:
        return _("Choose %(who)s") % {"who": self.name}

    @property
    def is_company(self) -> bool:
        return self.customer.entity == Customer.Entity.COMPANY

    @property
    def revenue(self) -> str:
        return money(self.facts.revenue_12m)

    @property
    def has_complaint(self) -> bool:
        return bool(getattr(self.facts, "has_complaint", False))

    @cached_property
    def days(self) -> int | None:
        last = self.facts.last_order_on
        return max((self.as_of - last).days, 0) if last and self.as_of else None

    @cached_property
    def last(self) -> str:
        """When that was, in words; on a day in the past its date, for "ago" is from today. Empty where there was none."""
        if self.days is None or self.facts.last_order_on is None:
            return ""
        if self.is_past:
            return day(self.facts.last_order_on)
        return _ago(self.days, get_language())

    @property
    def usual(self) -> float | None:
        return self.facts.typical_gap_days

    @property
    def rhythm(self) -> str:
        return rhythm.in_words(self.facts.typical_gap_days, self.facts.long_gap_days)


# A list says the same few again and again. In what language is part of the key.
@lru_cache(maxsize=4096)
def _ago(days: int, language: str | None) -> str:
    return ngettext("%(number)s day ago", "%(number)s days ago", days) % {"number": number(days)}
