"""Cells that hold dates, with or without a time, and the vote of a column on the order of day, month and year.

A value is read into one text, its *moment*: the business date, and for a date with a time also the instant in UTC and the time as it was
written, parted by "|". That is what staging can sort, compare and keep.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from django.utils.translation import gettext as _

from crm.importing.errors import BadCell, shown
from crm.importing.words import LONGEST, REMEMBERED, clean

YMD, DMY, MDY, EITHER = "ymd", "dmy", "mdy", "either"
EARLIEST = date(1970, 1, 1)
DAYS_AHEAD = 366

_SHAPE = re.compile(
    r"(?:(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
    r"|(?P<run>\d{8})"
    r"|(?P<first>\d{1,2})(?P<sep>[./-]) ?(?P<second>\d{1,2})(?P=sep) ?(?P<last>\d{4}|\d\d))"
    r"(?:(?:\s*T|\s+|,\s*)(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<whole>\d\d)(?:[.,](?P<part>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?(?:\s*(?P<zone>Z|z|UTC|GMT|[+-]\d\d(?::?\d\d)?))?)?",
    re.ASCII,
)
_YEAR_FIRST = re.compile(r"[0-9]{4}-[0-9]{1,2}-")


def _anatomy(cell: str) -> "re.Match[str] | None":
    # The spaces of all kinds are made plain first, as the shape knows only ASCII: digits of other scripts are no digits here.
    return _SHAPE.fullmatch(" ".join(clean(cell).split())) if len(cell) <= LONGEST else None


@lru_cache(REMEMBERED)
def evidence(cell: str) -> str:
    """What this cell says about the order of its column: YMD, DMY, MDY, EITHER, or nothing."""
    if _YEAR_FIRST.match(cell):
        return YMD
    shape = _anatomy(cell)
    if shape is None:
        return ""
    if not shape["first"]:
        return YMD
    first, second = int(shape["first"]), int(shape["second"])
    if shape["sep"] == ".":
        return DMY
    if first > 12 or second > 12:
        return DMY if first > 12 else MDY
    return EITHER if first != second else ""


def date_reader(order: str, zone: tzinfo, today: date, written_in: tzinfo | None = None) -> Callable[[str], str | None]:
    """Reads the moment of a cell. `zone` is the business's, `written_in` the one of times that name none, where it is another."""
    latest = today + timedelta(days=DAYS_AHEAD)

    @lru_cache(REMEMBERED)
    def read(cell: str) -> str | None:
        text = clean(cell)
        if not text:
            return None
        shape = _anatomy(text)
        if shape is None:
            raise BadCell(_("%(value)s is not a date; dates are written like 2026-03-04, 4.3.2026 or 03/04/2026.") % {"value": shown(text)})
        try:
            day = date(*_year_month_day(shape, order, text))
            # A day of slack, as the business's date may be the neighbour of the one written; then nothing below can overflow.
            _check_range(day, EARLIEST - timedelta(days=1), latest + timedelta(days=1), text)
            moment = _with_time(day, shape, zone, written_in or zone) if shape["hour"] else day.isoformat()
        except BadCell:
            raise
        except ValueError:
            raise BadCell(_("%(value)s is a date or a time that does not exist.") % {"value": shown(text)}) from None
        _check_range(date.fromisoformat(moment[:10]), EARLIEST, latest, text)
        return moment

    return read


def _year_month_day(shape: "re.Match[str]", order: str, text: str) -> tuple[int, int, int]:
    if run := shape["run"]:
        return int(run[:4]), int(run[4:6]), int(run[6:])
    if shape["year"]:
        return int(shape["year"]), int(shape["month"]), int(shape["day"])
    if order == YMD or (order == MDY and shape["sep"] == "."):
        raise BadCell(_("%(value)s does not fit its column, which writes dates in another order.") % {"value": shown(text)})
    first, second, year = int(shape["first"]), int(shape["second"]), int(shape["last"])
    if len(shape["last"]) == 2:
        year += 1900 if year >= 70 else 2000
    day, month = (first, second) if order == DMY else (second, first)
    if month > 12 >= day:
        raise BadCell(_("%(value)s does not fit its column, which writes dates in another order.") % {"value": shown(text)})
    return year, month, day


def _check_range(day: date, earliest: date, latest: date, text: str) -> None:
    if day < earliest:
        raise BadCell(_("%(value)s lies before 1970.") % {"value": shown(text)})
    if day > latest:
        raise BadCell(_("%(value)s lies more than %(days)s days ahead.") % {"value": shown(text), "days": DAYS_AHEAD})


def _with_time(day: date, shape: "re.Match[str]", zone: tzinfo, written_in: tzinfo) -> str:
    hour = int(shape["hour"])
    if shape["half"]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if shape["half"] in "Pp" else 0)
    second, part = int(shape["whole"] or 0), (shape["part"] or "")[:6].ljust(6, "0")
    written = datetime(day.year, day.month, day.day, hour, int(shape["minute"]), second, int(part))
    offset = _offset(shape["zone"])
    instant = (written.replace(tzinfo=offset or written_in)).astimezone(UTC)
    as_read = written.replace(tzinfo=offset).isoformat() if offset else written.isoformat()
    return f"{instant.astimezone(zone).date().isoformat()}|{stored(instant)}|{as_read}"


def _offset(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text[0] not in "+-":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[3:].lstrip(":") or 0)
    return timezone(timedelta(minutes=minutes if text[0] == "+" else -minutes))


def stored(instant: datetime) -> str:
    """An instant as crm.bulk takes it, and as both databases give it back as text."""
    text = instant.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    return text.rstrip("0") if instant.microsecond else text
