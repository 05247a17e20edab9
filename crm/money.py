"""Amounts, numbers and dates in words: in the reader's language, money in the business's currency."""

from contextvars import ContextVar
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

MINUS, NO_BREAK = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}"
SIGNS = {"CZK": "Kč", "EUR": "€", "PLN": "zł", "USD": "$", "GBP": "£"}
# Set for each request by config/middleware.py.
currency: ContextVar[str] = ContextVar("currency", default="CZK")


def number(value: Decimal | int | float, places: int = 0) -> str:
    """With thousands separated, rounded half up to `places` decimals, with a true minus."""
    return _number(value, places, get_language())


# A list writes the same ones again and again, and Django looks a format up each time. In what language is part of the key.
@lru_cache(maxsize=4096)
def _number(value: Decimal | int | float, places: int, language: str | None) -> str:
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = number_format(abs(rounded), decimal_pos=places, use_l10n=True, force_grouping=True)
    return f"{MINUS}{text}" if rounded < 0 else text


def money(amount: Decimal | int) -> str:
    """Rounded to whole units: nobody needs the hellers to decide whom to call."""
    return f"{number(amount)}{NO_BREAK}{sign()}"


def exact(amount: Decimal) -> str:
    """Not rounded, with cents where it has any: what a rule compares with."""
    return f"{number(amount, 0 if amount == int(amount) else 2)}{NO_BREAK}{sign()}"


def sign() -> str:
    """Of the business's currency; its code where it has no sign."""
    return SIGNS.get(currency.get(), currency.get())


def percent(share: Decimal | float, places: int = 0) -> str:
    """A share of one as per cent."""
    return _("%(number)s%%") % {"number": number(Decimal(str(share)) * 100, places)}


def day(value: date) -> str:
    """24 November; with the year where it is not the present one."""
    return _day(date(value.year, value.month, value.day), value.year == timezone.localdate().year, get_language())


def dated(value: date | None, letters: str) -> str:
    """In Django's letters for dates; nothing where there is none."""
    return _dated(date(value.year, value.month, value.day), letters, get_language()) if value else ""


@lru_cache(maxsize=4096)
def _dated(value: date, letters: str, language: str | None) -> str:
    said = date_format(value, letters)
    # Polish writes months small; Django has those that stand alone with a capital.
    return said.lower() if language == "pl" else said


@lru_cache(maxsize=4096)
def _day(value: date, is_this_year: bool, language: str | None) -> str:
    # Not Django's MONTH_DAY_FORMAT, whose Czech puts the month into the nominative.
    this_year = pgettext("a day of this year, in Django's letters for dates", "j E")
    other_year = pgettext("a day of another year, in Django's letters for dates", "j E Y")
    return date_format(value, this_year if is_this_year else other_year)


def moment(value: datetime) -> str:
    """24 November at 16:08, as the clock of the business shows it."""
    here = timezone.localtime(value)
    return _("%(day)s at %(time)s") % {"day": day(here), "time": date_format(here, "H:i")}
