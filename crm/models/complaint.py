from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.fields import LIMIT, MoneyField
from crm.models.customer import Customer
from crm.models.interaction import Interaction
from crm.models.order import Order
from crm.models.user import User

LONGEST_WHAT, LONGEST_PROMISE = 2000, 500
# What is to be done by when: the earlier one of the deadline and the promise.
DUE = Coalesce(Case(When(promised_on__lt=F("deadline_on"), then=F("promised_on")), default=F("deadline_on")), F("promised_on"))


class Complaint(models.Model):
    """Something that a customer is not content with, from its opening to its end. Written by crm/complaints/writing.py.

    The days while we wait for the customer do not count: each pause, when it ends, moves what is due by its whole days.
    """

    class Nature(models.TextChoices):
        CLAIM = "claim", _("Claim: the goods are faulty, and the law sets a deadline")
        GRIEVANCE = "grievance", _("Grievance: they are not content, and we decide by when")

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("of a complaint", "Open")
        WAITING = "waiting", _("Waiting for the customer")
        SOLVED = "solved", _("Solved")
        CLOSED = "closed", _("Closed without a solution")

    UNFINISHED = (State.OPEN, State.WAITING)
    ENDED = (State.SOLVED, State.CLOSED)

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, db_index=False, verbose_name=_("customer"), related_name="complaints")
    order = models.ForeignKey(Order, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("order"), related_name="complaints")
    nature = models.CharField(_("what it is"), max_length=10, choices=Nature, default=Nature.CLAIM)
    what = models.TextField(_("what they complain of"), max_length=LONGEST_WHAT, blank=True)
    opened_on = models.DateField(_("opened on"))
    # Both as they stand now, with the pauses that have ended.
    deadline_on = models.DateField(_("deadline"), null=True, blank=True)
    promised = models.CharField(_("what we promised"), max_length=LONGEST_PROMISE, blank=True)
    promised_on = models.DateField(_("promised by"), null=True, blank=True)
    # The day on which that was promised: while the clock stands, a promise runs from there (crm/complaints/clock.py).
    given_on = models.DateField(_("promised on"), null=True, editable=False)
    owner = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("who sees to it"), related_name="complaints"
    )
    solution = models.TextField(_("solution"), max_length=LONGEST_WHAT, blank=True)
    cost = MoneyField(_("what it cost"), null=True, blank=True)
    satisfaction = models.PositiveSmallIntegerField(
        _("satisfaction after"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    reason = models.TextField(_("why it was closed"), max_length=LONGEST_WHAT, blank=True)

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    waiting_since = models.DateField(_("waiting since"), null=True, blank=True)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    due_on = models.DateField(_("due on"), null=True, editable=False)
    opened_at = models.DateTimeField(_("opened at"), editable=False)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, editable=False, verbose_name=_("opened by"), related_name="+")
    # The contact by which it was opened.
    contact = models.OneToOneField(
        Interaction, on_delete=models.SET_NULL, null=True, editable=False, verbose_name=_("contact"), related_name="complaint"
    )
    # They came back too late for that one to be opened again.
    follows = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, editable=False, verbose_name=_("follows"), related_name="followers"
    )

    class Meta:
        verbose_name = _("complaint")
        verbose_name_plural = _("complaints")
        indexes = [
            # The list: what is due first.
            models.Index(fields=["state", "due_on", "id"], name="complaint_due_idx"),
            models.Index(fields=["owner", "state", "due_on", "id"], name="complaint_mine_idx"),
            # The customer's page, and who has an open one.
            models.Index(fields=["customer", "-opened_on"], name="complaint_customer_idx"),
            models.Index(fields=["customer"], condition=Q(state__in=["open", "waiting"]), name="complaint_unfinished_idx"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(nature__in=["claim", "grievance"]), name="complaint_nature_is_known"),
            models.CheckConstraint(condition=Q(state__in=["open", "waiting", "solved", "closed"]), name="complaint_state_is_known"),
            models.CheckConstraint(condition=~Q(nature="claim") | Q(deadline_on__isnull=False), name="complaint_claim_has_its_deadline"),
            models.CheckConstraint(
                condition=(Q(deadline_on=None) | Q(deadline_on__gte=F("opened_on")))
                & (Q(promised_on=None) | Q(promised_on__gte=F("opened_on")))
                & (Q(waiting_since=None) | Q(waiting_since__gte=F("opened_on")))
                & (Q(ended_on=None) | Q(ended_on__gte=F("opened_on"))),
                name="complaint_nothing_before_its_opening",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", waiting_since__isnull=False) | (~Q(state="waiting") & Q(waiting_since=None)),
                name="complaint_waiting_has_its_day",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["solved", "closed"], ended_on__isnull=False)
                | (~Q(state__in=["solved", "closed"]) & Q(ended_on=None)),
                name="complaint_ended_has_its_day",
            ),
            models.CheckConstraint(condition=~Q(state="solved") | ~Q(solution=""), name="complaint_solved_has_its_solution"),
            models.CheckConstraint(
                condition=(Q(state="closed") & ~Q(reason="")) | (~Q(state="closed") & Q(reason="")),
                name="complaint_closed_has_its_reason",
            ),
            models.CheckConstraint(condition=Q(promised_on=None) | ~Q(promised=""), name="complaint_promise_has_its_words"),
            models.CheckConstraint(condition=Q(promised_on=None) | Q(given_on__isnull=False), name="complaint_promise_is_given_on_a_day"),
            models.CheckConstraint(condition=Q(cost=None) | Q(cost__gte=0, cost__lt=LIMIT), name="complaint_cost_in_range"),
            models.CheckConstraint(
                condition=Q(satisfaction=None) | Q(satisfaction__gte=1, satisfaction__lte=5), name="complaint_satisfaction_is_one_to_five"
            ),
            models.CheckConstraint(
                condition=Q(deadline_on=None, promised_on=None, due_on=None)
                | (Q(Exact(F("due_on"), DUE), due_on__isnull=False) & (Q(deadline_on__isnull=False) | Q(promised_on__isnull=False))),
                name="complaint_due_is_the_earlier",
            ),
            models.CheckConstraint(condition=Q(follows=None) | ~Q(follows=F("pk")), name="complaint_follows_another"),
        ]

    def __str__(self) -> str:
        return self.what[:80] or f"#{self.pk}"

    @property
    def is_unfinished(self) -> bool:
        return self.state in self.UNFINISHED

    @property
    def owner_has_left(self) -> bool:
        """Whether whoever was to see to it has left before it ended."""
        return self.is_unfinished and self.owner is not None and not self.owner.is_active

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING

    @property
    def is_claim(self) -> bool:
        return self.nature == self.Nature.CLAIM


