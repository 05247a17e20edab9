"""Ladders and who stands where on them; and what a night leaves behind about itself."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.models import Customer, User
from crm.rules import EVERYONE, InvalidRule, parse
from lifecycle.pin_history import LONGEST_REASON as LONGEST_REASON
from lifecycle.pin_history import PinChange as PinChange

# The steps of the night that write what a rule that decides a stage cannot ask: what is decided by it, or after it.
AFTER_STAGES = ("stages", "segments")


class Ladder(models.Model):
    """Stages in which customers can stand, one at a time. The primary one is what the facts and the pages speak of."""

    key = models.SlugField(_("key"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    is_primary = models.BooleanField(_("primary"), default=False)

    class Meta:
        verbose_name = _("ladder")
        verbose_name_plural = _("ladders")
        constraints = [
            models.UniqueConstraint(
                fields=["is_primary"],
                condition=Q(is_primary=True),
                name="ladder_one_is_primary",
                violation_error_message=_("Another ladder is the primary one."),
            )
        ]

    def __str__(self) -> str:
        """In the reader's language, where it is one of ours."""
        return gettext(self.name)


def validate_stage_rule(rule: Any) -> None:
    try:
        parse(rule, forbidden=AFTER_STAGES)
    except InvalidRule as wrong:
        raise ValidationError(wrong.sentences) from None


def validate_stages(stages: Iterable["Stage"]) -> None:
    """Everybody stands somewhere: a ladder ends with a stage that takes whoever is left."""
    ranked = sorted(stages, key=lambda stage: stage.rank)
    if not ranked or parse(ranked[-1].rule) != EVERYONE:
        raise ValidationError(_("The stage tried last has to take everyone who is left: leave it without a comparison."))


class StageQuerySet(models.QuerySet["Stage"]):
    def kept(self) -> "StageQuerySet":
        """Those that are tried; a retired one is kept for the moves that name it."""
        return self.filter(is_retired=False)


class Stage(models.Model):
    """A rung of a ladder, or a side stage. They are tried by rank, and the first whose rule holds is taken."""

    objects = StageQuerySet.as_manager()

    ladder = models.ForeignKey(
        Ladder,
        on_delete=models.CASCADE,
        verbose_name=_("ladder"),
        related_name="stages",
    )
    key = models.SlugField(_("key"))
    name = models.CharField(_("name"), max_length=100)
    rank = models.PositiveSmallIntegerField(_("tried as number"))
    rung = models.PositiveSmallIntegerField(_("rung, counted from below; empty beside the ladder"), null=True, blank=True)
    rule = models.JSONField(_("rule"), validators=[validate_stage_rule])
    colour = models.CharField(
        _("colour"),
        max_length=7,
        blank=True,
        validators=[
            RegexValidator(
                r"\A#[0-9a-f]{6}\Z",
                _("A colour is written #rrggbb, with digits and the letters a to f."),
            )
        ],
    )
    text = models.TextField(_("what it means"), max_length=2000, blank=True)

    version = models.PositiveIntegerField(_("version of the rule"), default=1, editable=False)
    # Taken off the ladder by its owner: nobody is placed there any more.
    is_retired = models.BooleanField(_("retired"), default=False, editable=False)

    class Meta:
        verbose_name = _("stage")
        verbose_name_plural = _("stages")
        ordering = ["ladder", "rank"]
        constraints = [
            models.UniqueConstraint(
                fields=["ladder", "rank"],
                condition=Q(is_retired=False),
                name="stage_rank_unique",
                violation_error_message=_("Two stages of a ladder cannot be tried as the same number: give each its own."),
            ),
            models.UniqueConstraint(fields=["ladder", "key"], name="stage_key_unique"),
            models.UniqueConstraint(
                fields=["ladder", "rung"],
                condition=Q(is_retired=False),
                name="stage_rung_unique",
                violation_error_message=_("Two stages of a ladder cannot be the same rung: give each its own."),
            ),
        ]

    def __str__(self) -> str:
        """In the reader's language, where it is one of ours."""
        return gettext(self.name)


