"""What refers to a customer, on whichever floor, and how it follows them when two become one.

A row that moved carries its way: a MergeMoved for each merge that it went along. It goes back to the one of whom a merge is taken apart,
and the steps after that one are forgotten: they follow from where that one is now.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from crm import bulk, hiding
from crm.models import Customer, Merge, MergeMoved

# Of the customer alone, whoever they are merged with: notes, what is set aside, and the merges themselves.
_OWN = {"crm.Changed", "crm.SetAside", "crm.Merge", "crm.Candidate"}


@dataclass(frozen=True)
class Relation:
    """A column that names a customer."""

    model: type[models.Model]
    field: models.ForeignKey[Any, Any]

    @property
    def key(self) -> str:
        return f"{self.model._meta.label}.{self.field.name}"

    @property
    def label(self) -> str:
        """In words, to be counted."""
        if self.model is Customer:
            return {"referred_by": _("customers whom they brought"), "works_at": _("people who work there")}[self.field.name]
        return str(self.model._meta.verbose_name_plural)

    @property
    def rows(self) -> QuerySet[Any]:
        return self.model._base_manager.all()

    def of(self, customer: int) -> QuerySet[Any]:
        return self.rows.filter(**{self.field.attname: customer})

    def moving(self, into: int, source: int) -> QuerySet[Any]:
        """The rows of `source` that `into` may have as well: not what is said of `into` itself, nor what they can have once only."""
        found = self.of(source)
        if self.model is Customer:
            found = found.exclude(pk=into)
        for others, condition in self._unique_with():
            same = self.of(into).filter(condition, **{name: OuterRef(name) for name in others})
            found = found.exclude(Exists(same)) if others else found.exclude(Exists(self.of(into).filter(condition)))
        return found

    def _unique_with(self) -> Iterator[tuple[list[str], Q]]:
        """The other columns of each rule that lets a customer have something once, with the rule's own condition."""
        name = self.field.name
        if self.field.unique:
            yield [], Q()
        rules = [(each.fields, each.condition or Q()) for each in self.model._meta.constraints if isinstance(each, models.UniqueConstraint)]
        for fields, condition in [*rules, *((fields, Q()) for fields in self.model._meta.unique_together)]:
            if name in fields:
                yield [other for other in fields if other != name], condition


def relations() -> Iterator[Relation]:
    """Those whose rows go along: what is derived stays, and so does a row whose key is the customer."""
    for model, field in referring():
        stays = hiding.is_derived(model) or model._meta.label in _OWN or (model is Customer and field.name == "merged_into")
        if not stays and not field.primary_key:
            yield Relation(model, field)


def referring() -> Iterator[tuple[type[models.Model], models.ForeignKey[Any, Any]]]:
    """Every column that names a customer, also one that the customer does not know of, and those of the tables between many and many."""
    for found in Customer._meta.get_fields(include_hidden=True):
        if isinstance(found, models.ManyToOneRel) and isinstance(found.field, models.ForeignKey):
            yield found.related_model, found.field


def move(made: Merge, into: int, source: int) -> dict[str, int]:
    """Moves what is `source`'s to `into`, and keeps which rows; how many of each relation."""
    counts = {}
    for relation in relations():
        moving = list(relation.moving(into, source).order_by("pk").values_list("pk", flat=True))
        if moving:
            keep(made.pk, relation.key, moving)
            relation.rows.filter(pk__in=bulk.among(moving)).update(**{relation.field.attname: into})
            counts[relation.key] = len(moving)
    return counts


def keep(merge: int, relation: str, rows: Collection[int], *, came_later: bool = False) -> None:
    bulk.insert(MergeMoved, ["merge", "relation", "row", "came_later"], [(merge, relation, row, came_later) for row in rows])


def forget(model: type[models.Model], rows: Collection[int]) -> None:
    """Deletes rows that a merge has written itself, with the ways that they have had since."""
    MergeMoved.objects.filter(relation__startswith=f"{model._meta.label}.", row__in=bulk.among(rows)).delete()
    model._base_manager.filter(pk__in=bulk.among(rows)).delete()


def move_back(undone: Merge) -> tuple[dict[str, int], dict[str, int]]:
    """Gives back what went with this merge, and what came later by an identity of whom it gives back; how many of each relation: those that
    came later, and those that are somebody else's by now, who keeps them."""
    later, elsewhere = {}, {}
    for relation in relations():
        came = dict(MergeMoved.objects.filter(merge=undone, relation=relation.key).values_list("row", "came_later"))
        going = [pk for owner, rows in _where(undone, relation, list(came)).items() for pk in _still_of(relation, owner, rows)]
        relation.rows.filter(pk__in=bulk.among(going)).update(**{relation.field.attname: undone.from_customer_id})
        MergeMoved.objects.filter(merge__gte=undone.pk, relation=relation.key, row__in=bulk.among(list(came))).delete()
        if arrived := sum(came[pk] for pk in going):
            later[relation.key] = arrived
        if gone := relation.rows.filter(pk__in=bulk.among(sorted(came.keys() - set(going)))).count():
            elsewhere[relation.key] = gone
    return later, elsewhere


def _where(undone: Merge, relation: Relation, rows: Collection[int]) -> dict[int, list[int]]:
    """Where the last step of each of `rows` has led: by customer."""
    steps = MergeMoved.objects.filter(merge__gte=undone.pk, relation=relation.key, row__in=bulk.among(rows))
    last = dict(steps.order_by("merge").values_list("row", "merge__into"))
    found: dict[int, list[int]] = defaultdict(list)
    for row, owner in last.items():
        found[owner].append(row)
    return found


def _still_of(relation: Relation, owner: int, rows: Collection[int]) -> list[int]:
    return list(relation.of(owner).filter(pk__in=bulk.among(rows)).values_list("pk", flat=True))


def way_from(customer: int) -> list[Merge]:
    """The merges that lead from here to where the customer is now."""
    found: list[Merge] = []
    at = customer
    while step := Merge.objects.filter(from_customer=at, undone_at=None).first():
        found.append(step)
        at = step.into_id
    return found


def lead(relation: Relation, row: int, customer: int | None) -> int | None:
    """Lets the row name `customer`, or who they are by now, with the way there; whom it names. Whatever way it had is forgotten."""
    MergeMoved.objects.filter(relation=relation.key, row=row, merge__undone_at=None).delete()
    way = way_from(customer) if customer else []
    for step in way:
        keep(step.pk, relation.key, [row])
    return way[-1].into_id if way else customer


def origin(relation: Relation, row: int, named: int | None) -> int | None:
    """Whom the row named before any merge."""
    first = MergeMoved.objects.filter(relation=relation.key, row=row, merge__undone_at=None).order_by("merge").first()
    return first.merge.from_customer_id if first else named


def newest() -> Mapping[str, int]:
    """The newest key of each relation's table: what is newer was made later."""
    return {relation.key: relation.rows.aggregate(newest=models.Max("pk"))["newest"] or 0 for relation in relations()}


def note_arrivals(relation: str, rows: Mapping[int, Collection[int]]) -> None:
    """Rows that came by the identity of somebody who is merged into another, by whose it was: they belong there."""
    for customer, theirs in rows.items():
        for step in way_from(customer):
            keep(step.pk, relation, theirs, came_later=True)
