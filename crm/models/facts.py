from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.fields import MoneyField
from crm.models.customer import Customer


class FactsRow(models.Model):
    """One row per customer: every value derived about them, each column with the one writer that crm/catalogue.py names.

    Derived, so without a foreign-key constraint: a deferred one costs more than half of a bulk write.
    """

    # Django gives each model below its own; said here for type[FactsRow].
    objects: ClassVar[models.Manager[Self]]

    class ParetoClass(models.TextChoices):
        VITAL_FEW = "vital_few", _("Vital few")
        USEFUL_MANY = "useful_many", _("Useful many")

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, primary_key=True, db_constraint=False, related_name="facts", verbose_name=_("customer")
    )
    orders = models.IntegerField(_("Orders"), default=0)
    order_days = models.IntegerField(_("Days with an order"), default=0)
    orders_12m = models.IntegerField(_("Orders in 12 months"), default=0)
    revenue = MoneyField(_("Revenue"), default=0)
    revenue_12m = MoneyField(_("Revenue in 12 months"), default=0)
    revenue_prev_12m = MoneyField(_("Revenue in the 12 months before"), default=0)
    paid_orders = models.IntegerField(_("Paid orders"), default=0)
    unpaid_orders = models.IntegerField(_("Orders unpaid for more than 30 days"), default=0)
    margin_12m = MoneyField(_("Margin in 12 months"), null=True, default=0)
    average_order = MoneyField(_("Average order"), null=True)
    first_order_on = models.DateField(_("First order"), null=True)
    last_order_on = models.DateField(_("Last order"), null=True)
    # Whole or half days, which a float holds exactly.
    typical_gap_days = models.FloatField(_("Usual days between orders"), null=True)
    long_gap_days = models.IntegerField(_("Long pause between orders"), null=True)
    expected_gap_days = models.FloatField(_("Days to the next order as expected"), null=True)
    due_on = models.DateField(_("Next order due"), null=True)
    inactive_on = models.DateField(_("Inactive from"), null=True)
    lost_on = models.DateField(_("Lost from"), null=True)
    favourite_channel = models.CharField(_("Favourite channel"), max_length=50, default="")
    interactions_12m = models.IntegerField(_("Interactions in 12 months"), default=0)
    minutes_12m = models.IntegerField(_("Minutes spent in 12 months"), default=0)
    last_contact_on = models.DateField(_("Last contact"), null=True)
    is_disqualified = models.BooleanField(_("Disqualified"), default=False)
    is_marked_lost = models.BooleanField(_("Marked as lost"), default=False)
    is_partner = models.BooleanField(_("Partner"), default=False)
    only_us = models.BooleanField(_("Buys only from us"), default=False)
    referrals_ordered = models.IntegerField(_("Referred people who ordered"), default=0)
    pareto_class = models.CharField(_("Pareto class"), max_length=11, choices=ParetoClass, default="")
    stage = models.CharField(_("Stage"), max_length=50, default="")
    stage_since = models.DateField(_("In this stage since"), null=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(condition=Q(pareto_class__in=["", "vital_few", "useful_many"]), name="%(class)s_pareto_class_is_known"),
            models.CheckConstraint(
                condition=Q(first_order_on=None, last_order_on=None, due_on=None, inactive_on=None, lost_on=None)
                | Q(
                    first_order_on__isnull=False,
                    last_order_on__isnull=False,
                    due_on__isnull=False,
                    inactive_on__isnull=False,
                    lost_on__isnull=False,
                ),
                name="%(class)s_order_dates_stand_together",
            ),
        ]

    def __str__(self) -> str:
        return str(self.customer_id)

    @property
    def is_vital(self) -> bool:
        return self.pareto_class == self.ParetoClass.VITAL_FEW


class Facts(FactsRow):
    """The live figures: they stand at Business.as_of and never go back."""

    class Meta(FactsRow.Meta):
        verbose_name = _("facts")
        verbose_name_plural = _("facts")
        indexes = [
            # The list of customers in each of its orders, and the same of one stage or Pareto class: without them every page sorts them
            # all. Each lengthens a night, by how many it writes.
            models.Index(fields=["revenue_12m", "customer"], name="facts_revenue_idx"),
            models.Index(fields=["last_order_on", "customer"], name="facts_last_idx"),
            models.Index(fields=["due_on", "customer"], name="facts_due_idx"),
            models.Index(fields=["stage", "revenue_12m", "customer"], name="facts_stage_revenue_idx"),
            models.Index(fields=["stage", "last_order_on", "customer"], name="facts_stage_last_idx"),
            models.Index(fields=["stage", "due_on", "customer"], name="facts_stage_due_idx"),
            models.Index(
                fields=["pareto_class", "revenue_12m", "customer"], condition=~Q(pareto_class=""), name="facts_pareto_revenue_idx"
            ),
            models.Index(fields=["pareto_class", "last_order_on", "customer"], condition=~Q(pareto_class=""), name="facts_pareto_last_idx"),
            models.Index(fields=["pareto_class", "due_on", "customer"], condition=~Q(pareto_class=""), name="facts_pareto_due_idx"),
        ]


class PastFacts(FactsRow):
    """Scratch: the figures of a day in the past (Business.past_as_of) of those who were known by then. Written by lifecycle/lookback.py."""

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, primary_key=True, db_constraint=False, related_name="past_facts", verbose_name=_("customer")
    )

    class Meta(FactsRow.Meta):
        verbose_name = _("facts of the past")
        verbose_name_plural = _("facts of the past")


class ReplayFacts(FactsRow):
    """Scratch: the figures of one day after the other while the past is replayed. Written by lifecycle/replay.py."""

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, primary_key=True, db_constraint=False, related_name="replay_facts", verbose_name=_("customer")
    )

    class Meta(FactsRow.Meta):
        verbose_name = _("facts of a replay")
        verbose_name_plural = _("facts of a replay")


class Headline(models.Model):
    """What the numbers at the top of Today are made of, as of a day. Written by lifecycle/numbers.py; where there is none, pages count."""

    as_of = models.DateField(_("as of"), primary_key=True)
    numbers = models.JSONField(_("numbers"))

    class Meta:
        verbose_name = _("numbers of Today")
        verbose_name_plural = _("numbers of Today")

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d}"

    @classmethod
    def void(cls) -> None:
        """Call where an order is written or a customer goes, in that transaction: an order of nobody counts, too."""
        cls.objects.all().delete()


class Changed(models.Model):
    """A customer whose orders, contacts or marks were written since their facts were computed.

    A reader deletes only the rows it has read.
    """

    class Why(models.TextChoices):
        ORDER = "order", _("An order")
        INTERACTION = "interaction", _("An interaction")
        CUSTOMER = "customer", _("The customer's own data")

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, db_constraint=False, verbose_name=_("customer"), related_name="+")
    why = models.CharField(_("why"), max_length=11, choices=Why)

    class Meta:
        verbose_name = _("changed customer")
        verbose_name_plural = _("changed customers")
        constraints = [models.CheckConstraint(condition=Q(why__in=["order", "interaction", "customer"]), name="changed_why_is_known")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.why}"
