"""The night: a tuple of steps, climbed in the order of the tower. Killed anywhere and run again, it ends in the same figures."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from time import perf_counter

from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from crm import locks
from crm.failpoints import failpoint
from crm.models import Business
from crm.steps import add_missing_rows, compute_facts, count_referrals, settle_business_gap
from lifecycle.models import NightlyRun, NightlyStep
from lifecycle.stages import place_everyone
from segments.steps import classify_pareto

logger = logging.getLogger(__name__)

Step = Callable[[date], int]
EARLIEST = date(1970, 1, 1)

# Each reads and computes outside any transaction, writes in short ones, may run twice, and returns how many rows it changed.
STEPS: tuple[tuple[str, Step], ...] = (
    ("rows", add_missing_rows),
    ("facts", compute_facts),
    ("business_gap", settle_business_gap),
    ("referrals", count_referrals),
    ("pareto", classify_pareto),
    ("stages", place_everyone),
)


class NightRefused(Exception):
    """The night may not run for this date; the message says why and what would be right."""


class NightFailed(Exception):
    """A step failed; the message names it. The figures of the steps before it stand, the live date does not move."""


@dataclass
class Outcome:
    """What came of a night: its steps as (name, rows, seconds), or why it did not run."""

    ran: bool
    reason: str = ""
    steps: list[tuple[str, int, float]] = field(default_factory=list)


def run(as_of: date, *, today: date, clock: Callable[[], datetime] = timezone.now) -> Outcome:
    """Climbs all steps for the business date `as_of`, unless another process is at it.

    Raises NightRefused for a date before the figures' own or after `today`, NightFailed where a step fails.
    """
    with locks.held("nightly") as got:
        if not got:
            return Outcome(ran=False, reason=_("Another night is running; this one did not start."))
        _refuse(as_of, today)
        # A row left RUNNING belongs to a process that died, or its lock would not be free: it is taken over.
        night, _made = NightlyRun.objects.update_or_create(
            as_of=as_of, defaults={"state": NightlyRun.State.RUNNING, "started_at": clock(), "finished_at": None, "reason": ""}
        )
        night.steps.all().delete()
        failpoint("night.started")
        outcome = Outcome(ran=True, steps=_climb(night))
        _finish(night, clock())
        failpoint("night.finished")
    return outcome


def _refuse(as_of: date, today: date) -> None:
    if as_of < EARLIEST:
        raise NightRefused(_("There are no orders before 1970, so there is no night for %(as_of)s.") % {"as_of": as_of.isoformat()})
    live = Business.load().as_of
    if live and as_of < live:
        raise NightRefused(
            _("The figures stand at %(live)s and never go back; a night for %(as_of)s is too early.")
            % {"live": date_format(live), "as_of": date_format(as_of)}
        )
    if as_of > today:
        raise NightRefused(
            _("The day %(as_of)s has not come yet; today is %(today)s.") % {"as_of": date_format(as_of), "today": date_format(today)}
        )


def _climb(night: NightlyRun) -> list[tuple[str, int, float]]:
    done = []
    for position, (name, step) in enumerate(STEPS):
        start = perf_counter()
        try:
            rows = step(night.as_of)
        except Exception as error:
            logger.exception("The step %s of the night of %s failed", name, night.as_of)
            night.state = NightlyRun.State.FAILED
            night.reason = _("The step %(step)s failed: %(error)s") % {"step": name, "error": error}
            with suppress(DatabaseError):  # where the database itself has failed, the reason is still told
                night.save(update_fields=["state", "reason"])
            raise NightFailed(night.reason) from error
        seconds = round(perf_counter() - start, 3)
        NightlyStep.objects.create(run=night, position=position, name=name, rows=rows, seconds=seconds)
        failpoint("night.step")
        done.append((name, rows, seconds))
    return done


@transaction.atomic
def _finish(night: NightlyRun, now: datetime) -> None:
    """The live date moves in the transaction that finishes the night."""
    night.state, night.finished_at = NightlyRun.State.FINISHED, now
    night.save(update_fields=["state", "finished_at"])
    failpoint("night.finish.inside")
    Business.keep(as_of=night.as_of)
