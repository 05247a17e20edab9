"""Taking two records apart again that were made one."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from crm import audit, bulk, consents, hiding
from crm.merging import columns, relations
from crm.models import Business, Changed, Consent, Customer, Merge, MergeMoved, User
from crm.record import note_changed


class CannotUnmerge(Exception):
    """The merge is not taken apart; the message says why."""


@dataclass(frozen=True)
class Unmerged:
    """How many rows of each relation went where they belong: `came_later` by an identity of the one who is back, to them; `made_later` by
    hand at the one who stayed, who keeps them; `elsewhere` those that were given to somebody else since. `kept` are the columns that were
    changed since and stay; `refused` what was refused while they were one, and is by both."""

    came_later: dict[str, int] = field(default_factory=dict)
    made_later: dict[str, int] = field(default_factory=dict)
    elsewhere: dict[str, int] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    refused: list[Consent] = field(default_factory=list)

    @property
    def is_plain(self) -> bool:
        return not (self.came_later or self.made_later or self.elsewhere or self.kept or self.refused)


@transaction.atomic
def unmerge(*, merge: Merge, by: User, now: datetime) -> Unmerged:
    """Both are as before, each with what is theirs, whatever was merged since. Raises CannotUnmerge for one that is taken apart already."""
    Business.in_turn()
    if not Merge.objects.filter(pk=merge.pk, undone_at=None).update(undone_at=now, undone_by=by):
        raise CannotUnmerge(_("This merge is taken apart already."))
    merge.refresh_from_db()
    refused = refused_since(merge)
    Customer.objects.filter(pk=merge.from_customer_id).update(merged_into=None)
    relations.forget(Consent, [one.pk for one in consents.release_refusals(keys=merge.changes.get("refusals", []), by=by)])
    made_later = later_at(merge)
    came_later, elsewhere = relations.move_back(merge)
    before = Customer.objects.filter(pk=merge.into_id).values_list("referred_by", flat=True).first()
    restored = columns.restore(merge)
    hiding.show(merge.from_customer_id)
    back, stayed = Customer.objects.get(pk=merge.from_customer_id), Customer.objects.get(pk=merge.into_id)
    handed = consents.hand_refusals(customer=back, refused=refused, by=by)
    audit.keep(what="customer.unmerged", by=by, of=back, customer=stayed, note=", ".join(restored.kept))
    note_changed(Changed.Why.ORDER, back.pk, hiding.end_of(stayed).pk, back.referred_by_id, stayed.referred_by_id, before)
    return Unmerged(came_later, made_later, elsewhere, restored.kept, handed)


def refused_since(merge: Merge) -> list[Consent]:
    """What the one who went has refused by the record that was theirs too, whichever it was by then: said last of each purpose and channel
    from this merge on. What a merge has brought is of the one who said it."""
    way = [merge, *relations.way_from(merge.into_id)]
    owner = Customer(pk=way[-1].into_id)
    brought = [pk for one in Merge.objects.filter(into__in=[step.into_id for step in way]) for pk in one.changes.get("refusals", [])]
    went = MergeMoved.objects.filter(merge=merge, relation=consents.NAMES_CUSTOMER, row=OuterRef("pk"))
    since = Consent.objects.filter(customer=owner, pk__gt=merge.newest.get(consents.NAMES_CUSTOMER, 0)).exclude(pk__in=brought)
    rows = list(since.exclude(Exists(went)).select_related("by").order_by("pk"))
    moved = MergeMoved.objects.filter(relation=consents.NAMES_CUSTOMER, row__in=bulk.among([row.pk for row in rows]), merge__undone_at=None)
    made_at = dict(moved.order_by("-merge").values_list("row", "merge__from_customer"))
    newest = {step.into_id: step.newest.get(consents.NAMES_CUSTOMER, 0) for step in way}
    theirs = [row for row in rows if row.pk > newest.get(made_at.get(row.pk, owner.pk), row.pk)]
    return [row for row in {(row.purpose, row.channel): row for row in theirs}.values() if not row.given]


def later_at(merge: Merge) -> dict[str, int]:
    """How many rows of each relation were made by hand since, at the one who stayed."""
    found = {}
    for relation in relations.relations():
        newest = merge.newest.get(relation.key)
        if newest is not None and relation.model is not Customer:
            came = MergeMoved.objects.filter(relation=relation.key, row=OuterRef("pk"))
            if count := relation.of(merge.into_id).filter(pk__gt=newest).exclude(Exists(came)).count():
                found[relation.key] = count
    return found
