"""Customers who are hidden: in the bin, or merged into another. Their row stays, with all that people did for them.

What the program derived of them would be counted by whoever counts it: it is set aside, row by row, and comes back as it was. Each floor
says in AppConfig.ready what it derives (`sets_aside`), or keeps as scratch (`drops`).
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models
from django.http import Http404
from django.utils.translation import gettext as _

from crm import bulk
from crm.models import Business, Customer, Headline, SetAside

# Told of the rows of its model: whether they come back, or go.
Then = Callable[[Sequence[Any], bool], None]
_ASIDE: dict[str, Then | None] = {}
_DROPPED: set[str] = set()
# So many steps a way of merges is followed: one of five is long.
LONGEST_WAY = 1_000


class Hidden(Http404):
    """The customer is in the bin, or merged into another: `customer` says which. Answered by crm/hidden.py."""

    def __init__(self, customer: Customer) -> None:
        super().__init__(_("This customer is not there any more."))
        self.customer = customer


def sets_aside(*labels: str, then: Then | None = None) -> None:
    """The models, by label, whose rows of a customer are derived; `then` keeps what else counts them in step."""
    _ASIDE.update(dict.fromkeys(labels, then))


def drops(*labels: str) -> None:
    """The models whose rows of a customer are scratch, made anew by whoever needs them."""
    _DROPPED.update(labels)


def is_derived(model: type[models.Model]) -> bool:
    return model._meta.label in _ASIDE or model._meta.label in _DROPPED


def end_of(customer: Customer) -> Customer:
    """Where the way of merges leads from this customer: to themselves, where they are merged into nobody."""
    for _step in range(LONGEST_WAY):
        if customer.merged_into is None:
            break
        customer = customer.merged_into
    return customer


def ends_of(customers: Iterable[int]) -> dict[int, int]:
    """The same for many, by primary key; with a query for each step of the longest way."""
    ends = {pk: pk for pk in customers}
    for _step in range(LONGEST_WAY):
        merged = Customer.objects.filter(pk__in=bulk.among(set(ends.values())), merged_into__isnull=False)
        after = dict(merged.values_list("pk", "merged_into"))
        if not after:
            break
        ends = {pk: after.get(end) or end for pk, end in ends.items()}
    return ends


def locked(*customers: Customer) -> dict[int, Customer]:
    """Each as they are now, by primary key, until the transaction ends: so long nobody merges them or puts them into the bin.

    Raises Hidden where one is not there any more.
    """
    keys = sorted({one.pk for one in customers})
    # Their key stays as it is, so whoever only writes a row that refers to them does not wait.
    rows = Customer.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=keys).order_by("pk")
    found = {one.pk: one for one in rows}
    for one in customers:
        if one.pk not in found:
            raise Http404(_("This customer is not there any more."))
        if found[one.pk].is_hidden:
            raise Hidden(found[one.pk])
    return found


def hide(customer: int) -> None:
    """Sets aside what is derived of them. Call in the transaction that marks their row."""
    for label, then in _ASIDE.items():
        model = apps.get_model(label)
        # Facts are locked by whoever writes what is derived (lifecycle/stages.py): they go first, in the order of registering.
        theirs = model._base_manager.filter(customer=customer).order_by("pk")
        rows = list(theirs.select_for_update())
        SetAside.objects.bulk_create([SetAside(customer_id=customer, model=label, values=_written(row)) for row in rows])
        theirs.delete()
        if then and rows:
            then(rows, False)
    for label in _DROPPED:
        apps.get_model(label)._base_manager.filter(customer=customer).delete()
    _void()


def show(customer: int) -> None:
    """Puts back what was set aside. Call in the transaction that takes the mark off their row.

    A row that refers to something that is gone by now, such as a ladder, is gone with it.
    """
    kept: dict[str, list[Any]] = defaultdict(list)
    for aside in SetAside.objects.filter(customer=customer).order_by("pk"):
        if aside.model in _ASIDE:
            kept[aside.model].append(_read(apps.get_model(aside.model), aside.values))
    for label, rows in kept.items():
        model = apps.get_model(label)
        whole = _whole(model, rows)
        # Where somebody, or the night, has written one in the meantime, that one stands.
        model._base_manager.bulk_create(whole, ignore_conflicts=True)
        if (then := _ASIDE[label]) and whole:
            then(whole, True)
    SetAside.objects.filter(customer=customer).delete()
    _void()


def _void() -> None:
    Headline.void()
    Business.objects.exclude(past_as_of=None).update(past_as_of=None)


def _written(row: models.Model) -> dict[str, Any]:
    values = {field.attname: field.value_from_object(row) for field in row._meta.concrete_fields}
    plain: dict[str, Any] = json.loads(json.dumps(values, default=_plain))
    return plain


def _plain(value: object) -> str:
    match value:
        case date():  # datetime as well, to the microsecond
            return value.isoformat()
        case Decimal() | UUID():
            return str(value)
    raise TypeError(f"{type(value).__name__} is not kept aside")


def _read(model: type[models.Model], values: dict[str, Any]) -> models.Model:
    """Of a column that is no more nothing is kept; one that came since has its default."""
    known = {field.attname: field for field in model._meta.concrete_fields}
    return model(**{name: known[name].to_python(value) for name, value in values.items() if name in known})


def _whole(model: type[models.Model], rows: Sequence[models.Model]) -> list[models.Model]:
    """Those whose every reference leads somewhere."""
    for field in model._meta.concrete_fields:
        target = field.related_model
        if isinstance(field, models.ForeignKey) and isinstance(target, type) and rows:
            asked = {getattr(row, field.attname) for row in rows} - {None}
            there = set(target._base_manager.filter(pk__in=asked).values_list("pk", flat=True))
            rows = [row for row in rows if getattr(row, field.attname) in there | {None}]
    return list(rows)


sets_aside("crm.Facts")
drops("crm.PastFacts", "crm.ReplayFacts")
