"""What can be done to many at once; other rooms and floors add theirs by `register`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit
from crm.models import Customer, User

Said = Mapping[str, Any]
# By the customer's key: the values before, and those after.
Done = dict[int, tuple[dict[str, Any], dict[str, Any]]]


@dataclass(frozen=True)
class Kind:
    """One thing that can be done.

    `form` asks what has to be said, and `said` turns its data to what JSON keeps; `words` says it in a sentence. `do` writes a stretch of
    customers within one transaction, set-based, and gives those that changed; it is asked once for each. `undo` gets the customers with the
    values before, and those after by key; it takes back what still is as it was left, and gives whose that was.

    Where it is not `is_offered` there is nothing to choose from. Where what was said needs something made, `begin` makes it when it is
    asked for, and gives what is said from then on. `tells` is what the audit keeps of one customer.
    """

    key: str
    label: Promise
    form: Callable[..., forms.Form]
    said: Callable[[Said], dict[str, Any]]
    words: Callable[[Said], str]
    do: Callable[[Sequence[Customer], Said, User | None], Done]
    undo: Callable[[Mapping[Customer, Mapping[str, Any]], Mapping[int, Mapping[str, Any]], User | None], set[int]]
    is_offered: Callable[[], bool] = lambda: True
    begin: Callable[[dict[str, Any], User], dict[str, Any]] = lambda said, by: said
    tells: Callable[[Mapping[str, Any], Mapping[str, Any]], audit.Changes] = audit.differences


KINDS: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    KINDS.update({kind.key: kind for kind in kinds})


class OwnerForm(forms.Form):
    owner = forms.ModelChoiceField(
        User.objects.filter(is_active=True).order_by("name", "email"),
        required=False,
        empty_label=gettext_lazy("Nobody"),
        label=gettext_lazy("Looked after by"),
        widget=forms.Select({"class": "form-select"}),
        error_messages={"invalid_choice": gettext_lazy("There is nobody of that name here; choose somebody from the list.")},
    )


def _owner_words(said: Said) -> str:
    name = User.objects.filter(pk=said["owner"]).first() if said.get("owner") else None
    return _("Looked after by %(name)s") % {"name": name} if name else _("Looked after by nobody")


def _set_owner(customers: Sequence[Customer], said: Said, by: User | None) -> Done:
    owner = said.get("owner")
    done: Done = {one.pk: ({"owner": one.owner_id}, {"owner": owner}) for one in customers if one.owner_id != owner}
    Customer.objects.filter(pk__in=done).update(owner=owner)
    return done


def _owner_back(befores: Mapping[Customer, Mapping[str, Any]], afters: Mapping[int, Mapping[str, Any]], by: User | None) -> set[int]:
    still = {one: before["owner"] for one, before in befores.items() if one.owner_id == afters[one.pk]["owner"]}
    known = set(User.objects.filter(pk__in=set(still.values()) - {None}).values_list("pk", flat=True))
    for owner in set(still.values()):
        # Of somebody whose account is gone since, nobody takes the place.
        there = owner if owner in known else None
        Customer.objects.filter(pk__in=[one.pk for one, before in still.items() if before == owner]).update(owner=there)
    return {one.pk for one in still}


register(
    Kind(
        "owner",
        gettext_lazy("Who looks after them"),
        OwnerForm,
        lambda data: {"owner": data["owner"].pk if data["owner"] else None},
        _owner_words,
        _set_owner,
        _owner_back,
    )
)
