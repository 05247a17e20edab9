"""What is recorded of a customer, in sentences: as it holds now, as it came and went, and that it is written."""

from collections.abc import Callable

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.evidence import Held
from crm.models import Customer, Evidence
from crm.money import day

Kind = Evidence.Kind
# With the name of who recorded it, and without one.
_HOLDS: dict[Kind, tuple[Promise, Promise]] = {
    Kind.ONLY_US: (
        gettext_lazy("Told %(by)s on %(day)s that they buy only from us."),
        gettext_lazy("Buys only from us since %(day)s."),
    ),
    Kind.PARTNER: (
        gettext_lazy("Takes part in the business since %(day)s, recorded by %(by)s."),
        gettext_lazy("Takes part in the business since %(day)s."),
    ),
    Kind.DISQUALIFIED: (
        gettext_lazy("Disqualified by %(by)s on %(day)s: cannot pay, or is not profitable."),
        gettext_lazy("Disqualified on %(day)s: cannot pay, or is not profitable."),
    ),
    Kind.LOST: (
        gettext_lazy("Left us on %(day)s, recorded by %(by)s."),
        gettext_lazy("Left us on %(day)s."),
    ),
    Kind.REFERRED: (
        gettext_lazy("Recommended to us by %(referrer)s on %(day)s, recorded by %(by)s."),
        gettext_lazy("Recommended to us by %(referrer)s on %(day)s."),
    ),
}
_TAKEN_BACK: dict[Kind, Promise] = {
    Kind.ONLY_US: gettext_lazy("Not known to buy only from us any more"),
    Kind.PARTNER: gettext_lazy("Takes no part in the business any more"),
    Kind.DISQUALIFIED: gettext_lazy("Not disqualified any more"),
    Kind.LOST: gettext_lazy("Not marked as lost any more"),
    Kind.REFERRED: gettext_lazy("Not known to have been recommended any more"),
}
_RECORDED: dict[Kind, Callable[[], str]] = {
    Kind.ONLY_US: lambda: _("Recorded: %(who)s buys only from us."),
    Kind.PARTNER: lambda: _("Recorded: %(who)s takes part in the business."),
    Kind.DISQUALIFIED: lambda: _("Recorded: %(who)s cannot pay, or is not profitable."),
    Kind.LOST: lambda: _("Recorded: %(who)s has left us."),
    Kind.REFERRED: lambda: _("Recorded: %(who)s was recommended to us."),
}


def sentence(held: Held) -> str:
    """That it holds, since when and as recorded by whom: what can be checked."""
    by = held.evidence.by if held.evidence else None
    named, nameless = _HOLDS[held.kind]
    words = {"day": day(held.since), "by": by, "referrer": held.referrer}
    return str((named if by else nameless) % words)


def reason(evidence: Evidence | None) -> str:
    """Why they left, of one who has."""
    return str(evidence.get_lost_reason_display()) if evidence and evidence.lost_reason else ""


def title(evidence: Evidence) -> str:
    """What the timeline calls it."""
    return str(evidence.get_kind_display() if evidence.holds else _TAKEN_BACK[Kind(evidence.kind)])


def said(evidence: Evidence, customer: Customer) -> str:
    """That it is written."""
    return _RECORDED[Kind(evidence.kind)]() % {"who": customer} if evidence.holds else _("Taken back: it stays in the timeline.")
