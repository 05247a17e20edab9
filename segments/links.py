"""Between segments and the list of customers: who is in one, and a list saved as one."""

import json
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.access import is_owner
from crm.customer_search import CustomerSearch
from crm.list_actions import Action
from crm.listing import Listing
from crm.rules import InvalidRule, loads, parse
from crm.tags.writing import FACT as TAG
from segments.asking import FACT
from segments.models import Segment

# Of an address with a rule: a web server takes 8190 bytes, and the way by the login writes it twice as long.
LONGEST_QUERY = 4_500


def in_customers(segment: Segment, *, by_hand: bool) -> str:
    """The list of its members, by the rule itself where nobody was put in or left out by hand and the address holds it."""
    query = _query(segment.rule)
    if by_hand or len(query) > LONGEST_QUERY:
        query = _query({"fact": FACT, "op": "=", "value": segment.key})
    return f"{reverse('customers')}?{query}"


def save_as_segment(request: HttpRequest, listing: Listing) -> Action | None:
    """For owners, of a list that a rule can say: words and groups are none."""
    rule = _asked(listing.form) if is_owner(request.user) else None
    query = _query(rule) if rule else ""
    if not query or len(query) > LONGEST_QUERY:
        return None
    return Action(_("Save as segment"), f"{reverse('segment_new')}?{query}", "save")


def _asked(form: CustomerSearch) -> Any:
    """Stage, Pareto class, tag and rule of the list as one rule; None where it asks nothing, more, or more deeply than a rule may."""
    asked = form.cleaned_data
    if form.errors or asked.get("q") or asked.get("group"):
        return None
    facts = [("stage", asked.get("stage")), ("pareto_class", asked.get("pareto")), (TAG, asked.get("tag"))]
    parts: list[Any] = [{"fact": fact, "op": "=", "value": value} for fact, value in facts if value]
    if asked.get("rule"):
        parts += _parts(loads(asked["rule"]))
    rule = parts[0] if len(parts) == 1 else {"all": parts}
    if not asked.get("rule"):
        # The form has found the stage and the class among those that there are.
        return rule if parts else None
    try:
        parse(rule)
    except InvalidRule:
        return None
    return rule if parts else None


def _parts(rule: Any) -> list[Any]:
    """Those of a rule that asks for all of them stand beside the others, not one level deeper."""
    match rule:
        case {"all": [*parts]} if parts:
            return parts
    return [rule]


def _query(rule: Any) -> str:
    return urlencode({"rule": json.dumps(rule, ensure_ascii=False, separators=(",", ":"))})
