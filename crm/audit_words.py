"""What an audit entry says, in words: the field as forms call it, and each value as pages print it."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.translation import gettext as _

from crm.fields import MoneyField
from crm.money import day, exact, moment
from crm.rules import InvalidRule, parse
from crm.rules.words import described

Names = Mapping[tuple[str, object], str]
LONGEST_SHOWN = 300


def model_of(label: str) -> type[models.Model] | None:
    """None for a model that the program no longer has."""
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def field_of(model: type[models.Model] | None, name: str) -> "models.Field[Any, Any] | None":
    try:
        found = model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return None
    return found if isinstance(found, models.Field) else None


def label(model: type[models.Model] | None, name: str) -> str:
    """As forms call the field; what somebody was put into or given, say a household or a tag, as it is called itself."""
    called = model._meta if model and name == model._meta.model_name else field_of(model, name)
    words = str(called.verbose_name) if called else name.replace("_", " ")
    return words[:1].upper() + words[1:]


def shown(model: type[models.Model] | None, name: str, value: object, names: Names) -> str:
    """A value as JSON kept it, as a page prints it. Cut off where it is very long; the whole of it stays in the database."""
    if value is None or value == "":
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = _typed(field_of(model, name), value, names)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _typed(field: "models.Field[Any, Any] | None", value: object, names: Names) -> str:
    try:
        match field:
            case models.ForeignKey():
                return names.get((field.related_model._meta.label, value), f"#{value}")
            case models.JSONField():
                return described(parse(value))
            case MoneyField():
                return exact(Decimal(str(value)))
            case models.DateTimeField():
                return moment(datetime.fromisoformat(str(value)))
            case models.DateField():
                return day(date.fromisoformat(str(value)))
    except (ValueError, InvalidOperation, InvalidRule):
        # Of a column that once held something else.
        return str(value)
    choices: dict[object, object] = dict(field.flatchoices) if field else {}
    return str(choices.get(value, value))


def names_of(asked: Collection[tuple[str, str, object]]) -> dict[tuple[str, object], str]:
    """What the rows are called that values of these fields (model, field, value) refer to: one query per model referred to."""
    wanted: dict[type[models.Model], set[object]] = {}
    for model, name, value in asked:
        field = field_of(model_of(model), name)
        if isinstance(field, models.ForeignKey) and isinstance(value, int):
            wanted.setdefault(field.related_model, set()).add(value)
    found: dict[tuple[str, object], str] = {}
    for related, keys in wanted.items():
        found |= {(related._meta.label, pk): str(row) for pk, row in related._base_manager.in_bulk(keys).items()}
    return found


def in_words(model: type[models.Model], values: Mapping[str, object], fields: Collection[str]) -> dict[str, str]:
    names = names_of([(model._meta.label, name, values[name]) for name in fields])
    return {name: shown(model, name, values[name], names) for name in fields}
