from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.models.customer import Customer
from crm.models.interaction import Interaction
from crm.models.user import User

LONGEST_WHY, LONGEST_REASON = 500, 200
# Of days, weeks, months or years from one turn to the next.
LONGEST_PAUSE = 366


class Task(models.Model):
    """Something that somebody of the business has to do by a day. Written by crm/tasks/writing.py."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("a task", "Open")
        DONE = "done", pgettext_lazy("a task", "Done")
        CANCELLED = "cancelled", pgettext_lazy("a task", "Cancelled")

    class Repeats(models.TextChoices):
        NEVER = "", _("Does not repeat")
        DAYS = "days", _("Every so many days")
        WEEKS = "weeks", _("Every so many weeks")
        MONTHS = "months", _("Every so many months")
        YEARS = "years", _("Every so many years")

    # Empty for a task that is about nobody.
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, null=True, blank=True, db_index=False, verbose_name=_("customer"), related_name="tasks"
    )
    # It stays theirs when they leave; empty only where they were deleted.
    assignee = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, db_index=False, verbose_name=_("for whom"), related_name="tasks"
    )
    due_on = models.DateField(_("due on"))
    why = models.TextField(_("what to do"), max_length=LONGEST_WHY)
    repeats = models.CharField(_("repeats"), max_length=6, choices=Repeats, blank=True, default=Repeats.NEVER)
    every = models.PositiveSmallIntegerField(
        _("every"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(LONGEST_PAUSE)]
    )
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.OPEN)
    # Why it was put off last: it is due later than it was meant to be.
    snoozed_because = models.TextField(_("put off because"), max_length=LONGEST_REASON, blank=True, default="")

    planned_on = models.DateField(_("due at first on"), editable=False)
    closed_on = models.DateField(_("closed on"), null=True, editable=False)
    closed_at = models.DateTimeField(_("closed at"), null=True, editable=False)
    closed_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, editable=False, db_index=False, related_name="+", verbose_name=_("closed by")
    )
    by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, editable=False, db_index=False, related_name="+", verbose_name=_("written by")
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    # The contact that asked for it.
    interaction = models.ForeignKey(Interaction, on_delete=models.SET_NULL, null=True, editable=False, related_name="tasks")
    # Of a task that repeats: the day its turns are counted from, and which turn this is; the one whose turn was before.
    series_on = models.DateField(editable=False)
    turn = models.PositiveIntegerField(default=0, editable=False)
    previous = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, editable=False, db_index=False, related_name="following")
    # Grows with each write: whoever writes says which one they have seen.
    revision = models.PositiveIntegerField(default=0, editable=False)
    # Of the form that was sent: one sent twice is kept once.
    form_key = models.UUIDField(null=True, unique=True, editable=False)

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        indexes = [
            # Somebody's list and everyone's, what is open and what is closed.
            models.Index(fields=["assignee", "due_on", "id"], condition=Q(closed_on=None), name="task_own_open_idx"),
            models.Index(fields=["due_on", "id"], condition=Q(closed_on=None), name="task_open_idx"),
            # The closed ones alone, or SQLite would take these for what is open, and sort it.
            models.Index(fields=["assignee", "closed_on", "id"], condition=Q(closed_on__isnull=False), name="task_own_closed_idx"),
            models.Index(fields=["closed_on", "id"], condition=Q(closed_on__isnull=False), name="task_closed_idx"),
            # A customer's page: what is open by its day, what is closed in the timeline.
            models.Index(fields=["customer", "closed_on", "due_on"], name="task_customer_idx"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(why=""), name="task_says_what_to_do"),
            models.CheckConstraint(
                condition=Q(state="open", closed_on=None, closed_at=None, closed_by=None)
                | Q(state__in=["done", "cancelled"], closed_on__isnull=False, closed_at__isnull=False),
                name="task_closed_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(due_on=F("planned_on"), snoozed_because="") | (Q(due_on__gt=F("planned_on")) & ~Q(snoozed_because="")),
                name="task_snoozed_has_its_reason",
            ),
            models.CheckConstraint(
                condition=Q(repeats="", every=None)
                | Q(repeats__in=["days", "weeks", "months", "years"], every__isnull=False, every__gte=1, every__lte=LONGEST_PAUSE),
                name="task_repeats_at_a_pause",
            ),
            models.UniqueConstraint(fields=["previous"], name="task_has_one_that_follows"),
        ]

    def __str__(self) -> str:
        return self.why

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def is_snoozed(self) -> bool:
        return self.due_on > self.planned_on
