"""The doorbell: how a message reaches a worker. What is to be done stands in the database (crm/jobs.py, lifecycle/schedule.py)."""

import hashlib
import os
from pathlib import Path
from time import monotonic
from typing import Any

from celery import Celery
from celery.beat import Scheduler
from django.conf import settings

TICK_SECONDS = 60
# No single task takes as long; the broker gives a message to another worker only after that.
LONGEST_TASK_SECONDS = 4 * 3600
REDIS_SECONDS = 1

COMMON = {
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_ignore_result": True,
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_time_limit": LONGEST_TASK_SECONDS,
    # One try: who writes does not wait for a broker that is down, and the next tick does without.
    "task_publish_retry_policy": {"max_retries": 1, "interval_start": 0, "interval_step": 0},
    "enable_utc": True,
    "timezone": "UTC",
    "worker_prefetch_multiplier": 1,
    # What a killed process had in hand takes up its place for so many seconds.
    "worker_lost_wait": 1,
    "worker_max_tasks_per_child": 500,
    "worker_enable_remote_control": False,
    "worker_send_task_events": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "beat_schedule": {"tick": {"task": "tick", "schedule": TICK_SECONDS, "options": {"expires": TICK_SECONDS - 10}}},
    "beat_scheduler": "config.celery:Clock",
}


def configuration(redis_url: str, data_dir: Path, database: str) -> dict[str, Any]:
    """What Celery is told; the installations on one Redis are kept apart by the name of their database."""
    if not redis_url:
        options: dict[str, Any] = {"folder": str(data_dir / "celery"), "polling_interval": 0.2}
        url, transport = "filesystem://localhost", "config.doorbell:Transport"
        return COMMON | {"broker_url": url, "broker_transport": transport, "broker_transport_options": options}
    options = {
        "visibility_timeout": LONGEST_TASK_SECONDS + 600,
        "unacked_restore_throttle": 1,
        "global_keyprefix": f"regulars:{hashlib.sha256(database.encode()).hexdigest()[:12]}:",
        "socket_connect_timeout": REDIS_SECONDS,
        # Of one that hangs, too: above the second for which a worker's question stays open.
        "socket_timeout": REDIS_SECONDS + 2,
        "socket_keepalive": True,
    }
    url = redis_url.replace("unix://", "redis+socket://", 1) if redis_url.startswith("unix://") else redis_url
    return COMMON | {"broker_url": url, "broker_transport_options": options}


class Clock(Scheduler):  # type: ignore[misc]
    """The clock that rings each minute. It counts on the monotonic clock, so that setting the other one back stops nothing."""

    due = 0.0

    def tick(self, *args: Any, **kwargs: Any) -> float:
        wait = self.due - monotonic()
        if wait > 0:
            return wait
        self.due = monotonic() + TICK_SECONDS
        for entry in self.schedule.values():
            self.apply_entry(entry, producer=self.producer)
        return TICK_SECONDS


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# `manage.py up` has made Django's checks; most concern pages, which a worker would load for them.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
app = Celery("regulars")
app.conf.update(configuration(settings.REDIS_URL, settings.DATA_DIR, str(settings.DATABASES["default"]["NAME"])))
app.set_default()
