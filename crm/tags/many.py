"""A tag put on many customers at once, or taken off them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit, record
from crm.bulk_actions import kinds
from crm.bulk_actions.kinds import Done, Said
from crm.form_fields import TOO_LONG
from crm.models import Changed, Customer, CustomerTag, Tag, User
from crm.models.tag import LONGEST_TAG
from crm.people.words import name as checked_name
from crm.tags.writing import tag_called


class _NameWithSuggestions(forms.TextInput):
    """Offers the tags there are; another name makes a new one."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        known = f"{name}-known"
        options = format_html_join("", '<option value="{}"></option>', ((tag.name,) for tag in Tag.objects.present()))
        return super().render(name, value, {**(attrs or {}), "list": known}, renderer) + format_html(
            '<datalist id="{}">{}</datalist>', known, options
        )


class PutForm(forms.Form):
    name = forms.CharField(
        max_length=LONGEST_TAG,
        label=gettext_lazy("Name of the tag"),
        widget=_NameWithSuggestions({"class": "form-control", "autocomplete": "off", "dir": "auto"}),
        error_messages={"required": gettext_lazy("Say which tag; a new name makes a new one."), **TOO_LONG},
    )

    def clean_name(self) -> str:
        return checked_name(self.cleaned_data["name"], LONGEST_TAG)


class TakeForm(forms.Form):
    tag = forms.ModelChoiceField(
        Tag.objects.present(),
        label=gettext_lazy("Tag"),
        widget=forms.Select({"class": "form-select"}),
        error_messages={
            "required": gettext_lazy("Say which tag."),
            "invalid_choice": gettext_lazy("There is no such tag any more; choose one from the list."),
        },
    )


def _begin(said: dict[str, Any], by: User) -> dict[str, Any]:
    """The tag is made when it is asked for: whoever works at it later has it."""
    tag = tag_called(name=said["name"], by=by)
    return {"tag": tag.pk, "name": tag.name}


def _put(customers: Sequence[Customer], said: Said, by: User | None) -> Done:
    tag = _there(said)
    have = set(_rows(tag.pk, customers).values_list("customer", flat=True))
    made = CustomerTag.objects.bulk_create(
        CustomerTag(customer=one, tag=tag, by=by, at=timezone.now()) for one in customers if one.pk not in have
    )
    _note([row.customer_id for row in made])
    return {row.customer_id: ({"tag": None, "name": ""}, {"tag": tag.pk, "name": tag.name, "row": row.pk}) for row in made}


def _put_back(befores: Mapping[Customer, Mapping[str, Any]], afters: Mapping[int, Mapping[str, Any]], by: User | None) -> set[int]:
    """Takes off what this action put on; one that somebody took off and put on again is theirs."""
    keys = [after["row"] for after in afters.values()]
    still = dict(CustomerTag.objects.filter(pk__in=keys, customer__in=list(befores)).values_list("pk", "customer"))
    CustomerTag.objects.filter(pk__in=still).delete()
    _note(still.values())
    return set(still.values())


def _take(customers: Sequence[Customer], said: Said, by: User | None) -> Done:
    tag = _there(said)
    rows = list(_rows(tag.pk, customers))
    CustomerTag.objects.filter(pk__in=[row.pk for row in rows]).delete()
    _note([row.customer_id for row in rows])
    after = {"tag": None, "name": ""}
    return {row.customer_id: ({"tag": tag.pk, "name": tag.name, "by": row.by_id, "at": row.at.isoformat()}, after) for row in rows}


def _taken_back(befores: Mapping[Customer, Mapping[str, Any]], afters: Mapping[int, Mapping[str, Any]], by: User | None) -> set[int]:
    """Puts on again what was taken off, by whom and when it was; nothing where the tag is gone or they have it by now."""
    tag = Tag.objects.present().select_for_update().filter(pk__in={before["tag"] for before in befores.values()}).first()
    if tag is None:
        return set()
    have = set(_rows(tag.pk, list(befores)).values_list("customer", flat=True))
    known = set(User.objects.filter(pk__in={before["by"] for before in befores.values()}).values_list("pk", flat=True))
    back = {one: before for one, before in befores.items() if one.pk not in have}
    CustomerTag.objects.bulk_create(
        CustomerTag(customer=one, tag=tag, by_id=before["by"] if before["by"] in known else None, at=datetime.fromisoformat(before["at"]))
        for one, before in back.items()
    )
    _note([one.pk for one in back])
    return {one.pk for one in back}


def _there(said: Said) -> Tag:
    """The tag, kept for this transaction."""
    tag = Tag.objects.present().select_for_update().filter(pk=said["tag"]).first()
    if tag is None:
        raise LookupError(_("The tag “%(tag)s” was removed meanwhile.") % {"tag": said["name"]})
    return tag


def _rows(tag: int, customers: Sequence[Customer]) -> Any:
    return CustomerTag.objects.filter(tag=tag, customer__in=[one.pk for one in customers])


def _note(customers: Collection[int]) -> None:
    if customers:
        record.note_changed(Changed.Why.CUSTOMER, *customers)


def _tells(before: Mapping[str, Any], after: Mapping[str, Any]) -> audit.Changes:
    return {"tag": [before["name"], after["name"]]}


kinds.register(
    kinds.Kind(
        "tag",
        gettext_lazy("Add a tag"),
        PutForm,
        lambda data: {"name": data["name"]},
        lambda said: _("Tag added: %(tag)s") % {"tag": said["name"]},
        _put,
        _put_back,
        begin=_begin,
        tells=_tells,
    ),
    kinds.Kind(
        "untag",
        gettext_lazy("Take a tag off"),
        TakeForm,
        lambda data: {"tag": data["tag"].pk, "name": data["tag"].name},
        lambda said: _("Tag taken off: %(tag)s") % {"tag": said["name"]},
        _take,
        _taken_back,
        tells=_tells,
        is_offered=Tag.objects.present().exists,
    ),
)
