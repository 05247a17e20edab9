"""Whom a person means by what they typed."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.bulk import among
from crm.customer_search import LONGEST_SEARCH, check_words
from crm.meant import FEW
from crm.models import Business, Customer
from crm.models.customer import key_start
from crm.searching import matching

MOST_OFFERED = 20


def means(words: str, customer: Customer) -> bool:
    return Customer.objects.filter(matching(words, home=Business.load().country), pk=customer.pk).exists()


@dataclass(frozen=True)
class Whom:
    """`found` is the one meant, where that is clear; else one of `offered`, and there may be more."""

    words: str = ""
    offered: list[Customer] | None = None
    found: Customer | None = None
    has_more: bool = False
    problem: str = ""

    @classmethod
    def asked(cls, form: Mapping[str, str]) -> "Whom":
        """By `customer`, the key of one chosen, if the words still mean them; else by `who`, some words."""
        words = form.get("who", "").strip()
        chosen = form.get("customer", "")
        one = Customer.objects.present().filter(pk=chosen).first() if chosen.isascii() and chosen.isdigit() and len(chosen) < 19 else None
        if one and words in {"", str(one)}:
            return cls(words or str(one), [one], one)
        if not words:
            return cls(problem=_("Write who it is: part of a name, an e-mail or a phone number.")) if "who" in form else cls()
        if len(words) > LONGEST_SEARCH or "\0" in words:
            return cls(words[:LONGEST_SEARCH].replace("\0", ""), problem=_("Nobody has a name like that; write part of it."))
        return cls(words, [one], one) if one and means(words, one) else cls._searched(words)

    @classmethod
    def _searched(cls, words: str) -> "Whom":
        try:
            check_words(words)
        except ValidationError as wrong:
            return cls(words, problem=wrong.messages[0])
        found = Customer.objects.present().filter(matching(words, home=Business.load().country))
        keys = list(found.values_list("pk", flat=True)[: FEW + 1])
        if len(keys) <= FEW:
            # Else an index would try all customers in the order of their names.
            found = Customer.objects.filter(pk__in=among(keys))
        offered = list(found.order_by(key_start(), "pk")[: MOST_OFFERED + 1])
        if not offered:
            return cls(words, problem=_("Nobody found for “%(words)s”: write less of the name, or the e-mail or phone.") % {"words": words})
        return cls(words, offered[:MOST_OFFERED], offered[0] if len(offered) == 1 else None, len(offered) > MOST_OFFERED)
