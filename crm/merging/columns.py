"""The customer's own columns when two become one: whose value is kept, and how each comes back.

An identity (a column that is unique) is never lost: where the one who stays takes the other's, the two are exchanged, so that both stay in
the table and lead to the one who stays. Every other column is overwritten, and its value before is kept with the merge.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import models

from crm.hiding import ends_of
from crm.merging.relations import Relation, lead, origin, way_from
from crm.models import Customer, Merge

# Set by the system, or by something else of the record.
_NOT_CHOSEN = {"id", "created", "form_key", "search_key", "city_key", "source_key", "phone_key", "binned_at", "merged_into"}
# Goes with another column, whatever is chosen for that one.
FOLLOWS = {"referred_on": "referred_by", "position": "works_at", "best_until": "best_from"}
Changes = dict[str, list[Any]]


class Choice(StrEnum):
    """Whose value is kept."""

    INTO = "into"
    FROM = "from"


def chosen_columns() -> list[models.Field[Any, Any]]:
    """Those that a choice is made for."""
    columns = [each for each in Customer._meta.concrete_fields if each.name not in _NOT_CHOSEN]
    return [each for each in columns if each.name not in FOLLOWS]


def identities() -> set[str]:
    """The columns that no two customers may have alike."""
    rules = [each for each in Customer._meta.constraints if isinstance(each, models.UniqueConstraint)]
    alone = {each.fields[0] for each in rules if len(each.fields) == 1}
    return alone | {each.name for each in Customer._meta.concrete_fields if each.unique and not each.primary_key}


def with_followers(name: str) -> list[str]:
    return [name, *(follower for follower, leader in FOLLOWS.items() if leader == name)]


def values_of(customer: Customer, name: str) -> list[Any]:
    """Of the column, then of those that go with it."""
    return [getattr(customer, column(each).attname) for each in with_followers(name)]


def is_empty(value: object) -> bool:
    return value is None or value == ""


@dataclass
class Columns:
    """What a merge writes into the columns of the two, and keeps of it."""

    into: Customer
    source: Customer
    changes: dict[str, Changes] = field(default_factory=lambda: {"into": {}, "from": {}})

    def choose(self, choices: Mapping[str, str]) -> None:
        """An identity that the other does not have cannot be chosen: nobody loses one."""
        for each in chosen_columns():
            mine, theirs = values_of(self.into, each.name), values_of(self.source, each.name)
            if choices.get(each.name) != Choice.FROM or mine == theirs:
                continue
            if each.name not in identities():
                for name in with_followers(each.name):
                    self._set(name, getattr(self.source, column(name).attname))
                continue
            # Nothing goes with an identity.
            (own,), (got,) = mine, theirs
            if not is_empty(got):
                self.changes["into"][each.name], self.changes["from"][each.name] = [own, got], [got, own]
                setattr(self.into, each.attname, got)
                setattr(self.source, each.attname, own)

    def break_circles(self, above: set[int]) -> None:
        """Nobody is named by themselves; nor referred by somebody whom they referred. `above`: who is referred by whom they refer."""
        for relation in own_relations():
            name, named = relation.field.name, getattr(self.into, relation.field.attname)
            if named in {self.into.pk, self.source.pk} or (name == "referred_by" and named in above):
                for each in with_followers(name):
                    self._set(each, _blank(each))

    def _set(self, name: str, value: Any) -> None:
        field = column(name)
        before = self.changes["into"].get(name, [_kept(self.into, field)])[0]
        after = _kept(self.source, field) if value is not None and value == getattr(self.source, field.attname) else _plain(value)
        setattr(self.into, field.attname, value)
        self.changes["into"][name] = [before, after]

    def save(self) -> None:
        """Identities in three steps, for no two may have one even for a moment."""
        for relation in own_relations():
            if relation.field.name in self.changes["into"]:
                lead(relation, self.into.pk, self.changes["into"][relation.field.name][1])
        blank = {name: _blank(name) for name in self.changes["from"]}
        Customer.objects.filter(pk=self.source.pk).update(**blank)
        self.into.save()
        self.source.save()


def own_relations() -> list[Relation]:
    """The columns of a customer that name another."""
    fields = [each for each in Customer._meta.concrete_fields if isinstance(each, models.ForeignKey) and each.related_model is Customer]
    return [Relation(Customer, each) for each in fields if each.name != "merged_into"]


def _kept(customer: Customer, field: models.Field[Any, Any]) -> Any:
    """As it is kept with a merge: of another customer, who it was before any merge."""
    value = getattr(customer, field.attname)
    if isinstance(field, models.ForeignKey) and _names_customer(field):
        return origin(Relation(Customer, field), customer.pk, value)
    return _plain(value)


def _plain(value: Any) -> Any:
    match value:
        case date():
            return value.isoformat()
        case Decimal() | UUID():
            return str(value)
    return value


def _blank(name: str) -> Any:
    field = Customer._meta.get_field(name)
    return None if getattr(field, "null", False) else ""


@dataclass
class Restored:
    """`kept` are the columns that somebody has changed since: they stay as they are."""

    kept: list[str] = field(default_factory=list)


def restore(undone: Merge) -> Restored:
    """Gives both their columns back. `undone` does not count as a merge any more."""
    restored = Restored()
    for name in undone.changes["from"]:
        if not _exchange_back(undone, name):
            restored.kept.append(name)
    for name, (before, _after) in undone.changes["into"].items():
        if name in undone.changes["from"] or name in FOLLOWS:
            continue
        if not _put_back(undone, name, before):
            restored.kept.append(name)
    return restored


def _later(undone: Merge) -> models.QuerySet[Merge]:
    return Merge.objects.filter(undone_at=None, pk__gt=undone.pk).order_by("pk")


def _put_back(undone: Merge, name: str, before: Any) -> bool:
    """A later merge that wrote over it will put back what this one found; else the column is put back, with those that go with it, where
    they all still hold what this one left in them."""
    names = [each for each in with_followers(name) if each in undone.changes["into"]]
    left = {each: undone.changes["into"][each][1] for each in names}
    later = next((each for each in _later(undone).filter(into=undone.into_id) if name in each.changes["into"]), None)
    if later:
        if any(later.changes["into"].get(each, [value])[0] != value for each, value in left.items()):
            return False
        for each in names:
            later.changes["into"].setdefault(each, [None, None])[0] = undone.changes["into"][each][0]
        later.save(update_fields=["changes"])
        return True
    customer = Customer.objects.get(pk=undone.into_id)
    if not all(_holds(customer, each, value) for each, value in left.items()) or _is_gone(name, before):
        return False
    for each, value in _without_circle(customer, name, {each: undone.changes["into"][each][0] for each in names}).items():
        _write(customer, each, value)
    customer.save()
    return True


def _without_circle(customer: Customer, name: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Whom the customer named may be merged into them by now: that merge keeps it for when it is taken apart."""
    if not _names_customer(column(name)) or wanted[name] is None:
        return wanted
    step = next((step for step in way_from(wanted[name]) if step.into_id == customer.pk), None)
    if step is None:
        return wanted
    step.changes["into"] |= {each: [value, _blank(each)] for each, value in wanted.items()}
    step.save(update_fields=["changes"])
    return {each: _blank(each) for each in wanted}


