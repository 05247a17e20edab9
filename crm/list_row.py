"""One row of the list of customers, in the words and numbers that it prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.utils.functional import cached_property
from django.utils.translation import get_language, ngettext

from crm import addresses, rhythm
from crm.models import Customer, FactsRow
from crm.money import day, money, number

# Of one customer.
TAGS_SHOWN = 2


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

    @cached_property
    def name(self) -> str:
        return str(self.customer)

    @property
    def address(self) -> str:
        return addresses.by_key("customer", self.facts.pk)

    @property
    def is_company(self) -> bool:
        return self.customer.entity == Customer.Entity.COMPANY

    @property
    def revenue(self) -> str:
        return money(self.facts.revenue_12m)

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

    def words(self, may_choose: bool) -> dict[str, str | bool]:
        """For crm/_customer_row.html, without the marks."""
        facts, shown, others = self.facts, self.tags[:TAGS_SHOWN], self.tags[TAGS_SHOWN:]
        return {
            "key": str(facts.pk),
            "may_choose": may_choose,
            "is_company": self.is_company,
            "address": self.address,
            "name": self.name,
            "is_vital": facts.is_vital,
            "has_complaint": bool(getattr(facts, "has_complaint", False)),
            "city": self.customer.city,
            **dict(zip(("tag", "second_tag"), shown, strict=False)),
            "more_tags": f"+{len(others)}" if others else "",
            "their_names": ", ".join(others),
            "revenue": self.revenue,
            "last": self.last,
            "usual": rhythm.in_words(facts.typical_gap_days, facts.long_gap_days) if self.usual else "",
        }


# A list says the same few again and again. In what language is part of the key.
@lru_cache(maxsize=4096)
def _ago(days: int, language: str | None) -> str:
    return ngettext("%(number)s day ago", "%(number)s days ago", days) % {"number": number(days)}
