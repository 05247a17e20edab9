"""The settings of an installation whose processes hardly wait for SQLite's one writer, so that a test need not hold it for 20 s."""

from config.settings import *  # noqa: F403
from config.settings import DATABASES

DATABASES["default"]["OPTIONS"]["timeout"] = 0.2