class LadderVersion(models.Model):
    """All stages of a ladder as they were saved: who, when, what; to be gone back to. Written by lifecycle/editing.py."""

    ladder = models.ForeignKey(Ladder, on_delete=models.CASCADE, db_index=False, verbose_name=_("ladder"), related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    saved_at = models.DateTimeField(_("saved at"), db_default=Now(), editable=False)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("by"))
    # What was changed, each a sentence's worth of data that the page puts into words.
    changes = models.JSONField(_("what was changed"), default=list)
    stages = models.JSONField(_("stages"))

    class Meta:
        verbose_name = _("version of a ladder")
        verbose_name_plural = _("versions of ladders")
        ordering = ["ladder", "-number"]
        constraints = [models.UniqueConstraint(fields=["ladder", "number"], name="ladder_version_number_unique")]

    def __str__(self) -> str:
        return f"{self.ladder_id}: {self.number}"


class LadderNumbers(models.Model):
    """What the page of a ladder is made of, counted at night as of a day (lifecycle/rungs.py); where there is none, the page counts."""

    ladder = models.ForeignKey(Ladder, on_delete=models.CASCADE, db_index=False, verbose_name=_("ladder"), related_name="numbers")
    as_of = models.DateField(_("as of"))
    numbers = models.JSONField(_("numbers"))

    class Meta:
        verbose_name = _("numbers of a ladder")
        verbose_name_plural = _("numbers of ladders")
        constraints = [models.UniqueConstraint(fields=["ladder", "as_of"], name="ladder_numbers_one_a_day")]

    def __str__(self) -> str:
        return f"{self.ladder_id}: {self.as_of:%Y-%m-%d}"


class Position(models.Model):
    """Where a customer stands on a ladder. Derived: written by stages.place and moves.move alone."""

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        db_constraint=False,
        verbose_name=_("customer"),
        related_name="positions",
    )
    ladder = models.ForeignKey(Ladder, on_delete=models.CASCADE, db_index=False, verbose_name=_("ladder"))
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, db_index=False, verbose_name=_("stage"))
    since = models.DateField(_("since"))
    # Set by a person: the rules leave the customer there, until that day where there is one.
    pinned = models.BooleanField(_("pinned"), default=False)
    pinned_until = models.DateField(_("pinned until"), null=True, blank=True)

    class Meta:
        verbose_name = _("position")
        verbose_name_plural = _("positions")
        constraints = [
            models.UniqueConstraint(fields=["customer", "ladder"], name="position_one_per_ladder"),
            models.CheckConstraint(
                condition=Q(pinned=True) | Q(pinned_until=None),
                name="position_pin_end_needs_a_pin",
            ),
        ]
        indexes = [
            # How many stand in a stage, and since when: counted from the index alone.
            models.Index(fields=["stage", "since"], name="position_stage_idx")
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.stage}"


class Transition(models.Model):
    """A move from one stage to another, with what caused it. Without a "from" it is a first placement, which is no move."""

    class Source(models.TextChoices):
        NIGHT = "night", _("The night")
        REPLAY = "replay", _("A replay of the past")
        PERSON = "person", _("A person")

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        db_constraint=False,
        verbose_name=_("customer"),
        related_name="transitions",
    )
    ladder = models.ForeignKey(Ladder, on_delete=models.CASCADE, db_index=False, verbose_name=_("ladder"))
    from_stage = models.ForeignKey(
        Stage,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("from"),
        related_name="left",
    )
    to_stage = models.ForeignKey(Stage, on_delete=models.PROTECT, verbose_name=_("to"), related_name="entered")
    effective_on = models.DateField(_("effective on"))
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now(), editable=False)
    source = models.CharField(_("source"), max_length=6, choices=Source)
    rule_version = models.PositiveIntegerField(_("version of the rule"), null=True, blank=True)
    values = models.JSONField(_("the facts that decided"), default=dict)
    reason = models.TextField(_("reason"), max_length=LONGEST_REASON, blank=True)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("by"))
    superseded_at = models.DateTimeField(_("superseded at"), null=True, blank=True)

    class Meta:
        verbose_name = _("move")
        verbose_name_plural = _("moves")
        constraints = [
            models.CheckConstraint(
                condition=Q(from_stage=None) | ~Q(from_stage=F("to_stage")),
                name="transition_goes_somewhere",
            ),
            models.CheckConstraint(
                condition=(Q(source="person", rule_version=None) & ~Q(reason=""))
                | Q(source__in=["night", "replay"], rule_version__isnull=False),
                name="transition_has_a_cause",
            ),
        ]
        indexes = [
            # Who moved where in a span of days; counted from the index alone.
            models.Index(
                fields=["ladder", "effective_on", "from_stage", "to_stage"], condition=Q(superseded_at=None), name="transition_day_idx"
            )
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.from_stage_id} → {self.to_stage_id}"


