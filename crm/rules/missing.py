"""What is missing for one comparison to hold, in a sentence: how much more, what to record, or from when it holds by itself."""

from collections.abc import Callable
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import Any as Anything

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.catalogue import NUMBERS, Fact, Kind
from crm.money import day, money, number
from crm.rules.tree import Leaf
from crm.rules.turns import turns
from crm.rules.words import shown

MORE: dict[str, Callable[[int], str]] = {
    "orders": lambda n: ngettext("%(number)s more order.", "%(number)s more orders.", n),
    "order_days": lambda n: ngettext("An order on %(number)s more day.", "Orders on %(number)s more days.", n),
    "orders_12m": lambda n: ngettext("%(number)s more order in 12 months.", "%(number)s more orders in 12 months.", n),
    "paid_orders": lambda n: ngettext("%(number)s more paid order.", "%(number)s more paid orders.", n),
    "referrals_ordered": lambda n: ngettext("%(number)s more referral that orders.", "%(number)s more referrals that order.", n),
    "interactions_12m": lambda n: ngettext("%(number)s more contact in 12 months.", "%(number)s more contacts in 12 months.", n),
}
TO_RECORD: dict[str, Callable[[], str]] = {
    "only_us": lambda: _("Once you know that they buy only from us, record it on this page."),
    "is_partner": lambda: _("Once they take part in the business, record it on this page."),
    "is_disqualified": lambda: _("If they cannot pay or are not profitable, record it on this page."),
    "is_marked_lost": lambda: _("If they have left us, record it on this page."),
}


def missing(leaf: Leaf, value: Anything, as_of: date, wanted: bool) -> str:
    """For a comparison that stands the wrong way: `wanted` is whether it has to hold. Empty where nothing more can be said than its words.

    `value` is the customer's own, a date for the days since one.
    """
    if leaf.fact.kind in {Kind.DATE, Kind.AGE}:
        return _when(turns(leaf, value, as_of), wanted)
    if leaf.fact.kind == Kind.YES_NO:
        return _recorded(leaf, (leaf.value is True) is (wanted is not (leaf.op == "!=")))
    if leaf.fact.kind in NUMBERS and wanted and leaf.op != "empty":
        return _distance(leaf, value)
    return ""


def _when(days: list[date], wanted: bool) -> str:
    if not days:
        return ""
    return (_("By itself from %(day)s.") if wanted else _("By itself until %(day)s.")) % {"day": day(days[0])}


def _recorded(leaf: Leaf, is_to_hold: bool) -> str:
    if leaf.fact.name not in TO_RECORD:
        return ""
    return TO_RECORD[leaf.fact.name]() if is_to_hold else _("If it does not hold any more, take it back on this page.")


def _distance(leaf: Leaf, value: Anything) -> str:
    if value is None:
        return _("That is not known yet.")
    own, low, high = Decimal(str(value)), *_bounds(leaf)
    if low is not None and own < low:
        return _more(leaf.fact, low - own)
    return _fewer(leaf.fact, own - high) if high is not None and own > high else ""


def _bounds(leaf: Leaf) -> tuple[Decimal | None, Decimal | None]:
    """The smallest and the largest number for which it holds, as far as it has them."""
    bound: Anything = leaf.value
    match leaf.op:
        case ">=":
            return bound, None
        case ">":
            return _above(bound), None
        case "<=":
            return None, bound
        case "<":
            return None, -_above(-bound)
        case "=":
            return bound, bound
        case "between":
            return bound[0], bound[1]
    return None, None


def _above(bound: Decimal) -> Decimal:
    """The next whole number: nobody needs the half days and the hellers to know what is missing."""
    return bound.to_integral_value(ROUND_FLOOR) + 1


def _more(fact: Fact, by: Decimal) -> str:
    if fact.name in MORE and by == int(by):
        return MORE[fact.name](int(by)) % {"number": number(by)}
    return _("%(number)s more.") % {"number": _amount(fact, by)}


def _fewer(fact: Fact, by: Decimal) -> str:
    return _("%(number)s less.") % {"number": _amount(fact, by)}


def _amount(fact: Fact, by: Decimal) -> str:
    return money(by) if fact.kind == Kind.MONEY else shown(fact, by)
