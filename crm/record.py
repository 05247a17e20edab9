"""The writes to the record by a person or a program, one row at a time.

Each leaves, in its one transaction, the customer's facts row, a note that the customer has changed, and an entry in the audit: `by` is who
asked, None for the program itself. Imports write set-based (crm/importing/); they keep the first two promises, and one entry for all.
"""

from collections.abc import Mapping
from typing import TypeVar

from django.db import models, transaction

from crm import audit, jobs
from crm.models import Business, Changed, Customer, Facts, Headline, Interaction, Order, User

Row = TypeVar("Row", bound=models.Model)


@transaction.atomic
def save_customer(*, customer: Customer, by: User | None) -> None:
    """Creates the customer with their Facts row, or saves them; notes them, and who referred them before and now."""
    created = customer._state.adding
    before = _before(customer)
    referrer = before.referred_by_id if before else None
    customer.save()
    if created:
        Facts.objects.create(customer=customer)
    _keep("customer", before, customer, by, customer.pk)
    note_changed(Changed.Why.CUSTOMER, customer.pk, *{referrer, customer.referred_by_id} if referrer != customer.referred_by_id else ())


@transaction.atomic
def save_order(*, order: Order, by: User | None) -> None:
    """Saves the order on its business date; a customer who lost it to another is noted as well."""
    if order.ordered_at:
        order.ordered_on = Business.load().local_date(order.ordered_at)
    before = _before(order)
    order.save()
    _keep("order", before, order, by, order.customer_id)
    Headline.void()
    note_changed(Changed.Why.ORDER, before.customer_id if before else None, order.customer_id)


@transaction.atomic
def delete_order(*, order: Order, by: User | None) -> None:
    note_changed(Changed.Why.ORDER, order.customer_id)
    _keep_deleted("order", order, by, order.customer_id)
    Headline.void()
    order.delete()


@transaction.atomic
def save_interaction(*, interaction: Interaction, by: User | None) -> None:
    """Saves the interaction on its business date; a customer who lost it to another is noted as well."""
    if interaction.happened_at:
        interaction.happened_on = Business.load().local_date(interaction.happened_at)
    before = _before(interaction)
    if before:
        interaction.revision = before.revision + 1
    interaction.save()
    _keep("interaction", before, interaction, by, interaction.customer_id, audit.values(interaction))
    note_changed(Changed.Why.INTERACTION, before.customer_id if before else None, interaction.customer_id)


@transaction.atomic
def delete_interaction(*, interaction: Interaction, by: User | None) -> None:
    note_changed(Changed.Why.INTERACTION, interaction.customer_id)
    _keep_deleted("interaction", interaction, by, interaction.customer_id)
    interaction.delete()


def note_changed(why: Changed.Why, *customers: int | None) -> None:
    """Notes each of `customers` (primary keys; None is nobody) once, and rings for them. Call in the transaction of the write."""
    Changed.objects.bulk_create([Changed(customer_id=pk, why=why) for pk in sorted({pk for pk in customers if pk})])
    jobs.ring_refresh()


def _before(row: Row) -> Row | None:
    """As it is in the record, None of one that is not there yet."""
    return type(row)._default_manager.filter(pk=row.pk).first() if row.pk else None


def _keep(
    noun: str,
    before: models.Model | None,
    row: models.Model,
    by: User | None,
    customer: int | None,
    now: Mapping[str, object] | None = None,
) -> None:
    """The entry of a row that was added, or changed; none where nothing that people set is another now.

    `now` are its values; read from the database where they may be other ones there, as an amount that was rounded.
    """
    changes = audit.differences(audit.values(before) if before else {}, audit.stored(row) if now is None else now)
    if before is None or changes:
        audit.keep(what=f"{noun}.changed" if before else f"{noun}.added", by=by, of=row, customer=customer, changes=changes)


def _keep_deleted(noun: str, row: models.Model, by: User | None, customer: int | None) -> None:
    changes: audit.Changes = {name: [value, None] for name, value in audit.values(row).items() if value not in (None, "")}
    audit.keep(what=f"{noun}.deleted", by=by, of=row, customer=customer, changes=changes)
