"""Keeps login links out of what is logged, and the answers of the health page."""

import logging
import re

LINK = re.compile(r"(/login/)[^/\s]+")


class Blot(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        # The health page says itself what is wrong, and is asked each minute.
        if getattr(record, "status_code", None) == 503:
            return False
        record.msg, record.args = LINK.sub(r"\1…", record.getMessage()), None
        return True
