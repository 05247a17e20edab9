"""The bin: a customer who was deleted waits there for thirty days, with all that is theirs, and can be brought back."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit, hiding
from crm.audit import Action
from crm.merging.relations import referring
from crm.models import Business, Changed, Customer, Headline, Order, User
from crm.record import note_changed

KEPT_FOR = timedelta(days=30)
PURGED_AT_ONCE = 100
# What comes of it, for whoever is asked and whoever has done it.
BINNED = gettext_lazy(
    "In the bin for 30 days; after that their orders stay in the totals of the business without a name, and the rest is gone."
)

audit.register(
    Action("customer.binned", gettext_lazy("Customer put in the bin")),
    Action("customer.restored", gettext_lazy("Customer taken out of the bin")),
    Action("customer.purged", gettext_lazy("Customer deleted for good")),
)


class NotThere(Exception):
    """The customer is not where they would be taken from; the message says so."""


@transaction.atomic
def put_in_bin(*, customer: Customer, by: User, now: datetime) -> None:
    """Raises NotThere for one who is hidden already: of two who ask for it one has done it."""
    Business.in_turn()
    if not Customer.objects.present().filter(pk=customer.pk).update(binned_at=now):
        raise NotThere(_("%(who)s is not among the customers any more.") % {"who": customer})
    hiding.hide(customer.pk)
    audit.keep(what="customer.binned", by=by, of=customer)
    # Whoever referred them has fewer to show for it.
    note_changed(Changed.Why.CUSTOMER, customer.referred_by_id)


@transaction.atomic
def restore(*, customer: Customer, by: User) -> None:
    """Raises NotThere for one who is not in the bin, or not any more."""
    Business.in_turn()
    if not Customer.objects.filter(pk=customer.pk, binned_at__isnull=False).update(binned_at=None):
        raise NotThere(_("%(who)s is not in the bin any more.") % {"who": customer})
    hiding.show(customer.pk)
    audit.keep(what="customer.restored", by=by, of=customer)
    note_changed(Changed.Why.CUSTOMER, customer.pk, customer.referred_by_id)


def purge(now: datetime) -> int:
    """Deletes for good whoever has been in the bin for thirty days; how many. May run twice."""
    due = Customer.objects.filter(binned_at__lte=now - KEPT_FOR).order_by("binned_at")
    return sum(_purge(customer, now) for customer in due[:PURGED_AT_ONCE])


@transaction.atomic
def _purge(customer: Customer, now: datetime) -> int:
    """One customer, and whoever was merged into them; 0 where they were brought back in the meantime."""
    Business.in_turn()
    locked = Customer.objects.select_for_update().filter(pk=customer.pk, binned_at__lte=now - KEPT_FOR).first()
    if locked is None:
        return 0
    audit.keep(what="customer.purged", by=None, of=locked)
    theirs = list(_with_merged(locked))
    Headline.void()
    Order.objects.filter(customer__in=theirs).update(customer=None)
    referred = Customer.objects.filter(referred_by__in=theirs)
    referred.update(referred_by=None, referred_on=None)
    for model, field in referring():
        if field.remote_field.on_delete is models.PROTECT and model is not Customer:
            model._base_manager.filter(**{f"{field.name}__in": theirs}).delete()
    for one in reversed(theirs):
        one.delete()
    return 1


def _with_merged(customer: Customer) -> Iterator[Customer]:
    """The customer first, then who was merged into them, and so on."""
    yield customer
    for one in customer.merged.order_by("pk"):
        yield from _with_merged(one)
