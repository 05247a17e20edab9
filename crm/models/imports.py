from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.job import Job
from crm.models.user import User


class Upload(models.Model):
    """A file that an owner has handed in by the browser, and what they have said of it. crm/uploads.py keeps the file itself."""

    # The name of the file on disk, which is nobody's choice.
    token = models.CharField(_("name on disk"), max_length=32, unique=True)
    file_name = models.CharField(_("file"), max_length=255)
    source = models.CharField(_("source"), max_length=50)
    dates = models.CharField(_("order of day and month"), max_length=10, blank=True)
    decimal = models.CharField(_("decimal mark"), max_length=10, blank=True)
    replaces_demo = models.BooleanField(_("takes the place of the demo"), default=False)
    # Of the person, in which the worker writes sentences.
    language = models.CharField(_("language"), max_length=10)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("by"))
    created_at = models.DateTimeField(_("handed in"))

    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("job"))
    # Why it was not taken in, with what somebody may answer to that (crm.importing.errors).
    refusal = models.TextField(_("why it was not taken in"), blank=True)
    ask = models.CharField(_("what has to be decided"), max_length=10, blank=True)
    column = models.CharField(_("column in question"), max_length=200, blank=True)
    notices = models.JSONField(_("what was noticed"), default=list)

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")

    def __str__(self) -> str:
        return self.file_name


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
    upload = models.ForeignKey(
        Upload, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="imports", verbose_name=_("upload")
    )

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
