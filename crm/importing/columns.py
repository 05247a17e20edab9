"""What the columns of a file mean, by their headers; where a header does not tell an id from a name, by its cells."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.fold import fold
from crm.importing.errors import Refused, shown
from crm.importing.headers import ALIASES, ID_OR_NAME, SHOPIFY, SHOPIFY_ALIASES
from crm.importing.words import clean

# What an order needs, each with names that a sentence gives as examples; ALIASES holds all.
NEEDED = {
    ("customer", "email"): "customer id, e-mail, id zákazníka, id klienta",
    ("date",): "date, created at, datum, data zamówienia",
    ("amount",): "amount, total, částka, kwota",
}
LISTED = 20
LOOKED_AT = 1000  # rows
# One word with a digit in it, which is no e-mail either.
_ID = re.compile(r"[^\s@]*\d[^\s@]*")
LONGEST = 200  # characters of a header: it is kept with every error of its column


@dataclass(frozen=True)
class Columns:
    """The header, and where in it each recognised field stands."""

    header: Sequence[str]
    places: Mapping[str, int]
    notices: Sequence[str] = field(default=())

    def has(self, of: str) -> bool:
        return of in self.places

    def name(self, of: str) -> str | None:
        return self.header[self.places[of]] if of in self.places else None


def plain(header: str) -> str:
    """A header as the names of ALIASES are written: folded, with one space for whatever is no letter or digit."""
    return " ".join("".join(letter if letter.isalnum() else " " for letter in fold(header)).split())


def recognised(header: Sequence[str]) -> int:
    """How many of these headers are known: what a delimiter is judged by."""
    known = {alias for aliases in ALIASES.values() for alias in aliases}
    return sum(plain(cell) in known for cell in header)


def read_columns(header: Sequence[str], row: int = 1, records: Iterable[tuple[int, Sequence[str]]] = ()) -> Columns:
    """The columns of an order file, named in this row, above these records; refuses a header that lacks what an order needs."""
    _refuse_too_long(header, row)
    names = [plain(cell) for cell in header]
    aliases = _aliases_for(names)
    known = {alias for of_field in aliases.values() for alias in of_field}
    for place, name in enumerate(names):
        if name in known and name in names[:place]:
            _refuse_twice(header, names.index(name), place, row)
    found = {of_field: [names.index(alias) for alias in accepted if alias in names] for of_field, accepted in aliases.items()}
    taken_for_ids = [] if found["customer"] else _ids_among_names(names, found["name"], records)
    found["customer"] += taken_for_ids
    found["name"] = [place for place in found["name"] if place not in taken_for_ids]
    places = {of_field: some[0] for of_field, some in found.items() if some}
    passed_over = [(header[other], header[some[0]]) for some in found.values() for other in some[1:]]
    for fields in NEEDED:
        if not any(name in places for name in fields):
            _refuse_without(fields, header, row)
    ignored = [cell for cell, name in zip(header, names, strict=True) if cell and name not in known]
    notices = [*_about_ids(header[place] for place in taken_for_ids), *_about_passed_over(passed_over), *_about_ignored(ignored)]
    return Columns(header, places, notices)


def _aliases_for(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    if not SHOPIFY.intersection(names):
        return ALIASES
    taken = set(SHOPIFY_ALIASES.values())
    rest = {of_field: tuple(alias for alias in aliases if alias not in taken) for of_field, aliases in ALIASES.items()}
    return rest | {of_field: (alias, *rest[of_field]) for of_field, alias in SHOPIFY_ALIASES.items()}


def _ids_among_names(names: Sequence[str], places: Sequence[int], records: Iterable[tuple[int, Sequence[str]]]) -> list[int]:
    """Of several columns of names the first that holds an id in each of its cells, as "customer" does beside "name" in some files."""
    open_to_both = [place for place in places if names[place] in ID_OR_NAME] if len(places) > 1 else []
    rows = [record for _number, record in islice(records, LOOKED_AT)] if open_to_both else []
    for place in open_to_both:
        cells = list(filter(None, (clean(record[place]) for record in rows if place < len(record))))
        if cells and all(map(_ID.fullmatch, cells)):
            return [place]
    return []


def _refuse_too_long(header: Sequence[str], row: int) -> None:
    for place, cell in enumerate(header, start=1):
        if len(cell) > LONGEST:
            sentence = _("The name of column %(place)s is %(length)s characters long; the limit is %(limit)s.")
            raise Refused(sentence % {"place": place, "length": len(cell), "limit": LONGEST}, row)


def _refuse_twice(header: Sequence[str], first: int, second: int, row: int) -> None:
    raise Refused(
        _("Two columns mean the same: %(first)s (column %(first_place)s) and %(second)s (column %(second_place)s). Rename or remove one.")
        % {"first": shown(header[first]), "first_place": first + 1, "second": shown(header[second]), "second_place": second + 1},
        row,
        header[second],
    )


def _refuse_without(fields: tuple[str, ...], header: Sequence[str], row: int) -> None:
    needed = {
        "customer": _(
            "Each order needs a customer, by an id or an e-mail; there is no column of that name (accepted are, for example, %(accepted)s)."
        ),
        "date": _("Each order needs a date; there is no column of that name (accepted are, for example, %(accepted)s)."),
        "amount": _("Each order needs an amount; there is no column of that name (accepted are, for example, %(accepted)s)."),
    }[fields[0]]
    found = _("The file has the columns %(columns)s.") % {"columns": _listed(header)}
    raise Refused(f"{needed % {'accepted': NEEDED[fields]}} {found}", row)


def _about_ids(headers: Iterable[str]) -> list[str]:
    sentence = _("Column %(column)s is read as the customer's id, for its cells look like ids and another column holds the name.")
    return [sentence % {"column": shown(header)} for header in headers]


def _about_passed_over(pairs: Sequence[tuple[str, str]]) -> list[str]:
    sentence = _("Column %(other)s is not read; %(used)s is read in its place.")
    return [sentence % {"other": shown(other), "used": shown(used)} for other, used in pairs]


def _about_ignored(headers: Sequence[str]) -> list[str]:
    if not headers:
        return []
    sentence = ngettext(
        "%(count)s column is not known and is ignored: %(columns)s.",
        "%(count)s columns are not known and are ignored: %(columns)s.",
        len(headers),
    )
    return [sentence % {"count": len(headers), "columns": _listed(headers)}]


def _listed(headers: Sequence[str]) -> str:
    more = [_("and %(count)s more") % {"count": len(headers) - LISTED}] if len(headers) > LISTED else []
    return ", ".join([*map(shown, headers[:LISTED]), *more])
