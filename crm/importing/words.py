"""Cells that hold words: text, e-mails, statuses, currencies, channels."""

import re
from collections.abc import Callable
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from crm.fold import fold
from crm.importing.errors import BadCell, shown
from crm.importing.headers import listed
from crm.models import Channel, Order

# Repeated cells of a column are read once. Bounded, as a file may hold a million different ones.
REMEMBERED = 1 << 13
# No status, currency, number or date is longer; so that nothing long is remembered.
LONGEST = 100
CHANNELS = 1000

PAID, UNPAID, REFUNDED, CANCELLED = map(int, (Order.Status.PAID, Order.Status.UNPAID, Order.Status.REFUNDED, Order.Status.CANCELLED))
_STATUSES = {
    PAID: listed("""
        paid, complete, completed, fulfilled, shipped, sent, delivered, processed, processing, succeeded, success, closed, done,
        partially refunded, settled, captured, payment accepted, ok, yes, true, zaplaceno, zaplacena, zaplacene, uhrazeno, uhrazena,
        vyrizeno, vyrizena, odeslano, odeslana, doruceno, dorucena, expedovano, dokonceno, dokoncena, prijato, castecne vraceno, ano,
        oplacone, oplacona, zaplacone, zrealizowane, zrealizowana, wyslane, wyslano, dostarczone, zakonczone, tak
    """),
    UNPAID: listed("""
        unpaid, open, pending, on hold, awaiting payment, waiting for payment, waiting, overdue, due, authorized, partially paid,
        invoiced, new, pending payment, no, false, nezaplaceno, nezaplacena, nezaplacene, neuhrazeno, neuhrazena, nevyrizeno, nevyrizena,
        ceka na platbu, po splatnosti, castecne uhrazeno, nova, ne, nieoplacone, nieoplacona, niezaplacone, oczekuje na platnosc,
        czesciowo oplacone, nowe, przeterminowane, nie
    """),
    REFUNDED: listed("""
        refunded, refund, returned, charged back, chargeback, vraceno, vracena, vracene, vratka, dobropisovano, refundovano, zwrocone,
        zwrocona, zwrot, zwrocono
    """),
    CANCELLED: listed("""
        cancelled, canceled, cancel, void, voided, failed, expired, declined, rejected, uncollectible, storno, stornovano, stornovana,
        stornovane, zruseno, zrusena, zrusene, anulovano, anulowane, anulowana, anulowano, odrzucone, nieudane
    """),
}
STATUSES = {word: status for status, words in _STATUSES.items() for word in words}
CURRENCIES = {"kc": "CZK", "zl": "PLN", "€": "EUR", "$": "USD", "us$": "USD", "£": "GBP", "euro": "EUR"}

# Spaces of all kinds, also those without a width.
SPACES = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\u200b\u2060\ufeff"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_PROTECTED = re.compile(r"'[=+\-@'\t\d]")
# What the code makes itself for an order without a number (crm.importing.purchases).
_MADE_KEY = re.compile(r"\d*@\d{4}-\d\d-\d\d.*#\d+")

Reader = Callable[[str], str | int | None]


def clean(cell: str) -> str:
    """The text in a cell: without spaces around it, of whatever kind, and without the quote by which a spreadsheet protects text."""
    text = cell.strip(SPACES)
    return text[1:] if text[:1] == "'" and _PROTECTED.match(text) else text


def text_reader(limit: int) -> Reader:
    @lru_cache(REMEMBERED)
    def read(cell: str) -> str | None:
        text = clean(cell)
        if len(text) > limit:
            raise BadCell(_("The text is %(length)s characters long; the limit is %(limit)s.") % {"length": len(text), "limit": limit})
        if _CONTROL.search(text):
            raise BadCell(_("%(value)s holds characters that are not text.") % {"value": shown(text)})
        return text or None

    return read


def order_reader(limit: int) -> Reader:
    plain_text = text_reader(limit)

    def read(cell: str) -> str | int | None:
        number = plain_text(cell)
        if number and "@" in str(number) and _MADE_KEY.fullmatch(str(number)):
            raise BadCell(_("%(value)s cannot be told from the keys of orders without a number.") % {"value": shown(str(number))})
        return number

    return read


def email_reader(limit: int) -> Reader:
    plain_text = text_reader(limit)

    @lru_cache(REMEMBERED)
    def read(cell: str) -> str | None:
        address = plain_text(cell)
        if address is None:
            return None
        lower = str(address).lower()
        try:
            validate_email(lower)
        except ValidationError:
            raise BadCell(_("%(value)s is not an e-mail address.") % {"value": shown(lower)}) from None
        return lower

    return read


def status_reader() -> Reader:
    @lru_cache(REMEMBERED)
    def read(cell: str) -> int | None:
        word = " ".join(fold(clean(cell)).replace("_", " ").replace("-", " ").split())
        if word and (word not in STATUSES or len(cell) > LONGEST):
            sentence = _("%(value)s is not a status; accepted are, for example, %(accepted)s.")
            raise BadCell(sentence % {"value": shown(clean(cell)), "accepted": ", ".join(words[0] for words in _STATUSES.values())})
        return STATUSES.get(word)

    return read


def channel_reader() -> Reader:
    limit = Channel._meta.get_field("name").max_length or 0
    plain_text, seen = text_reader(limit), set[str]()

    @lru_cache(REMEMBERED)
    def read(cell: str) -> str | None:
        name = plain_text(cell)
        if name is None:
            return None
        key = fold(str(name))
        if not key or len(key) > limit:
            raise BadCell(_("%(value)s is not a name for a channel.") % {"value": shown(str(name))})
        if key not in seen and len(seen) == CHANNELS:
            raise BadCell(_("The column names more than %(limit)s channels.") % {"limit": CHANNELS})
        seen.add(key)
        return str(name)

    return read


def currency(word: str) -> str | None:
    """The code of a currency, by its code, sign or word; None where it is none."""
    short = fold(word[: LONGEST + 1]).replace(" ", "").rstrip(".")
    if short in CURRENCIES:
        return CURRENCIES[short]
    return short.upper() if re.fullmatch(r"[a-z]{3}", short) else None


def currency_reader(of_business: str) -> Reader:
    """Takes no value from the cell, only objects to another currency."""

    @lru_cache(REMEMBERED)
    def read(cell: str) -> None:
        word = clean(cell)
        if word:
            refuse_other_currency(currency(word), word, of_business)

    return read


def refuse_other_currency(code: str | None, word: str, of_business: str) -> None:
    if code is None:
        raise BadCell(_("%(value)s is not a currency.") % {"value": shown(word)})
    if code != of_business:
        raise BadCell(_("The currency is %(found)s; this business keeps its record in %(own)s.") % {"found": code, "own": of_business})
