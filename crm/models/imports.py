from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.user import User


class Import(models.Model):
    """One file taken in.

    While it runs, `cursor` says up to which row of the file every order is written, in the transaction that wrote it.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        FINISHED = "finished", _("Finished")

    source = models.CharField(_("source"), max_length=50)
    file_name = models.CharField(_("file"), max_length=255)
    digest = models.CharField(_("SHA-256 of the file"), max_length=64)
    reading = models.CharField(_("how dates and decimals were read"), max_length=100, blank=True)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("by"))

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RUNNING)
    cursor = models.PositiveIntegerField(_("row of the file done last"), default=0)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    customers_created = models.PositiveIntegerField(_("customers created"), default=0)
    customers_updated = models.PositiveIntegerField(_("customers updated"), default=0)
    orders_created = models.PositiveIntegerField(_("orders created"), default=0)
    orders_updated = models.PositiveIntegerField(_("orders updated"), default=0)
    orders_unchanged = models.PositiveIntegerField(_("orders unchanged"), default=0)
    orders_anonymous = models.PositiveIntegerField(_("orders without a customer"), default=0)
    errors = models.JSONField(_("errors by row"), default=list)
    error_count = models.PositiveIntegerField(_("number of errors"), default=0)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "digest", "reading"], condition=Q(state="running"), name="import_one_running_per_file"
            ),
            models.CheckConstraint(
                condition=Q(state="running", finished_at=None) | Q(state="finished", finished_at__isnull=False),
                name="import_finished_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.started_at:%Y-%m-%d %H:%M})"
