from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.models.interaction import Interaction
from crm.models.user import User

LONGEST_REASON = 200


class Enquiry(models.Model):
    """A contact that waits for our answer, until it has one or none is needed. Written by crm/desk/."""

    interaction = models.OneToOneField(Interaction, on_delete=models.CASCADE, verbose_name=_("contact"), related_name="enquiry")
    asked_at = models.DateTimeField(_("asked at"))
    taken_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("who answers it"), related_name="enquiries"
    )
    taken_at = models.DateTimeField(_("taken at"), null=True, blank=True)
    # The first answer.
    answer = models.OneToOneField(
        Interaction, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("answer"), related_name="answers"
    )
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answered_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("answered by"), related_name="+")
    # Why it needs none.
    no_answer = models.CharField(_("why without an answer"), max_length=LONGEST_REASON, blank=True)

    class Meta:
        verbose_name = _("enquiry")
        verbose_name_plural = _("enquiries")
        indexes = [
            # The queue, the oldest first.
            models.Index(fields=["asked_at", "id"], condition=Q(answered_at=None), name="enquiry_queue_idx"),
            # How long the last ones waited.
            models.Index(fields=["-answered_at"], condition=Q(no_answer="", answered_at__isnull=False), name="enquiry_answered_idx"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at__isnull=False) | Q(answer=None, answered_by=None, no_answer=""), name="enquiry_ends_at_a_moment"
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None) | Q(answered_at__gte=F("asked_at")), name="enquiry_is_answered_after_it_was_asked"
            ),
            models.CheckConstraint(condition=Q(answer=None) | Q(no_answer=""), name="enquiry_has_an_answer_or_a_reason"),
            # A user who is deleted leaves their moment.
            models.CheckConstraint(condition=Q(taken_by=None) | Q(taken_at__isnull=False), name="enquiry_is_taken_at_a_moment"),
        ]

    def __str__(self) -> str:
        return f"#{self.interaction_id}"
