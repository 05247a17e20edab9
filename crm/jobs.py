"""Jobs as rows: whoever wants work done writes one, a worker takes it, and each change of state is one conditional update.

The message that rings the worker may be lost, doubled or late: the tick of each minute finds what nobody took. A job is done under the
number of its attempt, so that a worker given up for dead cannot write over the one that took its place.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Thread
from types import TracebackType
from typing import Any

from celery import current_app
from django.db import Error, InterfaceError, OperationalError, connection, transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import Job, Pulse

# Without a sign of life for so long, a worker is taken for dead.
DEAD_AFTER = timedelta(minutes=3)
# A worker at a job shows life so often, however long a step of it takes.
BEAT_SECONDS = 30.0
# A job that never comes to its end is given up.
MOST_ATTEMPTS = 3
# A message outlives the tick that repeats it by nothing, so that none pile up while no worker runs.
RING_SECONDS = 50
RUNG_AT_ONCE = 100


class Lost(Exception):
    """The job was given to another worker, or is at its end: stop working on it."""


class Busy(Exception):
    """What the job needs is in use: its turn comes later, and this was no attempt."""


def ring(task: str, *arguments: Any) -> None:
    """Tells the workers by the task's name. Raises what the broker raises."""
    current_app.send_task(task, args=list(arguments), expires=RING_SECONDS)


def ring_on_commit(task: str, *arguments: Any) -> None:
    """The same once the present transaction is committed. A broker that is down is logged; the next tick does without it."""

    def rings() -> None:
        ring(task, *arguments)

    # Not a partial: Django asks what it could not call for its name.
    transaction.on_commit(rings, robust=True)


def ring_refresh() -> None:
    """There are changed customers: call it in the transaction that noted them."""
    ring_on_commit("refresh")


def enqueue(kind: str, arguments: dict[str, Any] | None = None, *, key: str = "") -> Job:
    """The new job, or the open one of that key."""
    fields = {"arguments": arguments or {}}
    if key:
        job, _made = Job.objects.get_or_create(kind=kind, key=key, state__in=Job.OPEN, defaults=fields)
    else:
        job = Job.objects.create(kind=kind, **fields)
    ring_on_commit("run_job", job.pk)
    return job


def claim(pk: int, now: datetime) -> Job | None:
    """The job, now this caller's to do; None where it is not there to be taken."""
    job = Job.objects.filter(pk=pk, state=Job.State.QUEUED).first()
    if job is None:
        return None
    mine = Job.objects.filter(pk=pk, state=Job.State.QUEUED, attempts=job.attempts)
    taken = mine.update(state=Job.State.RUNNING, attempts=job.attempts + 1, started_at=now, heartbeat=now, done=0, total=0, doing="")
    if not taken:
        return None
    job.refresh_from_db()
    return job


def progress(job: Job, now: datetime, *, done: int, total: int, doing: str) -> None:
    """A sign of life with what is being done. Raises Lost where the job is no longer this attempt's."""
    _write(job, heartbeat=now, done=done, total=total, doing=doing)


def finish(job: Job, now: datetime) -> None:
    _write(job, state=Job.State.FINISHED, finished_at=now, heartbeat=now, doing="")


def fail(job: Job, now: datetime, reason: str) -> None:
    _write(job, state=Job.State.FAILED, finished_at=now, heartbeat=now, reason=reason)


def put_back(job: Job) -> None:
    """Behind whoever uses what it needs; rung for by them (ring_next), or by the tick."""
    _write(job, state=Job.State.QUEUED, attempts=job.attempts - 1, done=0, total=0, doing="")


def ring_next(kind: str) -> None:
    """Rings for the job of this kind that has waited longest."""
    pk = Job.objects.filter(kind=kind, state=Job.State.QUEUED).order_by("pk").values_list("pk", flat=True).first()
    if pk:
        ring_on_commit("run_job", pk)


def _write(job: Job, **fields: Any) -> None:
    if not Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, attempts=job.attempts).update(**fields):
        raise Lost(_("%(job)s was given to another worker.") % {"job": job})


@dataclass
class Attempt:
    """`with Attempt(job): …` shows life while it lasts and ends the job: finished, or failed by what is raised, which goes on to the log.

    A database that went away is nobody's fault: that job is left to be put back, as is one that was taken over. Busy puts it back at once.
    """

    job: Job
    clock: Callable[[], datetime] = timezone.now
    _ended: Event = field(default_factory=Event, init=False)
    _life: Thread = field(init=False)

    def __enter__(self) -> Job:
        self._life = Thread(target=self._show_life, daemon=True)
        self._life.start()
        return self.job

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        self._ended.set()
        self._life.join()
        if error is None:
            finish(self.job, self.clock())
        elif isinstance(error, Busy):
            put_back(self.job)
        elif isinstance(error, Exception) and not _comes_back(error):
            fail(self.job, self.clock(), str(error) or type(error).__name__)
        return isinstance(error, Busy)

    def _show_life(self) -> None:
        """In a thread with a connection of its own, whatever the work waits for. A sign that cannot be written is left to the next."""
        while not self._ended.wait(BEAT_SECONDS):
            with suppress(Error, Lost):
                _write(self.job, heartbeat=self.clock())
            connection.close()


def _comes_back(error: Exception) -> bool:
    """Whether the job is put back after it; what a step met may be told under another name."""
    return any(isinstance(met, Lost | OperationalError | InterfaceError) for met in (error, error.__cause__))


def requeue_dead(now: datetime) -> int:
    """Puts back the jobs whose worker shows no life, and gives up those that were tried MOST_ATTEMPTS times; how many were put back."""
    # Shown before the clock was set back, taken for shown now: who lives goes on showing life, and who is dead is found after DEAD_AFTER.
    Job.objects.filter(state=Job.State.RUNNING, heartbeat__gt=now + DEAD_AFTER).update(heartbeat=now)
    dead = Job.objects.filter(state=Job.State.RUNNING, heartbeat__lt=now - DEAD_AFTER)
    hopeless = Q(attempts__gte=MOST_ATTEMPTS)
    reason = _("It was begun %(times)d times, and its worker or the database was lost each time; look into the worker's log.")
    reason %= {"times": MOST_ATTEMPTS}
    dead.filter(hopeless).update(state=Job.State.FAILED, finished_at=now, reason=reason)
    return dead.exclude(hopeless).update(state=Job.State.QUEUED)


def ring_queued() -> None:
    """Rings for the jobs that wait. Raises what the broker raises."""
    for pk in Job.objects.filter(state=Job.State.QUEUED).order_by("pk").values_list("pk", flat=True)[:RUNG_AT_ONCE]:
        ring("run_job", pk)


def show_life(name: str, now: datetime) -> None:
    Pulse.objects.update_or_create(name=name, defaults={"at": now})


def is_seen(now: datetime) -> bool:
    """Whether a worker has shown life lately, by a tick or in a job. One from the future, before a clock was set back, is none."""
    signs = [
        Pulse.objects.aggregate(latest=Max("at", filter=Q(at__lte=now + DEAD_AFTER)))["latest"],
        Job.objects.aggregate(latest=Max("heartbeat", filter=Q(heartbeat__lte=now + DEAD_AFTER)))["latest"],
    ]
    return any(sign is not None and sign >= now - DEAD_AFTER for sign in signs)
