"""Whether this installation can work, part by part, in words that tell a stranger nothing else."""

import shutil

from django.conf import settings
from django.db import Error as DatabaseError
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from crm.models import Business

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
    except (RedisError, OSError):
        return False


def report() -> dict[str, bool]:
    parts = {"database": database_answers(), "disk": disk_has_room()}
    return parts | {"broker": broker_answers()} if settings.REDIS_URL else parts
