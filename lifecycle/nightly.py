"""The night: a tuple of steps, climbed in the order of the tower. Killed anywhere and run again, it ends in the same figures."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from time import monotonic, perf_counter, sleep

from django.db import Error, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from crm import locks
from crm.failpoints import failpoint
from crm.models import Business, Headline
from crm.steps import add_missing_rows, compute_facts, count_referrals, settle_business_gap
from lifecycle import schedule
from lifecycle.models import NightlyRun, NightlyStep
from lifecycle.numbers import keep_numbers
from lifecycle.rungs import keep_ladders
from lifecycle.stages import place_everyone
from segments.membership import count_all
from segments.steps import classify_pareto

logger = logging.getLogger(__name__)

Step = Callable[[date], int]
# Told, before each step, how many are done, of how many, and what comes now.
Tell = Callable[[int, int, str], None]
EARLIEST = date(1970, 1, 1)
# A refresh holds the figures for a short turn, for which a night waits so long and looks so often.
PATIENCE_SECONDS, LOOK_SECONDS = 30.0, 0.05

# Each reads and computes outside any transaction, writes in short ones, may run twice, and returns how many rows it changed.
PASSING: tuple[tuple[str, Step], ...] = (
    ("rows", add_missing_rows),
    ("facts", compute_facts),
    ("business_gap", settle_business_gap),
    ("referrals", count_referrals),
    ("pareto", classify_pareto),
    ("stages", place_everyone),
    ("segments", count_all),
)
# The last two only count, for the pages of that day: a night that another follows at once leaves them out.
STEPS: tuple[tuple[str, Step], ...] = (*PASSING, ("ladders", keep_ladders), ("headline", keep_numbers))


def silent(done: int, total: int, doing: str) -> None:
    """Tells nobody."""


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


def run(
    as_of: date, *, today: date, clock: Callable[[], datetime] = timezone.now, tell: Tell = silent, is_workers: bool = False
) -> Outcome:
    """Climbs all steps for the business date `as_of`, unless another night is running.

    One of the worker's that is due is the schedule's: a job may come before the clock. A command's is not.
    Raises NightRefused for a date before the figures' own or after `today`, NightFailed where a step fails.
    """
    with _alone(PATIENCE_SECONDS) as hindrance:
        if hindrance:
            return Outcome(ran=False, reason=hindrance)
        _refuse(as_of, today)
        return run_held(as_of, clock, tell, is_scheduled=is_workers and as_of in schedule.due_now(clock()))


def run_due(clock: Callable[[], datetime] = timezone.now) -> list[date]:
    """Runs the nights that are due, in order, each once; which. Stops where another night is running, or one fails."""
    done = []
    while as_of := schedule.next_night(clock()):
        with _alone(PATIENCE_SECONDS) as hindrance:
            # Asked again under the lock: another process may have done that very night since.
            if hindrance or schedule.next_night(clock()) != as_of:
                break
            try:
                run_held(as_of, clock, silent, is_scheduled=True)
            except NightFailed:
                break
        done.append(as_of)
    return done


def close_cut_off(now: datetime) -> None:
    """A night whose process died before its end is taken over where it is due; any other has failed."""
    left = NightlyRun.objects.filter(state=NightlyRun.State.RUNNING).exclude(as_of__in=schedule.due_now(now))
    if left.exists():
        with _alone(patience=0) as hindrance:
            if not hindrance:
                reason = _("It was cut off before its last step. The next night puts the figures right; so does this one, run again.")
                left.update(state=NightlyRun.State.FAILED, failed_at=now, reason=reason)


@contextmanager
def _alone(patience: float) -> Iterator[str]:
    """Keeps others from the figures for the block: "", or a sentence where it could not. Waits for a refresh, and never for a night.

    Whoever writes figures holds the lock "nightly"; "night", which only nights take, tells one of them from the others.
    """
    with locks.held("night") as only_one, ExitStack() as figures:
        if not only_one:
            yield _("Another night is running; this one did not start.")
        elif not _take_figures(figures, patience):
            yield _("Other figures are being written; this night did not start. Try again in a minute.")
        else:
            yield ""


def _take_figures(until: ExitStack, patience: float) -> bool:
    deadline = monotonic() + patience
    while True:
        with ExitStack() as attempt:
            if attempt.enter_context(locks.held("nightly")):
                until.enter_context(attempt.pop_all())
                return True
        if monotonic() >= deadline:
            return False
        sleep(LOOK_SECONDS)


def run_held(
    as_of: date, clock: Callable[[], datetime], tell: Tell, *, is_scheduled: bool = False, steps: Sequence[tuple[str, Step]] | None = None
) -> Outcome:
    """Climbs all steps, or `steps`, for who holds the locks already, and asks nothing about the date."""
    # A row left RUNNING belongs to a process that died, or its lock would not be free: it is taken over. One that never came to its end
    # has been at it since it was first begun.
    left = NightlyRun.objects.filter(as_of=as_of).exclude(state=NightlyRun.State.FINISHED).first()
    since = {"started_at": left.started_at, "failed_at": left.failed_at} if left else {"started_at": clock(), "failed_at": None}
    begun = {"state": NightlyRun.State.RUNNING, "finished_at": None, "reason": "", **since}
    # A scheduled night that a command runs again stays one.
    night, _made = NightlyRun.objects.update_or_create(as_of=as_of, defaults=begun | ({"is_scheduled": True} if is_scheduled else {}))
    night.steps.all().delete()
    # The steps change what they are made of; the last one counts them anew.
    Headline.void()
    failpoint("night.started")
    outcome = Outcome(ran=True, steps=_climb(night, STEPS if steps is None else steps, clock, tell))
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


def _climb(night: NightlyRun, steps: Sequence[tuple[str, Step]], clock: Callable[[], datetime], tell: Tell) -> list[tuple[str, int, float]]:
    done = []
    for position, (name, step) in enumerate(steps):
        try:
            tell(position, len(steps), name)
            done.append((name, *_take(night, position, name, step)))
        except Exception as error:
            logger.exception("The step %s of the night of %s failed", name, night.as_of)
            night.state, night.failed_at = NightlyRun.State.FAILED, clock()
            night.reason = _("The step %(step)s failed: %(error)s") % {"step": name, "error": error}
            with suppress(Error):  # where the database itself has failed, the reason is still told
                night.save(update_fields=["state", "failed_at", "reason"])
            raise NightFailed(night.reason) from error
    return done


def _take(night: NightlyRun, position: int, name: str, step: Step) -> tuple[int, float]:
    start = perf_counter()
    rows = step(night.as_of)
    locks.insist("nightly")
    seconds = round(perf_counter() - start, 3)
    NightlyStep.objects.create(run=night, position=position, name=name, rows=rows, seconds=seconds)
    failpoint("night.step")
    return rows, seconds


@transaction.atomic
def _finish(night: NightlyRun, now: datetime) -> None:
    """The live date moves in the transaction that finishes the night. Figures of the past hold until then, like the live ones."""
    night.state, night.finished_at = NightlyRun.State.FINISHED, now
    night.save(update_fields=["state", "finished_at"])
    failpoint("night.finish.inside")
    Business.keep(as_of=night.as_of, past_as_of=None)
