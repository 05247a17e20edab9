from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.models.customer import Customer
from crm.models.user import User

LONGEST_EVIDENCE = 2000


class Evidence(models.Model):
    """What somebody recorded of a customer that no order says, dated and named. Written by crm/evidence.py.

    The customer's own columns (only_us_on, partner_on, disqualified_on, lost_marked_on, referred_by) say what holds now; this, how it came.
    """

    class Kind(models.TextChoices):
        ONLY_US = "only_us", _("Buys only from us")
        PARTNER = "partner", _("Takes part in the business")
        DISQUALIFIED = "disqualified", _("Cannot pay, or is not profitable")
        LOST = "lost", _("Has left us")
        REFERRED = "referred", _("Was recommended to us")

    class LostReason(models.TextChoices):
        PRICE = "price", _("Too expensive")
        ELSEWHERE = "elsewhere", _("Buys elsewhere")
        MOVED = "moved", _("Moved away, or closed the business")
        NO_NEED = "no_need", _("Does not need it any more")
        SERVICE = "service", _("Was not satisfied")
        UNCLEAR = "unclear", _("Did not understand the offer")
        OTHER = "other", _("Another reason")

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, verbose_name=_("customer"), related_name="evidence")
    kind = models.CharField(_("what"), max_length=12, choices=Kind)
    # False where it was taken back: it does not hold any more.
    holds = models.BooleanField(_("holds"), default=True)
    happened_on = models.DateField(_("since"))
    lost_reason = models.CharField(_("why they left"), max_length=10, choices=LostReason, blank=True)
    text = models.TextField(_("how we know"), max_length=LONGEST_EVIDENCE, blank=True)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("recorded by"))

    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        indexes = [models.Index(fields=["customer", "-happened_on"], name="evidence_customer_idx")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["only_us", "partner", "disqualified", "lost", "referred"]), name="evidence_kind_is_known"
            ),
            models.CheckConstraint(condition=Q(lost_reason="") | Q(kind="lost", holds=True), name="evidence_reason_is_of_one_who_left"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.kind}"
