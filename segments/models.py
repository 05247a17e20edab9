"""Saved segments: groups of customers that a rule describes, who is in them, and who came and went."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.fold import fold
from crm.models import Customer, User
from crm.rules import InvalidRule, parse

LONGEST_NAME, LONGEST_TEXT = 100, 1000
# A database refuses NUL, and no encoding has a letter for half of a surrogate pair.
WHOLE_TEXT = (
    ProhibitNullCharactersValidator(),
    RegexValidator("[\ud800-\udfff]", _("The text holds letters that are none: type it anew."), inverse_match=True),
)
# A long field is cut to its length by forms alone.
LONG_TEXT = (*WHOLE_TEXT, MaxLengthValidator(LONGEST_TEXT))


def validate_rule(rule: Any) -> None:
    try:
        parse(rule)
    except InvalidRule as wrong:
        raise ValidationError(wrong.sentences) from None


class Segment(models.Model):
    """A saved rule with a name. Written by segments/saved.py; who is in it, by segments/membership.py."""

    # Made from the first name and never changed: rules and addresses name a segment by it.
    key = models.SlugField(_("key"), editable=False)
    name = models.CharField(_("name"), max_length=LONGEST_NAME, validators=WHOLE_TEXT)
    purpose = models.TextField(_("what it is for"), max_length=LONGEST_TEXT, blank=True, validators=LONG_TEXT)
    rule = models.JSONField(_("rule"), validators=[validate_rule])
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("owner"), related_name="segments")

    # Folded. No limit: a letter may fold into many.
    name_key = models.TextField(default="", editable=False)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    # As the night, or a job, has counted it; a rule that was saved since is not counted yet.
    size = models.PositiveIntegerField(_("people"), default=0, editable=False)
    is_counted = models.BooleanField(_("counted"), default=False, editable=False)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    changed_at = models.DateTimeField(_("changed"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["name_key"]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="segment_key_unique"),
            models.UniqueConstraint(fields=["name_key"], name="segment_name_unique"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves, with the key that belongs to the name."""
        self.name_key = fold(self.name)
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "name_key"}
        super().save(*args, **kwargs)


class SegmentVersion(models.Model):
    """A segment as it was saved: who, when, what; its rule can be gone back to. Written by segments/saved.py."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, db_index=False, verbose_name=_("segment"), related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    purpose = models.TextField(_("what it is for"), blank=True)
    rule = models.JSONField(_("rule"))
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("by"), related_name="+")
    saved_at = models.DateTimeField(_("saved at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("version of a segment")
        verbose_name_plural = _("versions of segments")
        ordering = ["segment", "-number"]
        constraints = [models.UniqueConstraint(fields=["segment", "number"], name="segment_version_number_unique")]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.number}"


class Choice(models.Model):
    """Somebody was put into a segment, or left out of it, by hand: that wins over the rule until it is taken back."""

    class Side(models.TextChoices):
        INCLUDE = "include", _("Put in by hand")
        EXCLUDE = "exclude", _("Left out by hand")

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, db_index=False, verbose_name=_("segment"), related_name="choices")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, db_constraint=False, verbose_name=_("customer"), related_name="+")
    side = models.CharField(_("in or out"), max_length=7, choices=Side)
    reason = models.TextField(_("reason"), max_length=LONGEST_TEXT, validators=LONG_TEXT)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("by"), related_name="+")
    at = models.DateTimeField(_("chosen at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("choice by hand")
        verbose_name_plural = _("choices by hand")
        constraints = [
            models.UniqueConstraint(fields=["segment", "customer"], name="segment_choice_once"),
            models.CheckConstraint(condition=Q(side__in=["include", "exclude"]), name="segment_choice_side_is_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="segment_choice_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.customer_id} {self.side}"

    @property
    def is_in(self) -> bool:
        return self.side == self.Side.INCLUDE


class Member(models.Model):
    """Who is in a segment. Derived: written by segments/membership.py alone."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, db_index=False, verbose_name=_("segment"), related_name="members")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, db_constraint=False, verbose_name=_("customer"), related_name="+")
    since = models.DateField(_("since"))

    class Meta:
        verbose_name = _("member of a segment")
        verbose_name_plural = _("members of segments")
        constraints = [models.UniqueConstraint(fields=["segment", "customer"], name="segment_member_once")]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.customer_id}"


class SegmentSize(models.Model):
    """How many were in a segment at the end of a day."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, db_index=False, verbose_name=_("segment"), related_name="sizes")
    as_of = models.DateField(_("as of"))
    size = models.PositiveIntegerField(_("people"))

    class Meta:
        verbose_name = _("size of a segment")
        verbose_name_plural = _("sizes of segments")
        constraints = [models.UniqueConstraint(fields=["segment", "as_of"], name="segment_size_once_a_day")]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.as_of:%Y-%m-%d}"


class SegmentMove(models.Model):
    """Somebody came into a segment, or left it, with what caused it."""

    class Source(models.TextChoices):
        NIGHT = "night", _("The night")
        # Somebody saved another rule, or the first one.
        RULE = "rule", _("The rule was saved")
        PERSON = "person", _("A person")
        # A choice by hand was taken back, and the rule decides again.
        RELEASED = "released", _("A choice was taken back")

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, db_index=False, verbose_name=_("segment"), related_name="moves")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, db_constraint=False, verbose_name=_("customer"), related_name="+")
    on = models.DateField(_("effective on"))
    entered = models.BooleanField(_("came in"))
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now(), editable=False)
    source = models.CharField(_("source"), max_length=8, choices=Source)
    rule_version = models.PositiveIntegerField(_("version of the rule"), null=True, blank=True)
    values = models.JSONField(_("the facts that decided"), default=dict)
    reason = models.TextField(_("reason"), blank=True)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("by"), related_name="+")

    class Meta:
        verbose_name = _("move of a segment")
        verbose_name_plural = _("moves of segments")
        constraints = [
            models.CheckConstraint(
                condition=(Q(source="person", rule_version=None) & ~Q(reason=""))
                | Q(source__in=["night", "rule", "released"], rule_version__isnull=False),
                name="segment_move_has_a_cause",
            )
        ]
        indexes = [
            # Who came and went lately, and how many on each day; counted from the index alone.
            models.Index(fields=["segment", "on", "source", "entered"], name="segment_move_day_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.customer_id} {self.on:%Y-%m-%d}"
