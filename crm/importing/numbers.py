"""Cells that hold amounts and quantities, and the vote of a column on its decimal mark."""

import re
from collections.abc import Callable
from functools import lru_cache

from django.utils.translation import gettext as _

from crm.importing.errors import BadCell, shown
from crm.importing.words import LONGEST, REMEMBERED, clean, currency, refuse_other_currency

COMMA, POINT, EITHER = "comma", "point", "either"
# The first value too large, in the smallest units: MoneyField's LIMIT in cents, a thousandth of that in thousandths.
TOO_LARGE = 10**12

_DROPPED = re.compile(r"[\s\u200b\u2060\ufeff'’]")
_MINUS = str.maketrans("−–—", "---")  # what programs write for minus
_WORD = r"(?:US\$|[€$£]|[^\W\d_]{1,4}\.?)"
_SHAPE = re.compile(
    rf"(?P<open>\()?(?P<before>[-+])?(?P<first>{_WORD})?(?P<inner>[-+])?(?P<open2>\()?(?P<digits>[0-9][0-9.,]*?|[.,][0-9]+)(?:[.,]--?)?"
    rf"(?P<middle>{_WORD})?(?P<after>-)?(?P<close>\))?(?P<last>{_WORD})?"
)
# A mark followed by exactly three digits reads two ways, unless what stands before it cannot be a group of thousands.
_EITHER = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_GROUPED = {
    POINT: re.compile(r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]*)(?:\.(?P<part>[0-9]*))?"),
    COMMA: re.compile(r"(?P<whole>[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]*)(?:,(?P<part>[0-9]*))?"),
}
_PLAIN = {mark: re.compile(rf"(-?)([0-9]{{1,9}})(?:{sign}([0-9][0-9]?))?") for mark, sign in ((POINT, r"\."), (COMMA, ","))}
# What most cells look like, told without the shape: no currency, and one decimal mark at most.
_BARE = re.compile(r"-?[0-9.,]*")
_SIMPLE = re.compile(r"-?[0-9]+(?:([.,])[0-9][0-9]?)?")
_SAYS = {None: "", ",": COMMA, ".": POINT}
_OTHER = {",": POINT, ".": COMMA}


def _anatomy(cell: str) -> "re.Match[str] | None":
    text = _DROPPED.sub("", clean(cell)).translate(_MINUS) if len(cell) <= LONGEST else ""
    shape = _SHAPE.fullmatch(text)
    if shape is None or bool(shape["open"] or shape["open2"]) != bool(shape["close"]):
        return None
    return shape if sum(shape[sign] is not None for sign in ("before", "inner", "after", "close")) <= 1 else None


@lru_cache(REMEMBERED)
def evidence(cell: str) -> str:
    """What this cell says about the decimal mark of its column: COMMA, POINT, EITHER, or nothing."""
    if simple := _SIMPLE.fullmatch(cell):
        return _SAYS[simple[1]]
    shape = _anatomy(cell)
    digits = shape["digits"] if shape else ""
    marks = re.sub("[0-9]", "", digits)
    if not marks:
        return ""
    if len(marks) > 1:
        # Of two kinds of marks the last one parts the decimals; one kind several times parts thousands.
        return _SAYS[marks[-1]] if len(set(marks)) > 1 else _OTHER[marks[-1]]
    return EITHER if _EITHER.fullmatch(digits) else _SAYS[marks]


@lru_cache(REMEMBERED)
def currency_named(cell: str) -> str:
    """The currency that an amount names beside its digits, or nothing."""
    if _BARE.fullmatch(cell):
        return ""
    shape = _anatomy(cell)
    return (currency(_word(shape)) or "") if shape else ""


def _word(shape: "re.Match[str]") -> str:
    return shape["first"] or shape["middle"] or shape["last"] or ""


def number_reader(mark: str, places: int, of_business: str | None = None) -> Callable[[str], int | None]:
    """Reads whole minor units (cents with two `places`); with `of_business` it objects to an amount in another currency."""
    plain, scale = _PLAIN[mark], 10**places

    @lru_cache(REMEMBERED)
    def read(cell: str) -> int | None:
        if match := plain.fullmatch(cell):
            sign, whole, part = match.groups()
            value: int = int(whole) * scale + (int(part.ljust(places, "0")) if part else 0)
            return -value if sign else value
        text = clean(cell)
        if not text:
            return None
        shape = _anatomy(text)
        if shape is None:
            raise BadCell(_("%(value)s is not a number.") % {"value": shown(text)})
        word = _word(shape)
        code = currency(word, of_business)
        if word and code is None:
            raise BadCell(_("%(value)s is not a number.") % {"value": shown(text)})
        if of_business:
            refuse_other_currency(code, of_business)
        value = _value(str(shape["digits"]), mark, places, text)
        return -value if shape["close"] or "-" in (shape["before"], shape["inner"], shape["after"]) else value

    return read


def _value(digits: str, mark: str, places: int, text: str) -> int:
    match = _GROUPED[mark].fullmatch(digits)
    if match is None:
        sentence = {
            POINT: _("%(value)s does not fit its column, which writes decimals with a point."),
            COMMA: _("%(value)s does not fit its column, which writes decimals with a comma."),
        }[mark]
        raise BadCell(sentence % {"value": shown(text)})
    part = match["part"] or ""
    value: int = int(re.sub("[.,]", "", match["whole"]) or 0) * 10**places + int(part[:places].ljust(places, "0"))
    if part[places : places + 1] >= "5":  # half up
        value += 1
    if value >= TOO_LARGE:
        raise BadCell(_("%(value)s is too large; the limit is %(limit)s.") % {"value": shown(text), "limit": TOO_LARGE // 10**places})
    return value
