"""The fields that the owner adds: making, naming, ordering, archiving and deleting them."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import audit
from crm.fold import fold
from crm.models import Business, CustomField, FieldOption, User
from crm.models.custom import LONGEST_NAME
from crm.people.uses import uses_of
from crm.people.words import free_key
from crm.people.words import name as checked_name

MOST_FIELDS, MOST_OPTIONS = 50, 50
# How the facts of rules that ask a field are named.
PREFIX = "field_"

audit.register(
    audit.Action("field.made", gettext_lazy("Field made")),
    audit.Action("field.changed", gettext_lazy("Field changed")),
    audit.Action("field.archived", gettext_lazy("Field archived")),
    audit.Action("field.restored", gettext_lazy("Field brought back")),
    audit.Action("field.deleted", gettext_lazy("Field deleted")),
)


def fact_name(field: CustomField) -> str:
    return f"{PREFIX}{field.key}"


@transaction.atomic
def make_field(*, name: str, kind: str, options: Sequence[str] = (), by: User) -> CustomField:
    """The field, last of all. Raises ValidationError, with nothing written, for a name that is none or taken, and for too many."""
    others = _locked()
    if len(others) >= MOST_FIELDS:
        raise ValidationError(_("There can be at most %(most)d fields: delete one that nobody needs.") % {"most": MOST_FIELDS})
    if kind not in CustomField.Kind.values:
        raise ValidationError(_("There is no such kind of field; choose one of those shown."))
    field = CustomField(kind=kind, rank=max((other.rank for other in others), default=0) + 1)
    _rename(field, name, others)
    field.key = free_key(field.name, {other.key for other in others}, "field")
    wanted = _option_names(options) if kind == CustomField.Kind.CHOICE else []
    if kind == CustomField.Kind.CHOICE and not wanted:
        raise ValidationError(_("A choice needs something to choose from: write each option on a line of its own."))
    field.save(force_insert=True)
    for option in wanted:
        _add_option(field, option)
    audit.keep(what="field.made", by=by, of=field, changes={"name": ["", field.name], "kind": ["", kind], "options": [[], wanted]})
    return field


@transaction.atomic
def change_field(*, field: CustomField, name: str, options: dict[str, str], kept: Collection[str], more: Sequence[str], by: User) -> None:
    """Names it anew, and its options, which stand by their keys in `options`: `kept` are those still offered, `more` come after them."""
    others = _locked()
    here = next((other for other in others if other.pk == field.pk), None)
    if here is None:
        raise ValidationError(_("This field was deleted while you were editing it."))
    before = here.name
    _rename(here, name, [other for other in others if other.pk != here.pk])
    here.save(update_fields=["name", "name_key"])
    changes: audit.Changes = {"name": [before, here.name]} if before != here.name else {}
    if here.kind == CustomField.Kind.CHOICE:
        changes |= _change_options(here, options, kept, more)
    if changes:
        audit.keep(what="field.changed", by=by, of=here, changes=changes)


def _change_options(field: CustomField, named: dict[str, str], kept: Collection[str], more: Sequence[str]) -> audit.Changes:
    was = list(field.options.all())
    before = [option.name for option in was if not option.is_retired]
    for option in was:
        option.name = checked_name(named.get(option.key, option.name), LONGEST_NAME)
        option.is_retired = option.key not in kept
        option.save(update_fields=["name", "is_retired"])
    if len({fold(option.name) for option in was}) < len(was):
        raise ValidationError(_("Two options have one name: give each its own."))
    for new in _option_names(more, taken=[option.name for option in was]):
        _add_option(field, new)
    after = list(field.options.filter(is_retired=False).values_list("name", flat=True))
    if not after:
        raise ValidationError(_("A choice needs something to choose from: keep or add at least one option."))
    return {"options": [before, after]} if before != after else {}


@transaction.atomic
def move_field(*, field: CustomField, up: bool, by: User) -> None:
    """One place up or down among those that are shown; at the end it stays where it is."""
    shown = [other for other in _locked() if other.archived_at is None]
    place = next((number for number, other in enumerate(shown) if other.pk == field.pk), -1)
    other = place + (-1 if up else 1)
    if place < 0 or not 0 <= other < len(shown):
        return
    shown[place], shown[other] = shown[other], shown[place]
    for rank, each in enumerate(shown, start=1):
        CustomField.objects.filter(pk=each.pk).exclude(rank=rank).update(rank=rank)
    audit.keep(what="field.changed", by=by, of=field, changes={"rank": [place + 1, other + 1]})


@transaction.atomic
def archive_field(*, field: CustomField, now: datetime, by: User) -> bool:
    """Takes it from the pages and the rules; its values are kept. Raises ValidationError where a rule asks it."""
    _locked()
    _refuse_in_use(field)
    done = CustomField.objects.filter(pk=field.pk, archived_at=None).update(archived_at=now)
    if done:
        audit.keep(what="field.archived", by=by, of=field)
    return bool(done)


@transaction.atomic
def bring_back(*, field: CustomField, by: User) -> bool:
    done = CustomField.objects.filter(pk=field.pk, archived_at__isnull=False).update(archived_at=None)
    if done:
        audit.keep(what="field.restored", by=by, of=field)
    return bool(done)


@transaction.atomic
def delete_field(*, field: CustomField, by: User) -> None:
    """For good. Raises ValidationError where a rule asks it, or somebody has a value in it: such a one is archived."""
    _locked()
    _refuse_in_use(field)
    if field.values.exists():
        raise ValidationError(_("“%(field)s” holds values, so it is archived and not deleted.") % {"field": field})
    audit.keep(what="field.deleted", by=by, of=field)
    field.delete()


def _refuse_in_use(field: CustomField) -> None:
    if used := uses_of(fact_name(field)):
        sentence = ngettext(
            "“%(field)s” cannot go while a rule asks it: %(uses)s.",
            "“%(field)s” cannot go while %(number)d rules ask it: %(uses)s.",
            len(used),
        )
        raise ValidationError(sentence % {"field": field, "number": len(used), "uses": ", ".join(used)})


def _locked() -> list[CustomField]:
    """All of them. The business is locked first: of two fields made at once neither sees the other."""
    Business.in_turn()
    return list(CustomField.objects.select_for_update().order_by("rank", "pk"))


def _rename(field: CustomField, name: str, others: Sequence[CustomField]) -> None:
    field.name = checked_name(name, LONGEST_NAME)
    field.name_key = fold(field.name)
    if any(other.name_key == field.name_key for other in others):
        raise ValidationError(_("Another field is called “%(name)s”: give this one another name.") % {"name": field.name})


def _option_names(texts: Sequence[str], taken: Sequence[str] = ()) -> list[str]:
    """Each once, without blank lines."""
    found: dict[str, str] = {}
    for text in texts:
        if text.strip():
            option = checked_name(text, LONGEST_NAME)
            found.setdefault(fold(option), option)
    for name in taken:
        found.pop(fold(name), None)
    if len(found) + len(taken) > MOST_OPTIONS:
        raise ValidationError(_("A choice has at most %(most)d options.") % {"most": MOST_OPTIONS})
    return list(found.values())


def _add_option(field: CustomField, name: str) -> None:
    keys = list(field.options.values_list("key", flat=True))
    FieldOption.objects.create(field=field, key=free_key(name, keys, "option"), name=name, rank=len(keys) + 1)
