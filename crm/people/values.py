"""What a customer has in the owner's fields: read for a page, and written field by field."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit, hiding, record
from crm.fold import fold
from crm.models import Changed, Customer, CustomField, FieldOption, FieldValue, User
from crm.models.custom import COLUMNS

# None and "" are no value.
Given = str | Decimal | date | FieldOption | bool | None

audit.register(audit.Action("values.changed", gettext_lazy("Fields of our own changed")))


def fields_shown() -> list[CustomField]:
    return list(CustomField.objects.filter(archived_at=None))


def values_of(customer: Customer) -> dict[int, FieldValue]:
    """By the key of their field, archived fields left out."""
    found = FieldValue.objects.filter(customer=customer, field__archived_at=None).select_related("option", "field")
    return {value.field_id: value for value in found}


def plain(value: object) -> str:
    """A value as a form sends it and the audit keeps it; empty for none."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value.normalize():f}"
        case date():
            return value.isoformat()
        case FieldOption():
            return value.key
    return str(value)


@transaction.atomic
def keep_values(
    *, customer: Customer, given: Mapping[CustomField, Given], seen: Mapping[int, str], by: User
) -> dict[int, FieldValue | None]:
    """Writes what `given` says of these fields, each only where it is another value now.

    `seen` is what the person was shown, as `plain` says it, by field: where somebody has written another value since, that field is left as
    it is and given back with what stands there now, and nothing at all is written. Who left a field as it was does not overwrite it.
    """
    hiding.locked(customer)
    now = {value.field_id: value for value in FieldValue.objects.filter(customer=customer).select_related("option")}
    changed = {field: value for field, value in given.items() if plain(value) != seen.get(field.pk, "")}
    here = {field: plain(now[field.pk].value) if field.pk in now else "" for field in changed}
    clash = {field.pk: now.get(field.pk) for field, value in changed.items() if here[field] not in {seen.get(field.pk, ""), plain(value)}}
    if clash:
        return clash
    changes: audit.Changes = {}
    for field, value in changed.items():
        if here[field] != plain(value):
            _write(customer, field, value, now.get(field.pk))
            changes[field.name] = [said(now[field.pk].value) if field.pk in now else "", said(value)]
    if changes:
        audit.keep(what="values.changed", by=by, of=customer, customer=customer, changes=changes)
        record.note_changed(Changed.Why.CUSTOMER, customer.pk)
    return {}


def said(value: object) -> str:
    """As the audit keeps it."""
    return value.name if isinstance(value, FieldOption) else plain(value)


def from_plain(field: CustomField, text: str) -> Given:
    """The value that `plain` has written so. Raises LookupError where the option is gone."""
    if not text:
        return None
    match field.kind:
        case CustomField.Kind.NUMBER:
            return Decimal(text)
        case CustomField.Kind.DATE:
            return date.fromisoformat(text)
        case CustomField.Kind.YES_NO:
            return text == "true"
        case CustomField.Kind.CHOICE:
            option = field.options.filter(key=text).first()
            if option is None:
                raise LookupError(_("“%(field)s” has no option “%(option)s” any more.") % {"field": field, "option": text})
            return option
    return text


def write_many(*, field: CustomField, given: Mapping[int, Given]) -> None:
    """Sets what each of these customers, by key and locked by the caller, has in this field; set-based. The audit is the caller's too."""
    FieldValue.objects.filter(field=field, customer__in=[pk for pk, value in given.items() if value in (None, "")]).delete()
    rows = [_row(pk, field, value) for pk, value in given.items() if value not in (None, "")]
    FieldValue.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["customer", "field"], update_fields=["text_key", *COLUMNS.values()]
    )
    if given:
        record.note_changed(Changed.Why.CUSTOMER, *given)


def _row(customer: int, field: CustomField, value: Given) -> FieldValue:
    row = FieldValue(customer_id=customer, field=field, kind=field.kind)
    setattr(row, COLUMNS[field.kind], value)
    row.text_key = fold(row.text)
    return row


def _write(customer: Customer, field: CustomField, value: Given, held: FieldValue | None) -> None:
    if value is None or value == "":
        if held:
            FieldValue.objects.filter(pk=held.pk).delete()
        return
    row = _row(customer.pk, field, value)
    row.pk = held.pk if held else None
    row.save(force_insert=held is None, force_update=held is not None)
