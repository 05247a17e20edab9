"""What the pages of merging show: the two side by side with whose value is kept, and what a merge has done."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from crm import presence
from crm.consent_panel import title
from crm.figures import Figures
from crm.merging.columns import Choice, chosen_columns, column, identities, is_empty, values_of, with_followers
from crm.merging.relations import relations
from crm.merging.unmerge import later_at, refused_since
from crm.models import Customer, CustomerTag, Merge, MergeMoved
from crm.money import day
from crm.people.reach import hours_said

MERGES_SHOWN = 20


@dataclass(frozen=True)
class Row:
    """A column in which the two differ. `is_identity`: the other value stays with the one who goes, so that imports still find it; where
    only one of them has one, there is nothing to choose."""

    name: str
    label: str
    stays: str
    goes: str
    chosen: str
    is_identity: bool

    @property
    def is_only(self) -> bool:
        return self.is_identity and not (self.stays and self.goes)


@dataclass(frozen=True)
class Count:
    label: str
    number: int


@dataclass(frozen=True)
class SideBySide:
    """`alike` are the columns in which both are the same and that say something; `moving` what goes to the one who stays."""

    stays: Customer
    goes: Customer
    rows: list[Row]
    alike: list[tuple[str, str]]
    moving: list[Count]
    problem: str = ""

    @classmethod
    def of(cls, stays: Customer, goes: Customer, choices: dict[str, str] | None = None, problem: str = "") -> "SideBySide":
        rows, alike = [], []
        for field in chosen_columns():
            mine, theirs = shown(stays, field), shown(goes, field)
            # Two who are called alike are two all the same.
            if values_of(stays, field.name) != values_of(goes, field.name):
                chosen = (choices or {}).get(field.name) or (Choice.FROM if not mine else Choice.INTO)
                rows.append(Row(field.name, _label(field), mine, theirs, chosen, field.name in identities()))
            elif mine:
                alike.append((_label(field), mine))
        return cls(stays, goes, rows, alike, counts(goes), problem)


def _label(field: models.Field[Any, Any]) -> str:
    return _("best reached") if field.name == "best_from" else str(field.verbose_name)


def shown(customer: Customer, field: models.Field[Any, Any]) -> str:
    """The value as people read it, with what goes along with it."""
    if field.name == "best_from":
        return hours_said(customer)
    return ", ".join(filter(None, [_shown(customer, column(name)) for name in with_followers(field.name)]))


def _shown(customer: Customer, field: models.Field[Any, Any]) -> str:
    if field.choices and not is_empty(getattr(customer, field.attname)):
        return str(getattr(customer, f"get_{field.name}_display")())
    value = getattr(customer, field.name)
    if is_empty(value):
        return ""
    return day(value) if isinstance(field, models.DateField) else str(value)


def counts(customer: Customer) -> list[Count]:
    """What goes to the one who stays; a removed tag goes along unseen, in case it is brought back."""
    found = [(relation, relation.of(customer.pk)) for relation in relations()]
    seen = [(relation, rows.filter(tag__removed_at=None) if relation.model is CustomerTag else rows) for relation, rows in found]
    return [Count(relation.label, number) for relation, rows in seen if (number := rows.count())]


def labelled(numbers: dict[str, int]) -> list[Count]:
    names = {relation.key: relation.label for relation in relations()}
    return [Count(names.get(key, key), number) for key, number in numbers.items()]


@dataclass(frozen=True)
class MergePage:
    """One merge: what went, and what was made since."""

    merge: Merge
    moved: list[Count]
    came_later: list[Count]
    made_later: list[Count]
    # What both have refused, for it was said while they were one.
    refused: list[str]

    @classmethod
    def of(cls, merge: Merge) -> "MergePage":
        steps = MergeMoved.objects.filter(merge=merge).order_by().values_list("relation", "came_later")
        numbers: dict[bool, dict[str, int]] = {False: {}, True: {}}
        for relation, later, number in steps.annotate(number=models.Count("pk")):
            numbers[later][relation] = number
        moved, came = labelled(numbers[False]), labelled(numbers[True])
        if merge.undone_at:
            return cls(merge, moved, came, [], [])
        return cls(merge, moved, came, labelled(later_at(merge)), [title(one.purpose, one.channel) for one in refused_since(merge)])


@dataclass(frozen=True)
class MergedPanel:
    """Whom this customer was made of."""

    merges: list[Merge]

    @classmethod
    def of(cls, customer: Customer, figures: Figures) -> "MergedPanel | None":
        if figures.is_past or not presence.is_there(customer, "merges"):
            return None
        merges = Merge.objects.filter(into=customer, undone_at=None).select_related("from_customer", "by").order_by("-pk")[:MERGES_SHOWN]
        found = list(merges)
        return cls(found) if found else None
