from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.models.customer import Customer
from crm.models.user import User


class Merge(models.Model):
    """Two records of one customer made one, with all that is needed to take them apart again. Written by crm/merging/."""

    into = models.ForeignKey(Customer, on_delete=models.CASCADE, verbose_name=_("into"), related_name="merges_of_others")
    from_customer = models.ForeignKey(Customer, on_delete=models.CASCADE, verbose_name=_("from"), related_name="merges")
    at = models.DateTimeField(_("merged at"))
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, verbose_name=_("merged by"), related_name="+")
    # {"into" or "from": {column: [before, after]}}, as the customers' own columns hold them.
    changes = models.JSONField(_("what was changed"), default=dict)
    # {relation: the newest key then}: what is newer was made later.
    newest = models.JSONField(_("newest rows"), default=dict)
    undone_at = models.DateTimeField(_("taken apart at"), null=True)
    undone_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, verbose_name=_("taken apart by"), related_name="+")

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        constraints = [
            models.CheckConstraint(condition=~Q(into=F("from_customer")), name="merge_of_two"),
            models.UniqueConstraint(fields=["from_customer"], condition=Q(undone_at=None), name="merge_once_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.from_customer_id} → {self.into_id}"


class MergeMoved(models.Model):
    """A row that went from the one to the other by a merge, or came later by an identity of the one who was merged."""

    merge = models.ForeignKey(Merge, on_delete=models.CASCADE, db_index=False, verbose_name=_("merge"), related_name="moved")
    # Which column of which table, such as crm.Order.customer.
    relation = models.CharField(_("relation"), max_length=150)
    row = models.BigIntegerField(_("row"))
    came_later = models.BooleanField(_("came later"), default=False)

    class Meta:
        verbose_name = _("moved row")
        verbose_name_plural = _("moved rows")
        constraints = [models.UniqueConstraint(fields=["merge", "relation", "row"], name="merge_moved_once")]
        indexes = [models.Index(fields=["relation", "row"], name="merge_moved_row_idx")]

    def __str__(self) -> str:
        return f"{self.merge_id}: {self.relation} {self.row}"


class Candidate(models.Model):
    """Two customers who may be one, and why. Found by crm/merging/candidates.py; dismissed by a person it stays dismissed."""

    class Why(models.TextChoices):
        EMAIL = "email", _("the same e-mail, written another way")
        COMPANY = "company", _("the same company number")
        PHONE = "phone", _("the same phone")
        NAME = "name", _("a similar name in the same town")

    first = models.ForeignKey(Customer, on_delete=models.CASCADE, db_index=False, verbose_name=_("first"), related_name="+")
    second = models.ForeignKey(Customer, on_delete=models.CASCADE, verbose_name=_("second"), related_name="+")
    why = models.CharField(_("why"), max_length=10, choices=Why)
    # Of a hundred.
    score = models.PositiveSmallIntegerField(_("score"))
    found_at = models.DateTimeField(_("found at"))
    dismissed_at = models.DateTimeField(_("dismissed at"), null=True)
    dismissed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, verbose_name=_("dismissed by"), related_name="+")

    class Meta:
        verbose_name = _("possible duplicate")
        verbose_name_plural = _("possible duplicates")
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="candidate_pair_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="candidate_first_is_older"),
            models.CheckConstraint(condition=Q(why__in=["email", "company", "phone", "name"]), name="candidate_why_is_known"),
            models.CheckConstraint(condition=Q(score__lte=100), name="candidate_score_of_a_hundred"),
        ]
        indexes = [models.Index(fields=["-score", "-id"], condition=Q(dismissed_at=None), name="candidate_score_idx")]

    def __str__(self) -> str:
        return f"{self.first_id} = {self.second_id}"

    @property
    def both(self) -> list[Customer]:
        return [self.first, self.second]