def column(name: str) -> models.Field[Any, Any]:
    found = Customer._meta.get_field(name)
    assert isinstance(found, models.Field)
    return found


def _names_customer(field: models.Field[Any, Any]) -> bool:
    return isinstance(field, models.ForeignKey) and field.related_model is Customer


def _is_gone(name: str, value: Any) -> bool:
    """Whether it names somebody who was deleted for good."""
    field = Customer._meta.get_field(name)
    target = field.related_model if isinstance(field, models.ForeignKey) else None
    return isinstance(target, type) and value is not None and not target._base_manager.filter(pk=value).exists()


def _holds(customer: Customer, name: str, value: Any) -> bool:
    field = column(name)
    now = getattr(customer, field.attname)
    if _names_customer(field):
        ends = ends_of({pk for pk in (now, value) if pk})
        return bool(ends.get(now) == ends.get(value))
    return bool(_plain(now) == value)


def _write(customer: Customer, name: str, value: Any) -> None:
    field = column(name)
    if isinstance(field, models.ForeignKey):
        named = lead(Relation(Customer, field), customer.pk, value) if _names_customer(field) else value
        setattr(customer, field.attname, named)
    else:
        setattr(customer, name, field.to_python(value))


def _exchange_back(undone: Merge, name: str) -> bool:
    """Whoever has the identity by now exchanges it for the one that was got for it, and later merges are told: they exchanged that one.

    False where somebody has changed one of the two: what is free goes back all the same.
    """
    own, got = undone.changes["from"][name]
    owner = Customer.objects.get(pk=undone.from_customer_id)
    way = _passed_on(undone, name)
    holder = Customer.objects.get(pk=way[-1][1] if way else undone.into_id)
    is_own, is_held = getattr(owner, name) == got, getattr(holder, name) == own
    if is_held and (is_own or _is_free(name, got)):
        Customer.objects.filter(pk=holder.pk).update(**{name: _blank(name)})
        if is_own:
            _save_with(owner, name, own)
        _save_with(holder, name, got)
        _tell(way, name, got)
    elif is_own and _is_free(name, own):
        _save_with(owner, name, own)
    return bool(is_own and is_held)


def _passed_on(undone: Merge, name: str) -> list[tuple[Merge, int]]:
    """The later merges that passed on what this one gave to the one who stayed, each with who got it; an empty identity as any."""
    way, at = [], undone.into_id
    for later in _later(undone):
        if name in later.changes["from"] and at in {later.into_id, later.from_customer_id}:
            at = later.from_customer_id if at == later.into_id else later.into_id
            way.append((later, at))
    return way


def _tell(way: list[tuple[Merge, int]], name: str, got: Any) -> None:
    for later, went_to in way:
        gave, took = ("from", "into") if went_to == later.into_id else ("into", "from")
        later.changes[gave][name][0] = later.changes[took][name][1] = got
        later.save(update_fields=["changes"])


def _is_free(name: str, value: Any) -> bool:
    return is_empty(value) or not Customer.objects.filter(**{name: value}).exists()


def _save_with(customer: Customer, name: str, value: Any) -> None:
    setattr(customer, name, value)
    customer.save()
