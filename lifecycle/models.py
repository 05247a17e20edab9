"""What a night leaves behind about itself."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class NightlyRun(models.Model):
    """The night of one business date: one row, begun again when the night is run again."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        FINISHED = "finished", _("Finished")
        FAILED = "failed", _("Failed")

    as_of = models.DateField(_("as of"), unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    reason = models.TextField(_("why it failed"), blank=True)

    class Meta:
        verbose_name = _("night")
        verbose_name_plural = _("nights")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="finished", finished_at__isnull=False) | Q(state__in=["running", "failed"], finished_at=None),
                name="night_finished_has_its_time",
            ),
            models.CheckConstraint(
                condition=(Q(state="failed") & ~Q(reason="")) | (~Q(state="failed") & Q(reason="")), name="night_failed_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d}"


class NightlyStep(models.Model):
    """One step climbed: how many rows it changed, in how many seconds."""

    run = models.ForeignKey(NightlyRun, on_delete=models.CASCADE, verbose_name=_("night"), related_name="steps")
    position = models.PositiveSmallIntegerField(_("position"))
    name = models.CharField(_("step"), max_length=50)
    rows = models.PositiveIntegerField(_("rows changed"))
    seconds = models.FloatField(_("seconds"))

    class Meta:
        verbose_name = _("step of a night")
        verbose_name_plural = _("steps of a night")
        ordering = ["run", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="night_step_position_unique")]

    def __str__(self) -> str:
        return self.name
