"""Between segments and the list of customers: who is in one, and a list saved as one."""

import json
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from segments.asking import FACT
from segments.models import Segment

# Of the address of a list: a web server takes 8190 bytes, and the list adds how it is sorted and where its page begins.
LONGEST_QUERY = 7_500


def written(rule: Any) -> str:
    return json.dumps(rule, ensure_ascii=False, separators=(",", ":"))


def in_customers(segment: Segment, *, by_hand: bool) -> str:
    """The list of its members, by the rule itself where nobody was put in or left out by hand and the address holds it."""
    query = urlencode({"rule": written(segment.rule)})
    if by_hand or len(query) > LONGEST_QUERY:
        query = urlencode({"rule": written({"fact": FACT, "op": "=", "value": segment.key})})
    return f"{reverse('customers')}?{query}"
