"""Cells that hold words: text, e-mails, statuses, currencies, channels."""

import re
from collections.abc import Callable
from functools import lru_cache

from babel.core import get_global
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
# What is being made, sent or handed over counts as paid, as most shops do that only with what is; what waits for money does not.
_STATUSES = {
    PAID: listed("""
        paid, complete, completed, fulfilled, partially fulfilled, shipped, partially shipped, sent, dispatched, delivered, picked up,
        ready for pickup, ready to ship, awaiting shipment, awaiting fulfillment, awaiting pickup, in transit, in progress, in production,
        preparing, being prepared, processed, processing, processing in progress, succeeded, success, closed, done, partially refunded,
        partial refund, settled, captured, payment accepted, payment received, confirmed, accepted, ok, yes, true,
        zaplaceno, zaplacena, zaplacen, zaplacene, uhrazeno, uhrazena, uhrazen, uhrazene, vyrizeno, vyrizena, vyrizen, vyrizene,
        odeslano, odeslana, odeslan, odeslane, doruceno, dorucena, dorucen, dorucene, expedovano, expedovana, expedovan, expedovane,
        predano dopravci, predana dopravci, dokonceno, dokoncena, dokoncen, dokoncene,
        prijato, prijata, potvrzeno, potvrzena, vydano, vydana,
        vyzvednuto, vyzvednuta, prevzato, prevzata, k vyzvednuti, ceka na vyzvednuti, pripraveno k vyzvednuti, pripravena k vyzvednuti,
        pripraveno k odberu, pripravena k odberu, pripraveno k expedici, pripravena k expedici, pripraveno k odeslani,
        pripravena k odeslani, pripraveno, pripravena, ceka na odeslani, ceka na expedici, k expedici, k odeslani, v priprave,
        pripravuje se, probiha priprava, ve vyrobe, vyrizuje se, v reseni, zpracovava se, zpracovani, ve zpracovani, zpracovano, zpracovana,
        na ceste, platba prijata, castecne vraceno, castecne vracena, castecne odeslano, castecne odeslana, reklamace vyrizena,
        reklamace zamitnuta, ano,
        oplacone, oplacona, oplacony, oplacono, zaplacone, zaplacona, zaplacono, zrealizowane, zrealizowana, zrealizowano, wyslane, wyslana,
        wyslano, nadane, nadana, nadano, dostarczone, dostarczona, dostarczono, doreczone, doreczona, doreczono, odebrane, odebrana,
        odebrano, zakonczone, zakonczona, zakonczono, wydane, wydano, potwierdzone, przyjete, w realizacji, w trakcie realizacji,
        w przygotowaniu, przygotowane, przygotowywane, w produkcji, w drodze, przetwarzane, przetwarzanie, spakowane,
        do wyslania, gotowe do wyslania, gotowe do wysylki, gotowe do odbioru, do odbioru, oczekuje na odbior, oczekuje na wysylke,
        platnosc przyjeta, czesciowo zwrocone, tak
    """),
    UNPAID: listed("""
        unpaid, open, pending, on hold, awaiting payment, waiting for payment, waiting, overdue, due, past due, authorized, partially paid,
        invoiced, new, pending payment, payment pending, not paid, no, false,
        nezaplaceno, nezaplacena, nezaplacen, nezaplacene, neuhrazeno, neuhrazena, neuhrazen, neuhrazene, nevyrizeno, nevyrizena, nevyrizen,
        nevyrizene, ceka na platbu, ceka na zaplaceni, ceka na uhradu, ceka se na platbu, ceka, cekajici, cekajici na platbu, pozastaveno,
        pozastavena, po splatnosti, castecne uhrazeno, castecne uhrazena, castecne zaplaceno, castecne zaplacena, nova, nove, novy, ne,
        nieoplacone, nieoplacona, nieoplacony, niezaplacone, niezaplacona, oczekuje na platnosc, oczekujace na platnosc, oczekuje na wplate,
        oczekuje, oczekujace, wstrzymane, wstrzymano, czesciowo oplacone, czesciowo zaplacone, nowe, przeterminowane, nie
    """),
    REFUNDED: listed("""
        refunded, fully refunded, refund, returned, charged back, chargeback, vraceno, vracena, vracen, vracene, vratka, vraceni penez,
        penize vraceny, dobropisovano, dobropisovana, refundovano, refundovana, zwrocone, zwrocona, zwrocony, zwrocono, zwrot,
        zwrot pieniedzy, zwrot srodkow
    """),
    CANCELLED: listed("""
        cancelled, canceled, cancel, void, voided, failed, payment failed, payment error, expired, declined, rejected, uncollectible,
        storno, stornovano, stornovana, stornovan, stornovane, zruseno, zrusena, zrusen, zrusene,
        anulovano, anulovana, zamitnuto, zamitnuta, odmitnuto, odmitnuta, selhalo, selhala, neuspesna, neuspesne, nedoruceno, nedorucena,
        nevyzvednuto, nevyzvednuta, chyba platby,
        platba selhala, platba se nezdarila, anulowane, anulowana, anulowany, anulowano, odrzucone, odrzucona, odrzucono,
        nieudane, nieudana, nieodebrane, wygasle, blad platnosci
    """),
}
STATUSES = {word: status for status, words in _STATUSES.items() for word in words}
# The codes that a country uses now. Babel knows those of the past too, among them words like BAD that are none for a reader.
CODES = frozenset(
    code for used in get_global("territory_currencies").values() for code, _from, until, tender in used if tender and not until
)
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
            sentence = _("%(value)s is not a status; accepted are, for example, paid, unpaid, refunded, cancelled.")
            raise BadCell(sentence % {"value": shown(clean(cell))})
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


def currency(word: str, of_business: str | None = None) -> str | None:
    """The code of a currency, by its code, sign or word; None where it is none. That of the business is one, whatever its owner has set."""
    short = fold(word[: LONGEST + 1]).replace(" ", "").rstrip(".")
    code = CURRENCIES.get(short, short.upper())
    return code if code in CODES or code == of_business else None


def currency_reader(of_business: str) -> Reader:
    """Takes no value from the cell, only objects to another currency."""

    @lru_cache(REMEMBERED)
    def read(cell: str) -> None:
        word = clean(cell)
        code = currency(word, of_business)
        if word and code is None:
            raise BadCell(_("%(value)s is not a currency.") % {"value": shown(word)})
        refuse_other_currency(code, of_business)

    return read


def refuse_other_currency(code: str | None, of_business: str) -> None:
    if code and code != of_business:
        raise BadCell(_("The currency is %(found)s; this business keeps its record in %(own)s.") % {"found": code, "own": of_business})
