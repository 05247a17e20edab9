from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.models.customer import Customer
from crm.models.user import User

LONGEST_TAG = 40


class TagQuerySet(models.QuerySet["Tag"]):
    def present(self) -> Self:
        """Without those that were removed, which wait to be brought back."""
        return self.filter(removed_at=None)


class Tag(models.Model):
    """A word that people put on customers. The key is that of the first name, and stays: rules name the tag by it."""

    key = models.SlugField(_("key"), max_length=60, editable=False)
    name = models.CharField(_("name"), max_length=LONGEST_TAG)
    name_key = models.TextField(default="", editable=False)

    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+")
    made_at = models.DateTimeField(_("made"), db_default=Now(), editable=False)
    # Who had it has it still, so that it can be undone.
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True, editable=False)

    objects = TagQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name_key"]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="tag_key_unique"),
            models.UniqueConstraint(fields=["name_key"], condition=Q(removed_at=None), name="tag_name_unique"),
            models.CheckConstraint(condition=~Q(key="") & ~Q(name_key=""), name="tag_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class CustomerTag(models.Model):
    """That a customer has a tag, since when and by whom. Written by crm/tags/writing.py, and for many by crm/tags/many.py."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, db_index=False, verbose_name=_("customer"), related_name="tagged")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, db_index=False, verbose_name=_("tag"), related_name="tagged")
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, editable=False, verbose_name=_("by"), related_name="+")
    at = models.DateTimeField(_("when"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("tag of a customer")
        verbose_name_plural = _("tags of customers")
        constraints = [models.UniqueConstraint(fields=["customer", "tag"], name="customer_tag_once")]
        # Who has it, for lists and rules.
        indexes = [models.Index(fields=["tag", "customer"], name="customer_tag_idx")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.tag_id}"
