from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models.customer import Customer
from crm.models.job import Job
from crm.models.user import User


class BulkAction(models.Model):
    """One change to many customers at once, asked for by an owner and made by a worker. Written by crm/bulk_actions/."""

    class State(models.TextChoices):
        ASKED = "asked", _("Waiting")
        # Whom it concerns is written down: from here on nobody else comes to it.
        CHOSEN = "chosen", _("Running")
        DONE = "done", _("Done")
        UNDOING = "undoing", _("Being undone")
        UNDONE = "undone", _("Undone")

    kind = models.CharField(_("what"), max_length=30)
    # What its form said, as text; and whom: {"customers": [keys]} or {"asked": what the list was asked for}.
    arguments = models.JSONField(_("arguments"), default=dict)
    selection = models.JSONField(_("whom"), default=dict)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, verbose_name=_("asked for by"), related_name="+")
    # How many it concerned when it was asked for.
    people = models.PositiveIntegerField(_("customers"), default=0)

    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ASKED)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True, editable=False)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+")
    # Of the form that was sent: one sent twice is done once.
    form_key = models.UUIDField(unique=True, editable=False)

    class Meta:
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")
        constraints = [
            models.CheckConstraint(condition=~Q(kind=""), name="bulk_action_kind_not_empty"),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "chosen", "undoing"]) | Q(state__in=["done", "undone"], ended_at__isnull=False),
                name="bulk_action_ended_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class BulkChange(models.Model):
    """What a bulk action did to one customer. `before` and `after` are empty until it was made, and where nothing was to be changed."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CHANGED = "changed", _("Changed")
        SAME = "same", _("Had it already")
        UNDONE = "undone", _("Undone")
        # Somebody has changed it since: it stays as they left it.
        KEPT = "kept", _("Changed since, and left so")
        # When their turn came they were in the bin, or one with somebody who had a turn anyway.
        GONE = "gone", _("Not there any more")

    action = models.ForeignKey(BulkAction, on_delete=models.CASCADE, db_index=False, related_name="changes")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, db_constraint=False, related_name="+")
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("change by a bulk action")
        verbose_name_plural = _("changes by a bulk action")
        indexes = [models.Index(fields=["action", "state", "customer"], name="bulk_change_next_idx")]
        constraints = [
            models.UniqueConstraint(fields=["action", "customer"], name="bulk_change_once_per_customer"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "changed", "same", "undone", "kept", "gone"]), name="bulk_change_state_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action_id}: {self.customer_id}"
