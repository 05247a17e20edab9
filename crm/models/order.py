import uuid

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.fields import LIMIT, MoneyField
from crm.models.business import Business, Channel
from crm.models.customer import Customer


def own_key() -> str:
    return uuid.uuid4().hex


class Order(models.Model):
    """One purchase, or with a negative amount one refund. (source, key) is its identity when it is imported again."""

    class Status(models.IntegerChoices):
        PAID = 0, _("Paid")
        UNPAID = 1, _("Unpaid")
        REFUNDED = 2, _("Refunded")
        CANCELLED = 3, _("Cancelled")

    BY_HAND = "manual"

    # Without a customer an order is in the business's totals only.
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, db_index=False, verbose_name=_("customer"), related_name="orders"
    )
    number = models.CharField(_("order number"), max_length=100, blank=True)
    status = models.SmallIntegerField(_("status"), choices=Status, default=Status.PAID)
    ordered_on = models.DateField(_("ordered on"))
    ordered_at = models.DateTimeField(_("ordered at"), null=True, blank=True)
    amount = MoneyField(_("amount"))
    refunded = MoneyField(_("refunded part"), default=0)
    cost = MoneyField(_("cost"), null=True, blank=True)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, null=True, blank=True, db_index=False, verbose_name=_("channel"))

    source = models.CharField(_("source"), max_length=50, default=BY_HAND, editable=False)
    key = models.CharField(_("key in its source"), max_length=200, default=own_key, editable=False)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        indexes = [
            # The kernel reads these columns and no others, in this order: the index alone answers (crm/reader.py).
            models.Index(fields=["customer", "ordered_on", "amount", "refunded", "cost", "channel", "status"], name="order_facts_idx"),
            # The newest order, and the totals of a span of days.
            models.Index(fields=["ordered_on"], name="order_day_idx"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="order_identity_unique"),
            models.CheckConstraint(condition=~Q(key=""), name="order_key_not_empty"),
            models.CheckConstraint(condition=Q(status__in=[0, 1, 2, 3]), name="order_status_is_known"),
            models.CheckConstraint(condition=Q(amount__gt=-LIMIT, amount__lt=LIMIT), name="order_amount_in_range"),
            models.CheckConstraint(
                condition=Q(refunded=0) | Q(refunded__gt=0, refunded__lt=F("amount")),
                name="order_refunded_is_a_part",
                violation_error_message=_("The refunded part is less than the amount; an order refunded in full has the status Refunded."),
            ),
            models.CheckConstraint(condition=Q(cost=None) | Q(cost__gt=-LIMIT, cost__lt=LIMIT), name="order_cost_in_range"),
        ]

    def __str__(self) -> str:
        return self.number or f"#{self.pk}"

    def clean(self) -> None:
        if self.ordered_at and self.ordered_on != Business.load().local_date(self.ordered_at):
            raise ValidationError({"ordered_on": _("The day and the moment of the order differ: correct one of them.")})


class OrderLine(models.Model):
    """One product of an order. The amount is the line's total, never multiplied by the quantity."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, db_index=False, verbose_name=_("order"), related_name="lines")
    position = models.PositiveSmallIntegerField(_("position"))
    product = models.CharField(_("product"), max_length=200, blank=True)
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=3, null=True, blank=True)
    amount = MoneyField(_("amount"))

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_position_unique"),
            models.CheckConstraint(condition=Q(amount__gt=-LIMIT, amount__lt=LIMIT), name="order_line_amount_in_range"),
        ]

    def __str__(self) -> str:
        return self.product or f"#{self.position}"
