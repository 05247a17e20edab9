"""Whether this installation can work, part by part, in words that tell a stranger nothing else."""

import shutil
from datetime import datetime

from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from crm import jobs
from crm.models import Business
from lifecycle import schedule

LEAST_FREE_BYTES = 100 * 1000 * 1000
BROKER_SECONDS = 1


def database_answers() -> bool:
    """Reads a table of ours, so that an empty database is not taken for a working one."""
    try:
        Business.objects.exists()
    except DatabaseError:
        return False
    return True


def disk_has_room() -> bool:
    try:
        return shutil.disk_usage(settings.DATA_DIR).free >= LEAST_FREE_BYTES
    except OSError:
        return False


def broker_answers() -> bool:
    try:
        with Redis.from_url(
            settings.REDIS_URL,
            socket_connect_timeout=BROKER_SECONDS,
            socket_timeout=BROKER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as broker:
            return bool(broker.ping())
    except (RedisError, OSError, ValueError):
        return False


def worker_is_seen(now: datetime) -> bool:
    try:
        return jobs.is_seen(now)
    except DatabaseError:
        return False


def night_is_done(now: datetime) -> bool:
    """No night has been due for long, unless it is running."""
    try:
        return not schedule.is_late(now)
    except DatabaseError:
        return False


def report() -> dict[str, bool]:
    now = timezone.now()
    parts = {"database": database_answers(), "disk": disk_has_room(), "worker": worker_is_seen(now), "night": night_is_done(now)}
    return parts | {"broker": broker_answers()} if settings.REDIS_URL else parts