class ReplayedMove(models.Model):
    """Scratch: a move that a replay of the past has found, before it is written among the Transitions. Written by lifecycle/replay.py."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, db_constraint=False, verbose_name=_("customer"), related_name="+")
    ladder = models.ForeignKey(Ladder, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    from_stage = models.ForeignKey(Stage, on_delete=models.CASCADE, null=True, db_constraint=False, db_index=False, related_name="+")
    to_stage = models.ForeignKey(Stage, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    effective_on = models.DateField(_("effective on"))
    rule_version = models.PositiveIntegerField(_("version of the rule"))
    values = models.JSONField(_("the facts that decided"), default=dict)

    class Meta:
        verbose_name = _("replayed move")
        verbose_name_plural = _("replayed moves")

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.from_stage_id} → {self.to_stage_id}"


class Replay(models.Model):
    """A replay of the past that came to its end: which dates the history holds. Only the newest row counts."""

    # The first month end, the first of the days that follow each other, and the last day.
    first_on = models.DateField(_("first day"))
    daily_from = models.DateField(_("daily from"))
    until = models.DateField(_("last day"))
    moves = models.PositiveIntegerField(_("moves"))
    finished_at = models.DateTimeField(_("finished"))

    class Meta:
        verbose_name = _("replay of the past")
        verbose_name_plural = _("replays of the past")
        constraints = [
            models.CheckConstraint(
                condition=Q(first_on__lte=F("daily_from"), daily_from__lte=F("until")), name="replay_dates_stand_in_order"
            )
        ]

    def __str__(self) -> str:
        return f"{self.first_on:%Y-%m-%d} – {self.until:%Y-%m-%d}"


class NotNow(models.Model):
    """Somebody put a customer off: for a while Today does not name them."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, db_index=False, verbose_name=_("customer"), related_name="not_nows")
    said_on = models.DateField(_("said on"))
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("said by"))

    class Meta:
        verbose_name = _("not now")
        verbose_name_plural = _("not now")
        constraints = [models.UniqueConstraint(fields=["customer", "said_on"], name="not_now_once_a_day")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.said_on:%Y-%m-%d}"


class NightlyRun(models.Model):
    """The night of one business date: one row, begun again when the night is run again."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        FINISHED = "finished", _("Finished")
        FAILED = "failed", _("Failed")

    as_of = models.DateField(_("as of"), unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State)
    # When it was first begun, however often it has failed since.
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    failed_at = models.DateTimeField(_("last failed"), null=True, blank=True)
    reason = models.TextField(_("why it failed"), blank=True)
    # Due, and begun by the worker and not by a command: from the first of these on the history is kept night by night.
    is_scheduled = models.BooleanField(_("scheduled"), default=False)

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
            models.CheckConstraint(condition=~Q(state="failed") | Q(failed_at__isnull=False), name="night_failed_has_its_time"),
        ]

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d}"


class NightlyStep(models.Model):
    """One step climbed: how many rows it changed, in how many seconds."""

    run = models.ForeignKey(
        NightlyRun,
        on_delete=models.CASCADE,
        verbose_name=_("night"),
        related_name="steps",
    )
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
