"""What two people write of one customer at once: each carries what they saw, and nothing of either is lost."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.core import signing
from django.db import transaction
from django.db.models import Field

from crm import audit, hiding, record
from crm.models import Customer, User

_SALT = "crm.editing"
# The fields of a customer that people fill in, in the order of the form.
FIELDS = (
    "name",
    "entity",
    "email",
    "phone",
    "city",
    "country",
    "language",
    "birthday",
    "market",
    "kind",
    "source",
    "owner",
    "company_number",
    "card",
    "external_id",
)
Values = dict[str, object]


@dataclass(frozen=True)
class Clashing:
    """What two people have written of one thing, in the words of each."""

    name: str
    label: str
    theirs: str
    mine: str


@dataclass(frozen=True)
class Seen:
    """What a form was filled with, and in which fields it showed what another had written meanwhile."""

    pk: int
    values: Values
    clashing: list[str] = field(default_factory=list)

    def signed(self) -> str:
        return signing.dumps([self.pk, self.values, self.clashing], salt=_SALT, compress=True)

    @classmethod
    def read(cls, text: str, customer: Customer) -> "Seen":
        """Raises signing.BadSignature for what was not written here, or of somebody else."""
        pk, values, clashing = signing.loads(text, salt=_SALT)
        if pk != customer.pk:
            raise signing.BadSignature
        return cls(pk, {name: values.get(name) for name in FIELDS}, [name for name in clashing if name in FIELDS])


@dataclass(frozen=True)
class Merged:
    """`values` is what to write. `clashing` are the fields that both have written, and each another thing."""

    values: Values
    clashing: list[str]


def values_of(customer: Customer) -> Values:
    known = audit.values(customer)
    return {name: known[name] for name in FIELDS}


def merged(seen: Seen, theirs: Mapping[str, object], mine: Mapping[str, object], chosen: Collection[str]) -> Merged:
    """Of each field what was written last by whoever wrote it. `chosen` are fields of an earlier clash of which somebody has decided."""
    values, clashing = Values(), []
    for name, was in seen.values.items():
        their, my = theirs[name], mine[name]
        is_open = name in seen.clashing and name not in chosen and my != their
        if is_open or (my not in (was, their) and their != was):
            clashing.append(name)
        values[name] = their if my == was else my
    return Merged(values, clashing)


@dataclass(frozen=True)
class Clash(Exception):
    """Nothing was written: `theirs` is what the record holds now, `mine` what was to be written, with what the other changed elsewhere."""

    theirs: Values
    mine: Values
    fields: list[str]


@transaction.atomic
def edit_customer(*, customer: Customer, seen: Seen, mine: Mapping[str, object], chosen: Collection[str] = (), by: User) -> bool:
    """Writes what somebody changed since they opened the form. Whether anything was to be written. Raises Clash, and writes nothing."""
    # Two who save at once wait for each other: the later one sees what the former wrote.
    now = hiding.locked(customer)[customer.pk]
    theirs = values_of(now)
    found = merged(seen, theirs, mine, chosen)
    if found.clashing:
        raise Clash(theirs, found.values, found.clashing)
    changed = {name: value for name, value in found.values.items() if value != theirs[name]}
    for name, value in changed.items():
        column = Customer._meta.get_field(name)
        assert isinstance(column, Field)
        setattr(now, column.attname, column.to_python(value))
    if changed:
        record.save_customer(customer=now, by=by)
    return bool(changed)
