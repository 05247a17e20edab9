"""Households: beginning one, coming and going, naming it, and dissolving it, which can be undone. Each write leaves its audit.

Whoever puts several in or out locks customers and the household, so that these writes take turns.
"""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit, hiding
from crm.bulk import among
from crm.models import Business, Customer, Household, User
from crm.people.words import name as checked_name

MOST_MEMBERS, LONGEST_NAME = 500, 100

audit.register(
    audit.Action("household.made", gettext_lazy("Household made")),
    audit.Action("household.renamed", gettext_lazy("Household renamed")),
    audit.Action("household.joined", gettext_lazy("Put into a household")),
    audit.Action("household.left", gettext_lazy("Taken out of a household")),
    audit.Action("household.dissolved", gettext_lazy("Household dissolved")),
    audit.Action("household.restored", gettext_lazy("Household put together again")),
)


class Already(ValidationError):
    """It is so already: the form was sent twice, or somebody was quicker."""


@transaction.atomic
def live_together(*, customer: Customer, other: Customer, name: str, by: User) -> Household:
    """Puts both into one household: that of either, or a new one of that name.

    Raises ValidationError where each has another one, for a name that is none, and for one person alone; Already where they share one.
    """
    if customer.pk == other.pk:
        raise ValidationError(_("Name somebody else: they are in their own household anyway."))
    Business.in_turn()
    both = hiding.locked(customer, other)
    mine, theirs = (both[one.pk].household_id for one in (customer, other))
    if mine and mine == theirs:
        raise Already(_("%(other)s is in this household already.") % {"other": other})
    if mine and theirs:
        raise ValidationError(_("%(other)s is in another household: take them out of it first.") % {"other": other})
    found = mine or theirs
    here = Household.objects.get(pk=found) if found else _made(name or _surname(customer), by)
    for one in (both[customer.pk], both[other.pk]):
        if one.household_id is None:
            _join(here, one, by)
    return here


@transaction.atomic
def put_in(*, household: Household, customer: Customer, by: User) -> None:
    """Raises Already for a member, and ValidationError for one of another household, or where it is full."""
    Business.in_turn()
    current = hiding.locked(customer)[customer.pk]
    here = Household.objects.select_for_update().get(pk=household.pk)
    if current.household_id == here.pk:
        raise Already(_("%(other)s is in this household already.") % {"other": customer})
    if current.household_id:
        raise ValidationError(_("%(other)s is in another household: take them out of it first.") % {"other": customer})
    _join(here, current, by)


def _join(household: Household, customer: Customer, by: User) -> None:
    if household.members.count() >= MOST_MEMBERS:
        raise ValidationError(_("A household has at most %(most)d members.") % {"most": MOST_MEMBERS})
    Household.objects.filter(pk=household.pk, dissolved_at__isnull=False).update(dissolved_at=None, was=[])
    Customer.objects.filter(pk=customer.pk).update(household=household)
    audit.keep(what="household.joined", by=by, of=household, customer=customer, changes={"household": ["", household.name]})


def _made(name: str, by: User) -> Household:
    made = Household.objects.create(name=checked_name(name, LONGEST_NAME), made_by=by)
    audit.keep(what="household.made", by=by, of=made, changes={"name": ["", made.name]})
    return made


def _surname(customer: Customer) -> str:
    """What a household is called as long as nobody says otherwise."""
    return str(customer).split()[-1][:LONGEST_NAME]


@transaction.atomic
def take_out(*, household: Household, customer: Customer, now: datetime, by: User) -> bool:
    """False for who is no member any more. With the last one the household is dissolved."""
    Business.in_turn()
    here = Household.objects.select_for_update().get(pk=household.pk)
    if not Customer.objects.filter(pk=customer.pk, household=here).update(household=None):
        return False
    audit.keep(what="household.left", by=by, of=here, customer=customer, changes={"household": [here.name, ""]})
    if not here.members.exists():
        _dissolve(here, [customer.pk], now, by)
    return True


@transaction.atomic
def rename(*, household: Household, name: str, by: User) -> None:
    """Raises ValidationError for a name that is none."""
    here = Household.objects.select_for_update().get(pk=household.pk)
    before, here.name = here.name, checked_name(name, LONGEST_NAME)
    if before != here.name:
        here.save(update_fields=["name"])
        audit.keep(what="household.renamed", by=by, of=here, changes={"name": [before, here.name]})


@transaction.atomic
def dissolve(*, household: Household, now: datetime, by: User) -> bool:
    """Nobody is in it any more; who was is kept for `restore`. False where it is dissolved already."""
    Business.in_turn()
    here = Household.objects.select_for_update().get(pk=household.pk)
    if here.dissolved_at:
        return False
    members = list(here.members.order_by("pk").values_list("pk", flat=True))
    here.members.update(household=None)
    _dissolve(here, members, now, by)
    return True


def _dissolve(household: Household, members: list[int], now: datetime, by: User) -> None:
    Household.objects.filter(pk=household.pk).update(dissolved_at=now, was=members)
    audit.keep(what="household.dissolved", by=by, of=household, changes={"members": [members, []]})


@transaction.atomic
def restore(*, household: Household, by: User) -> int:
    """Puts a dissolved one together again, without who has another household now; how many came back. 0 where it is not dissolved."""
    Business.in_turn()
    here = Household.objects.select_for_update().get(pk=household.pk)
    if not here.dissolved_at:
        return 0
    # Who waits in the bin comes back into it; who was merged away has another record now.
    free = Customer.objects.filter(pk__in=among(here.was), household=None, merged_into=None)
    members = list(free.order_by("pk").values_list("pk", flat=True))
    Customer.objects.filter(pk__in=among(members)).update(household=here)
    Household.objects.filter(pk=here.pk).update(dissolved_at=None, was=[])
    audit.keep(what="household.restored", by=by, of=here, changes={"members": [[], members]})
    return here.members.filter(binned_at=None).count()
