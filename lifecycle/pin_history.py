"""What people did with pins beside moving somebody: kept for good, and read by pages."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.models import Customer, User

LONGEST_REASON = 2000


class PinChange(models.Model):
    """A pin set where somebody stands already, or released: no Transition, for that goes somewhere. Written by lifecycle/moves.py."""

    class Kind(models.TextChoices):
        PINNED = "pinned", _("Pinned")
        RELEASED = "released", _("Released")

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, db_constraint=False, verbose_name=_("customer"), related_name="pin_changes"
    )
    ladder = models.ForeignKey("lifecycle.Ladder", on_delete=models.CASCADE, db_index=False, verbose_name=_("ladder"), related_name="+")
    # Where they stood.
    stage = models.ForeignKey("lifecycle.Stage", on_delete=models.PROTECT, db_index=False, verbose_name=_("stage"), related_name="+")
    kind = models.CharField(_("what"), max_length=8, choices=Kind)
    effective_on = models.DateField(_("effective on"))
    # Of the pin that was set, or of the one that was released: so that it can be set again.
    until = models.DateField(_("pinned until"), null=True, blank=True)
    reason = models.TextField(_("reason"), max_length=LONGEST_REASON, blank=True)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("by"), related_name="+")

    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("change of a pin")
        verbose_name_plural = _("changes of pins")
        constraints = [
            models.CheckConstraint(condition=Q(kind="released") | (Q(kind="pinned") & ~Q(reason="")), name="pin_change_has_its_reason")
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.kind}"
