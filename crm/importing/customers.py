"""The customers of a batch: found, adopted, created, or set to what the file says of them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet

from crm import bulk
from crm.hiding import ends_of
from crm.importing.dates import stored
from crm.merging.identities import origins
from crm.models import Customer, Facts
from crm.models.customer import Texts, search_key


class Person(NamedTuple):
    """A customer as the file knows them.

    `who` is "i" and an id, or "e" and an e-mail; `adopts` is the e-mail of a customer of the record who is to get the id.
    """

    who: str
    name: str | None
    email: str | None
    adopts: str | None


class Stored(NamedTuple):
    """One merged into another keeps its identities, and learns more of them, as before."""

    pk: int
    external_id: str
    email: str
    name: str
    phone: str
    phone_key: str
    company_number: str
    card: str
    city: str


NOBODY = Stored(0, "", "", "", "", "", "", "", "")


@dataclass
class Taken:
    """The primary key of each person, the e-mails that are another customer's by now, and how many were written."""

    keys: dict[str, int] = field(default_factory=dict)
    # Where the keys lead that are merged into another: an order goes there, by the key that it came under.
    ends: dict[int, int] = field(default_factory=dict)
    without_email: dict[str, str] = field(default_factory=dict)
    created: int = 0
    updated: int = 0

    def end(self, pk: int) -> int:
        return self.ends.get(pk, pk)


def _defaults(model: type[Customer | Facts]) -> dict[str, Any]:
    """What a new row holds where nothing else is said, as the database stores it."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key and not (field.null and field.get_default() is None)]
    return {field.name: field.get_prep_value(field.get_default()) for field in fields}


def with_id(ids: Collection[str]) -> QuerySet[Customer]:
    """Says what the condition of the index says, without which neither database would use it for a long list."""
    return Customer.objects.filter(external_id__in=bulk.among(ids)).exclude(external_id="")


def with_email(emails: Collection[str]) -> QuerySet[Customer]:
    return Customer.objects.filter(email__in=bulk.among(emails)).exclude(email="")


def take_in(people: Iterable[Person], now: datetime) -> Taken:
    """Writes the customers of a batch, each new one with their Facts row. A blank cell never deletes what is stored."""
    people = list(people)
    found = _find(people)
    owners = _owners(found)
    taken = Taken(ends=_ends({one.pk for one in found.values()} | {owner for one in owners.values() for owner in one.values()}))
    updates, new = [], []
    for person in people:
        customer = _known(person, found)
        holder = found.get(f"e{person.email}")
        if holder and (customer is None or holder.pk != customer.pk):
            if customer is None or taken.end(holder.pk) != taken.end(customer.pk):
                taken.without_email[person.who] = person.email or ""
            person = person._replace(email=None)
        if customer is None:
            new.append(person)
            continue
        by = "external_id" if person.who[0] == "i" and person.who in found else "email"
        taken.keys[person.who] = owners[by].get(customer.pk, customer.pk)
        wanted = _as_said(customer, person)
        if wanted != customer:
            updates.append((wanted.pk, wanted.name, wanted.email, wanted.external_id, _search_key(wanted)))
    bulk.update(Customer, ["name", "email", "external_id", "search_key"], updates)
    taken.keys |= _create(new, now)
    taken.created, taken.updated = len(new), len(updates)
    return taken


def _owners(found: Mapping[str, Stored]) -> dict[str, dict[int, int]]:
    """By column, whose the id or e-mail is that somebody holds since a merge: an order is the owner's, as before it."""
    return {column: origins(column, {one.pk for one in found.values()}) for column in ("external_id", "email")}


def _ends(customers: Collection[int]) -> dict[int, int]:
    merged = Customer.objects.filter(pk__in=bulk.among(customers), merged_into__isnull=False)
    return ends_of(merged.values_list("pk", flat=True))


def _known(person: Person, found: Mapping[str, Stored]) -> Stored | None:
    """The customer of the record who is this person.

    People work on the record while the file is read: whoever has the e-mail by now, and no id, gets the one of the file.
    """
    if customer := found.get(person.who):
        return customer
    by_email = [found.get(f"e{email}") for email in (person.adopts, person.email) if email]
    return next((customer for customer in by_email if customer and not customer.external_id), None)


def _find(people: Iterable[Person]) -> dict[str, Stored]:
    """The customers of the record who have one of these ids or e-mails, by "i" and the id, and by "e" and the e-mail."""
    ids = [person.who[1:] for person in people if person.who[0] == "i"]
    emails = {
        email for person in people for email in (person.adopts, person.email, person.who[1:] if person.who[0] == "e" else None) if email
    }
    customers = [*with_id(ids).values_list(*Stored._fields), *with_email(sorted(emails)).values_list(*Stored._fields)]
    found = {}
    for customer in map(Stored._make, customers):
        if customer.external_id:
            found[f"i{customer.external_id}"] = customer
        if customer.email:
            found[f"e{customer.email}"] = customer
    return found


def _as_said(customer: Stored, person: Person) -> Stored:
    external_id = person.who[1:] if person.who[0] == "i" else ""
    return customer._replace(
        external_id=external_id or customer.external_id, email=person.email or customer.email, name=person.name or customer.name
    )


def _search_key(customer: Stored) -> str:
    """The phone's key stands beside it already: a file brings no phone."""
    return search_key(Texts(*(getattr(customer, name) for name in Texts._fields)))


def _create(new: list[Person], now: datetime) -> Mapping[str, int]:
    if not new:
        return {}
    blank = _defaults(Customer) | {"created": stored(now)}
    rows = []
    for person in new:
        customer = _as_said(NOBODY._replace(email=person.who[1:] if person.who[0] == "e" else ""), person)
        said = {"external_id": customer.external_id, "email": customer.email, "name": customer.name, "search_key": _search_key(customer)}
        rows.append(tuple((blank | said).values()))
    bulk.insert(Customer, list(blank), rows)
    found = _find(new)
    keys = {person.who: found[person.who].pk for person in new}
    facts = _defaults(Facts)
    bulk.insert(Facts, ["customer", *facts], [(pk, *facts.values()) for pk in keys.values()])
    return keys
