"""What workers do, by name. The only module that imports those that work (pandas, numpy); the web process never imports this one.

Every task may be lost, doubled, late or killed: each asks the database what there is to do, and does it under a lock or by a conditional
update.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from time import sleep
from typing import Any

from celery.signals import worker_ready
from django.utils import timezone, translation
from django.utils.translation import gettext as _

import config.standalone  # noqa: F401 (Django has to be ready before the models below)
from config.celery import app
from crm import demo_jobs, jobs, locks, rekeying, uploads
from crm.access import refuse_all_but_owners
from crm.bin import purge
from crm.bulk_actions import doing
from crm.importing import uploaded
from crm.importing.telling import Doing
from crm.merging import candidates
from crm.merging.looking import look
from crm.models import BulkAction, Business, Job, Upload, User
from crm.tags.writing import purge_tags
from lifecycle import lookback, nightly, replay, replayed, schedule
from lifecycle.demo.empty import DemoRefused, remove_demo
from lifecycle.demo.fill import fill_demo
from lifecycle.lookback_banner import KIND as LOOK_BACK
from lifecycle.refresh import refresh
from segments import saved
from segments.membership import count_saved

# Between two writes that tell how far a job is.
SELDOM = timedelta(seconds=0.5)


def tick(clock: Callable[[], datetime] = timezone.now) -> None:
    """Each minute: shows life, runs what is due, brings changed customers up to date, and rings for jobs that nobody took."""
    jobs.show_life("tick", clock())
    jobs.requeue_dead(clock())
    run_due(clock)
    nightly.close_cut_off(clock())
    refresh(clock)
    purge(clock())
    purge_tags(clock())
    # Of an import by a command nobody else asks.
    replayed.ask_after_import()
    # Last, because it is the one thing here that a broken broker breaks.
    jobs.ring_queued()


def run_due(clock: Callable[[], datetime] = timezone.now) -> None:
    if nightly.run_due(clock):
        candidates.ask_after_night()


def refresh_changed() -> None:
    refresh()


def run_night(job: Job) -> None:
    """The night of the date in the arguments, for who does not want to wait for it; without one, that of the figures once more."""
    text = job.arguments.get("as_of")
    as_of = date.fromisoformat(text) if text else Business.load().as_of
    if as_of is None:
        return
    outcome = nightly.run(as_of, today=Business.load().today(), tell=partial(tell, job), is_workers=True)
    if not outcome.ran:
        raise jobs.Busy(outcome.reason)
    candidates.ask_after_night()
    jobs.ring_refresh()


def run_look_back(job: Job) -> None:
    """The figures of the day in the arguments, beside the live ones. What waits is taken in first, or it would take them away again."""
    run_due()
    refresh_changed()
    as_of = date.fromisoformat(job.arguments["as_of"])
    while not lookback.look_back(as_of, tell=partial(tell, job)):
        tell(job, 0, 0, "night")
        sleep(1)


def run_replay(job: Job) -> None:
    """The past as it is known now. What waits is taken in first; where there is no past there is nothing to do."""
    run_due()
    refresh_changed()
    if isinstance(replayed.Span.due(), replayed.Span):
        try:
            replay.replay(tell=Telling(job))
        except replay.ReplayRefused as busy:
            raise jobs.Busy from busy


def tell(job: Job, done: int, total: int, doing: str) -> None:
    jobs.progress(job, timezone.now(), done=done, total=total, doing=doing)


@dataclass
class Telling:
    """Tells how far a job is, seldom enough for what each costs: a write."""

    job: Job
    doing: str = ""
    at: datetime = datetime.min.replace(tzinfo=UTC)

    def __call__(self, done: int, total: int, doing: str) -> None:
        now = timezone.now()
        if doing != self.doing or now - self.at >= SELDOM:
            self.doing, self.at = doing, now
            jobs.progress(self.job, now, done=done, total=total, doing=doing)


def run_import(job: Job) -> None:
    """The file of an upload into the record, in the place of the demo where that is wanted; where they are the first orders, then the
    figures too."""
    upload = Upload.objects.select_related("by").get(pk=job.arguments["upload"])
    tell = Telling(job)
    with translation.override(upload.language):
        if uploaded.is_to_be_taken(upload):
            uploaded.take_in(upload, timezone.now(), tell, make_room=partial(clear_demo, tell))
    jobs.ring_next(uploads.KIND)
    first_night(tell)
    replayed.ask_after_import()


def first_night(tell: Telling) -> None:
    """Does not wait for the tick. One that fails is the night's own business, and is tried again."""
    if Business.load().as_of is None and (as_of := schedule.next_night(timezone.now())):
        with suppress(nightly.NightFailed):
            nightly.run(
                as_of,
                today=Business.load().today(),
                tell=lambda done, total, step: tell(done, total, Doing.NIGHT),
                is_workers=True,
            )
            candidates.ask_after_night()
        jobs.ring_refresh()


def run_segment(job: Job) -> None:
    """Counts the segment in the arguments, and those that ask it, by the figures as they stand; before the first night there are none."""
    as_of = Business.load().as_of
    with locks.held("nightly") as got:
        if not got:
            raise jobs.Busy(_("Other figures are being written; the segment is counted after them."))
        if as_of:
            count_saved(job.arguments["segment"], as_of)


def run_duplicates(job: Job) -> None:
    """Who may be one and the same; how many groups were too large to compare is kept with the job."""
    cut = look(timezone.now())
    Job.objects.filter(pk=job.pk).update(arguments={"cut": cut})


def run_phone_keys(job: Job) -> None:
    rekeying.bring_up_to_date(Telling(job))
    jobs.ring_refresh()


def run_demo(job: Job) -> None:
    check_asker(job)
    fill_demo(now=timezone.now(), tell=Telling(job))
    replayed.ask()


def run_remove_demo(job: Job) -> None:
    check_asker(job)
    clear_demo(Telling(job))


def check_asker(job: Job) -> None:
    """Whether the person is still an owner: roles change while a job waits, and people go."""
    refuse_all_but_owners(User.objects.filter(pk=job.arguments["by"]).first() or User())


def clear_demo(tell: Telling) -> None:
    """Waits for a night that runs: in the demo it is short."""
    while Business.load().is_demo:
        tell(0, 0, Doing.REMOVING_DEMO)
        try:
            remove_demo(now=timezone.now())
        except DemoRefused:
            sleep(1)


def run_bulk(job: Job) -> None:
    check_asker(job)
    doing.do(BulkAction.objects.select_related("by").get(pk=job.arguments["action"]), Telling(job))


def run_bulk_undo(job: Job) -> None:
    check_asker(job)
    doing.undo(BulkAction.objects.get(pk=job.arguments["action"]), Telling(job), User.objects.get(pk=job.arguments["by"]))


KINDS: dict[str, Callable[[Job], None]] = {
    "night": run_night,
    LOOK_BACK: run_look_back,
    replayed.KIND: run_replay,
    uploads.KIND: run_import,
    saved.KIND: run_segment,
    doing.DO: run_bulk,
    doing.UNDO: run_bulk_undo,
    candidates.KIND: run_duplicates,
    rekeying.KIND: run_phone_keys,
    demo_jobs.FILL: run_demo,
    demo_jobs.REMOVE: run_remove_demo,
}


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
