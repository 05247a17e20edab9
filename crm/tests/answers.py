"""What an answer says to whoever reads it."""

import re
from html import unescape

from django.contrib.messages import get_messages


def text(answer):
    """The page without its markup."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))).strip()


def said(answer):
    """What the next page says first of all."""
    return [str(message) for message in get_messages(answer.wsgi_request)]
