"""The writes to the record by a person or a program, one row at a time.

Each leaves, in its one transaction, the customer's facts row and a note that the customer has changed.
Imports write set-based (crm/importing/); they keep the same two promises.
"""

from django.db import transaction

from crm import jobs
from crm.models import Business, Changed, Customer, Facts, Headline, Interaction, Order


@transaction.atomic
def save_customer(*, customer: Customer) -> None:
    """Creates the customer with their Facts row, or saves them; notes them, and who referred them before and now."""
    created = customer._state.adding
    before = Customer.objects.filter(pk=customer.pk).values_list("referred_by", flat=True).first()
    customer.save()
    if created:
        Facts.objects.create(customer=customer)
    note_changed(Changed.Why.CUSTOMER, customer.pk, *{before, customer.referred_by_id} if before != customer.referred_by_id else ())


@transaction.atomic
def delete_customer(*, customer: Customer) -> None:
    """Raises ProtectedError for one who has orders."""
    Headline.void()
    customer.delete()


@transaction.atomic
def save_order(*, order: Order) -> None:
    """Saves the order on its business date; a customer who lost it to another is noted as well."""
    if order.ordered_at:
        order.ordered_on = Business.load().local_date(order.ordered_at)
    before = Order.objects.filter(pk=order.pk).values_list("customer", flat=True).first()
    order.save()
    Headline.void()
    note_changed(Changed.Why.ORDER, before, order.customer_id)


@transaction.atomic
def delete_order(*, order: Order) -> None:
    note_changed(Changed.Why.ORDER, order.customer_id)
    Headline.void()
    order.delete()


@transaction.atomic
def save_interaction(*, interaction: Interaction) -> None:
    """Saves the interaction on its business date; a customer who lost it to another is noted as well."""
    if interaction.happened_at:
        interaction.happened_on = Business.load().local_date(interaction.happened_at)
    before = Interaction.objects.filter(pk=interaction.pk).values_list("customer", flat=True).first()
    interaction.save()
    note_changed(Changed.Why.INTERACTION, before, interaction.customer_id)


@transaction.atomic
def delete_interaction(*, interaction: Interaction) -> None:
    note_changed(Changed.Why.INTERACTION, interaction.customer_id)
    interaction.delete()


def note_changed(why: Changed.Why, *customers: int | None) -> None:
    """Notes each of `customers` (primary keys; None is nobody) once, and rings for them. Call in the transaction of the write."""
    Changed.objects.bulk_create([Changed(customer_id=pk, why=why) for pk in sorted({pk for pk in customers if pk})])
    jobs.ring_refresh()
