"""What two people do about one complaint at once: a form carries what it showed, and whoever is later is told, and chooses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.core import signing
from django.db.models import OuterRef, Subquery

from crm import editing
from crm.fields import CENT
from crm.models import Complaint, ComplaintStep

_SALT = "crm.complaints"
Kind = ComplaintStep.Kind
Values = dict[str, Any]
# What a form writes over, by what it does: fields that only make sense together are chosen as one, called by the first of them.
UNITS: dict[ComplaintStep.Kind, tuple[tuple[str, ...], ...]] = {
    Kind.PROMISE: (("promised", "promised_on"),),
    Kind.HANDED: (("owner",),),
    Kind.CORRECTED: (("nature",), ("what",), ("deadline_on",)),
    Kind.SOLVED: (("solution",), ("cost",), ("satisfaction",)),
}
# Whoever sees the complaint in the same state as before may still have missed these.
_TURNS = (Kind.WAITING, Kind.GOES_ON, Kind.CLOSED, Kind.REOPENED)
LAST_STEP = Subquery(ComplaintStep.objects.filter(complaint=OuterRef("pk")).order_by("-pk").values("pk")[:1])


@dataclass(frozen=True)
class Seen:
    """A complaint as a form showed it: its state, its last step, and the units that the form writes. `clashing` are those of which two
    have written, and which were shown with both."""

    pk: int
    state: str
    last: int
    values: Values
    clashing: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, complaint: Complaint, kind: ComplaintStep.Kind, clashing: list[str] | None = None) -> "Seen":
        return cls(complaint.pk, complaint.state, last_step(complaint), values_of(complaint, kind), clashing or [])

    def signed(self) -> str:
        return signing.dumps([self.pk, self.state, self.last, self.values, self.clashing], salt=_SALT, compress=True)

    @classmethod
    def read(cls, text: str, complaint: Complaint, kind: ComplaintStep.Kind) -> "Seen":
        """Raises signing.BadSignature for what was not written here, of another complaint, or by a form that does something else."""
        pk, state, last, values, clashing = signing.loads(text, salt=_SALT)
        if pk != complaint.pk or set(values) != {unit[0] for unit in UNITS.get(kind, ())}:
            raise signing.BadSignature
        return cls(pk, state, last, values, clashing)


@dataclass(frozen=True)
class Meanwhile(Exception):
    """Nothing was written: somebody was faster. `complaint` is what it is now, `seen` what whoever sends the form once more has seen then.

    `taken` are fields that only the other has written, and that stand as they wrote them.
    """

    complaint: Complaint
    seen: Seen
    taken: list[str]


def last_step(complaint: Complaint) -> int:
    """Its key; 0 where there is none. Of one that was read with LAST_STEP, the last one by then."""
    if "last_step" not in vars(complaint):
        last = complaint.steps.order_by("-pk").values_list("pk", flat=True).first()
        return last or 0
    return vars(complaint)["last_step"] or 0


def fields_of(kind: ComplaintStep.Kind) -> list[str]:
    """What a form that does this writes over."""
    return [name for unit in UNITS.get(kind, ()) for name in unit]


def values_of(complaint: Complaint, kind: ComplaintStep.Kind) -> Values:
    """Of each unit the values of its fields, as JSON knows them."""
    kept = {field.name: _plain(field.value_from_object(complaint)) for field in Complaint._meta.concrete_fields}
    return {unit[0]: [kept[name] for name in unit] for unit in UNITS.get(kind, ())}


def _plain(value: object) -> object:
    """As it comes back from a form: a browser ends its lines in its own way, and a number has its two decimals."""
    match value:
        case str():
            return value.replace("\r\n", "\n").strip()
        case Decimal():
            return str(value.quantize(CENT))
        case date():
            return value.isoformat()
    return value


def agreed(complaint: Complaint, kind: ComplaintStep.Kind, said: Values, seen: Seen, chosen: Mapping[str, str]) -> Values:
    """What to write of what somebody `said`: of each unit what was written last by whoever wrote it. Raises Meanwhile.

    `chosen` says of a unit that clashed before whether "mine" or "theirs" shall stand.
    """
    mine = Complaint(pk=complaint.pk)
    for name, value in said.items():
        setattr(mine, name, value)
    theirs, my = values_of(complaint, kind), values_of(mine, kind)
    yielded = {name: seen.values[name] for name in seen.clashing if chosen.get(name) == "theirs"}
    merged = editing.merged(editing.Seen(seen.pk, seen.values, seen.clashing), theirs, my | yielded, chosen)
    theirs_alone = {name for name, value in merged.values.items() if value == theirs[name] != my[name]}
    taken = [name for unit in UNITS.get(kind, ()) if unit[0] in theirs_alone for name in unit]
    if merged.clashing or _has_turned(complaint, seen):
        raise Meanwhile(complaint, Seen.of(complaint, kind, merged.clashing), taken)
    return said | {name: getattr(complaint, name) for name in taken}


def _has_turned(complaint: Complaint, seen: Seen) -> bool:
    return complaint.state != seen.state or complaint.steps.filter(pk__gt=seen.last, kind__in=_TURNS).exists()
