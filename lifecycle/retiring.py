"""Taking a stage off a ladder: everyone who stands there gets a new home at once. The stage stays in the record, for moves name it."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm import bulk
from crm.models import Facts, User
from lifecycle.editing import check, draft, keep, newest, refuse_asked, refuse_stale, snapshot
from lifecycle.models import Ladder, LadderVersion, Position, Stage, Transition
from lifecycle.rungs import void
from lifecycle.stages import MOVED_AT_ONCE, tell


@transaction.atomic
def retire(*, stage: Stage, home: Stage | None, by: User, today: date, seen: int | None = None) -> LadderVersion:
    """Takes `stage` off its ladder and moves all who stand there to `home`, as moves by that person; pins stay on whom they held.

    Raises ValidationError, a sentence, and writes nothing: without a home that is another kept stage of the same ladder, where no stage
    would be left that takes everyone, where it is taken off already, where a segment asks for it, and where somebody saved since version
    `seen`.
    """
    # The lock of all who place: stages._settle reads the stages again under it.
    ladder = Ladder.objects.select_for_update().get(pk=stage.ladder_id)
    refuse_stale(ladder, seen)
    stage.refresh_from_db()
    before = draft(ladder)
    if stage not in before:
        raise ValidationError(_("“%(stage)s” has been taken off already.") % {"stage": stage})
    if home is None or home == stage or home not in before:
        raise ValidationError(
            _("Choose the stage to which the customers of “%(stage)s” go: another one of this ladder.") % {"stage": stage}
        )
    check(ladder, [other for other in before if other != stage])
    refuse_asked(ladder, stage)
    if not newest(ladder):
        LadderVersion.objects.create(ladder=ladder, number=1, changes=[{"what": "begun"}], stages=snapshot(before))
    _rehouse(ladder, stage, home, by, today)
    Stage.objects.filter(pk=stage.pk).update(is_retired=True)
    void(ladder)
    return keep(ladder, by, [{"what": "retired", "stage": stage.name, "home": home.name}])


def _rehouse(ladder: Ladder, stage: Stage, home: Stage, by: User, today: date) -> None:
    reason = _("“%(stage)s” was taken off the ladder; its customers went to “%(home)s”.") % {"stage": stage, "home": home}
    there = Position.objects.filter(ladder=ladder, stage=stage).order_by("customer")
    everyone = list(there.values_list("customer", flat=True))
    for start in range(0, len(everyone), MOVED_AT_ONCE):
        customers = everyone[start : start + MOVED_AT_ONCE]
        # In the order in which all lock them.
        list(Facts.objects.select_for_update().filter(pk__in=bulk.among(customers)).order_by("pk").values_list("pk"))
        moving = there.filter(customer__in=bulk.among(customers)).values_list("pk", "customer", "since")
        # A night may have placed them as of a later day, where a clock was set back.
        rows = [(pk, customer, max(today, since).isoformat()) for pk, customer, since in moving]
        bulk.update(Position, ["stage", "since"], [(pk, home.pk, day) for pk, _customer, day in rows])
        person = Transition.Source.PERSON.value
        bulk.insert(
            Transition,
            ["customer", "ladder", "from_stage", "to_stage", "effective_on", "source", "values", "reason", "by"],
            [(customer, ladder.pk, stage.pk, home.pk, day, person, "{}", reason, by.pk) for _pk, customer, day in rows],
        )
        if ladder.is_primary:
            tell(ladder, customers)
