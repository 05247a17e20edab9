"""The owner's fields as facts that rules may ask (DEFINITIONS, Rules)."""

from collections.abc import Mapping
from functools import partial

from django.db.models import OuterRef, QuerySet
from django.utils.translation import gettext as _

from crm.catalogue import Detail, Fact, Kind, Topic
from crm.models import CustomField, FieldOption, FieldValue
from crm.people.fields import fact_name

# Of each kind: how it compares, the column that is compared, and the one that people read.
_AS = {
    CustomField.Kind.TEXT: (Kind.TEXT, "text_key", "text"),
    CustomField.Kind.NUMBER: (Kind.NUMBER, "number", "number"),
    CustomField.Kind.DATE: (Kind.DATE, "date", "date"),
    CustomField.Kind.CHOICE: (Kind.CHOICE, "option__key", "option__key"),
    CustomField.Kind.YES_NO: (Kind.ANSWER, "yes", "yes"),
}


def family() -> Mapping[str, Fact]:
    """For crm.catalogue.FAMILIES: every field that is not archived, in the order in which the owner has put them."""
    facts = [_fact(field) for field in CustomField.objects.filter(archived_at=None)]
    return {fact.name: fact for fact in facts}


def _fact(field: CustomField) -> Detail:
    kind, column, reads = _AS[CustomField.Kind(field.kind)]
    return Detail(
        fact_name(field),
        kind,
        "record",
        offers=partial(_options, field.pk) if kind == Kind.CHOICE else None,
        means=_("A field of our own, kept with each customer under “More about them”."),
        group=Topic.OWN,
        called=field.name,
        rows=partial(_row, field.pk),
        column=column,
        reads=reads,
    )


def _options(field: int) -> dict[str, str]:
    """Those offered no more as well: there are customers who have them."""
    return dict(FieldOption.objects.filter(field=field).values_list("key", "name"))


def _row(field: int) -> "QuerySet[FieldValue]":
    return FieldValue.objects.filter(customer=OuterRef("pk"), field=field)
