"""Making two records one."""

from collections.abc import Mapping
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit, consents, hiding
from crm.audit import Action
from crm.evidence import LONGEST_CHAIN
from crm.merging import relations
from crm.merging.columns import Columns
from crm.models import Business, Changed, Customer, Merge, User
from crm.record import note_changed


def _went(note: str) -> str:
    """How many rows of which relation."""
    names = {relation.key: relation.label for relation in relations.relations()}
    found = [part.rpartition(": ") for part in note.split(", ")]
    return ", ".join(f"{names.get(key, key)} {count}" for key, _colon, count in found)


def _stays(note: str) -> str:
    """Which columns."""
    names = {each.name: str(each.verbose_name) for each in Customer._meta.concrete_fields}
    return _("Changed since, and stays as it is: %(what)s.") % {"what": ", ".join(names.get(name, name) for name in note.split(", "))}


audit.register(
    Action("customer.merged", gettext_lazy("Customers merged"), _went),
    Action("customer.unmerged", gettext_lazy("Merge taken apart"), _stays),
)


class CannotMerge(Exception):
    """The two are not merged; the message says why and what would be right."""


def merge(*, into: Customer, from_: Customer, fields: Mapping[str, str], by: User, now: datetime) -> Merge:
    """Everything of `from_` becomes `into`'s, who stays; the other is hidden. `fields` says whose value is kept: "from", else "into".

    Raises CannotMerge, with nothing written, for one and the same and for one who is hidden, say by somebody who was faster.
    """
    try:
        with transaction.atomic():
            return _merge(into.pk, from_.pk, fields, by, now)
    except IntegrityError as error:
        raise CannotMerge(_("The two cannot be merged like that: %(why)s") % {"why": str(error).splitlines()[0]}) from error


def _merge(into: int, from_: int, fields: Mapping[str, str], by: User, now: datetime) -> Merge:
    if into == from_:
        raise CannotMerge(_("These are one and the same record: choose two."))
    # Ways of merges are read and written.
    Business.in_turn()
    locked = {one.pk: one for one in Customer.objects.present().select_for_update().filter(pk__in=(into, from_)).order_by("pk")}
    if len(locked) < 2:
        raise CannotMerge(_("One of the two is not there any more: in the bin, or merged already. Open the other one to see."))
    winner, loser = locked[into], locked[from_]
    before = audit.values(winner)
    made = Merge.objects.create(into=winner, from_customer=loser, at=now, by=by, newest=relations.newest())
    referrers = {winner.referred_by_id, loser.referred_by_id}
    refused = consents.refused_by(winner, loser)
    counts = relations.move(made, winner.pk, loser.pk)
    columns = Columns(winner, loser)
    columns.choose(fields)
    columns.break_circles(_below(winner.pk))
    _refuse_what_is_no_customer(winner)
    loser.merged_into = winner
    columns.save()
    made.changes = columns.changes | {"refusals": consents.keep_refusals(customer=winner, refused=refused, by=by)}
    made.save(update_fields=["changes"])
    hiding.hide(loser.pk)
    note = ", ".join(f"{relation}: {count}" for relation, count in counts.items())
    audit.keep(what="customer.merged", by=by, of=loser, customer=winner, changes=audit.differences(before, audit.stored(winner)), note=note)
    note_changed(Changed.Why.ORDER, winner.pk, loser.pk, winner.referred_by_id, *referrers)
    return made


def _refuse_what_is_no_customer(winner: Customer) -> None:
    """A person at whom people work, or a company that works somewhere."""
    try:
        winner.clean()
    except ValidationError as wrong:
        raise CannotMerge(wrong.messages[0]) from wrong


def _below(customer: int) -> set[int]:
    """Who came through this customer, and through them, and so on."""
    found: set[int] = set()
    asked = {customer}
    while asked and len(found) < LONGEST_CHAIN:
        asked = set(Customer.objects.filter(referred_by__in=asked).values_list("pk", flat=True)) - found
        found |= asked
    return found