class ComplaintStep(models.Model):
    """What was done about a complaint: a day, a name, words. Never changed."""

    class Kind(models.TextChoices):
        OPENED = "opened", _("Opened")
        NOTE = "note", _("Step")
        PROMISE = "promise", _("Promised")
        WAITING = "waiting", _("Waiting for the customer")
        GOES_ON = "goes_on", _("The clock goes on")
        HANDED = "handed", _("Handed over")
        CORRECTED = "corrected", _("Corrected")
        SOLVED = "solved", _("Solved")
        CLOSED = "closed", _("Closed without a solution")
        REOPENED = "reopened", _("Opened again")

    complaint = models.ForeignKey(Complaint, on_delete=models.CASCADE, db_index=False, verbose_name=_("complaint"), related_name="steps")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.NOTE)
    happened_on = models.DateField(_("happened on"))
    at = models.DateTimeField(_("recorded at"))
    text = models.TextField(_("what was done"), max_length=LONGEST_WHAT, blank=True)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, verbose_name=_("recorded by"), related_name="+")
    # Of a promise.
    promised_on = models.DateField(_("promised by"), null=True, blank=True)
    # Of one that was opened again: the contact in which they came back, and {column: value} of how it had ended.
    contact = models.OneToOneField(
        Interaction, on_delete=models.SET_NULL, null=True, editable=False, verbose_name=_("contact"), related_name="reopening"
    )
    ended_as = models.JSONField(_("how it had ended"), null=True, editable=False)
    # Of one that was handed over.
    to = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("handed to"), related_name="+")

    # Of the form that was sent: one sent twice is done once.
    form_key = models.UUIDField(null=True, unique=True, editable=False)

    class Meta:
        verbose_name = _("step of a complaint")
        verbose_name_plural = _("steps of complaints")
        indexes = [models.Index(fields=["complaint", "-id"], name="complaint_step_idx")]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "opened", "note", "promise", "waiting", "goes_on", "handed", "corrected", "solved", "closed", "reopened",
                    ]
                ),
                name="complaint_step_kind_is_known",
            ),
            models.CheckConstraint(condition=Q(promised_on=None) | Q(kind="promise"), name="complaint_step_promises_in_a_promise"),
            models.CheckConstraint(
                condition=Q(contact=None, ended_as__isnull=True) | Q(kind="reopened"), name="complaint_step_comes_back_in_a_reopening"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.complaint_id}: {self.kind}"


class ComplaintPause(models.Model):
    """The days from `since` until `until` that did not count: we waited for the customer. One that lasts is on the complaint itself."""

    complaint = models.ForeignKey(Complaint, on_delete=models.CASCADE, verbose_name=_("complaint"), related_name="pauses")
    since = models.DateField(_("since"))
    until = models.DateField(_("until"))

    class Meta:
        verbose_name = _("pause of a complaint")
        verbose_name_plural = _("pauses of complaints")
        constraints = [models.CheckConstraint(condition=Q(until__gte=F("since")), name="complaint_pause_goes_forward")]

    def __str__(self) -> str:
        return f"{self.complaint_id}: {self.since:%Y-%m-%d} {self.until:%Y-%m-%d}"
