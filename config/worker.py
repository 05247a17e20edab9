"""What workers do, by name. The only module that imports those that work (pandas, numpy); the web process never imports this one.

Every task may be lost, doubled, late or killed: each asks the database what there is to do, and does it under a lock or by a conditional
update.
"""

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any

from celery.signals import worker_ready
from django.utils import timezone
from django.utils.translation import gettext as _

import config.standalone  # noqa: F401 (Django has to be ready before the models below)
from config.celery import app
from crm import jobs
from crm.models import Business, Job
from lifecycle import nightly
from lifecycle.refresh import refresh


def tick(clock: Callable[[], datetime] = timezone.now) -> None:
    """Each minute: shows life, runs what is due, brings changed customers up to date, and rings for jobs that nobody took."""
    jobs.show_life("tick", clock())
    jobs.requeue_dead(clock())
    nightly.run_due(clock)
    nightly.close_cut_off(clock())
    refresh(clock)
    # Last, because it is the one thing here that a broken broker breaks.
    jobs.ring_queued()


def refresh_changed() -> None:
    refresh()


def run_night(job: Job) -> None:
    """The night of the date in the arguments, for who does not want to wait for it."""
    as_of = date.fromisoformat(job.arguments["as_of"])
    outcome = nightly.run(as_of, today=Business.load().today(), tell=partial(tell, job))
    if not outcome.ran:
        raise jobs.Busy(outcome.reason)
    jobs.ring_refresh()


def tell(job: Job, done: int, total: int, doing: str) -> None:
    jobs.progress(job, timezone.now(), done=done, total=total, doing=doing)


KINDS: dict[str, Callable[[Job], None]] = {"night": run_night}


def run_job(pk: int) -> None:
    job = jobs.claim(pk, timezone.now())
    if job is None:
        return
    with jobs.Attempt(job):
        do = KINDS.get(job.kind)
        if do is None:
            raise LookupError(_("No worker knows how to do “%(kind)s”.") % {"kind": job.kind})
        do(job)


def ring_at_start(**kwargs: Any) -> None:
    """A worker that has just started does not wait for the clock to look what was missed."""
    jobs.ring("tick")


app.task(tick, name="tick")
app.task(refresh_changed, name="refresh")
app.task(run_job, name="run_job")
worker_ready.connect(ring_at_start)
