from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models.business import Business
from crm.models.customer import Customer
from crm.models.user import User

LONGEST_CAUSE = 200


class Interaction(models.Model):
    """A contact with a customer, logged by staff or brought by an import."""

    class Kind(models.TextChoices):
        CALL = "call", _("Call")
        EMAIL = "email", _("E-mail")
        VISIT = "visit", _("Visit")
        CHAT = "chat", _("Chat")
        SOCIAL = "social", _("Social network")
        LETTER = "letter", _("Letter")
        COMPLAINT = "complaint", _("Complaint")

    class Incident(models.TextChoices):
        """Something that stays with the customer: remarkably good, or remarkably bad."""

        NONE = "", _("Nothing out of the ordinary")
        GOOD = "good", _("Remarkably good")
        BAD = "bad", _("Remarkably bad")

    class Direction(models.TextChoices):
        IN = "in", _("They came to us")
        OUT = "out", _("We went to them")

    class Topic(models.TextChoices):
        QUESTION = "question", _("Question")
        REQUEST = "request", _("Request")
        ORDER = "order", _("Order")
        COMPLAINT = "complaint", _("Complaint")

    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, db_index=False, verbose_name=_("customer"), related_name="interactions"
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    direction = models.CharField(_("direction"), max_length=3, choices=Direction, default=Direction.IN)
    happened_on = models.DateField(_("happened on"))
    happened_at = models.DateTimeField(_("happened at"), null=True, blank=True)
    minutes = models.PositiveSmallIntegerField(_("minutes"), null=True, blank=True, validators=[MaxValueValidator(24 * 60)])
    text = models.TextField(_("what happened"), max_length=10_000, blank=True)
    # Of one that came in; empty where nobody said.
    topic = models.CharField(_("what they wanted"), max_length=10, choices=Topic, blank=True, default="", db_default="")
    incident = models.CharField(_("critical incident"), max_length=4, choices=Incident, blank=True, default="", db_default="")
    incident_cause = models.CharField(_("what caused it"), max_length=LONGEST_CAUSE, blank=True, default="", db_default="")

    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, editable=False, verbose_name=_("logged by"))
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    # Of the form that was sent: one sent twice is kept once. Empty for what an import brought.
    form_key = models.UUIDField(null=True, unique=True, editable=False)
    # Grows with each change: whoever changes it says which one they have seen (crm/amending.py).
    revision = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        verbose_name = _("interaction")
        verbose_name_plural = _("interactions")
        indexes = [
            # For the kernel, as order_facts_idx.
            models.Index(fields=["customer", "happened_on", "minutes"], name="interaction_facts_idx"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["call", "email", "visit", "chat", "social", "letter", "complaint"]), name="interaction_kind_is_known"
            ),
            models.CheckConstraint(condition=Q(direction__in=["in", "out"]), name="interaction_direction_is_known"),
            models.CheckConstraint(condition=Q(minutes=None) | Q(minutes__gte=0, minutes__lte=1440), name="interaction_minutes_fit_a_day"),
            models.CheckConstraint(
                condition=Q(topic="") | Q(topic__in=["question", "request", "order", "complaint"], direction="in"),
                name="interaction_topic_is_of_one_that_came_in",
            ),
            models.CheckConstraint(condition=Q(incident__in=["", "good", "bad"]), name="interaction_incident_is_known"),
            models.CheckConstraint(condition=~Q(incident="") | Q(incident_cause=""), name="interaction_cause_is_of_an_incident"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.happened_on:%Y-%m-%d}"

    def clean(self) -> None:
        if self.happened_at and self.happened_on != Business.load().local_date(self.happened_at):
            raise ValidationError({"happened_on": _("The day and the moment of the contact differ: correct one of them.")})
