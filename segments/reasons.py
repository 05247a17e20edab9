"""Why somebody came into a segment or left it, in sentences made of the facts that decided, as they were then."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from crm.catalogue import Fact, Kind, find
from crm.money import day, money
from crm.rules.words import shown
from segments.models import SegmentMove


class Reasons:
    """Why people moved, in words. Each fact and its choices are looked up once, however many moves are told."""

    def __init__(self) -> None:
        self.facts: dict[str, Fact | None] = {}
        self.choices: dict[str, Mapping[str, str]] = {}

    def of(self, move: SegmentMove) -> list[str]:
        """At least one sentence. A person's own words; else what the rule asked, with the customer's own values."""
        if move.source == SegmentMove.Source.PERSON:
            return [move.reason]
        values: Mapping[str, Any] = move.values
        said = [sentence for name, value in values.items() if (sentence := self._said(name, value))]
        if move.source == SegmentMove.Source.RELEASED:
            return [_("The rule decides again."), *said]
        return said or [_("The rule holds.") if move.entered else _("The rule holds no more.")]

    def _said(self, name: str, value: Any) -> str:
        if name not in self.facts:
            self.facts[name] = find(name)
        fact = self.facts[name]
        return _("%(fact)s: %(value)s.") % {"fact": fact.label, "value": self._words(fact, value)} if fact else ""

    def _words(self, fact: Fact, value: Any) -> str:
        """A value as the move keeps it: days and amounts as text."""
        if value is None or value == "":
            return _("empty")
        match fact.kind:
            case Kind.DATE:
                return day(date.fromisoformat(value))
            case Kind.MONEY:
                return money(Decimal(value))
            case Kind.CHOICE:
                if fact.name not in self.choices:
                    self.choices[fact.name] = fact.choices
                return self.choices[fact.name].get(value, str(value))
        return shown(fact, value)
