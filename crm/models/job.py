from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    """Work that somebody asked for and a worker does: the row is the truth, a message only says that it is there.

    Written by crm/jobs.py.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        FINISHED = "finished", _("Finished")
        FAILED = "failed", _("Failed")

    OPEN = (State.QUEUED, State.RUNNING)

    kind = models.CharField(_("kind"), max_length=50)
    arguments = models.JSONField(_("arguments"), default=dict)
    # Of two open jobs with one key the second is the first; without a key each is its own.
    key = models.CharField(_("key"), max_length=200, blank=True)

    state = models.CharField(_("state"), max_length=8, choices=State, default=State.QUEUED)
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("of"), default=0)
    doing = models.CharField(_("what it is doing"), max_length=200, blank=True)
    heartbeat = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    reason = models.TextField(_("why it failed"), blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=Q(state__in=["queued", "running"]) & ~Q(key=""), name="job_one_open_per_key"
            ),
            models.CheckConstraint(condition=~Q(kind=""), name="job_kind_not_empty"),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(heartbeat__isnull=False, started_at__isnull=False, attempts__gt=0),
                name="job_running_shows_life",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["finished", "failed"], finished_at__isnull=False)
                | Q(state__in=["queued", "running"], finished_at=None),
                name="job_ended_has_its_time",
            ),
            models.CheckConstraint(
                condition=(Q(state="failed") & ~Q(reason="")) | (~Q(state="failed") & Q(reason="")), name="job_failed_has_a_reason"
            ),
            models.CheckConstraint(condition=Q(total=0) | Q(done__lte=F("total")), name="job_done_is_a_part"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class Pulse(models.Model):
    """When a process of this name last showed that it works."""

    name = models.CharField(_("name"), max_length=50, unique=True)
    at = models.DateTimeField(_("seen"))

    class Meta:
        verbose_name = _("sign of life")
        verbose_name_plural = _("signs of life")
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="pulse_name_not_empty")]

    def __str__(self) -> str:
        return self.name
