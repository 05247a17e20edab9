from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Audit(models.Model):
    """Who changed what, from what to what. Written by crm/audit.py; the database refuses to change or delete a row (migration 0011).

    It refers to nothing by a key that the database knows: to delete a person or a thing never deletes what was done to it.
    """

    at = models.DateTimeField(_("when"), db_default=Now(), editable=False)
    # Empty for the program itself.
    by_pk = models.BigIntegerField(null=True, editable=False)
    by_name = models.CharField(_("who"), max_length=200, blank=True, editable=False)
    what = models.CharField(_("what"), max_length=60, editable=False)
    model = models.CharField(max_length=80, editable=False)
    row = models.BigIntegerField(null=True, editable=False)
    name = models.CharField(_("of"), max_length=300, blank=True, editable=False)
    customer_pk = models.BigIntegerField(null=True, editable=False)
    # {field: [before, after]}
    changes = models.JSONField(_("from what to what"), default=dict, editable=False)
    note = models.TextField(_("note"), blank=True, editable=False)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        indexes = [
            models.Index(fields=["customer_pk", "-id"], name="audit_customer_idx"),
            models.Index(fields=["by_pk", "-id"], name="audit_by_idx"),
            models.Index(fields=["what", "-id"], name="audit_what_idx"),
            models.Index(fields=["model", "row", "-id"], name="audit_row_idx"),
            # Where in the log a day begins.
            models.Index(fields=["at", "id"], name="audit_at_idx"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(what=""), name="audit_says_what"),
            models.CheckConstraint(condition=~Q(model=""), name="audit_says_of_what"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.name}"
