"""Consents as facts that rules may ask: "may be sent news and offers by e-mail"."""

from collections.abc import Collection, Mapping
from functools import partial

from django.db.models import Q
from django.utils.translation import gettext as _

from crm.catalogue import Belonging, Fact, Kind, Topic
from crm.consents import any_of, may_send_q
from crm.models import Consent

PREFIX, WRITER = "may_be_sent_", "record"


def family() -> Mapping[str, Fact]:
    """For crm.catalogue.FAMILIES. As of now: who withdraws is out at once, on whatever day the figures stand."""
    facts = [
        Belonging(
            f"{PREFIX}{purpose.value}",
            Kind.BELONGING,
            WRITER,
            offers=_ways,
            called=_("May be reached for “%(purpose)s” by") % {"purpose": purpose.label},
            holds=partial(_holds, purpose.value),
            means=_("Which ways they may be sent this: they agreed to it and have not withdrawn."),
            group=Topic.CONTACT,
        )
        for purpose in Consent.Purpose
    ]
    return {fact.name: fact for fact in facts}


def _ways() -> dict[str, str]:
    return {str(channel.value): str(channel.label) for channel in Consent.Channel}


def _holds(purpose: str, keys: Collection[str]) -> Q:
    return any_of([may_send_q(purpose, channel) for channel in keys])
