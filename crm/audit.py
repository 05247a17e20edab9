"""The audit of the record: each write of a person leaves who changed what, from what to what, in the transaction of the write.

An entry is never changed and never deleted (crm/written_once.py).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm import written_once
from crm.models import Audit, Customer, User

# {field: [before, after]}
Changes = dict[str, list[object]]
# Never written down, on whatever model they are.
SECRET = {"password", "digest", "token", "secret", "form_key"}


@dataclass(frozen=True)
class Action:
    """What somebody may do: its key, as `Audit.what` keeps it, and its words; `note` puts into words what the program has noted, and
    `labels` what has changed where that is no column of the model."""

    key: str
    words: Promise
    note: Callable[[str], str] = str
    labels: Mapping[str, Promise] = field(default_factory=dict)


ACTIONS: dict[str, Action] = {}


def register(*actions: Action) -> None:
    for action in actions:
        ACTIONS[action.key] = action


register(
    Action("customer.added", _("Customer added")),
    Action("customer.changed", _("Customer changed")),
    Action("customer.deleted", _("Customer deleted")),
    Action("import.asked", _("Import asked for")),
    Action("import.finished", _("Import finished")),
    Action("import.errors_exported", _("Rows with errors exported")),
    Action("facts.exported", _("Facts of everybody exported")),
    Action("replay.asked", _("Replay of the past asked for")),
    Action("business.changed", _("Business changed")),
    Action("channel.added", _("Channel added")),
    Action("channel.changed", _("Channel changed")),
    Action("channel.deleted", _("Channel deleted")),
    Action("user.added", _("User added")),
    Action("user.changed", _("User changed")),
    Action("order.added", _("Order added")),
    Action("order.changed", _("Order changed")),
    Action("order.deleted", _("Order deleted")),
    Action("interaction.added", _("Contact logged")),
    Action("interaction.changed", _("Contact changed")),
    Action("interaction.deleted", _("Contact taken back")),
)


def entry(
    *,
    what: str,
    by: User | None,
    of: models.Model,
    customer: Customer | int | None = None,
    changes: Changes | None = None,
    note: str = "",
) -> Audit:
    """One entry, not written yet. `by` is None for the program itself.

    Raises LookupError for a `what` that nobody has registered: it would have no words.
    """
    if what not in ACTIONS:
        raise LookupError(f"No action of the audit is called {what}.")
    if isinstance(of, Customer) and customer is None:
        customer = of
    return Audit(
        by_pk=by.pk if by else None,
        by_name=str(by)[:200] if by else "",
        what=what,
        model=of._meta.label,
        row=of.pk if isinstance(of.pk, int) else None,
        name=str(of)[:300],
        customer_pk=customer.pk if isinstance(customer, Customer) else customer,
        changes=changes or {},
        note=note,
    )


def keep(
    *,
    what: str,
    by: User | None,
    of: models.Model,
    customer: Customer | int | None = None,
    changes: Changes | None = None,
    note: str = "",
) -> None:
    """Writes one entry, in the transaction of the write it tells of."""
    entry(what=what, by=by, of=of, customer=customer, changes=changes, note=note).save(force_insert=True)


def keep_each(entries: Sequence[Audit]) -> None:
    """Writes these entries, in the transaction of the write they tell of."""
    Audit.objects.bulk_create(entries, batch_size=500)


def values(row: models.Model) -> dict[str, object]:
    """What people set of this row, by the names of its fields, as JSON knows it; without secrets, and without what the system keeps."""
    found = {
        field.name: field.value_from_object(row)
        for field in row._meta.concrete_fields
        if field.editable and not field.primary_key and field.name not in SECRET
    }
    plain: dict[str, object] = json.loads(json.dumps(found, cls=DjangoJSONEncoder))
    return plain


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> Changes:
    """The fields whose value is another one now."""
    return {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}


def stored(row: models.Model) -> dict[str, object]:
    """The values of this row as the database holds them now; empty where it holds none."""
    kept: Any = type(row)._base_manager.filter(pk=row.pk).first() if row.pk else None
    return values(kept) if kept else {}


def lock() -> None:
    """From now on the database refuses to change or delete an entry."""
    written_once.AUDIT.lock()


def unlock() -> None:
    written_once.AUDIT.unlock()
